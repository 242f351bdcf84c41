/**
 * Every method on every kind of device: testpmd, two directions, two queues, a profile of several streams. Short, and
 * at loads that a busy machine offers. How well it does decides whether trials can be used; whether the numbers add up,
 * it does not.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EmbeddedPart, startEmbeddedPart } from "../../src/dut/index.js";
import { resultSchema } from "../../src/result/run-schema.js";
import { checkEquations } from "../../src/stats/index.js";
import { describeLab } from "../support/probe.js";
import { runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-methods-lab-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const short = ["--warmup", "100ms", "--settle", "300ms"];
/** Where pollers that never give way share CPUs, frames take their time: RFC 2544 §23. */
const patient = ["--settle", "2s"];
const search = ["--min-load", "1kpps", "--width", "50%", "--line-rate", "10Mbps", "--max-trials", "4"];
const methods: Readonly<Record<string, readonly string[]>> = {
  ndr: ["ndr", "--quick", "--trial", "300ms", "--initial-trial", "300ms", "--dut-queue", "16", ...search],
  throughput: ["rfc2544", "--quick", "--tests", "throughput", "--trial", "300ms", "--dut-queue", "16", ...search],
  loss: ["rfc2544", "--quick", "--tests", "loss", "--trial", "200ms", "--loss-step", "50%", "--line-rate", "5Mbps"],
  latency: ["latency", "--reference", "4kpps", "--loads", "50%,100%", "--trial-duration", "300ms"],
  soak: ["soak", "--load", "2kpps", "--for", "600ms", "--piece", "300ms"],
  y1564: ["y1564", "--cir", "4kpps", "--steps", "50%,100%", "--step-duration", "300ms", "--performance", "300ms"],
  burst: ["burst", "--load", "20kpps", "--frames", "64,128"],
};
const exitCodes = { pass: 0, fail: 1, invalid: 4 } as const;

interface Expected {
  readonly queues: number;
  readonly directions: number;
}

async function measure(name: string, device: readonly string[], expected: Expected): Promise<void> {
  const file = join(folder, `${name}.json`);
  const args = [...methods[name]!, "--sizes", "128", ...short, ...device, "--json", file];
  const { code, stderr } = await runCli(args, { timeoutMs: 90_000 });
  expect([0, 1, 4], stderr).toContain(code);
  const result = resultSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  expect(code).toBe(exitCodes[result.verdict]);
  expect(result.trials.length).toBeGreaterThanOrEqual(expected.directions);
  for (const trial of result.trials) {
    expect(checkEquations(trial)).toEqual([]);
    expect(trial.unaccounted ?? 0, trial.ledger.join("; ")).toBe(0);
    expect(trial.queuesSeen).toHaveLength(expected.queues);
    expect(trial.accepted, trial.phase).toBeGreaterThan(0);
  }
  const directions = new Set(result.trials.map(({ direction }) => direction ?? "forward"));
  expect(directions.size).toBe(expected.directions);
}

const names = Object.keys(methods);

describeLab("a method on real testpmd", ["testpmd"], () => {
  it.each(names)(
    "%s",
    (name) => measure(name, ["--dut", "testpmd,container=none", ...patient], { queues: 1, directions: 1 }),
    120_000,
  );
});

describe("a method in two directions", () => {
  let host: EmbeddedPart;
  const socket = (side: string): string => join(folder, `${side}.sock`);

  beforeAll(async () => {
    const ports = [`vhost:${socket("a")}`, `vhost:${socket("b")}`];
    const common = { mode: "io" as const, faults: null, maxFrameBytes: 1518, seed: 1, cpu: null, busy: false };
    host = await startEmbeddedPart({ part: "host", ports, ...common });
  });
  afterAll(() => host[Symbol.asyncDispose]());

  it.each(names)(
    "%s",
    (name) => {
      const ports = ["--tx", `virtio-user:${socket("a")}`, "--rx", `virtio-user:${socket("b")}`];
      return measure(name, ["--dut", "external", ...ports, "--bidirectional"], { queues: 1, directions: 2 });
    },
    120_000,
  );
});

describe("a method over two queues with a profile of several streams", () => {
  it.each(names)(
    "%s",
    (name) => {
      const profile = join(import.meta.dirname, "../../profiles/ip-in-ip.yaml");
      return measure(name, ["--queues", "2", "--profile", profile], { queues: 2, directions: 1 });
    },
    120_000,
  );
});

describe.each([
  ["damages every frame", "embedded,corrupt=100%"],
  ["loses every frame", "embedded,loss=100%"],
] as const)("behind a device that %s", (_, device) => {
  it.each(names)(
    "%s is no pass, and its JUnit file is not green",
    async (name) => {
      const [file, junit] = [join(folder, `${name}-bad.json`), join(folder, `${name}-bad.xml`)];
      const outputs = ["--json", file, "--junit", junit];
      const { code, stderr } = await runCli(
        [...methods[name]!, "--sizes", "128", ...short, "--dut", device, ...outputs],
        {
          timeoutMs: 90_000,
        },
      );
      const result = resultSchema.parse(JSON.parse(readFileSync(file, "utf8")));
      expect(result.verdict, stderr).not.toBe("pass");
      expect(code).toBe(exitCodes[result.verdict]);
      for (const trial of result.trials) expect(checkEquations(trial)).toEqual([]);
      const [, failures, errors] = /<testsuites[^>]* failures="(\d+)" errors="(\d+)"/.exec(
        readFileSync(junit, "utf8"),
      )!;
      expect(Number(failures) + Number(errors)).toBeGreaterThan(0);
    },
    120_000,
  );
});
