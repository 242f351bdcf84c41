/** The receive half of a trial alone: somebody else sends, and what is sent is known by its options, as it was there. */
import { usageError } from "../../errors.js";
import { compileStream } from "../../stream/frames/compile.js";
import type { CreateJob, Job, JobContext, OpenPort } from "../loop/job.js";
import { TrialClock } from "../loop/trial-clock.js";
import type { ReceiveOnlyReport } from "../loop/trial-report.js";
import type { ReceiveSpec } from "../loop/trial-spec.js";
import { Receiver } from "../receive/receiver.js";
import type { ReceiveCommand } from "./commands.js";
import { generatorCounter as counter, generatorPhase as phase } from "./counters.js";

/** When everything has come, a duplicate may still; this long is enough to see it. */
const quietWhenCompleteNs = 20_000_000;
const countersEveryNs = 1_000_000;

interface ReceiveTrial {
  readonly order: ReceiveSpec;
  readonly receiver: Receiver;
  readonly clock: TrialClock;
  begun: boolean;
  firstNs: number;
  elapsedNs: number;
  sleepsBefore: number;
  done: boolean;
  stopped: boolean;
}

class ReceiveJob implements Job {
  readonly #context: JobContext;
  #port: OpenPort | null = null;
  #half: ReceiveTrial | null = null;
  #countersDueNs = 0;

  constructor(context: JobContext) {
    this.#context = context;
  }

  attach(_index: number, port: OpenPort | null): void {
    this.#port = port;
    this.#half?.receiver.attach(port?.queues ?? []);
    if (port === null && this.#half !== null) this.#end(this.#half, true);
  }

  command(message: unknown): unknown {
    const command = message as ReceiveCommand;
    switch (command.kind) {
      case "receive":
        this.#half = this.#prepare(command.order);
        return null;
      case "stop":
        if (this.#half !== null) this.#end(this.#half, true);
        return null;
      case "report":
        return this.#report();
    }
  }

  mayRest(): boolean {
    return this.#half === null || this.#half.done;
  }

  step(): number {
    const half = this.#half;
    if (half === null || half.done) return 0;
    const { clock } = half;
    if (!half.begun) clock.begin();
    half.begun = true;
    this.#context.touching.port = 0;
    const moved = half.receiver.step();
    clock.read();
    const now = clock.nowNs;
    if (half.firstNs < 0 && half.receiver.received > 0) half.firstNs = half.receiver.lastArrivalNs;
    if (now >= this.#countersDueNs) this.#publishCounters(half, now);
    if (this.#isOver(half, now)) this.#end(half, false);
    return moved;
  }

  #prepare(order: ReceiveSpec): ReceiveTrial {
    const { memory, sleeps } = this.#context;
    const program = compileStream(order.order.stream, order.order.size);
    const clock = new TrialClock(this.#context.nowNs);
    const published = (): number => Number.POSITIVE_INFINITY;
    const { pinsTrial } = order;
    const parts = { memory, program, clock, lag: null, published, foreignFrames: null, pinsTrial };
    const receiver = new Receiver({ order: order.order, ...parts });
    receiver.attach(this.#port?.queues ?? []);
    this.#countersDueNs = 0;
    const times = { begun: false, firstNs: -1, elapsedNs: 0, sleepsBefore: sleeps() };
    return { order, receiver, clock, ...times, done: false, stopped: false };
  }

  #isOver({ order, receiver, firstNs }: ReceiveTrial, nowNs: number): boolean {
    if (firstNs < 0) return nowNs > order.waitNs;
    if (nowNs - firstNs > order.durationNs) return true;
    const quietNs = nowNs - receiver.lastArrivalNs;
    const complete = receiver.accepted >= (order.order.count ?? Number.POSITIVE_INFINITY);
    return quietNs > (complete ? Math.min(quietWhenCompleteNs, order.quietNs) : order.quietNs);
  }

  #end(half: ReceiveTrial, stopped: boolean): void {
    if (half.done) return;
    half.done = true;
    half.stopped = stopped;
    if (half.begun) half.clock.read();
    half.elapsedNs = half.clock.nowNs;
    this.#publishCounters(half, half.elapsedNs);
    this.#context.post({ kind: "done" });
  }

  #publishCounters({ receiver, done, firstNs }: ReceiveTrial, nowNs: number): void {
    this.#countersDueNs = nowNs + countersEveryNs;
    const { counters } = this.#context;
    counters[counter.phase] = done ? phase.done : firstNs < 0 ? phase.idle : phase.sending;
    counters[counter.received] = receiver.received;
    counters[counter.accepted] = receiver.accepted;
    counters[counter.corrupt] = receiver.corrupt;
    counters[counter.missing] = receiver.missing;
    counters[counter.elapsedNs] = nowNs;
  }

  #report(): ReceiveOnlyReport {
    const half = this.#half;
    if (half === null) throw usageError("nothing was received");
    const { receiver, firstNs, elapsedNs, sleepsBefore, stopped } = half;
    const seenByQueue = receiver.seenByQueue();
    return {
      receive: receiver.report(seenByQueue, null),
      trial: receiver.trial,
      seenByQueue,
      firstNs,
      elapsedNs,
      slept: this.#context.sleeps() > sleepsBefore,
      stopped,
    };
  }
}

export const createJob: CreateJob = (context) => new ReceiveJob(context);
