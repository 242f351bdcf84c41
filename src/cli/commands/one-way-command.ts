/** What `send` and `receive` share: one port, the options that say what goes through it, and where the result goes. */

import { usageError } from "../../errors.js";
import type { OneWayPlan } from "../../method/one-way.js";
import { allowedCores } from "../../options/allowed-cores.js";
import {
  flag,
  type OptionGroups,
  type OptionTable,
  onlyThose,
  option,
  resultFiles,
  type TextsOf,
  writtenFile,
} from "../../options/option.js";
import { checkCoresAllowed } from "../../options/option-values.js";
import { profileOf } from "../../options/profile-option.js";
import { captureFiles } from "../../options/record-options.js";
import { type RunOptions, runGroups } from "../../options/run-options.js";
import type { ReceivedHalf, SentHalf } from "../../result/half.js";
import type { CommandContext } from "../command.js";
import { checkResultFiles, standardOutput, writeResultFile } from "../output/result-file.js";

/** Options of `run` that both sides must give alike, and those of this side only. */
export const oneWayGroups = (side: readonly (keyof RunOptions)[]): OptionGroups =>
  onlyThose(runGroups, ({ shared }, key) => shared === true || side.includes(key as keyof RunOptions));

/** What both sides take in addition to the options of `run`. */
export const oneWayOptions = {
  clocksSynchronised: flag(
    "--clocks-synchronised",
    "this machine's clock is synchronised with the other's (PTP): measure one-way latency",
  ),
  json: option("--json <file>", "the half result, for pktgen-ts merge; - for standard output", writtenFile),
} as const satisfies OptionTable;

export type OneWayOptions = RunOptions & TextsOf<typeof oneWayOptions>;

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
  checkResultFiles([...resultFiles(oneWayOptions, options), ...captureFiles(options)]);
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
