/**
 * A trial through a direct loop: the generator's whole code runs, and no frame leaves this thread. It compiles the code
 * before a trial counts, and shows what the generator itself adds to a latency.
 */
import { frameSizesOf } from "../../stream/spec.js";
import { fcsBytes } from "../../units.js";
import type { CreateJob, JobContext, OpenPort, TrialReport, TrialSpec } from "../loop/index.js";
import { RehearsedJob } from "../rehearsal/index.js";
import type { GeneratorCommand, GeneratorEvent } from "./commands.js";
import { generatorCounter } from "./counters.js";

export class Rehearsal {
  readonly #job: RehearsedJob;
  #done = false;

  /** `ports`: the ports whose kinds of rings the loop has. */
  constructor(
    createJob: CreateJob,
    context: JobContext,
    ports: readonly (OpenPort | null)[],
    specs: readonly TrialSpec[],
  ) {
    const [{ queues, size }] = specs;
    this.#job = new RehearsedJob(createJob, context, {
      ports,
      queues,
      maxFrameBytes: Math.max(...frameSizesOf(size)) - fcsBytes,
      options: { ports: ports.length },
      counterSlots: generatorCounter.slots,
      onEvent: (event) => {
        if ((event as GeneratorEvent).kind === "done") this.#done = true;
      },
    });
    this.#say({ kind: "trial", specs });
  }

  get done(): boolean {
    return this.#done;
  }

  /** One turn of the generator and one of the device. Returns the frames that the generator moved. */
  step(): number {
    return this.#job.step();
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
