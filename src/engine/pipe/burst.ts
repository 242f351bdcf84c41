/** From a frame pipe into one ring at full speed: a burst is gathered, placed and copied at once. */

import type { RingMemory } from "../../memory.js";
import { copyFrame } from "../../ring/copy.js";
import { burstCopyOf } from "../../ring/copy-burst.js";
import type { TxRing } from "../../ring/ring.js";
import type { PipeCursor } from "./cursor.js";
import type { PipeRecorder } from "./recorder.js";

/** The generator's burst. It never fills more than half of a ring: its peer has the other half meanwhile. */
const burstFrames = 256;
/** With less room than this a turn is skipped, so that bursts do not get small. */
const leastBurst = 16;

export class PipeBurst {
  /** bufferBytes of the frames that `fill` placed last. */
  bytes = 0;
  readonly #memory: RingMemory;
  readonly #from = new Uint32Array(burstFrames);
  readonly #lengths = new Uint32Array(burstFrames);
  readonly #offsets = new Uint32Array(burstFrames);
  readonly #slots = new Int32Array(burstFrames);
  /** Copies frames of `#sameBytes`. */
  #copySame = burstCopyOf(60);
  #sameBytes = 60;
  /** The frames that `fill` placed last are `#lengths` long, and not all `#sameBytes`. */
  #mixed = false;

  constructor(memory: RingMemory) {
    this.#memory = memory;
  }

  /**
   * Places up to `most` frames from the cursor's next one on; there must be one. Returns how many had room, to be
   * published; −1: the next one fits into no buffer of this ring. `across`: takes frames of later loops, too.
   */
  fill(ring: TxRing, cursor: PipeCursor, most: number, across: boolean): number {
    const room = ring.reclaim();
    // Integers from here on: limits may be infinite, and a loop that compares with a double is slower.
    const half = (ring.slots + 1) >> 1;
    const wanted = Math.min(most, burstFrames, half) | 0;
    if (room < Math.min(wanted, leastBurst)) return 0;
    const n = cursor.gather(Math.min(wanted, room), this.#from, this.#lengths, across);
    if (cursor.sameBytes > 0) return this.#placeSame(ring, n, cursor.sameBytes);
    const first = this.#lengths[0];
    for (let k = 1; k < n; k++) if (this.#lengths[k] !== first) return this.#placeMixed(ring, n);
    return this.#placeSame(ring, n, first);
  }

  /** What `fill` placed last, as it lies in the ring. */
  record(recorder: PipeRecorder, placed: number, timeNs: number, port: number): void {
    for (let k = 0; k < placed; k++) {
      const bytes = this.#mixed ? this.#lengths[k] : this.#sameBytes;
      recorder.record(this.#memory, this.#offsets[k], bytes, timeNs, port);
    }
  }

  #placeSame(ring: TxRing, n: number, bytes: number): number {
    const placed = ring.placeMany(n, bytes, this.#offsets, this.#slots);
    if (placed <= 0) return placed;
    this.#mixed = false;
    if (bytes !== this.#sameBytes) {
      this.#sameBytes = bytes;
      this.#copySame = burstCopyOf(bytes);
    }
    this.#copySame(this.#memory, this.#offsets, this.#from, placed);
    this.bytes = placed * bytes;
    return placed;
  }

  #placeMixed(ring: TxRing, n: number): number {
    const memory = this.#memory;
    this.#mixed = true;
    this.bytes = 0;
    for (let k = 0; k < n; k++) {
      const bytes = this.#lengths[k];
      const at = ring.place(k, bytes);
      if (at <= 0) return k > 0 ? k : at;
      this.#offsets[k] = at;
      copyFrame(memory, at, this.#from[k], bytes);
      this.bytes += bytes;
    }
    return n;
  }
}
