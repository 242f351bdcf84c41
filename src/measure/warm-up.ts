/**
 * What is at work before the first trial of `run`, of methods, of `send` and of a test plan: the generator's own code, so
 * that V8 has compiled it. It runs through rings inside the generator's thread (engine/trial/rehearsal.ts), like those of its
 * ports: to devices and networks of others nothing is sent that a trial does not ask for. Only the built-in device is
 * warmed up itself, with frames that go through it, since its forwarding code has to be compiled as well.
 */

import type { TrialSpec } from "../engine/loop/trial-spec.js";
import type { Generator } from "../engine/trial/start-generator.js";
import type { DutChoice } from "./plan.js";
import { sentFrames } from "./sent-frames.js";

/** Where nobody says how long. */
export const usualWarmUpNs = 750e6;
/** At a set rate other code runs than at max, and needs a quarter of a second of it until V8 has compiled it all. */
const parts = [
  { pps: null, share: 2 / 3 },
  { pps: 50_000, share: 1 / 3 },
] as const;

export interface WarmUp {
  readonly generator: Pick<Generator, "rehearse" | "runDirections">;
  readonly durationNs: number;
  readonly signal: AbortSignal;
  /** Frames go through the device; false: nowhere. */
  readonly throughDevice: boolean;
  /** The orders of a trial at a load (null: max) for so long, one for each direction. */
  orders(pps: number | null, durationNs: number): readonly TrialSpec[];
}

/** Is it the device's own code as well that has to be compiled? */
export const isCompiledToo = ({ kind }: DutChoice): boolean => kind === "embedded";

/** Resolves with how many frames were sent to the device. */
export async function warmUp({ generator, durationNs, signal, throughDevice, orders }: WarmUp): Promise<number> {
  let sent = 0;
  for (const { pps, share } of parts) {
    if (durationNs === 0 || signal.aborted) break;
    const part = orders(pps, durationNs * share);
    if (!throughDevice) await generator.rehearse(part, signal);
    else sent += sentFrames(await generator.runDirections(part, signal));
  }
  return sent;
}
