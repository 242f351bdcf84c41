/**
 * When each frame of one stream is due, counted from the trial's start. Times are a pure function of the schedule and
 * the rate. They are whole ns, never decrease, and are never re-based.
 */
import { hash32 } from "../spec/modifier.js";
import { type DepartureSchedule, departureSchedule } from "./schedule.js";

/** Frame after frame at one rate: each is ns = wholeNs + rest / frames later, where `remainder` of `frames` are left over. */
export interface Steady {
  readonly wholeNs: number;
  readonly rest: number;
  readonly frames: number;
  /** Of the first frame. */
  readonly remainder: number;
}

export interface Timeline {
  /** Frames in all; Infinity: without end. */
  readonly frames: number;
  /** null: its gaps differ. */
  readonly steady: Steady | null;
  /** When frame k is due. Called with k = 0, 1, 2 …; only those that are not Poisson's know any k at any time. */
  dueNs(k: number): number;
  /** End of the last frame's slot, when the next stream of a chain may start; Infinity: never. */
  readonly endNs: number;
  /** The number of frames due before `ns`. At least `from` frames are known to be due. */
  dueBefore(ns: number, from: number): number;
}

/** Frames k with dueNs(k) < ns, by doubling and halving. */
export function countBefore(timeline: Pick<Timeline, "frames" | "dueNs">, ns: number, from: number): number {
  const isDue = (k: number): boolean => k < timeline.frames && timeline.dueNs(k) < ns;
  if (!isDue(from)) return from;
  let [due, step] = [from, 1];
  while (isDue(due + step)) {
    due += step;
    step *= 2;
  }
  for (; step >= 1; step = Math.floor(step / 2)) if (isDue(due + step)) due += step;
  return due + 1;
}

/** `frames` of them, one after the other, from `startNs` on. */
export class Continuous implements Timeline {
  readonly frames: number;
  readonly endNs: number;
  readonly steady: Steady;
  readonly #schedule: DepartureSchedule;

  constructor(pps: number, startNs: number, frames: number) {
    this.frames = frames;
    this.#schedule = departureSchedule(pps, startNs);
    const { wholeNs, rest, frames: inPeriod } = this.#schedule;
    this.steady = { wholeNs, rest, frames: inPeriod, remainder: 0 };
    this.endNs = frames === Number.POSITIVE_INFINITY ? frames : this.#schedule.intendedNs(frames);
  }

  dueNs(k: number): number {
    return this.#schedule.intendedNs(k);
  }

  dueBefore(ns: number): number {
    return Math.min(this.frames, this.#schedule.dueAt(Math.ceil(ns) - 1));
  }
}

/** Bursts of `burstFrames` at the rate, then a gap. */
export class Bursts implements Timeline {
  readonly steady = null;
  readonly frames: number;
  readonly endNs: number;
  readonly #startNs: number;
  readonly #burstFrames: number;
  readonly #periodNs: number;
  readonly #inBurst: DepartureSchedule;

  constructor(pps: number, startNs: number, burstFrames: number, bursts: number, gapNs: number) {
    this.#inBurst = departureSchedule(pps, 0);
    const burstNs = this.#inBurst.intendedNs(burstFrames);
    this.frames = burstFrames * bursts;
    this.#startNs = startNs;
    this.#burstFrames = burstFrames;
    this.#periodNs = burstNs + gapNs;
    this.endNs = startNs + bursts * this.#periodNs - gapNs;
  }

  dueNs(k: number): number {
    const burst = Math.floor(k / this.#burstFrames);
    return this.#startNs + burst * this.#periodNs + this.#inBurst.intendedNs(k - burst * this.#burstFrames);
  }

  dueBefore(ns: number, from: number): number {
    return countBefore(this, ns, from);
  }
}

/** Linear from one rate to another within `rampNs`, then the second. A rate of 0 at the end is the end. */
export class Ramp implements Timeline {
  readonly steady = null;
  readonly frames: number;
  readonly endNs: number;
  readonly #startNs: number;
  readonly #fromPerNs: number;
  readonly #toPerNs: number;
  readonly #rampNs: number;
  /** Frames within the ramp. */
  readonly #inRamp: number;

  constructor(startNs: number, fromPps: number, toPps: number, rampNs: number) {
    this.#startNs = startNs;
    this.#fromPerNs = fromPps / 1e9;
    this.#toPerNs = toPps / 1e9;
    this.#rampNs = rampNs;
    this.#inRamp = ((this.#fromPerNs + this.#toPerNs) / 2) * rampNs;
    this.frames = toPps === 0 ? Math.floor(this.#inRamp) : Number.POSITIVE_INFINITY;
    this.endNs = toPps === 0 ? startNs + rampNs : Number.POSITIVE_INFINITY;
  }

  /** In the ramp k = from · t + (to − from) / 2 ramp · t², solved for t in the form that loses no digits. */
  dueNs(k: number): number {
    if (k >= this.#inRamp) {
      return Math.floor(this.#startNs + this.#rampNs + (k - this.#inRamp) / this.#toPerNs);
    }
    const slope = (this.#toPerNs - this.#fromPerNs) / this.#rampNs;
    const root = Math.sqrt(Math.max(0, this.#fromPerNs * this.#fromPerNs + 2 * slope * k));
    return Math.floor(this.#startNs + (k === 0 ? 0 : (2 * k) / (this.#fromPerNs + root)));
  }

  dueBefore(ns: number, from: number): number {
    return countBefore(this, ns, from);
  }
}

/** Poisson arrivals: gaps are exponential with the rate's interval as mean; by seed, each from its own number. */
export class Poisson implements Timeline {
  readonly steady = null;
  readonly frames = Number.POSITIVE_INFINITY;
  readonly endNs = Number.POSITIVE_INFINITY;
  readonly #key: number;
  readonly #meanNs: number;
  #k: number;
  #exactNs: number;

  /** `first`: it goes on with this slot, which is due at `startNs`; absent: slot 0 is a gap after it. */
  constructor(pps: number, startNs: number, key: number, first: number | null = null) {
    this.#key = key;
    this.#meanNs = 1e9 / pps;
    this.#k = first ?? 0;
    this.#exactNs = first === null ? startNs + this.#gapNs(0) : startNs;
  }

  /** It goes on from the same slot on its own. */
  copy(): Poisson {
    return new Poisson(1e9 / this.#meanNs, this.#exactNs, this.#key, this.#k);
  }

  dueNs(k: number): number {
    for (; this.#k < k; this.#k++) this.#exactNs += this.#gapNs(this.#k + 1);
    if (this.#k !== k) throw new Error("Poisson arrivals go forwards only");
    return Math.floor(this.#exactNs);
  }

  dueBefore(ns: number, from: number): number {
    let exactNs = this.#exactNs;
    let k = this.#k;
    while (Math.floor(exactNs) < ns) exactNs += this.#gapNs(++k);
    return Math.max(from, k);
  }

  #gapNs(k: number): number {
    return -Math.log(1 - hash32(this.#key, k) / 2 ** 32) * this.#meanNs;
  }
}
