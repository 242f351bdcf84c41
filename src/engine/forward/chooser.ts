/** Decides by seed alone which frames a fault happens to. So a trial can be repeated, and its report checked. */
import { type Random, seededRandom } from "../../random.js";

/** An exact number of a trial's first frames, or each frame with this probability. */
export type FaultShare =
  | { readonly kind: "count"; readonly frames: number }
  | { readonly kind: "ratio"; readonly ratio: number };

/** Each of the first groups of this many frames has one of `count` faults. Ten are done within the first 80 frames. */
const groupFrames = 8;

/** Decides for each frame in turn whether it is chosen. */
export class Chooser {
  /** Groups that are not over yet. */
  #groupsLeft = 0;
  #inGroup = 0;
  #picked = 0;
  /** Choices that could not be carried out, and go to later frames. */
  #owed = 0;
  #random: Random = seededRandom(0);
  readonly #count: number;
  readonly #threshold: number;

  constructor(share: FaultShare | null, queue: number, queues: number) {
    const count = share?.kind === "count" ? share.frames : 0;
    this.#count = Math.floor(count / queues) + (queue < count % queues ? 1 : 0);
    this.#threshold = share?.kind === "ratio" ? share.ratio * 2 ** 32 : 0;
  }

  reset(random: Random): void {
    this.#random = random;
    this.#groupsLeft = this.#count;
    this.#inGroup = 0;
    this.#owed = 0;
    this.#picked = random.below(groupFrames);
  }

  next(): boolean {
    let chosen = false;
    if (this.#groupsLeft > 0) chosen = this.#nextOfGroup();
    else if (this.#threshold > 0) chosen = this.#random.uint32() < this.#threshold;
    if (!chosen && this.#owed > 0) {
      this.#owed--;
      chosen = true;
    }
    return chosen;
  }

  /** The last choice was not carried out. An exact number chooses another frame instead; a probability does not. */
  giveBack(): void {
    if (this.#count > 0) this.#owed++;
  }

  #nextOfGroup(): boolean {
    const chosen = this.#inGroup === this.#picked;
    if (++this.#inGroup === groupFrames) {
      this.#inGroup = 0;
      this.#groupsLeft--;
      this.#picked = this.#random.below(groupFrames);
    }
    return chosen;
  }
}
