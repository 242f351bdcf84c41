/**
 * What a hop can do wrong on purpose, each exactly and by seed, so that a report can be checked against what was
 * really done. No clock in here: time is an argument; no chance but the seed's. One FaultStage is one queue of one
 * direction of one hop; frames go through it in this order:
 *
 *     take: loss → rate and its queue (tail drop) → choice of corruption, duplication, reordering → stored copy
 *     next: delay over → held back for reordering, or out → out again if duplicated
 *
 * Choices are made only for frames that get that far, and a choice that could not be carried out (the outgoing ring
 * was full) goes to the next frame, so that `corrupt=10` are ten frames that left corrupted. A corrupt frame is
 * neither duplicated nor held back, and does not count as overtaking: then each of the receiver's classes is one
 * fault's count.
 */

import type { RingMemory } from "../../memory.js";
import { type Random, seededRandom } from "../../random.js";
import { copyFrame } from "../../ring/copy.js";
import { Chooser } from "./chooser.js";
import type { FaultSpec, Injected, ServiceTime } from "./fault-spec.js";

/** A frame held back goes on after this long, overtaken or not: nothing stays behind at the end of a trial. */
export const reorderPatienceNs = 100_000_000;

/** A damaged bit lies in the last so many bytes: the signature's sequence, time and balance, never its trial. */
const damagedBytes = 12;

const shortestFrameBytes = 14;

/** Memory for the frames of one stage; `offset` a multiple of 64. */
export interface FaultStorage {
  readonly offset: number;
  readonly bytes: number;
}

const slotStride = (spec: FaultSpec, maxBufferBytes: number): number =>
  Math.ceil((maxBufferBytes + spec.padBytes) / 64) * 64;

/** More than this is not held per queue; when it is full, frames wait in the ring before the hop. */
const storageBytesMax = 32 * 1024 * 1024;
const burstFrames = 256;
/** A delay without a rate holds as many frames as would come at this rate. */
const fastestNsPerFrame = 100;

/** How much storage a stage needs: one slot for the frame held back, and all that can wait. */
export function faultStorageBytes(spec: FaultSpec, maxBufferBytes: number): number {
  const frameNs = spec.service === null ? fastestNsPerFrame : Math.max(spec.service.frameNs, fastestNsPerFrame);
  const waiting = spec.service === null ? 0 : spec.queueFrames;
  const frames = 1 + 2 * burstFrames + waiting + Math.ceil(spec.delayNs / frameNs);
  const stride = slotStride(spec, maxBufferBytes);
  return Math.min(frames, Math.max(2, Math.floor(storageBytesMax / stride))) * stride;
}

const flag = { corrupt: 1, duplicate: 2, reorder: 4, trimmed: 8 } as const;

/** What `next` offered last. */
const offer = { none: 0, first: 1, held: 2, copy: 3 } as const;

export class FaultStage {
  /** After `next`: where the frame lies that is to leave. */
  frameOffset = 0;
  /** Has a rate, so that `burst` needs to know what is pending. */
  readonly rated: boolean;

  private readonly memory: RingMemory;
  private readonly spec: FaultSpec;
  private readonly queue: number;
  /** The incoming port: the two directions of a hop choose differently. */
  private readonly direction: number;
  private readonly queues: number;
  /** Slot 0 of the storage is for the frame held back; the others are a ring in order of arrival. */
  private readonly base: number;
  private readonly stride: number;
  private readonly slots: number;
  private readonly lengths: Uint32Array;
  private readonly flags: Uint8Array;
  private readonly dueNs: Float64Array;
  private head = 0;
  private tail = 0;
  private count = 0;

  /** When the last `queueFrames` admitted frames got through service: the oldest says whether the queue is full. */
  private readonly servedNs: Float64Array;
  private servedAt = 0;
  private lastServedNs = Number.NEGATIVE_INFINITY;

  /** Estimated arrival of the frame taken last, and the distance of the burst's next one. */
  private arrivalNs = Number.NaN;
  private arrivalStepNs = 0;

  private offered: number = offer.none;
  /** What the frame was when its duplicate is on offer. */
  private original: number = offer.none;

  private holding = false;
  private heldBytes = 0;
  private heldFlags = 0;
  private heldUntilNs = 0;
  private overtakenBy = 0;

  private readonly loss: Chooser;
  private readonly duplicate: Chooser;
  private readonly reorder: Chooser;
  private readonly corrupt: Chooser;
  private damage: Random = seededRandom(0);

  private lost = 0;
  private policed = 0;
  private duplicated = 0;
  private reordered = 0;
  private corrupted = 0;
  private padded = 0;
  private trimmed = 0;

