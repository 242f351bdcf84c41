/** All trials of a search by load, and the bounds that follow from them for a goal. */
import { classifyLoad, type LoadClass, type LoadCriterion, type LoadTrial } from "./classify.js";

/** Relevant bounds (RFC 9971 §4.7): `lower` is the largest lower bound below every upper bound. null: there is none. */
export interface Bounds {
  readonly lower: number | null;
  readonly upper: number | null;
}

export class LoadBook {
  readonly #loads = new Map<number, LoadTrial[]>();
  /** Loads from this one on the generator cannot offer. */
  #unreachable = Number.POSITIVE_INFINITY;
  #offeredPps: number | null = null;

  note(pps: number, trial: LoadTrial): void {
    const trials = this.#loads.get(pps);
    if (trials === undefined) this.#loads.set(pps, [trial]);
    else trials.push(trial);
  }

  /** `offeredPps`: what was offered instead, where that is known. */
  noteUnreachable(pps: number, offeredPps: number | null): void {
    if (pps >= this.#unreachable) return;
    this.#unreachable = pps;
    this.#offeredPps = offeredPps;
  }

  /** What the generator offered in place of `unreachable`. */
  get offeredPps(): number | null {
    return this.#offeredPps;
  }

  get unreachable(): number {
    return this.#unreachable;
  }

  trialsAt(pps: number): readonly LoadTrial[] {
    return this.#loads.get(pps) ?? [];
  }

  classOf(pps: number, criterion: LoadCriterion): LoadClass {
    return classifyLoad(this.trialsAt(pps), criterion);
  }

  bounds(criterionAt: (pps: number) => LoadCriterion): Bounds {
    let lower: number | null = null;
    let upper: number | null = null;
    const byLoad = [...this.#loads].sort(([a], [b]) => a - b);
    for (const [pps, trials] of byLoad) {
      const what = classifyLoad(trials, criterionAt(pps));
      if (what === "lower") lower = pps;
      if (what === "upper") {
        upper = pps;
        break;
      }
    }
    return { lower, upper };
  }
}
