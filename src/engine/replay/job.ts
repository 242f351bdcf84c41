/**
 * The loop job that replays frames from a pipe. One thread sends and receives. A replay waits until the pipe is filled,
 * sends, then settles: it still receives what is under way.
 */
import { usageError } from "../../errors.js";
import {
  type CreateJob,
  countersEveryNs,
  type Job,
  type JobContext,
  type OpenPort,
  quietWhenCompleteNs,
  TrialClock,
} from "../loop/index.js";
import { PipeReader, PipeRecorder } from "../pipe/index.js";
import { ReplayReceiver } from "./receive.js";
import { rehearseReplay } from "./rehearsal.js";
import { ReplaySender, stuckNs } from "./send.js";
import {
  replayCounter as counter,
  replayPhase as phase,
  type ReplayCommand,
  type ReplayJobOptions,
  type ReplayReport,
  type ReplaySpec,
} from "./spec.js";

/** Times in ns since the replay began: doubles that stay where they are, see trial-clock.ts. */
const cell = { countersDueNs: 0, elapsedNs: 1, count: 2 } as const;

/** One replay. */
interface Run {
  readonly spec: ReplaySpec;
  readonly pipe: PipeReader;
  readonly sender: ReplaySender;
  readonly receiver: ReplayReceiver;
  phase: number;
}

class Replay implements Job {
  readonly #context: JobContext;
  readonly #senders: 1 | 2;
  readonly #ports: (OpenPort | null)[];
  readonly #clock: TrialClock;
  readonly #cells = new Float64Array(cell.count);
  #run: Run | null = null;

  constructor(context: JobContext) {
    const { ports, senders } = context.options as ReplayJobOptions;
    this.#context = context;
    this.#senders = senders;
    this.#ports = Array.from({ length: ports }, () => null);
    this.#clock = new TrialClock(context.nowNs);
  }

  attach(index: number, port: OpenPort | null): void {
    const isLost = port === null && this.#ports[index] !== null;
    this.#ports[index] = port;
    const run = this.#run;
    if (run === null) return;
    run.sender.attach(index, port);
    if (isLost) this.#end(run, "peer gone");
  }

  command(message: unknown): unknown {
    const command = message as ReplayCommand;
    switch (command.kind) {
      case "rehearse":
        return rehearseReplay(createJob, this.#context, this.#ports, command.spec);
      case "replay":
        this.#run = this.#begin(command.spec);
        return null;
      case "stop":
        if (this.#run !== null) this.#end(this.#run, "stopped");
        return null;
      case "report":
        return this.#report();
    }
  }

  mayRest(): boolean {
    return this.#run === null || this.#run.phase === phase.done;
  }

  step(): number {
    const run = this.#run;
    if (run === null || run.phase === phase.done) return 0;
    this.#clock.read();
    if (run.phase === phase.waiting) return this.#waitForFrames(run);
    let moved = run.phase === phase.sending ? run.sender.step() : 0;
    if (run.sender.ended) run.phase = phase.settling;
    moved += run.receiver.step();
    if (this.#clock.nowNs >= this.#cells[cell.countersDueNs]) this.#publishCounters(run);
    if (run.phase === phase.settling) this.#settle(run);
    return moved === 0 && run.phase === phase.sending && run.sender.isWakeful() ? 1 : moved;
  }

  #begin(spec: ReplaySpec): Run {
    const { memory, inUse } = this.#context;
    const [recordTx, recordRx] = [spec.recordTx, spec.recordRx].map((to) => to && new PipeRecorder(memory, to));
    const clock = this.#clock;
    const pipe = new PipeReader(memory, spec.pipe);
    const receiver = new ReplayReceiver(this.#context, this.#ports, clock, recordRx);
    const sender = new ReplaySender({
      memory,
      inUse,
      clock,
      ports: this.#ports.length,
      senders: this.#senders,
      spec,
      pipe,
      recorder: recordTx,
      received: () => receiver.received,
    });
    for (const [index, port] of this.#ports.entries()) sender.attach(index, port);
    this.#cells.fill(0);
    clock.begin();
    return { spec, pipe, sender, receiver, phase: phase.waiting };
  }

  /** The replay begins when the pipe is full, or all of the file is in it. */
  #waitForFrames(run: Run): number {
    if (!run.pipe.filled) {
      run.receiver.step();
      return 0;
    }
    run.sender.start();
    this.#clock.begin();
    run.phase = phase.sending;
    return 1;
  }

  /** Ends a replay that still sends, or waits for frames to send. */
  #end(run: Run, why: "stopped" | "peer gone"): void {
    if (run.phase >= phase.settling) return;
    this.#clock.read();
    run.sender.end(why);
    run.phase = phase.settling;
  }

  /** The replay is over when rings are empty and nothing has come for long enough. */
  #settle(run: Run): void {
    const { sender, receiver, spec } = run;
    const { settleNs, awaited } = spec;
    const { nowNs } = this.#clock;
    const sinceEndNs = nowNs - sender.endedNs;
    const longestDrainNs = sender.cutShort === null ? Math.max(settleNs, stuckNs) : settleNs;
    if (sender.waiting() > 0 && sinceEndNs < longestDrainNs) return;
    const isComplete = awaited !== null && receiver.received >= (awaited === "each" ? sender.sent : awaited);
    const quietNs = nowNs - Math.max(sender.endedNs, receiver.lastArrivalNs);
    const isQuiet = quietNs >= (isComplete ? Math.min(settleNs, quietWhenCompleteNs) : settleNs);
    // A peer that never stops sending is not waited for.
    if (!isQuiet && sinceEndNs < 3 * settleNs + 2e9) return;
    receiver.end();
    this.#cells[cell.elapsedNs] = nowNs;
    run.phase = phase.done;
    this.#publishCounters(run);
    this.#context.post({ kind: "done" });
  }

  #publishCounters({ sender, receiver, phase: now }: Run): void {
    const { nowNs } = this.#clock;
    this.#cells[cell.countersDueNs] = nowNs + countersEveryNs;
    sender.publishRecording();
    const { counters } = this.#context;
    counters[counter.phase] = now;
    counters[counter.published] = sender.sent;
    counters[counter.received] = receiver.received;
    counters[counter.elapsedNs] = nowNs;
  }

  #report(): ReplayReport {
    if (this.#run === null) throw usageError("nothing was replayed");
    const { sender, receiver } = this.#run;
    return {
      ports: this.#ports.map((_, port) => ({ ...sender.reportOf(port), ...receiver.reportOf(port) })),
      ...sender.report(),
      elapsedNs: this.#cells[cell.elapsedNs],
      unrecordedRx: receiver.unrecorded,
      cutShort: sender.cutShort,
    };
  }
}

export const createJob: CreateJob = (context) => new Replay(context);
