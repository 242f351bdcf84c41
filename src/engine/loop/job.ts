/**
 * The work of a loop worker, as the worker's main loop sees it. The loop calls `step` as long as its command word says
 * run. Everything else is handed over while the loop stands: rings that came or went, and commands. So a job never
 * looks for messages, and its hot methods stay small.
 */

import type { RingMemory } from "../../memory.js";
import type { LiveTransmit } from "../../port/port.js";
import type { RingLayout, RxRing, TxRing } from "../../ring/ring.js";

/** One queue pair, opened in this worker. A side that is not usable at present is null. */
export interface OpenQueue {
  readonly tx: TxRing | null;
  readonly rx: RxRing | null;
  /** Set where the kernel makes the frames to send. */
  readonly live?: LiveTransmit | null;
  /** What the rings were opened from, to open others like them; absent: unknown. */
  readonly layouts?: { readonly tx: RingLayout | null; readonly rx: RingLayout | null };
  /** Wakes the peer's side of tx / rx; called after `notifyWanted()` said so. */
  notifyTx(): void;
  notifyRx(): void;
}

/** One port, opened in this worker; `memory` is the same for all ports of a process. */
export interface OpenPort {
  readonly memory: RingMemory;
  readonly queues: readonly OpenQueue[];
}

export interface Job {
  /** The rings of port `index` (in the order of the worker's port list) now, null when its peer is gone. Loop stands. */
  attach(index: number, port: OpenPort | null): void;
  /** A job's own command, from LoopWorker.command(); what it returns is posted back. Loop stands. May throw PktgenError. */
  command(message: unknown): unknown;
  /** May an idle loop sleep now? Otherwise it only yields. */
  mayRest(): boolean;
  /** May it then rest until a frame comes in, and look at nothing meanwhile? Absent: never. Looks at rings. */
  mayRestLong?(): boolean;
  /** One turn: at most one burst per ring. Returns the frames moved; 0 means idle, and the loop may back off. */
  step(): number;
}

/** What a job is made from, inside its worker. */
export interface JobContext {
  readonly memory: RingMemory;
  /** The job's own plain-data options. */
  readonly options: unknown;
  /** Counters: this job alone writes them, anybody reads them, and they only grow. The job decides their layout. */
  readonly counters: Float64Array;
  /** Nanoseconds, monotonic, the same origin in all threads of the machine. */
  readonly nowNs: () => number;
  /** Posts plain data to the owner; the owner's `onEvent` gets it. Not for the per-frame path. */
  readonly post: (event: unknown) => void;
  /** The port whose rings the job is about to touch, noted once a burst. If a ring is broken, its peer is to blame. */
  readonly inUse: { port: number };
  /** How often the loop has slept so far, for the `kind` of latencies. */
  readonly sleeps: () => number;
  /** The loop never yields. */
  readonly busy: boolean;
}

/** What a job module exports as `createJob`. */
export type CreateJob = (context: JobContext) => Job;
