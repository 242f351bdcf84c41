/**
 * One schedule, dealt round to several generators: share i of N has the slots i, i + N, i + 2N … of it, at the same
 * nanoseconds, and the frames with these numbers, byte for byte but for the signature. So the shares together are the
 * whole trial, whoever sends them. Whatever is random follows from the whole's seed and a frame's number, and needs no
 * other seed.
 */
import { usageError } from "../errors.js";
import { DepartureSchedule } from "./departures/schedule.js";
import type { Steady, Timeline } from "./departures/timeline.js";
import { reverseFirstStream } from "./reverse.js";

/** Number `index` (from 0) of `of` generators that have a trial together. */
export interface Share {
  readonly index: number;
  readonly of: number;
}

/** A trial that one generator has alone. */
export const wholeShare: Share = { index: 0, of: 1 };

/** How many of `total` things that are dealt round fall to this share. */
export const countOf = (total: number, { index, of }: Share): number => Math.max(0, Math.ceil((total - index) / of));

/** What place k of a share is in the whole. */
export const placeOf = (k: number, { index, of }: Share): number => index + of * k;

/** A share of a share: part i of N of what share k of M has is share k + i · M of M · N. */
export const shareWithin = (whole: Share, { index, of }: Share): Share => ({
  index: placeOf(index, whole),
  of: whole.of * of,
});

/** The frames of a queue: the numbers `first`, first + step, first + 2 · step … of the whole. */
export interface Walk {
  readonly first: number;
  readonly step: number;
}

/** The walk of a share's queue, one of `queues`. */
export const walkOf = (queue: number, queues: number, share: Share): Walk => ({
  first: placeOf(queue, share),
  step: queues * share.of,
});

/**
 * The number of a share's first stream in signatures. Each share has a block of `streams` numbers, in the half of its
 * direction. @throws PktgenError (2): there are too few numbers.
 */
export function firstStreamOf(first: number, streams: number, { index, of }: Share): number {
  if (streams * of <= reverseFirstStream) return first + index * streams;
  throw usageError(`${of} generators of ${streams} streams each are too many: signatures have no number for each`, {
    accepted: `up to ${reverseFirstStream} streams in all`,
  });
}

/** A share of the departures of one stream that sends without a break. */
export class SharedSchedule extends DepartureSchedule {
  readonly #whole: DepartureSchedule;
  readonly #share: Share;
  readonly #index: number;
  readonly #of: number;

  constructor(whole: DepartureSchedule, share: Share) {
    super(whole.startNs, whole.frames, whole.periodNs);
    this.#whole = whole;
    this.#share = share;
    this.#index = share.index;
    this.#of = share.of;
  }

  override intendedNs(k: number): number {
    return this.#whole.intendedNs(this.#index + this.#of * k);
  }

  override dueAt(nowNs: number): number {
    return countOf(this.#whole.dueAt(nowNs), this.#share);
  }
}

/** A share of one stream of many. */
export class SharedTimeline implements Timeline {
  readonly frames: number;
  readonly endNs: number;
  readonly steady: Steady | null;
  readonly #whole: Timeline;
  readonly #share: Share;

  constructor(whole: Timeline, share: Share) {
    this.frames = countOf(whole.frames, share);
    this.endNs = whole.endNs;
    this.steady = whole.steady === null ? null : steadyShare(whole.steady, share);
    this.#whole = whole;
    this.#share = share;
  }

  dueNs(k: number): number {
    return this.#whole.dueNs(placeOf(k, this.#share));
  }

  dueBefore(ns: number, from: number): number {
    const known = from === 0 ? 0 : placeOf(from - 1, this.#share) + 1;
    return countOf(this.#whole.dueBefore(ns, known), this.#share);
  }
}

/** Steps of `of` frames at once, from frame `index` on. |rest| stays below half of the frames. */
function steadyShare({ wholeNs, rest, frames }: Steady, { index, of }: Share): Steady {
  const more = Math.round((of * rest) / frames);
  const remainder = (((index * rest) % frames) + frames) % frames;
  return { wholeNs: of * wholeNs + more, rest: of * rest - more * frames, frames, remainder };
}

/** By stream: how many of its frames are among the first `count` of all. Equal times go by the order of the streams. */
export function framesOfFirst(timelines: readonly Timeline[], count: number): number[] {
  const dueBefore = (ns: number): number[] => timelines.map((timeline) => timeline.dueBefore(ns, 0));
  const sum = (frames: readonly number[]): number => frames.reduce((all, some) => all + some, 0);
  let [lateNs, step] = [0, 1];
  while (sum(dueBefore(lateNs + step)) <= count) {
    lateNs += step;
    step *= 2;
    // All streams have ended before.
    if (lateNs >= Number.MAX_SAFE_INTEGER) return timelines.map(({ frames }) => frames);
  }
  for (; step >= 1; step = Math.floor(step / 2)) if (sum(dueBefore(lateNs + step)) <= count) lateNs += step;
  const frames = dueBefore(lateNs);
  let left = count - sum(frames);
  // So many of those that are due at this very nanosecond.
  return dueBefore(lateNs + 1).map((due, stream) => {
    const more = Math.min(left, due - frames[stream]);
    left -= more;
    return frames[stream] + more;
  });
}
