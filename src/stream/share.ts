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
  /** Some have more of it than others. Absent: all have as much. */
  readonly deal?: Deal | undefined;
}

/**
 * A share of another size than the others: it has several slots of each round of the schedule. Its frames are those of a
 * trial of its own, from the first one on, so that it sends all flows and all sizes in their proportion.
 */
export interface Deal {
  /** Slots of a round, of all shares. */
  readonly round: number;
  /** Those of this share, ascending, below `round`. */
  readonly slots: readonly number[];
  /** Which of its generator's frames these are: those of a generator are dealt round to its threads. */
  readonly frames: { readonly index: number; readonly of: number };
}

/** A trial that one generator has alone. */
export const wholeShare: Share = { index: 0, of: 1 };

/** How many of the first `total` slots fall to this share. */
export function countOf(total: number, { index, of, deal }: Share): number {
  if (deal === undefined) return Math.max(0, Math.ceil((total - index) / of));
  if (total === Number.POSITIVE_INFINITY) return total;
  const rounds = Math.floor(total / deal.round);
  const rest = total - rounds * deal.round;
  return rounds * deal.slots.length + slotsBelow(deal.slots, rest);
}

/** How many of ascending numbers are below `end`. */
function slotsBelow(slots: readonly number[], end: number): number {
  let [from, to] = [0, slots.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (slots[middle] < end) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Which slot of the whole schedule is slot k of a share. */
export function slotOf(k: number, { index, of, deal }: Share): number {
  if (deal === undefined) return index + of * k;
  const { round, slots } = deal;
  const rounds = Math.floor(k / slots.length);
  return rounds * round + slots[k - rounds * slots.length];
}

/** What frame k of a share is in the whole; of shares that are not alike, in its generator's own. */
export const placeOf = (k: number, share: Share): number => {
  const { index, of } = share.deal?.frames ?? share;
  return index + of * k;
};

/** How far apart in the whole two frames of a share are that follow each other. */
export const stepOf = ({ of, deal }: Share): number => deal?.frames.of ?? of;

/** How much of the load it has: so many of so many slots. */
export const dealOf = ({ of, deal }: Share): { readonly slots: number; readonly round: number } =>
  deal === undefined ? { slots: 1, round: of } : { slots: deal.slots.length, round: deal.round };

/** Its own, of what all send per second. */
export function rateOfShare(pps: number, share: Share): number {
  const { slots, round } = dealOf(share);
  return (pps * slots) / round;
}

/** The share whose frames these are, seen from this one. */
export function shareAt(home: number, { of, deal }: Share): Share {
  if (deal === undefined) return { index: home, of };
  const generators = of / deal.frames.of;
  return { index: Math.floor(home / generators), of: deal.frames.of };
}

/** A share of a share: part i of N of what share k of M has is share k + i · M of M · N. */
export function shareWithin(whole: Share, { index, of }: Share): Share {
  const place = { index: whole.index + whole.of * index, of: whole.of * of };
  const { deal } = whole;
  if (deal === undefined) return place;
  // Its slots are index, index + of … of the whole share's; after so many of them they are the same again.
  const again = greatestCommonDivisor(deal.slots.length, of);
  const slots = Array.from({ length: deal.slots.length / again }, (_, k) => slotOf(index + of * k, whole));
  const frames = { index: placeOf(index, whole), of: deal.frames.of * of };
  return { ...place, deal: { round: (deal.round * of) / again, slots, frames } };
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));

/**
 * The shares of so many generators. `weights`: of each, whole numbers above 0, which say how many slots of a round it has;
 * absent: all have as much. A generator's slots are spread over the round as evenly as they go.
 */
export function sharesOf(generators: number, weights?: readonly number[]): Share[] {
  const plain = Array.from({ length: generators }, (_, index): Share => ({ index, of: generators }));
  if (weights === undefined || weights.every((weight) => weight === weights[0])) return plain;
  const round = weights.reduce((sum, weight) => sum + weight, 0);
  const slots = plain.map((): number[] => []);
  const due = weights.map(() => 0);
  for (let slot = 0; slot < round; slot++) {
    let next = 0;
    for (const [g, weight] of weights.entries()) {
      due[g] += weight;
      if (due[g] > due[next]) next = g;
    }
    due[next] -= round;
    slots[next].push(slot);
  }
  return plain.map((share, g) => ({ ...share, deal: { round, slots: slots[g], frames: { index: 0, of: 1 } } }));
}

/** Slots of a round, where shares follow from what generators can do. */
const roundOfRates = 1_000;

/** Weights in the proportion of these rates, each at least 1. They add up to a round, but for very small ones. */
export function weightsOf(rates: readonly number[]): number[] {
  const total = rates.reduce((sum, rate) => sum + rate, 0);
  const round = Math.max(roundOfRates, rates.length);
  const exact = rates.map((rate) => (rate / total) * round);
  const weights = exact.map(Math.floor);
  const left = round - weights.reduce((sum, weight) => sum + weight, 0);
  // The largest remainders get what is left.
  const order = [...exact.keys()].sort((a, b) => exact[b] - weights[b] - (exact[a] - weights[a]) || a - b);
  for (const g of order.slice(0, left)) weights[g]++;
  return weights.map((weight) => Math.max(1, weight));
}

/** The frames of a queue: the numbers `first`, first + step, first + 2 · step … of the whole. */
export interface Walk {
  readonly first: number;
  readonly step: number;
}

/** The walk of a share's queue, one of `queues`. */
export const walkOf = (queue: number, queues: number, share: Share): Walk => ({
  first: placeOf(queue, share),
  step: queues * stepOf(share),
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

/** The same of a share that has several slots of a round. */
export class DealtSchedule extends SharedSchedule {
  readonly #wholeOfAll: DepartureSchedule;
  readonly #dealt: Share;

  constructor(whole: DepartureSchedule, share: Share) {
    super(whole, share);
    this.#wholeOfAll = whole;
    this.#dealt = share;
  }

  override intendedNs(k: number): number {
    return this.#wholeOfAll.intendedNs(slotOf(k, this.#dealt));
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
    this.steady = whole.steady === null || share.deal !== undefined ? null : steadyShare(whole.steady, share);
    this.#whole = whole;
    this.#share = share;
  }

  dueNs(k: number): number {
    return this.#whole.dueNs(slotOf(k, this.#share));
  }

  dueBefore(ns: number, from: number): number {
    const known = from === 0 ? 0 : slotOf(from - 1, this.#share) + 1;
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
