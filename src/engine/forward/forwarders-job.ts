/** One or several forwarders in one loop. Where there are fewer CPUs than hops, they take turns without a scheduler. */

import type { CreateJob, Job, JobContext } from "../loop/index.js";
import { forwardCounterSlots } from "./counters.js";
import { createForwarder, type ForwardCommand, type ForwardJobOptions } from "./job.js";

/** The job's options, plain data. Ports and counters of the forwarders follow one another in this order. */
export type ForwardersJobOptions = readonly ForwardJobOptions[];

/** What LoopWorker.command() takes for them. */
export interface ForwardersCommand {
  /** Which forwarder. */
  readonly to: number;
  readonly command: ForwardCommand;
}

const slotsOf = ({ ports, queues }: ForwardJobOptions): number => forwardCounterSlots(ports.length, queues);

/** Slots in the counters page of all forwarders. */
export const forwardersSlots = (all: ForwardersJobOptions): number =>
  all.reduce((sum, options) => sum + slotsOf(options), 0);

/** Each forwarder's part of the page. */
export function forwardersCounters(counters: Float64Array, all: ForwardersJobOptions): readonly Float64Array[] {
  let from = 0;
  return all.map((options) => {
    const page = counters.subarray(from, from + slotsOf(options));
    from += page.length;
    return page;
  });
}

/** The first port of each forwarder. */
const firstPorts = (all: ForwardersJobOptions): readonly number[] =>
  all.map((_, n) => all.slice(0, n).reduce((sum, { ports }) => sum + ports.length, 0));

class Forwarders implements Job {
  readonly #first: readonly number[];
  readonly #jobs: readonly Job[];

  constructor(context: JobContext) {
    const all = context.options as ForwardersJobOptions;
    const pages = forwardersCounters(context.counters, all);
    this.#first = firstPorts(all);
    this.#jobs = all.map((options, n) => createForwarder({ ...context, options, counters: pages[n]! }, this.#first[n]));
  }

  attach(index: number, port: Parameters<Job["attach"]>[1]): void {
    const of = this.#first.findLastIndex((first) => first <= index);
    this.#jobs[of]!.attach(index - this.#first[of]!, port);
  }

  command(message: unknown): unknown {
    const { to, command } = message as ForwardersCommand;
    return this.#jobs[to]!.command(command);
  }

  mayRest(): boolean {
    return this.#jobs.every((job) => job.mayRest());
  }

  step(): number {
    const jobs = this.#jobs;
    let moved = 0;
    for (let n = 0; n < jobs.length; n++) moved += jobs[n]!.step();
    return moved;
  }
}

export const createJob: CreateJob = (context) => new Forwarders(context);
