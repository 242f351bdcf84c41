/** Splits the order of a trial into shares, one for each of several generators. Pure. */
import { isSimple, timelinesOf } from "../../stream/departures/loads.js";
import { countOf, firstStreamOf, framesOfFirst } from "../../stream/share.js";
import type { TrialSpec } from "../loop/index.js";

/**
 * The order of each share, for generators that have `queues` ÷ `of` queue pairs each: share i has the queues i, i + of …
 * of the whole. Frame k of share i is frame i + k · of of the whole, byte for byte but for the signature.
 * @throws PktgenError (2): signatures have no number for so many streams.
 */
export function splitTrial(spec: TrialSpec, of: number): TrialSpec[] {
  const { stream, firstStream = 0, queues } = spec;
  const counts = countsOf(spec, of);
  return Array.from({ length: of }, (_, index) => {
    const share = { index, of };
    const first = firstStreamOf(firstStream, stream.streams.length, share);
    return { ...spec, share, firstStream: first, queues: queues / of, count: counts?.[index] ?? null };
  });
}

/** How many of the first `count` frames each share sends; null: there is no count. */
function countsOf({ stream, size, load, count }: TrialSpec, of: number): number[] | null {
  if (count === null) return null;
  const ofStreams = isSimple(stream) ? [count] : framesOfFirst(timelinesOf(stream, size, load), count);
  return Array.from({ length: of }, (_, index) =>
    ofStreams.reduce((sum, frames) => sum + countOf(frames, { index, of }), 0),
  );
}