  /** Queue `queue` of `queues` of a hop; `storage` of faultStorageBytes(spec, maxBufferBytes). */
  constructor(
    spec: FaultSpec,
    memory: RingMemory,
    storage: FaultStorage,
    maxBufferBytes: number,
    queue = 0,
    queues = 1,
    direction = 0,
  ) {
    this.rated = spec.service !== null;
    this.spec = spec;
    this.memory = memory;
    this.queue = queue;
    this.queues = queues;
    this.direction = direction;
    this.base = storage.offset;
    this.stride = slotStride(spec, maxBufferBytes);
    this.slots = Math.floor(storage.bytes / this.stride) - 1;
    this.lengths = new Uint32Array(this.slots);
    this.flags = new Uint8Array(this.slots);
    this.dueNs = new Float64Array(this.slots);
    this.servedNs = new Float64Array(spec.queueFrames).fill(Number.NEGATIVE_INFINITY);
    this.loss = new Chooser(spec.loss, queue, queues);
    this.duplicate = new Chooser(spec.duplicate, queue, queues);
    this.reorder = new Chooser(spec.reorder, queue, queues);
    this.corrupt = new Chooser(spec.corrupt, queue, queues);
    this.reset(0);
  }

  /** A new trial: all choices from this seed, counts from 0. Frames inside stay and go on their way. */
  reset(seed: number): void {
    const lane = (fault: number): Random => seededRandom(seed, 1 + (this.direction * 64 + this.queue) * 8 + fault);
    this.loss.reset(lane(0));
    this.duplicate.reset(lane(1));
    this.reorder.reset(lane(2));
    this.corrupt.reset(lane(3));
    this.damage = lane(4);
    this.lost = 0;
    this.policed = 0;
    this.duplicated = 0;
    this.reordered = 0;
    this.corrupted = 0;
    this.padded = 0;
    this.trimmed = 0;
  }

  injected(): Injected {
    const { lost, policed, duplicated, reordered, corrupted, padded, trimmed } = this;
    return { lost, policed, duplicated, reordered, corrupted, padded, trimmed, frozenNs: 0 };
  }

  /** Frames held. */
  inside(): number {
    return this.count + (this.holding ? 1 : 0);
  }

  /** Frames that `take` can be given now. */
  room(): number {
    return this.slots - this.count;
  }

  /** When the next frame leaves if none comes in; Infinity if there is none. */
  nextDueNs(): number {
    const headNs = this.count > 0 ? this.dueNs[this.head]! : Number.POSITIVE_INFINITY;
    return this.holding && this.heldUntilNs < headNs ? this.heldUntilNs : headNs;
  }

  /**
   * Announces that a poll at `nowNs` brought `frames`, and left `pending` in the ring. The frames are taken to have
   * come evenly since the poll before, so that a rate is that of the hop, not of how its thread was scheduled.
   */
  burst(frames: number, pending: number, nowNs: number): void {
    // The first poll of all: everything came just now.
    if (Number.isNaN(this.arrivalNs) || frames === 0) this.arrivalNs = nowNs;
    this.arrivalStepNs = frames === 0 ? 0 : Math.max(0, nowNs - this.arrivalNs) / (frames + pending);
  }

  /** Takes a copy of the frame at `offset` in, or drops it (false). After `burst`, in order; needs `room`. */
  take(offset: number, bytes: number, nowNs: number): boolean {
    this.arrivalNs += this.arrivalStepNs;
    if (this.loss.next()) {
      this.lost++;
      return false;
    }
    if (bytes + this.spec.padBytes > this.stride) return false;
    if (this.spec.service !== null && !this.admit(this.spec.service, bytes)) {
      this.policed++;
      return false;
    }
    this.store(offset, bytes, Math.max(nowNs, this.spec.service === null ? nowNs : this.lastServedNs));
    return true;
  }

  /**
   * Offers the frame that leaves now, at `frameOffset`: its bytes, or 0 if none does. After each offer comes
   * `left` or `refused`, before anything else.
   */
  next(nowNs: number): number {
    if (this.offered === offer.copy) return this.offeredBytes();
    if (this.holding && (this.overtakenBy >= this.spec.reorderExtent || nowNs >= this.heldUntilNs)) {
      return this.make(offer.held, this.base, this.heldBytes);
    }
    while (this.count > 0 && this.dueNs[this.head]! <= nowNs) {
      const bytes = this.lengths[this.head]!;
      const at = this.base + (1 + this.head) * this.stride;
      if ((this.flags[this.head]! & flag.reorder) === 0) return this.make(offer.first, at, bytes);
      if (this.holding) {
        // One at a time: another frame will be chosen instead.
        this.reorder.giveBack();
        return this.make(offer.first, at, bytes);
      }
      this.hold(at, bytes, nowNs);
    }
    return 0;
  }

