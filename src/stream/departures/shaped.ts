/**
 * Departures at a rate that follows a shape: a share of the flow's rate that goes from one value to another, piece by
 * piece, and then stays. A ramp is one piece; steps are pieces that begin and end with the same share.
 */
import { countBefore, type Timeline } from "./timeline.js";

/** Linear from one share of the rate to another. */
export interface SharePiece {
  readonly durationNs: number;
  readonly fromShare: number;
  readonly toShare: number;
}

export interface RateShape {
  readonly pieces: readonly SharePiece[];
  /** After the last piece; 0: nothing more is sent. */
  readonly thenShare: number;
}

interface PlacedPiece extends SharePiece {
  readonly atNs: number;
  /** What all pieces before come to: ns of sending at the whole rate. */
  readonly area: number;
}

/** Sums of the share over time, and back. */
class ShapeArea {
  /** Of all pieces; Infinity: it never ends. */
  readonly whole: number;
  /** When the last piece ends. */
  readonly endNs: number;
  readonly #pieces: readonly PlacedPiece[];

  constructor({ pieces, thenShare }: RateShape) {
    let [atNs, area] = [0, 0];
    const placed: PlacedPiece[] = [];
    for (const piece of pieces) {
      placed.push({ ...piece, atNs, area });
      atNs += piece.durationNs;
      area += (piece.durationNs * (piece.fromShare + piece.toShare)) / 2;
    }
    placed.push({ atNs, area, durationNs: Number.POSITIVE_INFINITY, fromShare: thenShare, toShare: thenShare });
    this.#pieces = placed;
    this.endNs = atNs;
    this.whole = thenShare > 0 ? Number.POSITIVE_INFINITY : area;
  }

  upTo(ns: number): number {
    if (ns <= 0) return 0;
    const { atNs, area, durationNs, fromShare, toShare } = this.#last((piece) => piece.atNs <= ns);
    const inNs = ns - atNs;
    if (fromShare === toShare) return area + inNs * fromShare;
    return area + inNs * fromShare + ((toShare - fromShare) * inNs * inNs) / (2 * durationNs);
  }

  /** When so much has come together; where nothing comes for a while, the end of that. Infinity: never. */
  timeOf(wanted: number): number {
    const least = Math.max(0, wanted);
    const { atNs, area, durationNs, fromShare, toShare } = this.#last((piece) => piece.area <= least);
    const rest = least - area;
    if (fromShare === toShare) return fromShare === 0 ? Number.POSITIVE_INFINITY : atNs + rest / fromShare;
    // rest = from · t + slope / 2 · t², in the form that loses no digits.
    const slope = (toShare - fromShare) / durationNs;
    const root = Math.sqrt(Math.max(0, fromShare * fromShare + 2 * slope * rest));
    return Math.min(atNs + durationNs, atNs + (rest === 0 ? 0 : (2 * rest) / (fromShare + root)));
  }

  #last(hasBegun: (piece: PlacedPiece) => boolean): PlacedPiece {
    return this.#pieces.findLast(hasBegun) ?? this.#pieces[0];
  }
}

/** Slot `first` is due when `firstArea` of the shape has come together, and each further one a frame's share later. */
interface ShapeBase {
  readonly first: number;
  readonly firstArea: number;
}

export class Shaped implements Timeline {
  readonly steady = null;
  readonly frames: number;
  readonly endNs: number;
  readonly #shape: RateShape;
  readonly #area: ShapeArea;
  readonly #startNs: number;
  readonly #base: ShapeBase;
  /** A frame's share: ns at the whole rate. */
  readonly #each: number;

  constructor(shape: RateShape, pps: number, startNs: number, base: ShapeBase = { first: 0, firstArea: 0 }) {
    this.#shape = shape;
    this.#area = new ShapeArea(shape);
    this.#startNs = startNs;
    this.#base = base;
    this.#each = 1e9 / pps;
    const { whole, endNs } = this.#area;
    // A count that is whole but for the rounding of doubles is whole.
    const left = Math.floor((whole - base.firstArea) / this.#each + 1e-9);
    this.frames = base.first + Math.max(0, left);
    this.endNs = Number.isFinite(whole) ? startNs + endNs : Number.POSITIVE_INFINITY;
  }

  dueNs(k: number): number {
    return Math.floor(this.#startNs + this.#area.timeOf(this.#areaOf(k)));
  }

  dueBefore(ns: number, from: number): number {
    return countBefore(this, ns, from);
  }

  /** The whole shape so much later. */
  later(pps: number, byNs: number): Shaped {
    return new Shaped(this.#shape, pps, this.#startNs + byNs, this.#base);
  }

  /** Another rate from slot `next` on: the slot before stays where it was. No slot moves before `nowNs`. */
  withRate(pps: number, next: number, nowNs: number): Shaped {
    // Not from its time: a part of a nanosecond at a high share is many of them where the share is low.
    const before = next === 0 ? 0 : Math.max(0, this.#areaOf(next - 1)) + 1e9 / pps;
    const firstArea = Math.max(before, this.#area.upTo(nowNs - this.#startNs));
    return new Shaped(this.#shape, pps, this.#startNs, { first: next, firstArea });
  }

  #areaOf(k: number): number {
    const { first, firstArea } = this.#base;
    return firstArea + (k - first) * this.#each;
  }
}
