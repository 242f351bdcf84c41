/**
 * The gaps between a flow's frames as they were published, out of the loop's own counts. The loop counts on while they are
 * read: what was read is told only if it is all of the frames that were sent by then.
 */
import { flowCell, type SessionMemory } from "../engine/session/index.js";
import { SmallHistograms, SmallTally } from "../stats/small-histograms.js";
import type { TimeBuckets } from "./types.js";

const mostLooks = 16;
/**
 * A count is a byte, and what it carries is written after it: whoever reads between misses 256. Frames that are sent
 * meanwhile must be fewer, with the burst whose gaps are counted before its frames are.
 */
const mostMeanwhile = 64;
/** A loop hands over half as many of a flow at once, at most. */
const mostInBurst = 64;
/** Every bucket. */
const anyGap = { frames: 0, sum: 0, min: 0, max: 2 ** 42 } as const;

export class GapBook {
  readonly #flows: Float64Array;
  readonly #gaps: SmallHistograms;
  readonly #tally = new SmallTally();

  constructor(memory: SessionMemory) {
    this.#flows = memory.flows;
    this.#gaps = new SmallHistograms(memory.shape.capacity, memory.gaps);
  }

  /** Of the last start. Empty: there is no gap yet, or nobody knows, as the loop never rested. */
  buckets(slot: number): TimeBuckets {
    const cells = this.#flows;
    const at = slot * flowCell.doubles;
    for (let look = 0; look < mostLooks; look++) {
      this.#tally.clear();
      const before = cells[at + flowCell.published]!;
      const started = cells[at + flowCell.generation]!;
      this.#tally.add(this.#gaps, slot, anyGap);
      const isSameStart = cells[at + flowCell.begun] === started;
      const after = cells[at + flowCell.published]!;
      const { samples } = this.#tally;
      const isWhole = samples >= Math.max(0, before - 1) && samples <= after + mostInBurst;
      if (isSameStart && isWhole && after - before < mostMeanwhile) return this.#tally.buckets();
    }
    return [];
  }
}
