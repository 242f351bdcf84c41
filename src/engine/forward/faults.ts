/**
 * What a hop does wrong on purpose, exactly and by seed, so that a report can be checked against what was really done.
 * No clock is read here: time is an argument. No chance is taken but the seed's. One FaultStage is one queue of one
 * direction of one hop. Frames go through it in this order:
 *
 *     take: loss → rate and its queue (tail drop) → choice of corruption, duplication, reordering → stored copy
 *     next: delay over → held back for reordering, or out → out again if duplicated
 *
 * Choices are made only for frames that get that far. A choice that could not be carried out, since the outgoing ring
 * was full, goes to the next frame: `corrupt=10` are ten frames that left corrupted. A corrupt frame is neither
 * duplicated nor held back, and does not count as overtaking: each of the receiver's classes is one fault's count.
 */
import type { RingMemory } from "../../memory.js";
import { seededRandom } from "../../random.js";
import { copyFrame } from "../../ring/copy.js";
import { FaultChoices, fault } from "./choices.js";
import type { FaultSpec, Injected } from "./fault-spec.js";
import { HeldFrame } from "./held.js";
import { Service } from "./service.js";
import { type FaultStorage, StoredFrames, slotStride } from "./storage.js";

const shortestFrameBytes = 14;

/** What `next` offered last. */
const offer = { none: 0, first: 1, held: 2, copy: 3 } as const;

export interface FaultStageSetup {
  readonly spec: FaultSpec;
  readonly memory: RingMemory;
  /** It has faultStorageBytes(spec, maxBufferBytes) bytes. */
  readonly storage: FaultStorage;
  readonly maxBufferBytes: number;
  /** This is queue `queue` of the hop's `queues`. */
  readonly queue: number;
  readonly queues: number;
  /** The incoming port: the two directions of a hop choose differently. */
  readonly direction: number;
}

const nothing = () => ({ lost: 0, policed: 0, duplicated: 0, reordered: 0, corrupted: 0, padded: 0, trimmed: 0 });

export class FaultStage {
  /** Where the frame lies that `next` offered. */
  frameOffset = 0;
  /** It has a rate, so `burst` needs to know what is pending. */
  readonly rated: boolean;
  readonly #memory: RingMemory;
  readonly #spec: FaultSpec;
  /** Longer frames are dropped. */
  readonly #mostBytes: number;
  /** The first of its substreams of random numbers. */
  readonly #firstSubstream: number;
  readonly #stored: StoredFrames;
  readonly #service: Service | null;
  readonly #held: HeldFrame;
  readonly #choices: FaultChoices;
  #offered: number = offer.none;
  /** What the frame itself was offered as, while its duplicate is on offer. */
  #original: number = offer.none;
  #injected = nothing();

  constructor({ spec, memory, storage, maxBufferBytes, queue, queues, direction }: FaultStageSetup) {
    const stride = slotStride(spec, maxBufferBytes);
    this.rated = spec.service !== null;
    this.#memory = memory;
    this.#spec = spec;
    this.#mostBytes = stride - spec.padBytes;
    this.#firstSubstream = 1 + (direction * 64 + queue) * 8;
    this.#stored = new StoredFrames(memory, storage, stride);
    this.#service = spec.service === null ? null : new Service(spec.service, spec.queueFrames, queues);
    this.#held = new HeldFrame(spec.reorderExtent);
    this.#choices = new FaultChoices(spec, queue, queues);
    this.reset(0);
  }

  /** A new trial: all choices from this seed, counts from 0. Frames inside stay and go on their way. */
  reset(seed: number): void {
    this.#choices.reset((of) => seededRandom(seed, this.#firstSubstream + of));
    this.#injected = nothing();
  }

