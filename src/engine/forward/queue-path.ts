/**
 * One queue of one direction of a forwarder: from a port's receive ring to a port's transmit ring. A ring is polled
 * only while its peer is there. What cannot be sent is dropped and counted, as testpmd does. The burst methods allocate
 * nothing. Each ring call sees only the few ring classes of one forwarder's ports, so V8 inlines it.
 */

import type { RingMemory } from "../../memory.js";
import { copyFrame } from "../../ring/copy.js";
import type { RxRing, TxRing } from "../../ring/ring.js";
import type { OpenQueue } from "../loop/index.js";
import { forwardSlot } from "./counters.js";
import type { FaultStage } from "./faults.js";
import type { FreezeGate } from "./freeze.js";
import { rewriting, setAddresses, swapAddresses } from "./modes.js";

/** Frames per poll and publish. More would leave a core's cache; fewer would cost more atomics. */
const burstFrames = 64;

/** A held frame that is due within this time keeps the loop awake. */
const awakeNs = 200_000;

export interface QueuePathSetup {
  readonly memory: RingMemory;
  readonly counters: Float64Array;
  /** Where the slots of the receiving and of the sending port's queue begin in the counters page. */
  readonly rxSlots: number;
  readonly txSlots: number;
  /** The ports, and where to note whose ring is in use. */
  readonly rxPort: number;
  readonly txPort: number;
  readonly inUse: { port: number };
  /** For mac mode, see addressWords. */
  readonly addresses: Uint32Array;
  /** What txonly sends. */
  readonly ownFrame: Uint8Array;
}

export class QueuePath {
  rewrite: number = rewriting.none;
  #rx: RxRing | null = null;
  #tx: TxRing | null = null;
  #rxQueue: OpenQueue | null = null;
  #txQueue: OpenQueue | null = null;
  /** Frames polled and not released. Between steps this is 0, unless a ring fault ended the last step. */
  #polled = 0;
  /** Which of the transmit ring's buffers hold txonly's frame already. */
  #filled = new Uint8Array(0);
  readonly #memory: RingMemory;
  readonly #counters: Float64Array;
  readonly #rxSlots: number;
  readonly #txSlots: number;
  readonly #rxPort: number;
  readonly #txPort: number;
  readonly #inUse: { port: number };
  readonly #addresses: Uint32Array;
  readonly #ownFrame: Uint8Array;

  constructor(setup: QueuePathSetup) {
    this.#memory = setup.memory;
    this.#counters = setup.counters;
    this.#rxSlots = setup.rxSlots;
    this.#txSlots = setup.txSlots;
    this.#rxPort = setup.rxPort;
    this.#txPort = setup.txPort;
    this.#inUse = setup.inUse;
    this.#addresses = setup.addresses;
    this.#ownFrame = setup.ownFrame;
  }

  attachRx(queue: OpenQueue | null): void {
    this.#rxQueue = queue;
    this.#rx = queue?.rx ?? null;
    this.#settleBroken();
  }

  attachTx(queue: OpenQueue | null): void {
    this.#txQueue = queue;
    this.#tx = queue?.tx ?? null;
    this.#filled = new Uint8Array(this.#tx?.slots ?? 0);
    this.#settleBroken();
  }

  /** Buffers hold frames of other modes now. The frame of txonly has to be written again. */
  forgetFilled(): void {
    this.#filled.fill(0);
  }

  /** Frames waiting in the receive ring. */
  waiting(): number {
    return this.#rx?.pending() ?? 0;
  }

