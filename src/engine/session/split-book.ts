/**
 * The loop's side of flows whose frames are told apart: by what was sent, by bits of what came, by port. Only their frames
 * come here. They have no size in `sizeOf`, so that others are recognised as quickly as without them.
 */
import type { RingMemory } from "../../memory.js";
import { burstFrames } from "../../ring/ring.js";
import { arrivedCell } from "./arrived.js";
import type { SessionMemory } from "./session-memory.js";
import { type ReceivedBits, type SplitOrder, SplitTable } from "./split-table.js";

interface Split {
  readonly table: SplitTable;
  readonly places: Uint16Array | null;
  readonly received: readonly ReceivedBits[];
  readonly byPort: boolean;
}

/** A frame that ends before the bits that are looked at. */
const tooShort = -1;

export class SplitBook {
  /** By flow: 1 if it is told apart. */
  readonly isSplit: Uint8Array;
  readonly #memory: SessionMemory;
  readonly #ringMemory: RingMemory;
  readonly #splits: (Split | null)[];
  /** By place in a burst: the bits that are looked at. */
  readonly #keys = new Float64Array(burstFrames);

  constructor(memory: SessionMemory, ringMemory: RingMemory) {
    this.#memory = memory;
    this.#ringMemory = ringMemory;
    this.isSplit = new Uint8Array(memory.shape.capacity);
    this.#splits = Array.from({ length: memory.shape.capacity }, () => null);
  }

  /** null: it is not told apart any more. */
  set(flow: number, order: SplitOrder | null): void {
    this.isSplit[flow] = order === null ? 0 : 1;
    if (order === null) {
      this.#splits[flow] = null;
      return;
    }
    const { heap } = this.#memory;
    const { places, received, byPort } = order;
    this.#splits[flow] = {
      table: new SplitTable(heap, order),
      places: places === null ? null : new Uint16Array(heap, places.at, places.length),
      ...{ received, byPort },
    };
    this.restart(flow);
  }

  restart(flow: number): void {
    this.#splits[flow]?.table.reset();
  }

  /** A frame of the flow, which is the `place`th of its burst. */
  look(flow: number, place: number, offset: number, bytes: number): void {
    const split = this.#splits[flow];
    if (split == null) return;
    const { u8 } = this.#ringMemory;
    let key = 0;
    for (const field of split.received) {
      if (field.byte + field.bytes > bytes) {
        key = tooShort;
        break;
      }
      let value = 0;
      for (let k = 0; k < field.bytes; k++) value = value * 256 + u8[offset + field.byte + k];
      key = key * 2 ** field.bits + (Math.floor(value / 2 ** field.behind) % 2 ** field.bits);
    }
    this.#keys[place] = key;
  }

  /** It was accepted: `seen` has its number, when it came, and how long it took. */
  count(flow: number, place: number, port: number, bytes: number, seen: Float64Array): void {
    const split = this.#splits[flow];
    if (split == null) return;
    const { table, places, byPort } = split;
    const sent = places === null ? 0 : places[seen[arrivedCell.index] % places.length];
    const row = table.rowOf(sent, this.#keys[place], byPort ? port : -1);
    table.count(row, 1, bytes, seen[arrivedCell.latencyNs], seen[arrivedCell.atNs]);
  }
}
