/**
 * The longest outage of each lane, told while frames still come: the longest run of numbers that are missing, times the
 * gap of the flow's rate when the run ended. Where the rate was changed in the middle of a run, the figure is as if all of
 * it had been sent at the later rate: too short where that is the higher one. When each lost frame left, nobody noted.
 *
 * A frame that comes late closes the run that it was missing in. If runs ended at several rates, what is left of that run
 * counts on, at its own gap: the gaps of older runs are not kept. Nothing is looked at while frames follow each other. Which
 * run is the longest after a late frame takes a look at all numbers of the lane's window, up to 50 µs: the loop takes it now
 * and then, for one lane at a time. Until then the figure is too great.
 */
import { sequenceCell as cell } from "../../stats/sequence-cells.js";
import type { SequenceTable } from "../../stats/sequence-table.js";
import { flowCell, type SessionMemory } from "./session-memory.js";

export class LaneOutages {
  readonly #memory: SessionMemory;
  readonly #table: SequenceTable;
  /** Of each lane: the rate at which its last run ended (0: there is none), and that runs ended at several. */
  readonly #pps: Float64Array;
  readonly #severalRates: Uint8Array;
  /** Lanes whose longest run was closed since it was looked for, and which of them still are. */
  readonly #awaiting: number[] = [];
  readonly #isAwaiting: Uint8Array;

  constructor(memory: SessionMemory, table: SequenceTable) {
    this.#memory = memory;
    this.#table = table;
    this.#pps = new Float64Array(memory.shape.lanes);
    this.#severalRates = new Uint8Array(memory.shape.lanes);
    this.#isAwaiting = new Uint8Array(memory.shape.lanes);
  }

  /** The lane's numbers begin again. */
  reset(lane: number): void {
    this.#pps[lane] = 0;
    this.#severalRates[lane] = 0;
  }

  /** A frame of the flow came before `frames` others, the first of which is number `from` of the lane. */
  jumped(flow: number, lane: number, from: number, frames: number): void {
    const { sequences } = this.#memory;
    const row = lane * cell.count;
    const pps = this.#memory.flows[flow * flowCell.doubles + flowCell.pps];
    if (this.#pps[lane] !== 0 && this.#pps[lane] !== pps) this.#severalRates[lane] = 1;
    this.#pps[lane] = pps;
    const outageNs = frames * this.#gapNs(flow);
    if (outageNs <= sequences[row + cell.outageNs]) return;
    sequences[row + cell.outageNs] = outageNs;
    sequences[row + cell.outageFrom] = from;
    sequences[row + cell.outageFrames] = frames;
  }

  /** A number that was missing came late: if the longest run had it, the longest of what is missing now counts. */
  closed(lane: number, index: number): void {
    const { sequences } = this.#memory;
    const row = lane * cell.count;
    const [from, frames] = [sequences[row + cell.outageFrom], sequences[row + cell.outageFrames]];
    if (index < from || index >= from + frames) return;
    if (this.#severalRates[lane] === 0) this.#await(lane);
    else this.#write(lane, largerSide(from, frames, index));
  }

  /** Looks for the longest run of one lane that lost its own. */
  look(): void {
    const lane = this.#awaiting.pop();
    if (lane === undefined) return;
    this.#isAwaiting[lane] = 0;
    // A start has begun anew since then. After another rate the gaps of older runs are not known.
    if (this.#pps[lane] !== 0 && this.#severalRates[lane] === 0) this.#write(lane, this.#table.longestRun(lane));
  }

  #await(lane: number): void {
    if (this.#isAwaiting[lane] === 1) return;
    this.#isAwaiting[lane] = 1;
    this.#awaiting.push(lane);
  }

  #write(lane: number, { longest, longestFrom }: { readonly longest: number; readonly longestFrom: number }): void {
    const { sequences } = this.#memory;
    const row = lane * cell.count;
    sequences[row + cell.outageNs] *= longest / Math.max(1, sequences[row + cell.outageFrames]);
    sequences[row + cell.outageFrom] = longestFrom;
    sequences[row + cell.outageFrames] = longest;
  }

  /** At max it is the mean since the start. */
  #gapNs(flow: number): number {
    const { flows } = this.#memory;
    const at = flow * flowCell.doubles;
    const pps = flows[at + flowCell.pps];
    if (pps > 0 && Number.isFinite(pps)) return 1e9 / pps;
    return (
      (flows[at + flowCell.lastSentNs] - flows[at + flowCell.firstSentNs]) / Math.max(1, flows[at + flowCell.published])
    );
  }
}

/** The longer of the two runs that a run is without one of its numbers. */
function largerSide(from: number, frames: number, index: number): { longest: number; longestFrom: number } {
  const [below, above] = [index - from, from + frames - 1 - index];
  return below >= above ? { longest: below, longestFrom: from } : { longest: above, longestFrom: index + 1 };
}
