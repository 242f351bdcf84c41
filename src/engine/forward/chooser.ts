/** Which frames a fault happens to: decided by seed alone, so that a trial can be repeated and its report checked. */
import { type Random, seededRandom } from "../../random.js";

/** Which frames: exactly so many (the first trial frames, see Chooser), or each with this probability. */
export type Share =
  | { readonly kind: "count"; readonly frames: number }
  | { readonly kind: "ratio"; readonly ratio: number };

/** `count` faults lie one in each of the first groups of so many frames: ten are done within the first 80. */
const groupFrames = 8;

/** Decides frame by frame, by seed, whether this one is chosen. */
export class Chooser {
  /** Groups not begun yet, this one included. */
  #groupsLeft = 0;
  #inGroup = 0;
  #picked = 0;
  /** Choices that could not be carried out. */
  #owed = 0;
  #random: Random = seededRandom(0);
  readonly #count: number;
  readonly #threshold: number;

  constructor(share: Share | null, queue: number, queues: number) {
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

  /** Of an exact number, another frame is chosen instead; a probability owes nothing. */
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
