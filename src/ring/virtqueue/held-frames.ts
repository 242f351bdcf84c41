/**
 * The frames of a driver's receiveq between `poll` and `release`: where they are, and how many buffers each took. A
 * mergeable device spreads frames over several buffers (virtio 1.2 §5.1.6.4); they are put together in scratch memory.
 * The first buffer starts with the virtio-net header; the others have frame bytes only.
 */
import type { RingMemory } from "../../memory.js";
import { burstFrames, type DriverRingLayout, RingFault } from "../ring.js";
import { longestFrameBytes, scratchAlignment } from "./virtqueue.js";

export class HeldFrames {
  readonly offsets = new Uint32Array(burstFrames);
  readonly lengths = new Uint32Array(burstFrames);
  /** Frames polled and not yet released. */
  frames = 0;
  readonly #u8: Uint8Array;
  readonly #u16: Uint16Array;
  readonly #headerBytes: number;
  readonly #bufferBytes: number;
  readonly #size: number;
  readonly #scratch: number;
  readonly #scratchBytes: number;
  readonly #buffersOf = new Uint16Array(burstFrames);
  #released = 0;
  #singles = true;
  #scratchUsed = 0;
  /** The frame under construction. */
  #pieces = 0;
  #pieceCount = 0;
  #bytes = 0;

  constructor(memory: RingMemory, layout: DriverRingLayout) {
    this.#u8 = memory.u8;
    this.#u16 = memory.u16;
    this.#headerBytes = layout.headerBytes;
    this.#bufferBytes = layout.bufferBytes;
    this.#size = layout.size;
    this.#scratch = layout.scratch;
    this.#scratchBytes = layout.scratchBytes;
  }

  /** `n` frames of one buffer each were polled; offsets and lengths are filled in already. */
  keepSingles(n: number): void {
    this.frames = n;
    this.#released = 0;
    this.#singles = true;
  }

  /** num_buffers of the header at `buffer` (§5.1.6.4.1); only set by the device if MRG_RXBUF was negotiated. */
  buffersOfFrame(buffer: number): number {
    const count = this.#u16[(buffer + 10) >>> 1];
    if (count === 0 || count > this.#size) throw new RingFault("header.num_buffers", `${count} buffers for one frame`);
    return count;
  }

  /** Starts a frame of `pieces` buffers; false: scratch is full, end the poll. */
  begin(pieces: number): boolean {
    if (this.frames === 0) {
      this.#released = 0;
      this.#singles = false;
      this.#scratchUsed = 0;
    } else if (pieces > 1) {
      const most = Math.min(pieces * this.#bufferBytes, this.#headerBytes + longestFrameBytes);
      if (this.#scratchUsed + most > this.#scratchBytes) return false;
    }
    this.#pieces = pieces;
    this.#pieceCount = 0;
    this.#bytes = 0;
    return true;
  }

  /** The next buffer of the frame under construction: `bytes` at `buffer`, with header if it is the first. */
  piece(buffer: number, bytes: number): void {
    if (this.#pieces === 1) {
      this.offsets[this.frames] = buffer + this.#headerBytes;
    } else {
      const to = this.#scratchUsed + this.#bytes;
      if (this.#bytes + bytes > this.#headerBytes + longestFrameBytes || to + bytes > this.#scratchBytes) {
        throw new RingFault("used.len", `a frame of more than ${this.#bytes + bytes - this.#headerBytes - 1} bytes`);
      }
      this.#u8.copyWithin(this.#scratch + to, buffer, buffer + bytes);
      if (this.#pieceCount === 0) this.offsets[this.frames] = this.#scratch + to + this.#headerBytes;
    }
    this.#pieceCount++;
    this.#bytes += bytes;
  }

  /** The frame under construction is complete. */
  end(): void {
    this.lengths[this.frames] = this.#bytes - this.#headerBytes;
    this.#buffersOf[this.frames] = this.#pieces;
    this.frames++;
    if (this.#pieces > 1) {
      this.#scratchUsed = Math.ceil((this.#scratchUsed + this.#bytes) / scratchAlignment) * scratchAlignment;
    }
  }

  /** Lets go of the oldest n frames; returns how many buffers those are. */
  release(n: number): number {
    const frames = Math.min(n, this.frames);
    this.frames -= frames;
    if (this.#singles) return frames;
    let buffers = 0;
    for (let k = 0; k < frames; k++) buffers += this.#buffersOf[this.#released + k];
    this.#released += frames;
    return buffers;
  }
}