  /** io, mac, macswap: moves one burst from ring to ring. Returns the frames received. */
  forward(): number {
    const rx = this.#rx;
    if (rx === null) return 0;
    this.#inUse.port = this.#rxPort;
    const frames = rx.poll(burstFrames);
    if (frames === 0) {
      this.#nudge();
      return 0;
    }
    this.#polled = frames;
    const tx = this.#tx;
    const { offsets, lengths } = rx;
    let placed = 0;
    let rxBytes = 0;
    let txBytes = 0;
    let i = 0;
    if (tx !== null) {
      this.#inUse.port = this.#txPort;
      tx.reclaim();
      for (; i < frames; i++) {
        const bytes = lengths[i]!;
        const at = tx.place(placed, bytes);
        if (at <= 0) {
          // 0: the ring is full, and the rest of the burst is dropped. −1: this frame is too long, and is dropped
          // alone.
          if (at === 0) break;
          rxBytes += bytes;
          continue;
        }
        copyFrame(this.#memory, at, offsets[i]!, bytes);
        if (this.rewrite !== rewriting.none) this.#rewriteAt(at, bytes);
        rxBytes += bytes;
        txBytes += bytes;
        placed++;
      }
      this.#publish(tx, placed);
    }
    for (; i < frames; i++) rxBytes += lengths[i]!;
    this.#release(rx, frames);
    this.#countRx(frames, rxBytes, frames - placed);
    this.#countTx(placed, txBytes);
    return frames;
  }

  /** rxonly: counts one burst and discards it. */
  discard(): number {
    const rx = this.#rx;
    if (rx === null) return 0;
    this.#inUse.port = this.#rxPort;
    const frames = rx.poll(burstFrames);
    if (frames === 0) return 0;
    let bytes = 0;
    for (let i = 0; i < frames; i++) bytes += rx.lengths[i]!;
    this.#release(rx, frames);
    this.#countRx(frames, bytes, frames);
    return frames;
  }

  /** txonly: sends one burst of the fixed frame, as far as the ring has room. */
  originate(): number {
    const tx = this.#tx;
    if (tx === null) return 0;
    const bytes = this.#ownFrame.length;
    this.#inUse.port = this.#txPort;
    const room = Math.min(tx.reclaim(), burstFrames);
    let placed = 0;
    while (placed < room) {
      const at = tx.place(placed, bytes);
      if (at <= 0) break;
      const slot = tx.slotOf(placed);
      if (slot < 0) this.#memory.u8.set(this.#ownFrame, at);
      else if (this.#filled[slot] === 0) {
        this.#memory.u8.set(this.#ownFrame, at);
        this.#filled[slot] = 1;
      }
      placed++;
    }
    this.#publish(tx, placed);
    this.#countTx(placed, placed * bytes);
    return placed;
  }

  /** As `forward`, through a fault stage. Returns 0 only if nothing moved and nothing is due soon. */
  forwardThrough(stage: FaultStage, gate: FreezeGate, nowNs: number): number {
    const taken = this.#takeInto(stage, gate, nowNs);
    const sent = this.#sendFrom(stage, nowNs);
    this.#counters[this.#txSlots + forwardSlot.inside] = stage.inside();
    if (taken + sent > 0) return taken + sent;
    return stage.nextDueNs() - nowNs < awakeNs ? 1 : 0;
  }

  #takeInto(stage: FaultStage, gate: FreezeGate, nowNs: number): number {
    const rx = this.#rx;
    const most = Math.min(burstFrames, stage.room(), gate.allowed());
    if (rx === null || most === 0) return 0;
    this.#inUse.port = this.#rxPort;
    const frames = rx.poll(most);
    stage.burst(frames, stage.rated && frames === most ? rx.pending() : 0, nowNs);
    if (frames === 0) return 0;
    let bytes = 0;
    let dropped = 0;
    for (let i = 0; i < frames; i++) {
      bytes += rx.lengths[i]!;
      if (!stage.take(rx.offsets[i]!, rx.lengths[i]!, nowNs)) dropped++;
    }
    this.#release(rx, frames);
    gate.took(frames, nowNs);
    this.#countRx(frames, bytes, dropped);
    return frames;
  }

  #sendFrom(stage: FaultStage, nowNs: number): number {
    const tx = this.#tx;
    this.#inUse.port = this.#txPort;
    tx?.reclaim();
    let placed = 0;
    let txBytes = 0;
    let dropped = 0;
    let duplicated = 0;
    while (placed < burstFrames) {
      const bytes = stage.next(nowNs);
      if (bytes === 0) break;
      const at = tx === null ? 0 : tx.place(placed, bytes);
      if (at <= 0) {
        if (!stage.refused()) dropped++;
        continue;
      }
      copyFrame(this.#memory, at, stage.frameOffset, bytes);
      if (this.rewrite !== rewriting.none) this.#rewriteAt(at, bytes);
      if (stage.left()) duplicated++;
      txBytes += bytes;
      placed++;
    }
    if (tx !== null) this.#publish(tx, placed);
    this.#countTx(placed, txBytes);
    this.#counters[this.#txSlots + forwardSlot.dropped]! += dropped;
    this.#counters[this.#txSlots + forwardSlot.duplicated]! += duplicated;
    return placed + dropped;
  }

  #rewriteAt(at: number, bytes: number): void {
    if (this.rewrite === rewriting.set) setAddresses(this.#memory, at, bytes, this.#addresses);
    else swapAddresses(this.#memory, at, bytes);
  }

  /** Calls the kernel again where it left frames in the ring for want of room. */
  #nudge(): void {
    if (this.#tx?.kickAgain?.()) this.#txQueue!.notifyTx();
  }

  #publish(tx: TxRing, placed: number): void {
    if (placed === 0) {
      this.#nudge();
      return;
    }
    tx.publish(placed);
    if (tx.notifyWanted()) this.#txQueue!.notifyTx();
  }

  #release(rx: RxRing, frames: number): void {
    this.#inUse.port = this.#rxPort;
    rx.release(frames);
    this.#polled = 0;
    if (rx.notifyWanted()) this.#rxQueue!.notifyRx();
  }

  #countRx(frames: number, bytes: number, dropped: number): void {
    this.#counters[this.#rxSlots + forwardSlot.rxPackets]! += frames;
    this.#counters[this.#rxSlots + forwardSlot.rxBytes]! += bytes;
    if (dropped > 0) this.#counters[this.#txSlots + forwardSlot.dropped]! += dropped;
  }

  #countTx(frames: number, bytes: number): void {
    this.#counters[this.#txSlots + forwardSlot.txPackets]! += frames;
    this.#counters[this.#txSlots + forwardSlot.txBytes]! += bytes;
  }

  /** A fault of the outgoing ring left a burst half done. It is dropped, and the incoming ring goes on. */
  #settleBroken(): void {
    if (this.#polled === 0) return;
    const frames = this.#polled;
    this.#polled = 0;
    let bytes = 0;
    if (this.#rx !== null) {
      for (let i = 0; i < frames; i++) bytes += this.#rx.lengths[i]!;
      this.#rx.release(frames);
    }
    this.#countRx(frames, bytes, frames);
  }
}
