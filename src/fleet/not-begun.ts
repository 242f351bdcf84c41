/** Why a trial of a fleet did not come about. Pure. */
import { environmentError, interruptedError, invalidError, type PktgenError } from "../errors.js";
import { interruptedReason } from "../stats/cause.js";
import { type Blamed, blamedWord, type TrialEvent } from "./trial-events.js";

export function notBegun(blamed: readonly Blamed[], isInterrupted: boolean): PktgenError {
  if (isInterrupted) return interruptedError(interruptedReason.text);
  return environmentError(`the trial could not begin: ${blamedWord(blamed)}`, {
    where: "--fleet",
    hint: "pktgen-ts fleet ls shows who is there; --min-agents goes on without those that are not",
  });
}

/** Nobody can tell it when to begin. */
export const unknownClock = (agent: string, attempt: number): TrialEvent => ({
  ...{ kind: "refused", agent, attempt, lasting: false },
  why: "how far its clock is ahead is not known: it answered too few questions, or its clock was set meanwhile",
});

export const nobodyReported = (lost: readonly Blamed[]): PktgenError =>
  invalidError(`no agent's report came: ${blamedWord(lost)}`);
