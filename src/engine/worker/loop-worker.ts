/** The owner's handle of a loop worker: a thread that runs one Job over the rings of some ports. */
import type { RecordingSetup } from "../pipe/index.js";
import type { WorkerPort } from "./deal-port.js";

/** Modules with a `createJob`; each is started in a worker of its own. */
export type JobName = "generator" | "receiver" | "forwarders" | "replay";

export interface LoopWorkerOptions {
  readonly name: string;
  readonly job: JobName;
  /** Handed to createJob as context.options (structured clone). */
  readonly options: unknown;
  /** Ports in the job's order; the worker observes them (quiesce, resume) as long as it lives. */
  readonly ports: readonly WorkerPort[];
  /** Float64 slots of the counters page. */
  readonly counterSlots: number;
  /** CPU to stay on, or null. */
  readonly cpu: number | null;
  /** Never back off when idle. */
  readonly busy: boolean;
  /** Where nothing is due and all rings have descriptors, it rests until a frame comes, or `wakeUp` is called. */
  readonly restsLong?: boolean;
  /** Its job has the rings of a port that receive on while there is no link. */
  readonly receivesOn?: boolean;
  /** Where frames of the rings are recorded. */
  readonly recording?: RecordingSetup | null;
  /** What kind of work it is: its thread waits for more of it afterwards. Absent: the thread ends with the worker. */
  readonly keepFor?: string;
  /** A port ended a peer's connection, or refused it. */
  readonly onTrouble?: (why: string) => void;
  readonly onEvent?: (event: unknown) => void;
  /** The thread ended by itself, e.g. by a bug. Everything that waits is rejected with the error. */
  readonly onFailure?: (error: Error) => void;
}

export interface LoopWorker extends AsyncDisposable {
  readonly counters: Float64Array;
  /** How often the thread has slept while running; polling and yielding do not count. */
  readonly sleeps: number;
  /** It is on the CPU asked for. */
  readonly pinned: boolean;
  /** The kernel's id of the thread, for /proc/self/task. */
  readonly threadId: number;
  /** Stops the loop, runs the job's command in the thread, starts the loop again, and resolves with its answer. */
  command(message: unknown): Promise<unknown>;
  /** Ends a long rest: there is something for its job that the rings do not tell of. */
  wakeUp(): void;
  /** Starts the thread's loop running (it starts standing still). */
  run(): void;
  /** Stops the loop: returns when the thread stands (bounded 100 ms, then PktgenError). */
  stand(): void;
  /** Its thread ends with it, and never has other work. */
  condemn(): void;
}
