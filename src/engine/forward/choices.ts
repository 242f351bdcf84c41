/** Which frames of a stage get which fault, by seed alone. */
import type { RingMemory } from "../../memory.js";
import { type Random, seededRandom } from "../../random.js";
import { Chooser } from "./chooser.js";
import type { FaultSpec } from "./fault-spec.js";

/** A stored frame's faults, as bits. */
export const fault = { corrupt: 1, duplicate: 2, reorder: 4, trimmed: 8 } as const;

/** The damaged bit lies in this many last bytes: the signature's sequence, time and balance, never its trial. */
const damagedBytes = 12;

export class FaultChoices {
  readonly loss: Chooser;
  readonly #duplicate: Chooser;
  readonly #reorder: Chooser;
  readonly #corrupt: Chooser;
  #damage: Random = seededRandom(0);

  constructor({ loss, duplicate, reorder, corrupt }: FaultSpec, queue: number, queues: number) {
    this.loss = new Chooser(loss, queue, queues);
    this.#duplicate = new Chooser(duplicate, queue, queues);
    this.#reorder = new Chooser(reorder, queue, queues);
    this.#corrupt = new Chooser(corrupt, queue, queues);
  }

  /** `substream`: the random numbers of each fault, by the fault's number. */
  reset(substream: (fault: number) => Random): void {
    this.loss.reset(substream(0));
    this.#duplicate.reset(substream(1));
    this.#reorder.reset(substream(2));
    this.#corrupt.reset(substream(3));
    this.#damage = substream(4);
  }

  /** Chooses the faults of the frame at `at`, and damages it if that is one of them. Returns bits of `fault`. */
  choose(memory: RingMemory, at: number, bytes: number): number {
    const isCorrupt = this.#corrupt.next();
    if (isCorrupt) this.#spoil(memory, at, bytes);
    let flags = 0;
    if (this.#duplicate.next()) flags |= fault.duplicate;
    if (this.#reorder.next()) flags |= fault.reorder;
    if (!isCorrupt) return flags;
    this.giveBack(flags);
    return fault.corrupt;
  }

  /** Turns one bit around. */
  #spoil({ u8 }: RingMemory, at: number, bytes: number): void {
    const bit = this.#damage.below(8 * Math.min(damagedBytes, bytes));
    u8[at + bytes - 1 - (bit >> 3)] ^= 1 << (bit & 7);
  }

  /** These faults could not be carried out: another frame gets each of them. */
  giveBack(flags: number): void {
    if ((flags & fault.corrupt) !== 0) this.#corrupt.giveBack();
    if ((flags & fault.duplicate) !== 0) this.#duplicate.giveBack();
    if ((flags & fault.reorder) !== 0) this.#reorder.giveBack();
  }
}
