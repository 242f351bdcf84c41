/**
 * Resets the device in the middle of a trial, and ends the trial when the device forwards again. A device that this
 * program started is ended and started again. Any other device is reset by the command that the user gives.
 */

import { executeCommand, reasonLine } from "../dut/run-command.js";
import { environmentError, PktgenError, usageError } from "../errors.js";
import { faultReason, interruptedReason, type Reason } from "../stats/cause.js";
import { sleepNs } from "../sys/sleep.js";
import type { Lab } from "./lab.js";
import type { RunPlan } from "./plan.js";

export interface ResetDone {
  /** When the reset began, since the trial's start, and how long the command or the restart took. */
  readonly atNs: number;
  readonly tookNs: number;
  /** Frames came when the trial ended. */
  readonly forwardsAgain: boolean;
  /** Why the device was not reset. null: it was. */
  readonly fault: Reason | null;
}

export interface DeviceReset {
  /** Aborted when the device has forwarded again for a while. The trial needs no more frames then. */
  readonly signal: AbortSignal;
  readonly done: Promise<ResetDone>;
}

const lookEveryMs = 5;
/** Frames must come for this long before the device counts as forwarding again. */
const steadyMs = 500;
/** A command may return before the device goes down. Then this program waits for a silence of this length. */
const silentMs = 100;
/** A command that has not come back by then will not. */
const commandMs = 300_000;

/**
 * How the device is reset, in words. "": it is not. @throws PktgenError (2): this program cannot reset it, and no
 * command is given.
 */
export function resetWords({ dut, resetCommand }: RunPlan, isTested: boolean): string {
  if (!isTested) return "";
  if (resetCommand !== undefined) return `the command: ${resetCommand}`;
  if (dut.kind === "embedded") return "software: its threads and sockets ended and made anew";
  if (dut.kind === "testpmd") return "software: both testpmd ended and started anew";
  throw usageError("somebody else started the device, which this program cannot reset", {
    where: "--tests reset",
    accepted: "--reset-command CMD, which does, e.g. --reset-command 'systemctl restart router'",
  });
}

/** Resets the device after `atNs`. Never throws: what went wrong is a fault. */
export function resetDuring(lab: Lab, plan: RunPlan, atNs: number, interrupted: AbortSignal): DeviceReset {
  const stop = new AbortController();
  const none = { atNs, tookNs: 0, forwardsAgain: false };
  const done = carryOut(lab, plan, atNs, interrupted, stop).catch((error: unknown) => {
    if (interrupted.aborted) return { ...none, fault: interruptedReason };
    stop.abort();
    if (!(error instanceof PktgenError)) throw error;
    return { ...none, fault: faultReason(`the device was not reset: ${error.toLine()}`) };
  });
  return { signal: stop.signal, done };
}

async function carryOut(
  lab: Lab,
  plan: RunPlan,
  wantedNs: number,
  interrupted: AbortSignal,
  stop: AbortController,
): Promise<ResetDone> {
  await sleepNs(wantedNs, interrupted);
  const before = lab.generator.progress();
  if (before?.phase !== "sending") throw environmentError("the trial was over before");
  const atNs = before.elapsedNs;
  const beganMs = performance.now();
  await act(lab, plan, interrupted);
  const tookNs = (performance.now() - beganMs) * 1e6;
  const isBack = await forwardsAgain(lab, plan.resetCommand === undefined ? 0 : silentMs, interrupted);
  stop.abort();
  return { atNs, tookNs, forwardsAgain: isBack, fault: null };
}

async function act(lab: Lab, { resetCommand }: RunPlan, signal: AbortSignal): Promise<void> {
  if (resetCommand === undefined) {
    await lab.dut?.restart?.();
    return;
  }
  const options = { env: process.env, timeoutMs: commandMs, signal };
  const result = await executeCommand("/bin/sh", ["-c", resetCommand], options);
  if (result?.code === 0) return;
  if (result?.code === null) {
    throw environmentError(`the command did not end within ${commandMs / 1000} s`, { where: "--reset-command" });
  }
  const why = result === null ? "there is no /bin/sh" : reasonLine(result);
  throw environmentError(`the command failed: ${why}`, { where: "--reset-command" });
}

/** Waits for it, and for a while of it; false: the trial ended while nothing came. */
async function forwardsAgain(lab: Lab, leastSilenceMs: number, interrupted: AbortSignal): Promise<boolean> {
  let received = lab.generator.progress()?.received ?? 0;
  let sinceMs = performance.now();
  let wasSilent = leastSilenceMs === 0;
  while (lab.generator.progress()?.phase === "sending") {
    await sleepNs(lookEveryMs * 1e6, interrupted);
    const now = lab.generator.progress()?.received ?? 0;
    if (now === received) {
      wasSilent ||= performance.now() - sinceMs >= leastSilenceMs;
      continue;
    }
    received = now;
    sinceMs = performance.now();
    if (!wasSilent) continue;
    await sleepNs(steadyMs * 1e6, interrupted);
    return true;
  }
  return !wasSilent;
}
