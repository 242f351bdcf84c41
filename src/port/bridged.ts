/**
 * Ports behind a library that runs in the main thread. The loop worker has a packed ring pair, as any driver has. The
 * control thread is its device: each turn of the event loop it carries frames between the rings and the library. Such a
 * port is slow, and its latencies are those of the event loop.
 */
import { environmentError, type PktgenError } from "../errors.js";
import {
  deviceSideOf,
  driverRingEnd,
  driverRingLayout,
  initialiseDriverRing,
  longestFrameBytes,
  openRxRing,
  openTxRing,
  type RxRing,
  ringScratchBytes,
  type TxRing,
} from "../ring/index.js";
import { type Arena, arena as theArena } from "../sys/arena.js";
import type { AnyPortSpec } from "./kind.js";
import { noKick, type PortFacts } from "./port.js";
import { RingPort } from "./ring-port.js";

const headerBytes = 12;
const pageBytes = 4096;
/** The most frames that the library has at a time without having answered for the first. */
export const bridgeWindowFrames = 64;
/** Turns without a frame before the pump sleeps a millisecond between them. */
const eagerTurns = 200;

/** How many frames have left, counted from the first. `why`: no more frames will leave. */
export type Sent = (frames: number, why: string | null) => void;

export interface Bridge {
  /** Sends up to windowFrames frames, valid until `sent` is called, which it is once. */
  send(frames: readonly Buffer[], sent: Sent): void;
  close(): void;
}

export interface BridgeSetup {
  readonly spec: AnyPortSpec & { readonly size: number };
  /** Of the longest frame, without FCS. */
  readonly maxFrameBytes: number;
  readonly features: readonly string[];
  /** Frames that arrived and that the library did not deliver, as far as this can be known. */
  readonly unseen: (delivered: number) => number;
  /** Opens the library; `deliver` is called with each frame that arrives, and copies it. */
  readonly open: (deliver: (frame: Uint8Array) => void) => Bridge;
}

export class BridgedPort extends RingPort<BridgeSetup["spec"]> {
  readonly #setup: BridgeSetup;
  readonly #arena: Arena;
  readonly #memory: number;
  /** The device's sides: what the worker sends comes in, what arrives goes out to it. */
  readonly #fromWorker: RxRing;
  readonly #toWorker: TxRing;
  readonly #bridge: Bridge;
  /** What is left of the burst that the library has: polled, not released. */
  #held: readonly Buffer[] = [];
  #delivered = 0;
  #noRoom = 0;
  #idle = 0;
  #timer: NodeJS.Timeout | null = null;
  #immediate: NodeJS.Immediate | null = null;

  constructor(setup: BridgeSetup) {
    super(setup.spec);
    this.#setup = setup;
    this.#arena = theArena();
    const ring = {
      format: "packed",
      size: setup.spec.size,
      headerBytes,
      inOrder: true,
      mergeable: false,
      addressBase: this.#arena.address,
    } as const;
    const longest = Math.min(longestFrameBytes, setup.maxFrameBytes + pageBytes);
    const layouts = (at: number) => {
      const tx = driverRingLayout({ ...ring, direction: "tx", vring: 1, bufferBytes: headerBytes + longest }, at);
      const end = driverRingEnd(tx);
      const rx = driverRingLayout({ ...ring, direction: "rx", vring: 0, bufferBytes: headerBytes + longest }, end);
      return { tx, rx, scratch: Math.ceil(driverRingEnd(rx) / pageBytes) * pageBytes };
    };
    const bytes = layouts(pageBytes).scratch - pageBytes + 2 * ringScratchBytes;
    this.#memory = this.#arena.mapAnonymous(bytes).offset;
    const { tx, rx, scratch } = layouts(this.#memory);
    const memory = this.#arena.memory();
    for (const layout of [tx, rx]) initialiseDriverRing(memory, layout);
    this.#fromWorker = openRxRing(memory, deviceSideOf(tx, scratch, memory));
    this.#toWorker = openTxRing(memory, deviceSideOf(rx, scratch + ringScratchBytes, memory));
    try {
      this.#bridge = setup.open((frame) => this.#deliver(frame));
    } catch (error) {
      this.#arena.release(this.#memory);
      throw error;
    }
    this.state.publish([{ queue: 0, tx, rx, txKick: noKick, rxKick: noKick }]);
    this.#schedule();
  }

  #schedule(): void {
    if (this.state.rings === null) return;
    // Immediates run once a turn of the event loop, a timer not more often than every millisecond.
    if (this.#idle < eagerTurns) this.#immediate = setImmediate(() => this.#turn());
    else this.#timer = setTimeout(() => this.#turn(), 1);
  }

  /** Gives the library what the worker has sent. */
  #turn(): void {
    const ring = this.#fromWorker;
    if (this.#held.length === 0) {
      const frames = ring.poll(bridgeWindowFrames);
      const { buffer } = this.#arena.memory();
      this.#held = Array.from({ length: frames }, (_, k) => Buffer.from(buffer, ring.offsets[k], ring.lengths[k]));
    }
    if (this.#held.length === 0) {
      this.#idle++;
      this.#schedule();
      return;
    }
    this.#idle = 0;
    this.#bridge.send(this.#held, (frames, why) => {
      if (this.closed) return;
      if (frames > 0) ring.release(frames);
      this.#held = this.#held.slice(frames);
      if (why === null) this.#schedule();
      else this.breakConnection(why);
    });
  }

  #deliver(frame: Uint8Array): void {
    if (this.state.rings === null) return;
    this.#delivered++;
    const ring = this.#toWorker;
    const at = ring.reclaim() > 0 ? ring.place(0, frame.length) : 0;
    if (at <= 0) {
      this.#noRoom++;
      return;
    }
    this.#arena.memory().u8.set(frame, at);
    ring.publish(1);
  }

  facts(): PortFacts {
    const { spec, maxFrameBytes, features } = this.#setup;
    const { text, kind, size } = spec;
    return { spec: text, kind, queues: 1, ringFormat: "none", ringSize: size, features, maxFrameBytes };
  }

  breakConnection(why: string): void {
    this.end(why);
  }

  receiveDrops(): number {
    return this.#noRoom + Math.max(0, this.#setup.unseen(this.#delivered));
  }

  protected close(): void {
    this.end("the port was closed");
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    this.#bridge.close();
    this.#arena.release(this.#memory);
  }
}

/** What a library threw, as one sentence. */
export function libraryError(what: string, cause: unknown, where: string, hint?: string): PktgenError {
  const why = cause instanceof Error ? cause.message.split("\n")[0]! : String(cause);
  return environmentError(`${what}: ${why}`, hint === undefined ? { where, cause } : { where, hint, cause });
}
