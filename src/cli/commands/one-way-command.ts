/** What `send` and `receive` share: one port, the options that say what goes through it, and where the result goes. */

import type { Command } from "commander";
import { usageError } from "../../errors.js";
import type { OneWayPlan } from "../../method/one-way.js";
import { allowedCores } from "../../options/allowed-cores.js";
import { checkCoresAllowed } from "../../options/option-values.js";
import { profileOf } from "../../options/profile-option.js";
import { recordFiles } from "../../options/record-options.js";
import { addRunOptionsNamed, type RunOptions } from "../../options/run-options.js";
import type { ReceivedHalf, SentHalf } from "../../result/half.js";
import { parseDuration } from "../../units.js";
import type { CommandContext } from "../command.js";
import { checkResultFiles, standardOutput, writeResultFile } from "../output/result-file.js";

export interface OneWayOptions extends RunOptions {
  readonly clocksSynchronised?: boolean;
}

/** Both sides must say the same of these, so that each knows what the other does. */
const shared = [
  ...[
    "--sizes",
    "--flows",
    "--pin-flows",
    "--dst-mac",
    "--src-mac",
    "--vlan",
    "--ip",
    "--profile",
    "--set",
    "--wait-peer",
    "--profile-root",
    "--queues",
    "--line-rate",
  ],
  ...["--rate", "--duration", "--count", "--repeat", "--seed", "--run-id", "--start-sequence", "--cores", "--busy"],
];

export function addOneWayOptions(command: Command, more: readonly string[]): Command {
  addRunOptionsNamed(command, [...shared, ...more]);
  return command
    .option(
      "--clocks-synchronised",
      "this machine's clock is synchronised with the other's (PTP): measure one-way latency",
    )
    .option("--json <file>", "the half result, for pktgen-ts merge; - for standard output");
}

export const timeOption = (text: string | undefined, where: string, byDefault: string): number =>
  parseDuration(text ?? byDefault, where);

/** The port and the plan. @throws PktgenError (2): no port, or an option that cannot be. */
export async function oneWayPlan(
  words: readonly string[],
  options: OneWayOptions,
  { commandLine }: CommandContext,
  command: "send" | "receive",
): Promise<OneWayPlan> {
  const [text, ...more] = words;
  if (text === undefined || more.length > 0) {
    const what = text === undefined ? "on which port?" : `what is '${more[0]}'?`;
    throw usageError(what, { where: command, accepted: `${command} PORT, e.g. ${command} packet:eth1` });
  }
  const json = options.json === undefined ? [] : [{ option: "--json", path: options.json }];
  checkResultFiles([...json, ...recordFiles(options)]);
  const { planRun } = await import("../../options/run-plan.js");
  const profile = await profileOf(options);
  const plan = planRun({ ...options, dut: "external", tx: text }, profile, commandLine);
  if (plan.cores !== null) checkCoresAllowed(plan.cores, allowedCores(), "--cores");
  if (plan.dut.kind !== "external") throw new Error("a port is external");
  return { plan, port: plan.dut.tx, clocksSynchronised: options.clocksSynchronised === true };
}

/** To the file; on standard output the document, or else the lines. */
export async function reportHalf(
  half: SentHalf | ReceivedHalf,
  lines: readonly string[],
  path: string | undefined,
  { output }: CommandContext,
): Promise<void> {
  const [{ renderHalf }, { recordedNote }] = await Promise.all([
    import("../../result/half.js"),
    import("../../measure/recorder.js"),
  ]);
  const said = [...lines, ...half.recorded.map(recordedNote)];
  await output.result(path === standardOutput ? renderHalf(half) : `${said.join("\n")}\n`);
  if (path !== undefined && path !== standardOutput) writeResultFile({ option: "--json", path }, renderHalf(half));
}
