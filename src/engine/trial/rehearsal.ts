/**
 * A trial through a direct loop instead of the ports: the generator's whole code at work, and not one frame outside of
 * this thread. For what must be compiled before a trial counts, and for what the generator itself adds to a latency.
 */
import { frameSizesOf } from "../../stream/spec.js";
import { fcsBytes } from "../../units.js";
import type { CreateJob, Job, JobContext, OpenPort } from "../loop/job.js";
import type { TrialReport } from "../loop/trial-report.js";
import type { TrialSpec } from "../loop/trial-spec.js";
import type { GeneratorCommand } from "./commands.js";
import { generatorCounter } from "./counters.js";
import { type DirectLoop, directLoop } from "./direct-loop.js";

export class Rehearsal {
  readonly #job: Job;
  readonly #loop: DirectLoop;
  #done = false;

  /** `ports`: what the loop is to be like. */
  constructor(
    createJob: CreateJob,
    context: JobContext,
    ports: readonly (OpenPort | null)[],
    specs: readonly TrialSpec[],
  ) {
    const [{ queues, size }] = specs;
    this.#loop = directLoop(ports, queues, Math.max(...frameSizesOf(size)) - fcsBytes);
    const { nowNs, sleeps, busy } = context;
    // In the order of the worker's own context: V8 takes the two for objects of one shape.
    this.#job = createJob({
      memory: this.#loop.memory,
      options: { ports: ports.length },
      counters: new Float64Array(generatorCounter.slots),
      nowNs,
      post: () => {
        this.#done = true;
      },
      inUse: { port: 0 },
      sleeps,
      busy,
    });
    for (const [index, port] of this.#loop.ports.entries()) this.#job.attach(index, port);
    this.#say({ kind: "trial", specs });
  }

  get done(): boolean {
    return this.#done;
  }

  /** One turn of the generator, one of the device; returns the frames that the generator moved. */
  step(): number {
    const moved = this.#job.step();
    this.#loop.turn();
    return moved;
  }

  stop(): void {
    this.#say({ kind: "stop" });
  }

  reports(): TrialReport[] {
    return this.#say({ kind: "report" }) as TrialReport[];
  }

  #say(command: GeneratorCommand): unknown {
    return this.#job.command(command);
  }
}
