/** Splits the order of a trial into shares, one for each of several generators. Pure. */
import { isSimple, timelinesOf } from "../../stream/departures/loads.js";
import {
  countOf,
  firstStreamOf,
  framesOfFirst,
  type Share,
  sharesOf,
  shareWithin,
  wholeShare,
} from "../../stream/share.js";
import type { TrialSpec } from "../loop/index.js";

/** The order of this share of a whole trial, which has `queues` ÷ `of` of its queue pairs. */
export const shareOfTrial = (spec: TrialSpec, share: Share): TrialSpec =>
  withCount(spec, share, countsOf(spec, spec.count, [share])?.[0] ?? null);

/** The orders of all shares. `weights`: as sharesOf has them. */
export function splitByWeights(spec: TrialSpec, of: number, weights?: readonly number[]): TrialSpec[] {
  const shares = sharesOf(of, weights);
  const counts = countsOf(spec, spec.count, shares);
  return shares.map((share, index) => withCount(spec, share, counts?.[index] ?? null));
}

function withCount(spec: TrialSpec, share: Share, count: number | null): TrialSpec {
  const { stream, firstStream = 0, queues } = spec;
  const first = firstStreamOf(firstStream, stream.streams.length, share);
  const own = { ...spec, share, firstStream: first, queues: queues / share.of, count };
  return spec.count === null ? own : { ...own, wholeCount: spec.count };
}

/**
 * The order of each share, for generators that have `queues` ÷ `of` queue pairs each: share i has the queues i, i + of …
 * of the whole. Frame k of share i is frame i + k · of of the whole, byte for byte but for the signature. A share can be
 * split again, and its parts are shares of the whole: those of a fleet's agent are its threads'.
 * @throws PktgenError (2): signatures have no number for so many streams.
 */
export function splitTrial(spec: TrialSpec, of: number): TrialSpec[] {
  const { stream, firstStream = 0, queues, share: whole = wholeShare } = spec;
  const streams = stream.streams.length;
  const firstOfAll = firstStream - whole.index * streams;
  const shares = Array.from({ length: of }, (_, index) => shareWithin(whole, { index, of }));
  const wholeCount = spec.wholeCount ?? spec.count;
  const counts = countsOf(spec, wholeCount, shares);
  return shares.map((share, index) => ({
    ...{ ...spec, share, firstStream: firstStreamOf(firstOfAll, streams, share), queues: queues / of },
    ...(wholeCount === null || counts === null ? { count: null } : { count: counts[index]!, wholeCount }),
  }));
}

/** How many of the first `count` frames of the whole trial each share sends; null: there is no count. */
function countsOf({ stream, size, load }: TrialSpec, count: number | null, shares: readonly Share[]): number[] | null {
  if (count === null) return null;
  const ofStreams = isSimple(stream) ? [count] : framesOfFirst(timelinesOf(stream, size, load), count);
  return shares.map((share) => ofStreams.reduce((sum, frames) => sum + countOf(frames, share), 0));
}