  /** The frame on offer was sent. True if it was a duplicate. */
  left(): boolean {
    if (this.offered === offer.copy) {
      this.duplicated++;
      this.offered = this.original;
      this.remove();
      return true;
    }
    const flags = this.offeredFlags();
    if (this.spec.padBytes > 0) this.padded++;
    if ((flags & flag.trimmed) !== 0) this.trimmed++;
    if ((flags & flag.corrupt) !== 0) this.corrupted++;
    if (this.offered === offer.held) {
      if (this.overtakenBy > 0) this.reordered++;
      else this.reorder.giveBack();
    } else if (this.holding && (flags & flag.corrupt) === 0) this.overtakenBy++;
    if ((flags & flag.duplicate) === 0) this.remove();
    else {
      this.original = this.offered;
      this.offered = offer.copy;
    }
    return false;
  }

  /** The frame on offer could not be sent. True if it was a duplicate, which then never was. */
  refused(): boolean {
    if (this.offered === offer.copy) {
      this.duplicate.giveBack();
      this.offered = this.original;
      this.remove();
      return true;
    }
    const flags = this.offeredFlags();
    if ((flags & flag.corrupt) !== 0) this.corrupt.giveBack();
    if ((flags & flag.duplicate) !== 0) this.duplicate.giveBack();
    if (this.offered === offer.held) this.reorder.giveBack();
    this.remove();
    return false;
  }

  /** A queue before one server: full when the frame admitted `queueFrames` ago still waits as this one comes. */
  private admit(service: ServiceTime, bytes: number): boolean {
    if (this.servedNs[this.servedAt]! > this.arrivalNs) return false;
    // Each queue has its even share of the rate.
    const serviceNs = this.queues * (service.frameNs + service.byteNs * (bytes + service.overheadBytes));
    // A frame that finds the server free leaves at once; the next one has to wait out its time.
    const served = Math.max(this.arrivalNs, this.lastServedNs + serviceNs);
    this.lastServedNs = served;
    this.servedNs[this.servedAt] = served;
    this.servedAt = this.servedAt + 1 === this.servedNs.length ? 0 : this.servedAt + 1;
    return true;
  }

  private store(offset: number, bytes: number, servedNs: number): void {
    const at = this.base + (1 + this.tail) * this.stride;
    copyFrame(this.memory, at, offset, bytes);
    const flags = this.choose(at, bytes);
    const { padBytes, trimBytes } = this.spec;
    let length = bytes;
    if (padBytes > 0) {
      this.memory.u8.fill(0, at + bytes, at + bytes + padBytes);
      length += padBytes;
    }
    const trims = trimBytes > 0 && bytes > shortestFrameBytes;
    if (trims) length = Math.max(shortestFrameBytes, bytes - trimBytes);
    this.lengths[this.tail] = length;
    this.flags[this.tail] = trims ? flags | flag.trimmed : flags;
    this.dueNs[this.tail] = servedNs + this.spec.delayNs;
    this.tail = this.tail + 1 === this.slots ? 0 : this.tail + 1;
    this.count++;
  }

  /** Chooses what happens to a stored frame, and damages it if that is it. */
  private choose(at: number, bytes: number): number {
    let flags = 0;
    if (this.corrupt.next()) {
      flags |= flag.corrupt;
      const bit = this.damage.below(8 * Math.min(damagedBytes, bytes));
      this.memory.u8[at + bytes - 1 - (bit >> 3)]! ^= 1 << (bit & 7);
    }
    if (this.duplicate.next()) flags |= flag.duplicate;
    if (this.reorder.next()) flags |= flag.reorder;
    if ((flags & flag.corrupt) === 0) return flags;
    if ((flags & flag.duplicate) !== 0) this.duplicate.giveBack();
    if ((flags & flag.reorder) !== 0) this.reorder.giveBack();
    return flags & flag.corrupt;
  }

  private hold(at: number, bytes: number, nowNs: number): void {
    copyFrame(this.memory, this.base, at, bytes);
    this.holding = true;
    this.heldBytes = bytes;
    this.heldFlags = this.flags[this.head]!;
    this.heldUntilNs = nowNs + reorderPatienceNs;
    this.overtakenBy = 0;
    this.pop();
  }

  private make(offered: number, at: number, bytes: number): number {
    this.offered = offered;
    this.frameOffset = at;
    return bytes;
  }

  private offeredBytes(): number {
    return this.original === offer.held ? this.heldBytes : this.lengths[this.head]!;
  }

  private offeredFlags(): number {
    return this.offered === offer.held ? this.heldFlags : this.flags[this.head]!;
  }

  private remove(): void {
    if (this.offered === offer.held) this.holding = false;
    else this.pop();
    this.offered = offer.none;
  }

  private pop(): void {
    this.head = this.head + 1 === this.slots ? 0 : this.head + 1;
    this.count--;
  }
}
