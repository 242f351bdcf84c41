/**
 * A job that runs through a direct loop instead of the ports, in the thread of another job of its kind. V8 compiles the
 * code then, and not while the first frames of a trial, a session or a file wait.
 */
import type { RingMemory } from "../../ring/index.js";
import type { CreateJob, Job, JobContext, OpenPort } from "../loop/index.js";
import { type DirectLoop, directLoop } from "./direct-loop.js";

export interface RehearsedSetup {
  /** The ports whose kinds of rings the loop has. */
  readonly ports: readonly (OpenPort | null)[];
  readonly queues: number;
  /** The longest frame that will be sent, without FCS. */
  readonly maxFrameBytes: number;
  readonly spareBytes?: number;
  readonly options: unknown;
  readonly counterSlots: number;
  readonly onEvent: (event: unknown) => void;
}

export class RehearsedJob {
  readonly #loop: DirectLoop;
  readonly #job: Job;

  /** `context`: of the job in whose thread it runs. */
  constructor(createJob: CreateJob, context: JobContext, setup: RehearsedSetup) {
    const { ports, queues, maxFrameBytes, spareBytes, options, counterSlots, onEvent } = setup;
    const { nowNs, sleeps, busy } = context;
    this.#loop = directLoop(ports, queues, maxFrameBytes, spareBytes);
    // The properties have the order of the worker's own context, so that V8 sees one shape.
    this.#job = createJob({
      memory: this.#loop.memory,
      options,
      counters: new Float64Array(counterSlots),
      nowNs,
      post: onEvent,
      inUse: { port: 0 },
      sleeps,
      busy,
    });
    for (const [index, port] of this.#loop.ports.entries()) this.#job.attach(index, port);
  }

  get memory(): RingMemory {
    return this.#loop.memory;
  }

  /** Where `spareBytes` of memory begin that no ring uses. */
  get spare(): number {
    return this.#loop.spare;
  }

  command(message: unknown): unknown {
    return this.#job.command(message);
  }

  /** One turn of the job and one of the device. Returns the frames that the job moved. */
  step(): number {
    const moved = this.#job.step();
    this.#loop.turn();
    return moved;
  }
}
