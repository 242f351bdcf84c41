/**
 * When the frames of one flow are due: what the owner says of it, and a timeline that is moved by pauses and changed in
 * rate, and goes on with the slot that is next.
 */
import { type RateShape, Shaped } from "../../stream/departures/shaped.js";
import { Bursts, Continuous, Poisson, type Timeline } from "../../stream/departures/timeline.js";

export type DepartureLaw =
  | { readonly kind: "steady" }
  | ({ readonly kind: "shape" } & RateShape)
  /** Gaps are exponential; `key` decides them. */
  | { readonly kind: "poisson"; readonly key: number };

/** As an order has it: plain JSON, so that null says what has no end. */
export interface FlowSchedule {
  /** Frames after which it ends. */
  readonly limit: number | null;
  /** Slots before so much time of sending. */
  readonly durationNs: number | null;
  /** null: without a break. */
  readonly bursts: { readonly frames: number; readonly bursts: number | null; readonly gapNs: number } | null;
  readonly law: DepartureLaw;
}

/** How many come together by chance. */
const poissonPeak = 2;

/** How much more than its rate a flow sends at times. */
export function peakShare({ law }: FlowSchedule): number {
  if (law.kind === "steady") return 1;
  if (law.kind === "poisson") return poissonPeak;
  return law.pieces.reduce((most, { fromShare, toShare }) => Math.max(most, fromShare, toShare), law.thenShare);
}

export interface LiveTimeline extends Timeline {
  /** false: how many slots are before a time is known when it has come, not before. */
  readonly isCountable: boolean;
  /** So much later from slot `next` on, which is the next one. */
  later(byNs: number, next: number): LiveTimeline;
  /** Another rate from slot `next` on, which is not due at `nowNs`. No slot moves before that. */
  withRate(pps: number, next: number, nowNs: number): LiveTimeline;
}

export function liveTimeline(schedule: FlowSchedule, pps: number, startNs: number): LiveTimeline {
  const { law } = schedule;
  if (law.kind === "shape") return new LiveShape(new Shaped(law, pps, startNs), pps);
  if (law.kind === "poisson") return new LivePoisson(new Poisson(pps, startNs, law.key), law.key, pps);
  return new LiveRate(schedule.bursts, pps, startNs);
}

/** Frame after frame at one rate, or in bursts. */
class LiveRate implements LiveTimeline {
  readonly isCountable = true;
  readonly frames: number;
  readonly steady: Timeline["steady"];
  readonly endNs: number;
  readonly #bursts: FlowSchedule["bursts"];
  readonly #pps: number;
  readonly #startNs: number;
  readonly #inner: Timeline;

  constructor(bursts: FlowSchedule["bursts"], pps: number, startNs: number) {
    this.#bursts = bursts;
    this.#pps = pps;
    this.#startNs = startNs;
    this.#inner =
      bursts === null
        ? new Continuous(pps, startNs, Number.POSITIVE_INFINITY)
        : new Bursts(pps, startNs, bursts.frames, bursts.bursts ?? Number.POSITIVE_INFINITY, bursts.gapNs);
    this.frames = this.#inner.frames;
    this.steady = this.#inner.steady;
    this.endNs = this.#inner.endNs;
  }

  dueNs(k: number): number {
    return this.#inner.dueNs(k);
  }

  dueBefore(ns: number, from: number): number {
    return this.#inner.dueBefore(ns, from);
  }

  later(byNs: number): LiveTimeline {
    return new LiveRate(this.#bursts, this.#pps, this.#startNs + byNs);
  }

  /** The slot before stays where it was, and the gap to `next` is the new one. The first slot stays where it is. */
  withRate(pps: number, next: number, nowNs: number): LiveTimeline {
    const fromZero = new LiveRate(this.#bursts, pps, 0);
    const wantedNs =
      next === 0 ? this.dueNs(0) : this.dueNs(next - 1) + fromZero.dueNs(next) - fromZero.dueNs(next - 1);
    return new LiveRate(this.#bursts, pps, Math.max(nowNs, wantedNs) - fromZero.dueNs(next));
  }
}

class LiveShape implements LiveTimeline {
  readonly isCountable = true;
  readonly steady = null;
  readonly frames: number;
  readonly endNs: number;
  readonly #inner: Shaped;
  readonly #pps: number;

  constructor(inner: Shaped, pps: number) {
    this.#inner = inner;
    this.#pps = pps;
    this.frames = inner.frames;
    this.endNs = inner.endNs;
  }

  dueNs(k: number): number {
    return this.#inner.dueNs(k);
  }

  dueBefore(ns: number, from: number): number {
    return this.#inner.dueBefore(ns, from);
  }

  later(byNs: number): LiveTimeline {
    return new LiveShape(this.#inner.later(this.#pps, byNs), this.#pps);
  }

  withRate(pps: number, next: number, nowNs: number): LiveTimeline {
    return new LiveShape(this.#inner.withRate(pps, next, nowNs), pps);
  }
}

/** Its next slot is known, and none before it. */
class LivePoisson implements LiveTimeline {
  readonly isCountable = false;
  readonly steady = null;
  readonly frames = Number.POSITIVE_INFINITY;
  readonly endNs = Number.POSITIVE_INFINITY;
  readonly #inner: Poisson;
  readonly #key: number;
  readonly #pps: number;

  constructor(inner: Poisson, key: number, pps: number) {
    this.#inner = inner;
    this.#key = key;
    this.#pps = pps;
  }

  dueNs(k: number): number {
    return this.#inner.dueNs(k);
  }

  dueBefore(ns: number, from: number): number {
    return this.#inner.dueBefore(ns, from);
  }

  later(byNs: number, next: number): LiveTimeline {
    return this.#from(next, this.dueNs(next) + byNs, this.#pps);
  }

  /** What is left of the wait for the next one is stretched: waits of such arrivals have no memory. */
  withRate(pps: number, next: number, nowNs: number): LiveTimeline {
    // Slots before `next` may still be asked for here.
    const leftNs = Math.max(0, this.#inner.copy().dueNs(next) - nowNs);
    return this.#from(next, nowNs + (leftNs * this.#pps) / pps, pps);
  }

  #from(next: number, dueNs: number, pps: number): LiveTimeline {
    return new LivePoisson(new Poisson(pps, dueNs, this.#key, next), this.#key, pps);
  }
}

/** The slots of another before a time. */
export class EndingTimeline implements Timeline {
  readonly frames: number;
  readonly steady: Timeline["steady"];
  readonly endNs: number;
  /** How many there are is known when the time has come. */
  readonly endsByTime: boolean;
  readonly #whole: LiveTimeline;

  /** `endNs`: Infinity is no end. */
  constructor(whole: LiveTimeline, endNs: number) {
    const isCounted = whole.isCountable && endNs !== Number.POSITIVE_INFINITY;
    this.#whole = whole;
    this.endsByTime = !whole.isCountable && endNs !== Number.POSITIVE_INFINITY;
    this.frames = isCounted ? Math.min(whole.frames, whole.dueBefore(endNs, 0)) : whole.frames;
    this.steady = whole.steady;
    this.endNs = endNs;
  }

  dueNs(k: number): number {
    return this.#whole.dueNs(k);
  }

  dueBefore(ns: number, from: number): number {
    return Math.min(this.frames, this.#whole.dueBefore(Math.min(ns, this.endNs), from));
  }

  /** Slot k is after the end. */
  isOver(k: number): boolean {
    return k >= this.frames || (this.endsByTime && this.dueNs(k) >= this.endNs);
  }
}
