/** Latency of flows for samples: what was summed up is kept until more frames came. */
import { SessionLanes, type SessionMemory } from "../engine/session/index.js";
import { SmallHistograms, SmallTally, summaryCell } from "../stats/small-histograms.js";
import type { TableFlow } from "./flow-table.js";

const samplesKept = 16;
/** Doubles of a slot: its summary, and of which generation and how many frames it is. Other flows may have it later. */
const at = { summary: 0, generation: summaryCell.doubles, frames: summaryCell.doubles + 1, doubles: 8 } as const;

export class LatencyBook {
  readonly #lanes: SessionLanes;
  readonly #histograms: SmallHistograms;
  readonly #samples = new Int32Array(samplesKept);
  readonly #tally = new SmallTally();
  readonly #known: Float64Array;
  /** By slot: whose summary it is. */
  readonly #owners: (TableFlow | undefined)[] = [];

  constructor(memory: SessionMemory) {
    this.#lanes = new SessionLanes(memory.lanes);
    this.#histograms = new SmallHistograms(memory.shape.lanes, memory.histograms);
    this.#known = new Float64Array(memory.shape.capacity * at.doubles).fill(-1);
  }

  /** Of `frames` that came, by `summaryCell` from `to` on. */
  write(flow: TableFlow, generation: number, frames: number, cells: Float64Array, to: number): void {
    const { slot, ownLanes } = flow;
    const known = this.#known;
    const from = slot * at.doubles;
    const isKnown = known[from + at.generation] === generation && known[from + at.frames] === frames;
    if (!isKnown || this.#owners[slot] !== flow) {
      this.#owners[slot] = flow;
      for (let k = 0; k < ownLanes.length; k++) this.#addLane(ownLanes[k]!);
      this.#tally.takeInto(known, from);
      known[from + at.generation] = generation;
      known[from + at.frames] = frames;
    }
    for (let k = 0; k < summaryCell.doubles; k++) cells[to + k] = known[from + k]!;
  }

  /** Of the generation that is there. */
  buckets({ ownLanes }: TableFlow): (readonly [upToNs: number, frames: number])[] {
    for (const lane of ownLanes) this.#addLane(lane);
    const buckets = this.#tally.buckets();
    this.#tally.clear();
    return buckets;
  }

  /** The samples that the loop keeps back are in it, too. */
  #addLane(lane: number): void {
    const lanes = this.#lanes;
    if (lanes.lastNs(lane) < 0) return;
    const { sum, min, max } = lanes.extremes(lane);
    this.#tally.add(this.#histograms, lane, sum, min, max);
    const kept = lanes.peekSamples(lane, this.#samples);
    for (let k = 0; k < kept; k++) this.#tally.addSample(this.#samples[k]!);
  }
}
