/**
 * The generator's loop: transmitter and receiver of one trial at a time, in one thread, so that a frame's departure
 * and arrival are read from one clock and nothing is shared. Ports: [0] sends, the last one receives; with one port
 * it does both.
 */
import { usageError } from "../errors.js";
import { Histogram } from "../stats/histogram.js";
import { compileStream } from "../stream/compile.js";
import { frameSizesOf } from "../stream/spec.js";
import { fcsBytes } from "../units.js";
import { directLoop } from "./direct-loop.js";
import type { CreateJob, Job, JobContext, OpenPort } from "./job.js";
import { LagWindow } from "./lag-window.js";
import { QueueSender } from "./queue-sender.js";
import { Receiver } from "./receiver.js";
import type { Sender } from "./sender.js";
import { Transmitter } from "./transmitter.js";
import {
  generatorCounter as counter,
  type FloorAnswer,
  type GeneratorCommand,
  generatorPhase as phase,
  type TrialOrder,
  type TrialReport,
} from "./trial-order.js";

/** What the job is made with: how many ports it has, 1 or 2. */
export interface GeneratorOptions {
  readonly ports: 1 | 2;
}

/** When everything is back, a duplicate may still come; this long is enough to see it. */
const quietWhenCompleteNs = 20_000_000;
const countersEveryNs = 1_000_000;

/** 5,000 single frames at 50 kpps: 100 ms, in which V8 has compiled it all long before the median. */
const floorLoad = {
  queues: 1,
  load: { kind: "paced", pps: 50_000 },
  count: 5_000,
  durationNs: Number.POSITIVE_INFINITY,
  settleNs: 0,
  cooperative: true,
} as const;

interface Trial {
  readonly order: TrialOrder;
  readonly senders: readonly Sender[];
  readonly transmitter: Transmitter;
  readonly receiver: Receiver;
  epochNs: number;
  receivedInWindow: number;
  sleepsBefore: number;
  neverQuiet: boolean;
  slept: boolean;
  elapsedNs: number;
  calibrationBeforeNs: number;
  phase: number;
}

class Generator implements Job {
  readonly #context: JobContext;
  readonly #ports: (OpenPort | null)[];
  #trial: Trial | null = null;
  #generation = 0;
  #countersDueNs = 0;

  constructor(context: JobContext) {
    this.#context = context;
    const { ports } = context.options as GeneratorOptions;
    this.#ports = Array.from({ length: ports }, () => null);
  }

  attach(index: number, port: OpenPort | null): void {
    this.#ports[index] = port;
    const trial = this.#trial;
    if (trial === null) return;
    if (port === null && trial.phase === phase.sending && trial.epochNs >= 0) {
      trial.transmitter.end(this.#context.nowNs() - trial.epochNs, "peer gone");
    }
    this.#attachTrial(trial);
  }

  command(message: unknown): unknown {
    const command = message as GeneratorCommand;
    switch (command.kind) {
      case "trial":
        this.#trial = this.#prepare(command.order);
        return null;
      case "stop":
        if (this.#trial !== null) this.#trial.transmitter.end(this.#sinceEpochNs(this.#trial), "stopped");
        return null;
      case "floor":
        return this.#floor(command.order);
      case "report":
        return this.#report();
    }
  }

  /** A short trial of the same code through a loop in this thread. */
  #floor(order: TrialOrder): FloorAnswer {
    const loop = directLoop(Math.max(...frameSizesOf(order.size)) - fcsBytes);
    let done = false;
    const own = new Generator({
      ...this.#context,
      memory: loop.memory,
      options: { ports: 1 } satisfies GeneratorOptions,
      counters: new Float64Array(counter.slots),
      post: () => {
        done = true;
      },
    });
    own.attach(0, loop.port);
    own.command({ kind: "trial", order: { ...order, ...floorLoad } });
    while (!done) {
      own.step();
      loop.turn();
    }
    const { latency } = own.#report().receive;
    return latency === null ? Number.NaN : Histogram.fromData(latency).percentile(0.5);
  }

  /** In a trial it polls: a thread that sleeps is late, and sees frames late. */
  mayRest(): boolean {
    return this.#trial === null || this.#trial.phase === phase.done;
  }

  step(): number {
    const trial = this.#trial;
    if (trial === null || trial.phase === phase.done) return 0;
    const { nowNs } = this.#context;
    if (trial.epochNs < 0) {
      trial.epochNs = nowNs();
      trial.sleepsBefore = this.#context.sleeps();
      trial.transmitter.start(trial.epochNs);
    }
    const now = nowNs() - trial.epochNs;
    let moved = 0;
    if (trial.phase === phase.sending) {
      this.#context.touching.port = 0;
      moved = trial.transmitter.step(now);
      if (trial.transmitter.ended) {
        trial.phase = phase.settling;
        trial.receivedInWindow = trial.receiver.received;
        trial.slept = this.#context.sleeps() > trial.sleepsBefore;
      }
    }
    this.#context.touching.port = this.#ports.length - 1;
    moved += trial.receiver.step(nowNs, trial.epochNs);
    if (now >= this.#countersDueNs) this.#publishCounters(trial, now);
    if (trial.phase === phase.settling) this.#settle(trial, now, moved);
    return moved === 0 && trial.transmitter.isWakeful(now) ? 1 : moved;
  }

  #prepare(order: TrialOrder): Trial {
    const { memory } = this.#context;
    const program = compileStream(order.stream, order.size);
    this.#generation = (this.#generation % 65_535) + 1;
    const senders = Array.from(
      { length: order.queues },
      (_, queue) =>
        new QueueSender({
          memory,
          program,
          queue,
          queues: order.queues,
          trial: order.trial,
          startSequence: order.startSequence,
          generation: this.#generation,
        }),
    );
    const lag = order.load.kind === "paced" ? new LagWindow() : null;
    const trial: Trial = {
      order,
      senders,
      transmitter: new Transmitter(order, senders, this.#context.nowNs, lag),
      receiver: new Receiver(order, program, memory, lag, (queue) => senders[queue].published),
      epochNs: -1,
      receivedInWindow: 0,
      sleepsBefore: 0,
      neverQuiet: false,
      slept: false,
      elapsedNs: 0,
      calibrationBeforeNs: calibrate(this.#context.nowNs),
      phase: phase.sending,
    };
    this.#attachTrial(trial);
    this.#countersDueNs = 0;
    return trial;
  }

  #attachTrial(trial: Trial): void {
    const transmits = this.#ports[0];
    const receives = this.#ports.at(-1);
    for (const sender of trial.senders) sender.attach(transmits?.queues[sender.queue] ?? null);
    trial.receiver.attach(receives?.queues ?? []);
  }

  #sinceEpochNs(trial: Trial): number {
    return trial.epochNs < 0 ? 0 : this.#context.nowNs() - trial.epochNs;
  }

  /** The trial is over when nothing has come for long enough after the last frame was sent. */
  #settle(trial: Trial, nowNs: number, moved: number): void {
    if (nowNs - trial.transmitter.endedNs > longestSettleNs(trial)) {
      trial.neverQuiet = true;
      this.#finish(trial, nowNs);
      return;
    }
    if (moved > 0) return;
    const quietSinceNs = Math.max(trial.transmitter.endedNs, trial.receiver.lastArrivalNs);
    const quietNs = nowNs - quietSinceNs;
    if (quietNs < Math.min(quietWhenCompleteNs, trial.order.settleNs)) return;
    if (!isComplete(trial) && quietNs < trial.order.settleNs) return;
    this.#finish(trial, nowNs);
  }

