/** The words through which the owner of a loop worker and its thread agree on who may touch rings. */

import type { RecordingSetup } from "../pipe/index.js";
import type { JobName } from "./loop-worker.js";

/** Indices into the control page (Int32Array over a SharedArrayBuffer). */
export const word = {
  /** What the owner wants: one of `command`. Written by the owner. */
  command: 0,
  /** What the thread does: one of `state`. Written by the thread. */
  state: 1,
  /** Grows with each message or command, so that a standing thread wakes. Written by the owner. */
  wake: 2,
  /** How often the thread slept (not yielded) while running. Written by the thread. */
  sleeps: 3,
  /** The kernel's thread id. Written by the thread. */
  threadId: 4,
  /** How many messages the thread has dealt with. Written by the thread. */
  handled: 6,
  /** 1 while the thread is in a long rest, or about to be: the owner then signals `wakeFd`. Written by the thread. */
  resting: 7,
  /** 1 if the thread is pinned to the CPU asked for. */
  pinned: 5,
} as const;

export const controlWords = 8;

/** `exit` ends the job and its thread, `leave` the job alone. */
export const command = { stand: 0, run: 1, exit: 2, leave: 3 } as const;
export const state = { standing: 0, running: 1, ended: 2 } as const;

/** The first message of a job to its thread. */
export interface ThreadSetup {
  readonly job: JobName;
  readonly options: unknown;
  readonly control: SharedArrayBuffer;
  readonly counters: SharedArrayBuffer;
  readonly arenaAddress: bigint;
  readonly arenaBytes: number;
  readonly ports: number;
  readonly cpu: number | null;
  readonly busy: boolean;
  /** The owner's eventfd that ends a long rest; null: there are none. */
  readonly wakeFd: number | null;
  readonly recording: RecordingSetup | null;
}
