/**
 * The warm-up before the first trial of runs, methods, `send` and test plans: the generator's code runs until V8 has
 * compiled it. Its frames go through rings inside the generator's thread (engine/trial/rehearsal.ts), which are like
 * those of its ports. So devices and networks receive no frame that no trial asked for. Only the built-in device is
 * warmed up with frames through it, because its forwarding code must be compiled, too.
 */

import type { TrialSpec } from "../engine/loop/index.js";
import type { Generator } from "../engine/trial/index.js";
import type { DutChoice } from "./plan.js";
import { sentFrames } from "./sent-frames.js";

/** The usual time. */
export const usualWarmUpNs = 750e6;
/** At a set rate other code runs than at max. V8 needs a quarter of a second of it. */
const parts = [
  { pps: null, share: 2 / 3 },
  { pps: 50_000, share: 1 / 3 },
] as const;

export interface WarmUp {
  readonly generator: Pick<Generator, "rehearse" | "runDirections">;
  readonly durationNs: number;
  readonly signal: AbortSignal;
  /** true: frames go through the device. false: they stay in the generator. */
  readonly throughDevice: boolean;
  /** The specs of a trial at a load (null: max) of this length, one for each direction. */
  specs(pps: number | null, durationNs: number): readonly TrialSpec[];
}

/** Must the device's code be compiled, too? */
export const isCompiledToo = ({ kind }: DutChoice): boolean => kind === "embedded";

/** Resolves with how many frames were sent to the device. */
export async function warmUp({ generator, durationNs, signal, throughDevice, specs }: WarmUp): Promise<number> {
  let sent = 0;
  for (const { pps, share } of parts) {
    if (durationNs === 0 || signal.aborted) break;
    const part = specs(pps, durationNs * share);
    if (!throughDevice) await generator.rehearse(part, signal);
    else sent += sentFrames(await generator.runDirections(part, signal));
  }
  return sent;
}
