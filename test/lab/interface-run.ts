/** Runs of the command from one end of a veth pair to the other, and what is looked at afterwards. */
import { expect } from "vitest";
import { type InterfaceStatistics, readInterface } from "../../src/sys/net/netdev.js";
import { inNetns } from "../../src/sys/net/netns.js";
import type { VethEnd, VethPair } from "../support/netns.js";
import { type CliOptions, type CliResult, runCli } from "../support/run-cli.js";

/** The kernel's counters of one end. */
export const statistics = ({ netns, name }: VethEnd): InterfaceStatistics =>
  inNetns(netns, "test", () => readInterface(name)!.statistics);

/** `options`: of the sending port; `rxOptions`: of the receiving one. */
interface Asked {
  readonly pair: VethPair;
  readonly options?: string;
  readonly rxOptions?: string;
}

interface InterfaceRun extends CliResult {
  // biome-ignore lint/suspicious/noExplicitAny: a parsed document
  readonly document: any;
}

/** Ports and runs of one kind of port. */
export interface InterfaceRuns {
  port(end: VethEnd, options?: string): string;
  /** Options of the command that name both ports. */
  asking(asked: Asked): string[];
  /** A run from a to b without warm-up, so that every frame on the wire is one of the result's. */
  run(asked: Asked, args: readonly string[], how?: CliOptions): Promise<InterfaceRun>;
}

export function interfaceRuns(kind: "packet" | "xdp"): InterfaceRuns {
  const port = ({ netns, name }: VethEnd, options = ""): string => `${kind}:${name},netns=${netns}${options}`;
  const asking = ({ pair, options = "", rxOptions = "" }: Asked): string[] => {
    const ports = ["--tx", port(pair.a, options), "--rx", port(pair.b, rxOptions)];
    return ["--dut", "external", ...ports];
  };
  return {
    port,
    asking,
    async run(asked, args, how = {}) {
      const usual = ["--warmup", "0ms", "--settle", "200ms", "--json", "-"];
      const result = await runCli([...asking(asked), ...usual, ...args], how);
      return { ...result, document: result.stdout === "" ? null : JSON.parse(result.stdout) };
    },
  };
}

/** The sum of a field of all trials. */
export const sum = (trials: readonly Record<string, number>[], field: string): number =>
  trials.reduce((total, trial) => total + trial[field]!, 0);

/** The command ended with this code, and said why in one line. */
export function expectRefusal(result: CliResult, code: number, sentence: RegExp): void {
  expect(result.stderr).toMatch(sentence);
  expect(result.stderr).toMatch(/^pktgen-ts: [^\n]+\n$/);
  expect(result).toMatchObject({ code, stdout: "" });
}
