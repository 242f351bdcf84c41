/** The receiving half of a trial alone. Another process sends; its options say how the frames look. */
import { usageError } from "../../errors.js";
import { compileStream } from "../../stream/frames/compile.js";
import {
  type CreateJob,
  countersEveryNs,
  type Job,
  type JobContext,
  type OpenPort,
  quietWhenCompleteNs,
  type ReceiveOnlyReport,
  type ReceiveSpec,
  TrialClock,
} from "../loop/index.js";
import { Receiver } from "../receive/index.js";
import type { ReceiveCommand } from "./commands.js";
import { generatorCounter as counter, generatorPhase as phase } from "./counters.js";

interface ReceiveTrial {
  readonly spec: ReceiveSpec;
  readonly receiver: Receiver;
  readonly clock: TrialClock;
  begun: boolean;
  elapsedNs: number;
  sleepsBefore: number;
  done: boolean;
  stopped: boolean;
}

/** Doubles in a typed array; trial-clock.ts says why. */
const cell = {
  countersDueNs: 0,
  /** When the first frame of ours came; −1: none has. */
  firstNs: 1,
  count: 2,
} as const;

class ReceiveJob implements Job {
  readonly #context: JobContext;
  #port: OpenPort | null = null;
  #trial: ReceiveTrial | null = null;
  readonly #cells = new Float64Array(cell.count);

  constructor(context: JobContext) {
    this.#context = context;
  }

  attach(_index: number, port: OpenPort | null): void {
    this.#port = port;
    this.#trial?.receiver.attach(port?.queues ?? []);
    if (port === null && this.#trial !== null) this.#end(this.#trial, true);
  }

  command(message: unknown): unknown {
    const command = message as ReceiveCommand;
    switch (command.kind) {
      case "receive":
        this.#trial = this.#prepare(command.spec);
        return null;
      case "stop":
        if (this.#trial !== null) this.#end(this.#trial, true);
        return null;
      case "report":
        return this.#report();
    }
  }

  mayRest(): boolean {
    return this.#trial === null || this.#trial.done;
  }

  step(): number {
    const trial = this.#trial;
    if (trial === null || trial.done) return 0;
    const { clock } = trial;
    if (!trial.begun) clock.begin();
    trial.begun = true;
    this.#context.inUse.port = 0;
    const moved = trial.receiver.step();
    clock.read();
    const now = clock.nowNs;
    if (this.#cells[cell.firstNs] < 0 && trial.receiver.account.received > 0)
      this.#cells[cell.firstNs] = trial.receiver.account.lastArrivalNs;
    if (now >= this.#cells[cell.countersDueNs]) this.#publishCounters(trial, now);
    if (this.#isOver(trial, now)) this.#end(trial, false);
    return moved;
  }

  #prepare(spec: ReceiveSpec): ReceiveTrial {
    const { memory, sleeps } = this.#context;
    const program = compileStream(spec.sent.stream, spec.sent.size);
    const clock = new TrialClock(this.#context.nowNs);
    const published = (): number => Number.POSITIVE_INFINITY;
    const { pinsTrial } = spec;
    const parts = { memory, program, clock, lag: null, published, foreignFrames: null, pinsTrial };
    const receiver = new Receiver({ spec: spec.sent, ...parts });
    receiver.attach(this.#port?.queues ?? []);
    this.#cells[cell.countersDueNs] = 0;
    this.#cells[cell.firstNs] = -1;
    const times = { begun: false, elapsedNs: 0, sleepsBefore: sleeps() };
    return { spec, receiver, clock, ...times, done: false, stopped: false };
  }

  #isOver({ spec, receiver }: ReceiveTrial, nowNs: number): boolean {
    const firstNs = this.#cells[cell.firstNs];
    if (firstNs < 0) return nowNs > spec.waitNs;
    if (nowNs - firstNs > spec.durationNs) return true;
    const quietNs = nowNs - receiver.account.lastArrivalNs;
    const complete = receiver.account.accepted >= (spec.sent.count ?? Number.POSITIVE_INFINITY);
    return quietNs > (complete ? Math.min(quietWhenCompleteNs, spec.quietNs) : spec.quietNs);
  }

  #end(trial: ReceiveTrial, stopped: boolean): void {
    if (trial.done) return;
    trial.done = true;
    trial.stopped = stopped;
    if (trial.begun) trial.clock.read();
    trial.elapsedNs = trial.clock.nowNs;
    this.#publishCounters(trial, trial.elapsedNs);
    this.#context.post({ kind: "done" });
  }

  #publishCounters({ receiver, done }: ReceiveTrial, nowNs: number): void {
    this.#cells[cell.countersDueNs] = nowNs + countersEveryNs;
    const { counters } = this.#context;
    counters[counter.phase] = done ? phase.done : this.#cells[cell.firstNs] < 0 ? phase.idle : phase.sending;
    counters[counter.received] = receiver.account.received;
    counters[counter.accepted] = receiver.account.accepted;
    counters[counter.corrupt] = receiver.account.corrupt;
    counters[counter.missing] = receiver.account.missing;
    counters[counter.elapsedNs] = nowNs;
  }

  #report(): ReceiveOnlyReport {
    const trial = this.#trial;
    if (trial === null) throw usageError("nothing was received");
    const { receiver, elapsedNs, sleepsBefore, stopped } = trial;
    const seenByQueue = receiver.seenByQueue();
    return {
      receive: receiver.report(seenByQueue, null),
      trial: receiver.trial,
      seenByQueue,
      firstNs: this.#cells[cell.firstNs],
      elapsedNs,
      slept: this.#context.sleeps() > sleepsBefore,
      stopped,
    };
  }
}

export const createJob: CreateJob = (context) => new ReceiveJob(context);
