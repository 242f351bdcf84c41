/** What several threads of a generator did in a trial, and what of it spoils the trial. Pure. */
import type { TrialReport, TrialSpec } from "../engine/loop/index.js";
import type { Trial } from "../result/run-result.js";
import type { Reason } from "../stats/cause.js";
import { framesWord, partOf, percentWord, timeWord } from "../stats/words.js";
import { usualTolerances } from "../tolerances.js";

export const workersOf = ({ workers }: TrialReport): Pick<Trial, "workers"> =>
  workers === undefined ? {} : { workers: workers.map((each) => ({ ...each })) };

/**
 * Why the sum of the shares is not the trial that was asked for. The generator is short where one of its threads is:
 * then the load had gaps, whatever the others did.
 */
export function shareReasons(
  { workers = [], inexact = [] }: TrialReport,
  { load, rateTolerance }: TrialSpec,
): Reason[] {
  const reasons: Reason[] = [];
  const strayed = workers.reduce((sum, worker) => sum + worker.strayed, 0);
  if (strayed > 0) {
    const what = "came in at another thread than the one that sent them, and could not be told to it";
    reasons.push({ cause: "counts", text: `the counts do not add up: ${framesWord(strayed)} ${what}` });
  } else if (inexact.some(({ field }) => field === "accepted")) {
    const text = "the counts do not add up: what came in at several threads cannot be told from copies";
    reasons.push({ cause: "counts", text });
  }
  if (load.kind === "max") return reasons;
  const tolerance = rateTolerance ?? usualTolerances.rateShare;
  for (const [w, { intended, missed, blockedOwn }] of workers.entries()) {
    const short = missed + blockedOwn;
    if (short <= intended * tolerance) continue;
    const text = `its thread ${w + 1} of ${workers.length} fell short of ${partOf(short, intended)}`;
    reasons.push({ cause: "load", text: `the generator was the limit: ${text} (tolerance ${percentWord(tolerance)})` });
  }
  return reasons;
}

/** A thread that began so much after the others is told of. */
const lateBeginNs = 1e6;

export function workerNotes({ workers = [] }: TrialReport): string[] {
  const unordered = workers.reduce((sum, worker) => sum + worker.unordered, 0);
  const order = `the order of ${framesWord(unordered)} is not known: they came in at several threads of the generator`;
  return [...(unordered === 0 ? [] : [order]), ...lateBegins(workers)];
}

function lateBegins(workers: NonNullable<TrialReport["workers"]>): string[] {
  return workers.flatMap(({ begunLateNs }, w) =>
    begunLateNs > lateBeginNs ? [`the generator's thread ${w + 1} began ${timeWord(begunLateNs)} late`] : [],
  );
}