  injected(): Injected {
    return { ...this.#injected, frozenNs: 0 };
  }

  /** Frames held. */
  inside(): number {
    return this.#stored.count + (this.#held.isThere ? 1 : 0);
  }

  /** Frames that `take` can be given now. */
  room(): number {
    return this.#stored.room();
  }

  /** When the next frame leaves if none comes in. Infinity: there is none. */
  nextDueNs(): number {
    const storedNs = this.#stored.count > 0 ? this.#stored.dueNs() : Number.POSITIVE_INFINITY;
    return this.#held.isThere ? Math.min(storedNs, this.#held.dueNs()) : storedNs;
  }

  /** Announces that a poll at `nowNs` brought `frames`, and left `pending` in the ring. */
  burst(frames: number, pending: number, nowNs: number): void {
    this.#service?.burst(frames, pending, nowNs);
  }

  /**
   * Stores a copy of the frame at `offset`, or drops it (false). Call `burst` before, and take as many as have `room`.
   */
  take(offset: number, bytes: number, nowNs: number): boolean {
    const service = this.#service;
    service?.arrive();
    if (this.#choices.loss.next()) {
      this.#injected.lost++;
      return false;
    }
    if (bytes > this.#mostBytes) return false;
    if (service === null) this.#store(offset, bytes, nowNs);
    else if (service.admit(bytes)) this.#store(offset, bytes, Math.max(nowNs, service.lastServedNs()));
    else {
      this.#injected.policed++;
      return false;
    }
    return true;
  }

  /**
   * Offers the frame that leaves now, at `frameOffset`. Returns its bytes; 0: none leaves now. Call `left` or `refused`
   * after each offer, before anything else.
   */
  next(nowNs: number): number {
    const stored = this.#stored;
    const held = this.#held;
    if (this.#offered === offer.copy) return this.#original === offer.held ? held.bytes : stored.bytes();
    if (held.isThere && held.isDue(nowNs)) return this.#offer(offer.held, stored.heldAt, held.bytes);
    while (stored.count > 0 && stored.dueNs() <= nowNs) {
      if ((stored.flags() & fault.reorder) !== 0) {
        if (!held.isThere) {
          this.#hold(nowNs);
          continue;
        }
        // Only one frame is held at a time. Another one will be chosen instead.
        this.#choices.giveBack(fault.reorder);
      }
      return this.#offer(offer.first, stored.offset(), stored.bytes());
    }
    return 0;
  }

  /** The frame on offer was sent. Returns whether it was a duplicate. */
  left(): boolean {
    const injected = this.#injected;
    if (this.#offered === offer.copy) {
      injected.duplicated++;
      this.#offered = this.#original;
      this.#remove();
      return true;
    }
    const held = this.#held;
    const flags = this.#offeredFlags();
    if (this.#spec.padBytes > 0) injected.padded++;
    if ((flags & fault.trimmed) !== 0) injected.trimmed++;
    if ((flags & fault.corrupt) !== 0) injected.corrupted++;
    if (this.#offered === offer.held) {
      if (held.overtakenBy > 0) injected.reordered++;
      else this.#choices.giveBack(fault.reorder);
    } else if (held.isThere && (flags & fault.corrupt) === 0) held.overtakenBy++;
    if ((flags & fault.duplicate) === 0) this.#remove();
    else {
      this.#original = this.#offered;
      this.#offered = offer.copy;
    }
    return false;
  }

  /** The frame on offer could not be sent. Returns whether it was a duplicate; then there was none. */
  refused(): boolean {
    const isCopy = this.#offered === offer.copy;
    if (isCopy) {
      this.#choices.giveBack(fault.duplicate);
      this.#offered = this.#original;
    } else {
      const flags = this.#offeredFlags();
      this.#choices.giveBack(flags & (fault.corrupt | fault.duplicate));
      if (this.#offered === offer.held) this.#choices.giveBack(fault.reorder);
    }
    this.#remove();
    return isCopy;
  }

  #store(offset: number, bytes: number, servedNs: number): void {
    const { padBytes, trimBytes, delayNs } = this.#spec;
    const at = this.#stored.place(offset, bytes);
    const flags = this.#choices.choose(this.#memory, at, bytes);
    if (padBytes > 0) this.#memory.u8.fill(0, at + bytes, at + bytes + padBytes);
    const trims = trimBytes > 0 && bytes > shortestFrameBytes;
    const length = trims ? Math.max(shortestFrameBytes, bytes - trimBytes) : bytes + padBytes;
    this.#stored.commit(length, trims ? flags | fault.trimmed : flags, servedNs + delayNs);
  }

  /** Holds the oldest frame back. */
  #hold(nowNs: number): void {
    const stored = this.#stored;
    copyFrame(this.#memory, stored.heldAt, stored.offset(), stored.bytes());
    this.#held.hold(stored.bytes(), stored.flags(), nowNs);
    stored.pop();
  }

  #offer(what: number, at: number, bytes: number): number {
    this.#offered = what;
    this.frameOffset = at;
    return bytes;
  }

  #offeredFlags(): number {
    return this.#offered === offer.held ? this.#held.flags : this.#stored.flags();
  }

  #remove(): void {
    if (this.#offered === offer.held) this.#held.isThere = false;
    else this.#stored.pop();
    this.#offered = offer.none;
  }
}
