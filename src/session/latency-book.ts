/**
 * Latency of flows for samples. What was summed up is kept until more frames came, but only if the loop was at rest while it
 * was: what was read in the midst of its writing is read again by the next sample.
 */
import { SessionLanes, type SessionMemory } from "../engine/session/index.js";
import { meanWithin, SmallHistograms, SmallTally, summaryCell } from "../stats/small-histograms.js";
import { currentLanes } from "./current-lanes.js";
import type { TableFlow } from "./flow-table.js";

const samplesKept = 16;
/** A frame takes the loop far less time than a look does; it may have lost its CPU, though. */
const mostLooks = 4;
/** Doubles of a slot: its summary, and of which generation and how many frames it is. Other flows may have it later. */
const at = { summary: 0, generation: summaryCell.doubles, frames: summaryCell.doubles + 1, doubles: 8 } as const;

export class LatencyBook {
  readonly #memory: SessionMemory;
  readonly #percentiles: boolean;
  readonly #lanes: SessionLanes;
  readonly #histograms: SmallHistograms;
  readonly #samples = new Int32Array(samplesKept);
  readonly #tally = new SmallTally();
  readonly #known: Float64Array;
  /** By slot: whose summary it is. */
  readonly #owners: (TableFlow | undefined)[] = [];

  /** `percentiles` false: they are NaN, and no histogram is looked at. */
  constructor(memory: SessionMemory, percentiles = true) {
    this.#memory = memory;
    this.#percentiles = percentiles;
    this.#lanes = new SessionLanes(memory.lanes);
    this.#histograms = new SmallHistograms(memory.shape.lanes, memory.histograms);
    this.#known = new Float64Array(memory.shape.capacity * at.doubles).fill(-1);
  }

  /** By `summaryCell` from `to` on. */
  write(flow: TableFlow, generation: number, cells: Float64Array, to: number): void {
    const { slot } = flow;
    const lanes = currentLanes(this.#memory, flow);
    if (!this.#percentiles) {
      this.#writeExtremes(lanes, cells, to);
      return;
    }
    const known = this.#known;
    const from = slot * at.doubles;
    const isKnown = known[from + at.generation] === generation && known[from + at.frames] === this.#begun(lanes);
    if (!isKnown || this.#owners[slot] !== flow) {
      this.#owners[slot] = flow;
      known[from + at.frames] = this.#sumUp(lanes);
      this.#tally.takeInto(known, from);
      known[from + at.generation] = generation;
    }
    for (let k = 0; k < summaryCell.doubles; k++) cells[to + k] = known[from + k]!;
  }

  /** Of the generation that is there. */
  buckets(flow: TableFlow): (readonly [upToNs: number, frames: number])[] {
    this.#sumUp(currentLanes(this.#memory, flow));
    const buckets = this.#tally.buckets();
    this.#tally.clear();
    return buckets;
  }

  #writeExtremes(lanes: readonly number[], cells: Float64Array, to: number): void {
    let [frames, sum, min, max] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let k = 0; k < lanes.length; k++) {
      if (this.#lanes.lastNs(lanes[k]!) < 0) continue;
      const lane = this.#lanes.extremes(lanes[k]!);
      frames += lane.frames;
      sum += lane.sum;
      min = Math.min(min, lane.min);
      max = Math.max(max, lane.max);
    }
    cells.fill(Number.NaN, to, to + summaryCell.doubles);
    if (frames === 0) return;
    cells[to + summaryCell.min] = min;
    cells[to + summaryCell.mean] = meanWithin(sum / frames, min, max);
    cells[to + summaryCell.max] = max;
  }

  #begun(lanes: readonly number[]): number {
    let begun = 0;
    for (let k = 0; k < lanes.length; k++) begun += this.#lanes.begun(lanes[k]!);
    return begun;
  }

  /** Returns of how many frames the tally is now; −1: nobody knows, as the loop wrote meanwhile. */
  #sumUp(lanes: readonly number[]): number {
    for (let look = 1; ; look++) {
      let frames = 0;
      let isWhole = true;
      for (let k = 0; k < lanes.length; k++) {
        const noted = this.#lanes.noted(lanes[k]!);
        this.#addLane(lanes[k]!);
        if (this.#lanes.begun(lanes[k]!) !== noted) isWhole = false;
        frames += noted;
      }
      if (isWhole || look === mostLooks) return isWhole ? frames : -1;
      this.#tally.clear();
    }
  }

  /** The samples that the loop keeps back are in it, too. */
  #addLane(lane: number): void {
    const lanes = this.#lanes;
    if (lanes.lastNs(lane) < 0) return;
    this.#tally.add(this.#histograms, lane, lanes.extremes(lane));
    const kept = lanes.peekSamples(lane, this.#samples);
    for (let k = 0; k < kept; k++) this.#tally.addSample(this.#samples[k]!);
  }
}
