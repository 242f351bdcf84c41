/**
 * The generator's job, in its thread: it sends and receives on its ports. What it runs is a trial after the other, or one
 * session of flows; both have the same turn (loop/traffic.ts).
 */
import { type CreateJob, type Job, type JobContext, type OpenPort, type Traffic, trafficTurn } from "../loop/index.js";
import { SessionLoop, type SessionOptions } from "../session/index.js";
import { loadPrograms, type TrialOptions, TrialTraffic } from "../trial/index.js";

export type GeneratorJobOptions = TrialOptions | SessionOptions;

class GeneratorJob implements Job {
  readonly #traffic: Traffic;

  constructor(context: JobContext) {
    const options = context.options as GeneratorJobOptions;
    this.#traffic =
      "session" in options
        ? new SessionLoop(context, options, createJob)
        : new TrialTraffic(context, options, createJob);
  }

  attach(index: number, port: OpenPort | null): void {
    this.#traffic.attach(index, port);
  }

  command(message: unknown): unknown {
    return this.#traffic.command(message);
  }

  mayRest(): boolean {
    return this.#traffic.mayRest;
  }

  mayRestLong(): boolean {
    return this.#traffic.mayRestLong?.() === true;
  }

  step(): number {
    return trafficTurn(this.#traffic);
  }
}

/** Loads what needs an import, before the job is made. */
export const prepareJob = (options: unknown): Promise<void> => loadPrograms(options as Partial<TrialOptions>);

export const createJob: CreateJob = (context) => new GeneratorJob(context);
