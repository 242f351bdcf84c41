/**
 * The longest outage of each lane, told while frames still come: the longest run of numbers that are missing, times the
 * gap of the flow's rate when the run ended. A frame that comes late closes the run that it was missing in. Nothing is
 * looked at while frames follow each other.
 */
import { sequenceCell as cell } from "../../stats/sequence-cells.js";
import type { SequenceTable } from "../../stats/sequence-table.js";
import { flowCell, type SessionMemory } from "./session-memory.js";

export class LaneOutages {
  readonly #memory: SessionMemory;
  readonly #table: SequenceTable;

  constructor(memory: SessionMemory, table: SequenceTable) {
    this.#memory = memory;
    this.#table = table;
  }

  /** A frame of the flow came before `frames` others, the first of which is number `from` of the lane. */
  jumped(flow: number, lane: number, from: number, frames: number): void {
    const { sequences } = this.#memory;
    const row = lane * cell.count;
    const outageNs = frames * this.#gapNs(flow);
    if (outageNs <= sequences[row + cell.outageNs]) return;
    sequences[row + cell.outageNs] = outageNs;
    sequences[row + cell.outageFrom] = from;
    sequences[row + cell.outageFrames] = frames;
  }

  /** A number that was missing came late: if the longest run had it, the longest of all that are missing now counts. */
  closed(lane: number, index: number): void {
    const { sequences } = this.#memory;
    const row = lane * cell.count;
    const [from, frames] = [sequences[row + cell.outageFrom], sequences[row + cell.outageFrames]];
    if (index < from || index >= from + frames) return;
    const { longest, longestFrom } = this.#table.longestRun(lane);
    sequences[row + cell.outageNs] *= longest / frames;
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
