/**
 * What split and packed device sides share when they empty a driver's transmitq: checked frames. A frame in one piece
 * is not copied; a frame in several pieces is gathered in scratch memory.
 */
import type { RingMemory } from "../../memory.js";
import { checkArea } from "../area.js";
import { burstFrames, type DeviceRingLayout, RingFault, type RxRing } from "../ring.js";
import { PeerMemory, Segments } from "./peer-memory.js";
import { checkGeometry, longestFrameBytes, scratchAlignment } from "./virtqueue.js";

export abstract class DeviceRx implements RxRing {
  readonly slots: number;
  readonly offsets = new Uint32Array(burstFrames);
  readonly lengths = new Uint32Array(burstFrames);
  protected readonly u16: Uint16Array;
  protected readonly u32: Uint32Array;
  protected readonly headerBytes: number;
  protected readonly peer: PeerMemory;
  protected readonly segments: Segments;
  /** By polled frame: the id to give back. */
  protected readonly ids = new Uint16Array(burstFrames);
  /** Frames polled and not yet released, after `released` others of the same poll. */
  protected held = 0;
  protected released = 0;
  readonly #scratch: number;
  readonly #scratchBytes: number;
  #scratchUsed = 0;

  constructor(memory: RingMemory, layout: DeviceRingLayout) {
    checkGeometry(memory, layout);
    checkArea(memory, "ring.scratch", layout.scratch, { bytes: layout.scratchBytes, alignment: scratchAlignment });
    this.slots = layout.size;
    this.u16 = memory.u16;
    this.u32 = memory.u32;
    this.headerBytes = layout.headerBytes;
    this.peer = new PeerMemory(memory, layout.regions);
    this.segments = new Segments(memory, layout, this.peer);
    this.#scratch = layout.scratch;
    this.#scratchBytes = layout.scratchBytes;
  }

  abstract poll(max: number): number;
  abstract release(n: number): void;
  abstract pending(): number;
  abstract notifyWanted(): boolean;
  abstract position(): number;

  /** All frames were released: their scratch memory is free. */
  protected emptyScratch(): void {
    this.#scratchUsed = 0;
  }

  /** Frame k is header and frame in `bytes` bytes at `offset`. */
  protected deliver(k: number, offset: number, bytes: number): void {
    const frameBytes = bytes - this.headerBytes;
    if (frameBytes > longestFrameBytes) throw new RingFault("descriptor.len", `a frame of ${frameBytes} bytes`);
    this.offsets[k] = offset + this.headerBytes;
    this.lengths[k] = Math.max(frameBytes, 0);
  }

  /** Frame k is what `segments` holds; false: scratch is full, end the poll before it. */
  protected deliverPieces(k: number): boolean {
    const { segments, headerBytes } = this;
    const bytes = segments.bytesFrom(0);
    this.deliver(k, this.#scratch, bytes);
    const frameBytes = this.lengths[k];
    if (frameBytes === 0) return true;
    const direct = segments.inOnePiece(0, headerBytes, frameBytes);
    if (direct >= 0) {
      this.offsets[k] = direct;
      return true;
    }
    if (this.#scratchUsed + bytes > this.#scratchBytes) {
      if (this.#scratchUsed === 0) throw new RingFault("descriptor.len", `a frame of ${frameBytes} bytes in pieces`);
      return false;
    }
    segments.gather(0, this.#scratch + this.#scratchUsed);
    this.offsets[k] = this.#scratch + this.#scratchUsed + headerBytes;
    this.#scratchUsed = Math.ceil((this.#scratchUsed + bytes) / scratchAlignment) * scratchAlignment;
    return true;
  }
}
