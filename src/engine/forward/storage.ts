/**
 * Memory for the frames that a fault stage holds. Slot 0 is for the frame held back; the others are a ring of frames in
 * order of arrival, each with its length, its faults and the time at which it may leave.
 */
import type { RingMemory } from "../../memory.js";
import { copyFrame } from "../../ring/copy.js";
import type { FaultSpec } from "./fault-spec.js";

/** Memory for the frames of one stage; `offset` is a multiple of 64. */
export interface FaultStorage {
  readonly offset: number;
  readonly bytes: number;
}

/** A queue holds no more than this. When its storage is full, frames wait in the ring before the hop. */
const storageBytesMax = 32 * 1024 * 1024;
const burstFrames = 256;
/** A delay without a rate holds as many frames as would come at this rate. */
const fastestNsPerFrame = 100;

/** From one slot to the next, for frames of up to `maxBufferBytes`. */
export const slotStride = (spec: FaultSpec, maxBufferBytes: number): number =>
  Math.ceil((maxBufferBytes + spec.padBytes) / 64) * 64;

/** How much storage a stage needs: one slot for the frame held back, and all that can wait. */
export function faultStorageBytes(spec: FaultSpec, maxBufferBytes: number): number {
  const frameNs = spec.service === null ? fastestNsPerFrame : Math.max(spec.service.frameNs, fastestNsPerFrame);
  const waiting = spec.service === null ? 0 : spec.queueFrames;
  const frames = 1 + 2 * burstFrames + waiting + Math.ceil(spec.delayNs / frameNs);
  const stride = slotStride(spec, maxBufferBytes);
  return Math.min(frames, Math.max(2, Math.floor(storageBytesMax / stride))) * stride;
}

export class StoredFrames {
  /** Frames in the ring. */
  count = 0;
  /** Slot 0. */
  readonly heldAt: number;
  readonly #memory: RingMemory;
  readonly #stride: number;
  readonly #slots: number;
  readonly #lengths: Uint32Array;
  readonly #flags: Uint8Array;
  readonly #dueNs: Float64Array;
  #head = 0;
  #tail = 0;

  constructor(memory: RingMemory, storage: FaultStorage, stride: number) {
    const slots = Math.floor(storage.bytes / stride) - 1;
    this.#memory = memory;
    this.heldAt = storage.offset;
    this.#stride = stride;
    this.#slots = slots;
    this.#lengths = new Uint32Array(slots);
    this.#flags = new Uint8Array(slots);
    this.#dueNs = new Float64Array(slots);
  }

  /** Frames that there is room for. */
  room(): number {
    return this.#slots - this.count;
  }

  /** Copies a frame into the next free slot. Returns where it lies; `commit` follows. */
  place(offset: number, bytes: number): number {
    const at = this.heldAt + (1 + this.#tail) * this.#stride;
    copyFrame(this.#memory, at, offset, bytes);
    return at;
  }

  /** The frame placed last is whole, with this length. */
  commit(bytes: number, flags: number, dueNs: number): void {
    this.#lengths[this.#tail] = bytes;
    this.#flags[this.#tail] = flags;
    this.#dueNs[this.#tail] = dueNs;
    this.#tail = this.#tail + 1 === this.#slots ? 0 : this.#tail + 1;
    this.count++;
  }

  /** When the oldest frame may leave. There must be one, here and below. */
  dueNs(): number {
    return this.#dueNs[this.#head];
  }

  offset(): number {
    return this.heldAt + (1 + this.#head) * this.#stride;
  }

  bytes(): number {
    return this.#lengths[this.#head];
  }

  flags(): number {
    return this.#flags[this.#head];
  }

  /** The oldest frame's slot is free. */
  pop(): void {
    this.#head = this.#head + 1 === this.#slots ? 0 : this.#head + 1;
    this.count--;
  }
}
