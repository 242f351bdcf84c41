/**
 * A trial through a direct loop instead of the ports: the generator's whole code runs, and no frame leaves this thread.
 * It compiles the code before a trial counts, and shows what the generator itself adds to a latency.
 */
import { frameSizesOf } from "../../stream/spec.js";
import { fcsBytes } from "../../units.js";
import type { CreateJob, Job, JobContext, OpenPort, TrialReport, TrialSpec } from "../loop/index.js";
import type { GeneratorCommand, GeneratorEvent } from "./commands.js";
import { generatorCounter } from "./counters.js";
import { type DirectLoop, directLoop } from "./direct-loop.js";

export class Rehearsal {
  readonly #job: Job;
  readonly #loop: DirectLoop;
  #done = false;

  /** `ports`: the ports whose kinds of rings the loop has. */
  constructor(
    createJob: CreateJob,
    context: JobContext,
    ports: readonly (OpenPort | null)[],
    specs: readonly TrialSpec[],
  ) {
    const [{ queues, size }] = specs;
    this.#loop = directLoop(ports, queues, Math.max(...frameSizesOf(size)) - fcsBytes);
    const { nowNs, sleeps, busy } = context;
    // The properties have the order of the worker's own context, so that V8 sees one shape.
    this.#job = createJob({
      memory: this.#loop.memory,
      options: { ports: ports.length },
      counters: new Float64Array(generatorCounter.slots),
      nowNs,
      post: (event) => {
        if ((event as GeneratorEvent).kind === "done") this.#done = true;
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

  /** One turn of the generator and one of the device. Returns the frames that the generator moved. */
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