  #finish(trial: Trial, nowNs: number): void {
    trial.elapsedNs = nowNs;
    trial.phase = phase.done;
    this.#publishCounters(trial, nowNs);
    this.#context.post({ kind: "done" });
  }

  #publishCounters(trial: Trial, nowNs: number): void {
    this.#countersDueNs = nowNs + countersEveryNs;
    const { counters } = this.#context;
    counters[counter.phase] = trial.phase;
    counters[counter.published] = trial.transmitter.published;
    counters[counter.received] = trial.receiver.received;
    counters[counter.accepted] = trial.receiver.accepted;
    counters[counter.corrupt] = trial.receiver.corrupt;
    counters[counter.missing] = trial.receiver.missing;
    counters[counter.elapsedNs] = nowNs;
  }

  #report(): TrialReport {
    const trial = this.#trial;
    if (trial === null) throw usageError("no trial was run");
    const transmit = trial.transmitter.report(trial.receiver.acceptedByQueue());
    const sentByQueue = transmit.queues.map(({ published, outstanding }) => published - outstanding);
    return {
      transmit,
      receive: trial.receiver.report(sentByQueue, trial.receivedInWindow),
      slept: trial.slept,
      neverQuiet: trial.neverQuiet,
      elapsedNs: trial.elapsedNs,
      calibrationNs: [trial.calibrationBeforeNs, calibrate(this.#context.nowNs)],
    };
  }
}

/** A DUT that goes on sending by itself is not waited for: three times the settle time, or what a person waits. */
function longestSettleNs({ order, transmitter }: Trial): number {
  return transmitter.wasStopped ? Math.min(order.settleNs, 500e6) : 3 * order.settleNs + 2e9;
}

/** Every frame was taken and has come back. */
function isComplete({ senders, receiver }: Trial): boolean {
  let sent = 0;
  for (const sender of senders) {
    if (sender.outstanding() > 0) return false;
    sent += sender.published;
  }
  return receiver.accepted + receiver.corrupt >= sent;
}

/** The least time of a few runs of a fixed piece of work: what the machine's speed is now. */
function calibrate(nowNs: () => number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 8; round++) {
    const start = nowNs();
    let x = round | 1;
    for (let i = 0; i < 50_000; i++) x = Math.imul(x ^ (x >>> 13), 0x5bd1e995);
    const took = nowNs() - start + (x === 0 ? 1 : 0);
    if (took < best) best = took;
  }
  return best;
}

export const createJob: CreateJob = (context) => new Generator(context);
