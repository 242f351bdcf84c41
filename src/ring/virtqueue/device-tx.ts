/**
 * What split and packed device sides share when they fill a driver's receiveq. A frame that does not fit into one
 * descriptor is built in scratch memory and scattered when it is published. It then covers a chain's descriptors and,
 * with MRG_RXBUF, several buffers (virtio 1.2 §5.1.6.4). The formats differ only in how a buffer is found and used.
 *
 *   buffers of the burst:  0 … b … seen    frame k has buffers endOf[k − 1] … endOf[k] − 1
 */
import type { RingMemory } from "../../memory.js";
import { checkArea } from "../area.js";
import { placeEach } from "../place-each.js";
import { burstFrames, type DeviceRingLayout, RingFault, type TxRing } from "../ring.js";
import { PeerMemory, Segments, segmentsWaiting } from "./peer-memory.js";
import { checkGeometry, longestFrameBytes, scratchAlignment } from "./virtqueue.js";

export abstract class DeviceTx implements TxRing {
  readonly slots: number;
  /** The peer's buffers are its own business until it shows them; this is the most that it may ask for. */
  readonly maxFrameBytes = longestFrameBytes;
  protected readonly u16: Uint16Array;
  protected readonly u32: Uint32Array;
  protected readonly headerBytes: number;
  protected readonly peer: PeerMemory;
  protected readonly segments: Segments;
  /** By buffer of the burst: its id, and how many bytes were written into it. */
  protected readonly ids: Uint16Array;
  protected readonly usedBytes: Uint32Array;
  /** By frame of the burst: buffers taken up to and with it. */
  protected readonly endOf = new Uint16Array(burstFrames);
  /** Buffers that can be taken, as of the last `reclaim`. */
  protected seen = 0;
  /** Frames of the burst that wait in scratch memory. */
  protected waiting = 0;
  readonly #view: DataView;
  readonly #mergeable: boolean;
  readonly #scratch: number;
  readonly #scratchBytes: number;
  readonly #waitingFrame = new Uint16Array(burstFrames);
  readonly #waitingFrom = new Uint32Array(burstFrames);
  readonly #waitingBytes = new Uint32Array(burstFrames);
  readonly #waitingSegment = new Uint32Array(burstFrames);

  constructor(memory: RingMemory, layout: DeviceRingLayout) {
    checkGeometry(memory, layout);
    checkArea(memory, "ring.scratch", layout.scratch, { bytes: layout.scratchBytes, alignment: scratchAlignment });
    this.slots = layout.size;
    this.u16 = memory.u16;
    this.u32 = memory.u32;
    this.headerBytes = layout.headerBytes;
    this.peer = new PeerMemory(memory, layout.regions);
    this.segments = new Segments(memory, layout, this.peer);
    this.ids = new Uint16Array(layout.size);
    this.usedBytes = new Uint32Array(layout.size);
    this.#view = memory.view;
    this.#mergeable = layout.mergeable;
    this.#scratch = layout.scratch;
    this.#scratchBytes = layout.scratchBytes;
  }

  /** Adds buffer b's pieces to `segments` and notes its id. Returns the number of its ring descriptors. */
  protected abstract readBuffer(b: number): number;

  abstract reclaim(): number;
  abstract place(k: number, bytes: number): number;
  abstract publish(n: number): void;
  abstract notifyWanted(): boolean;
  abstract position(): number;

  placeMany(n: number, bytes: number, offsets: Uint32Array, slots: Int32Array): number {
    return placeEach(this, n, bytes, offsets, slots);
  }

  slotOf(_k: number): number {
    return -1;
  }

  /** What was published was used in the same moment: to the device it is delivered. */
  outstanding(): number {
    return 0;
  }

  /** The virtio-net header at `at`: nothing offloaded, and (12 bytes) num_buffers, which is 1 without MRG_RXBUF too (§5.1.6.4.1). */
  protected writeHeader(at: number, buffers: number): void {
    const view = this.#view;
    view.setUint32(at, 0, true);
    view.setUint32(at + 4, 0, true);
    if (this.headerBytes === 12) view.setUint32(at + 8, buffers << 16, true);
    else view.setUint16(at + 8, 0, true);
  }

  /** `place` for everything but one descriptor that holds header and frame. */
  protected placeInPieces(k: number, b: number, bytes: number): number {
    if (bytes > this.maxFrameBytes) return -1;
    this.forgetFrom(k);
    const { segments, headerBytes } = this;
    const first = segments.count;
    if (first > segmentsWaiting) return 0;
    const need = headerBytes + bytes;
    let buffers = 0;
    let descriptors = 0;
    for (let capacity = 0; capacity < need; buffers++) {
      const full = descriptors >= this.slots || buffers >= this.slots;
      if (full || b + buffers >= this.seen || (buffers > 0 && !this.#mergeable)) {
        segments.count = first;
        return full || (buffers > 0 && !this.#mergeable) ? -1 : 0;
      }
      const before = segments.count;
      descriptors += this.readBuffer(b + buffers);
      const room = segments.bytesFrom(before);
      if (room < headerBytes) throw new RingFault("descriptor.len", `a receive buffer of ${room} bytes`);
      this.usedBytes[b + buffers] = Math.min(room, need - capacity);
      capacity += room;
    }
    const at = this.#direct(first, bytes, buffers);
    if (at > 0) segments.count = first;
    const offset = at > 0 ? at : this.#inScratch(k, first, need, buffers);
    if (offset > 0) this.endOf[k] = b + buffers;
    else segments.count = first;
    return offset;
  }

  /** The frame's place in the peer's memory, if header and frame are in one piece each; else 0. */
  #direct(first: number, bytes: number, buffers: number): number {
    if (buffers !== 1) return 0;
    const header = this.segments.inOnePiece(first, 0, this.headerBytes);
    const frame = this.segments.inOnePiece(first, this.headerBytes, bytes);
    if (header < 0 || frame <= 0) return 0;
    this.writeHeader(header, 1);
    return frame;
  }

  #inScratch(k: number, first: number, need: number, buffers: number): number {
    const last = this.waiting - 1;
    const end = last < 0 ? this.#scratch : this.#waitingFrom[last] + this.#waitingBytes[last];
    const from = Math.ceil(end / scratchAlignment) * scratchAlignment;
    if (from + need > this.#scratch + this.#scratchBytes) return last < 0 ? -1 : 0;
    this.#waitingFrame[this.waiting] = k;
    this.#waitingFrom[this.waiting] = from;
    this.#waitingBytes[this.waiting] = need;
    this.#waitingSegment[this.waiting] = first;
    this.waiting++;
    this.writeHeader(from, buffers);
    return from + this.headerBytes;
  }

  /** Frames from k on will be placed again. What they had in scratch is void. */
  protected forgetFrom(k: number): void {
    while (this.waiting > 0 && this.#waitingFrame[this.waiting - 1] >= k) {
      this.waiting--;
      this.segments.count = this.#waitingSegment[this.waiting];
    }
  }

  /** Copies the waiting ones of the first n frames to where they belong. */
  protected scatter(n: number): void {
    for (let i = 0; i < this.waiting && this.#waitingFrame[i] < n; i++) {
      this.segments.scatter(this.#waitingSegment[i], this.#waitingFrom[i], this.#waitingBytes[i]);
    }
    this.waiting = 0;
    this.segments.count = 0;
  }
}
