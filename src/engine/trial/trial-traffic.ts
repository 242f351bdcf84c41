/**
 * The traffic of trials: all directions of one trial at a time, in one thread. So departures and arrivals are read from
 * one clock, and nothing is shared. The first direction sends on port 0 and receives on the last port; the second
 * direction goes the other way. A single port does both. Several such loops may each have a share of a trial, and then
 * tell each other of frames that came in at the wrong one.
 */

import { usageError } from "../../errors.js";
import { LoadedPrograms } from "../../program/load-program.js";
import { isReverse } from "../../stream/reverse.js";
import {
  type CreateJob,
  countersEveryNs,
  type JobContext,
  type OpenPort,
  type SenderTotal,
  type Traffic,
  TrialClock,
  type TrialReport,
  type TrialSpec,
} from "../loop/index.js";
import type { ResponderSetup } from "../neighbour/index.js";
import { StrayBoxes, type StrayMemory, strayCell } from "../receive/index.js";
import { BetweenTrials } from "./between-trials.js";
import { calibrate } from "./calibrate.js";
import type { BetweenOutcome, BetweenTask, GeneratorCommand } from "./commands.js";
import { generatorPhase as phase } from "./counters.js";
import { Direction } from "./direction.js";
import { LiveLatency, type LiveMemory } from "./live-memory.js";
import { LoadReceiver } from "./load-queue.js";
import { isSettled, newTrial, publishCounters, type RunningTrial, takeTurns } from "./open-trial.js";
import { ownFloor, ownSpeed } from "./own-figures.js";
import { Rehearsal } from "./rehearsal.js";
import { Responders } from "./responders.js";

/** What the job is made with: its ports, and who answers neighbours at each. Absent or null: nobody. */
export interface TrialOptions {
  readonly ports: 1 | 2;
  readonly responders?: readonly (ResponderSetup | null)[];
  /** URLs of the modules of streams that are programs. */
  readonly programs?: readonly string[];
  /** Which of several workers this is, and how they tell each other of their frames. Absent: it is the only one. */
  readonly strays?: { readonly worker: number; readonly memory: StrayMemory };
  /** What others may read and write while a trial runs. Absent: nobody does. */
  readonly live?: LiveMemory;
}

/** A schedule begins after some turns of the loop. Otherwise its first frames leave late, and then too fast. */
export const scheduleLeadNs = 200_000;

export class TrialTraffic implements Traffic {
  readonly #context: JobContext;
  readonly #createJob: CreateJob;
  readonly #ports: (OpenPort | null)[];
  readonly #responders: Responders;
  /** null: there is no other worker. */
  readonly #strays: StrayBoxes | null;
  /** Frames of ours that came in at another worker. Made once: the loop allocates nothing. */
  readonly #takeStray: (records: Float64Array, at: number) => void;
  /** null: nobody changes a load. */
  readonly #turns: LoadReceiver | null;
  readonly #latency: LiveLatency | null;
  #trial: RunningTrial | null = null;
  #between: BetweenTrials | null = null;
  #generation = 0;
  /** A double in a typed array; trial-clock.ts says why. */
  readonly #countersDueNs = new Float64Array(1);

  /** `createJob`: makes another job of its kind, to rehearse with. */
  constructor(context: JobContext, options: TrialOptions, createJob: CreateJob) {
    this.#context = context;
    this.#createJob = createJob;
    const { ports, responders = [], strays, live } = options;
    this.#ports = Array.from({ length: ports }, () => null);
    this.#responders = new Responders(context, ports, responders);
    this.#strays = strays === undefined ? null : new StrayBoxes(strays.memory, strays.worker);
    this.#turns = live === undefined ? null : new LoadReceiver(live.turns);
    this.#latency = live === undefined ? null : new LiveLatency(live.latency);
    this.#takeStray = (records, at) =>
      this.#trial?.directions[records[at + strayCell.direction]].receiver.takeStray(records, at);
  }

  attach(index: number, port: OpenPort | null): void {
    this.#ports[index] = port;
    this.#responders.attach(index, port);
    const trial = this.#trial;
    if (trial === null) return;
    if (port === null && trial.phase === phase.sending && trial.begun) {
      for (const direction of trial.directions) {
        if (direction.spec.outlastsPeer !== true) direction.end(this.#sinceEpochNs(trial), "peer gone");
      }
    }
    this.#attachTrial(trial);
  }

  command(message: unknown): unknown {
    const command = message as GeneratorCommand;
    switch (command.kind) {
      case "trial":
        this.#trial = this.#prepare(command.specs);
        return null;
      case "appoint":
        if (this.#trial !== null) this.#trial.startAtNs = command.startAtNs;
        return null;
      case "skews":
        for (const { flow } of this.#trial?.directions ?? []) flow?.skew(command.skews);
        return null;
      case "totals":
        if (this.#trial !== null) this.#endWith(this.#trial, command.totals);
        return null;
      case "stop":
        this.#between?.stop();
        if (this.#trial !== null) this.#stop(this.#trial, command.why ?? "stopped");
        return null;
      case "floor":
        return ownFloor(command.spec, (specs) => this.#rehearse(specs));
      case "speed":
        return ownSpeed(command.spec, (specs) => this.#rehearse(specs));
      case "report":
        return this.#report();
      case "between":
        this.#between = this.#betweenOf(command.task);
        return null;
      case "outcome":
        return this.#outcome();
    }
  }

  #endWith(trial: RunningTrial, totals: readonly SenderTotal[]): void {
    if (trial.phase === phase.done || !trial.begun) return;
    for (const direction of trial.directions) direction.totals(totals, this.#sinceEpochNs(trial));
  }

  #stop(trial: RunningTrial, why: "stopped" | "short"): void {
    if (!trial.begun) trial.startAtNs = null;
    for (const direction of trial.directions) direction.end(this.#sinceEpochNs(trial), why);
  }

  #betweenOf(task: BetweenTask): BetweenTrials {
    return new BetweenTrials(task, this.#responders, task.kind === "rehearse" ? this.#rehearse(task.specs) : null);
  }

  #rehearse(specs: readonly TrialSpec[]): Rehearsal {
    return new Rehearsal(this.#createJob, this.#context, this.#ports, specs);
  }

  /** A thread that sleeps in a trial sends late, and sees frames late. */
  get mayRest(): boolean {
    if (this.#between !== null) return this.#between.rehearsal === null;
    return this.#trial === null || this.#trial.phase === phase.done;
  }

  /** A trial runs: its time has come, and it is not over. */
  isOpen(): boolean {
    const trial = this.#trial;
    if (this.#between !== null || trial === null || trial.phase === phase.done) return false;
    return trial.begun || this.#begin(trial);
  }

  stepBeside(): number {
    if (this.#between !== null) return this.#stepBetween(this.#between);
    const trial = this.#trial;
    if (trial === null) return 0;
    // Its appointed time has not come.
    if (trial.phase !== phase.done) return 1;
    // Other workers may still send, and their frames may come in here.
    return this.#strays !== null && this.#isReportDue() ? this.#receiveBeside(trial) : 0;
  }

  beginTurn(): void {
    const { phase: now, clock } = this.#trial!;
    if (now === phase.sending) clock.turn();
    else clock.read();
  }

  /** Changes of the load are taken now and then. */
  takeCommands(): number {
    return 0;
  }

  send(): number {
    const trial = this.#trial!;
    return trial.phase === phase.sending ? this.#send(trial) : 0;
  }

  receive(): number {
    const { directions, clock } = this.#trial!;
    let moved = 0;
    for (let d = 0; d < directions.length; d++) {
      const { receiver, transmitter, rxPort } = directions[d];
      this.#context.inUse.port = rxPort;
      if (transmitter.account.ended) directions[d].closeWindow(clock.nowNs);
      moved += receiver.step();
    }
    return this.#strays === null ? moved : moved + this.#strays.take(this.#takeStray);
  }

  answer(): number {
    return this.#responders.serve();
  }

  endTurn(): void {
    const trial = this.#trial!;
    if (trial.clock.nowNs >= this.#countersDueNs[0]) this.#look(trial);
    if (trial.phase === phase.settling) this.#settle(trial);
  }

  get isWakeful(): boolean {
    const { directions } = this.#trial!;
    for (let d = 0; d < directions.length; d++) if (directions[d].transmitter.isWakeful()) return true;
    return false;
  }

  /** What comes when a trial is over and its account still open. */
  #receiveBeside(trial: RunningTrial): number {
    let moved = 0;
    for (const { receiver, rxPort } of trial.directions) {
      this.#context.inUse.port = rxPort;
      moved += receiver.step();
    }
    if (this.#strays !== null) moved += this.#strays.take(this.#takeStray);
    return moved + this.#responders.serve();
  }

  /** false: the appointed time has not come. */
  #begin(trial: RunningTrial): boolean {
    const leadNs = trial.directions.every(({ spec }) => spec.load.kind !== "max") ? scheduleLeadNs : 0;
    const { startAtNs } = trial;
    if (startAtNs === null) trial.clock.begin(leadNs);
    else {
      const aheadNs = startAtNs - this.#context.nowNs();
      if (aheadNs > leadNs) return false;
      trial.clock.beginAt(startAtNs);
      trial.begunLateNs = Math.max(0, -aheadNs);
    }
    trial.begun = true;
    trial.sleepsBefore = this.#context.sleeps();
    for (const { transmitter } of trial.directions) transmitter.start();
    return true;
  }

  /** One turn of every direction. When the last one has ended, the trial settles. */
  #send(trial: RunningTrial): number {
    const { inUse } = this.#context;
    const { directions } = trial;
    let moved = 0;
    let ended = true;
    for (let d = 0; d < directions.length; d++) {
      const direction = directions[d];
      inUse.port = direction.txPort;
      moved += direction.send();
      ended &&= direction.transmitter.account.ended;
      // Then the other direction's figures are useless, too.
      if (direction.transmitter.account.cutShort === "short")
        for (const other of directions) other.end(trial.clock.nowNs, "short");
    }
    if (ended) {
      trial.phase = phase.settling;
      trial.slept = this.#context.sleeps() > trial.sleepsBefore;
      if (directions[0].transmitter.account.cutShort === "short") this.#context.post({ kind: "short" });
    }
    return moved;
  }

  #prepare(specs: readonly TrialSpec[]): RunningTrial {
    this.#generation = (this.#generation % 65_535) + 1;
    // What is left of the last trial was told too late.
    this.#strays?.take(() => {});
    const clock = new TrialClock(this.#context.nowNs);
    const trial = newTrial(this.#directionsOf(specs, clock), clock, calibrate(this.#context.nowNs));
    this.#attachTrial(trial);
    this.#countersDueNs[0] = 0;
    return trial;
  }

  #directionsOf(specs: readonly TrialSpec[], clock: TrialClock): Direction[] {
    const last = this.#ports.length - 1;
    const directions = specs.map((spec, d) => {
      // A reverse spec alone goes back as well: it sends learning frames to the output port.
      const isBack = isReverse(spec.firstStream ?? 0) || d === 1;
      const [txPort, rxPort] = isBack ? [last, 0] : [0, last];
      const foreignFrames = this.#responders.at(rxPort);
      const live = this.#ports[txPort]?.queues[0]?.live != null;
      return new Direction(this.#context.memory, clock, {
        spec,
        txPort,
        rxPort,
        generation: this.#generation,
        foreignFrames,
        live,
        direction: d,
        strays: this.#strays,
        programs: programs.of(spec.stream),
        latency: this.#latency?.of(d),
      });
    });
    this.#responders.begin(specs[0].trial, directions);
    return directions;
  }

  #attachTrial(trial: RunningTrial): void {
    for (const direction of trial.directions) {
      this.#context.inUse.port = direction.txPort;
      direction.attach(this.#ports);
    }
  }

  #sinceEpochNs(trial: RunningTrial): number {
    if (trial.begun) trial.clock.read();
    return trial.begun ? trial.clock.nowNs : 0;
  }

  /** One turn of a task between trials, over all ports. The last trial counts what it takes, if its account is open. */
  #stepBetween(running: BetweenTrials): number {
    if (running.done) return 0;
    if (running.rehearsal !== null) return this.#stepRehearsal(running, running.rehearsal);
    const trial = this.#trial;
    let moved = 0;
    if (trial !== null && this.#isReportDue()) moved = this.#receiveBeside(trial);
    else moved = this.#responders.serveAll();
    if (running.step(moved, this.#context.nowNs())) this.#context.post({ kind: "done" });
    return moved;
  }

  #stepRehearsal(running: BetweenTrials, rehearsal: Rehearsal): number {
    const moved = rehearsal.step();
    if (running.step(0, this.#context.nowNs())) this.#context.post({ kind: "done" });
    return moved;
  }

  /** A trial is over and not reported yet: it counts what is moved now. */
  #isReportDue(): boolean {
    return this.#trial !== null && this.#trial.phase === phase.done && !this.#trial.reported;
  }

  #outcome(): BetweenOutcome {
    if (this.#between === null) throw usageError("nothing was run between trials");
    const outcome = this.#between.outcome(this.#isReportDue());
    this.#between = null;
    return outcome;
  }

  /** Kicks for what may still lie in a ring, and looks whether the trial is over. */
  #settle(trial: RunningTrial): void {
    for (const direction of trial.directions) {
      this.#context.inUse.port = direction.txPort;
      direction.nudge();
    }
    if (isSettled(trial)) this.#finish(trial);
  }

  #finish(trial: RunningTrial): void {
    trial.elapsedNs = trial.clock.nowNs;
    trial.phase = phase.done;
    this.#publishCounters(trial);
    this.#context.post({ kind: "done" });
  }

  /** Now and then: what somebody changes is taken, and how it stands is told. */
  #look(trial: RunningTrial): void {
    if (this.#turns !== null) takeTurns(trial, this.#turns, this.#context.counters);
    this.#publishCounters(trial);
  }

  #publishCounters(trial: RunningTrial): void {
    this.#countersDueNs[0] = trial.clock.nowNs + countersEveryNs;
    publishCounters(trial, this.#context.counters);
  }

  #report(): TrialReport[] {
    const trial = this.#trial;
    if (trial === null) throw usageError("no trial was run");
    this.#strays?.take(this.#takeStray);
    trial.reported = true;
    const { slept, neverQuiet, elapsedNs, calibrationBeforeNs, startAtNs, begunLateNs } = trial;
    const { stoodStillNs } = trial.clock;
    const calibrationNs = [calibrationBeforeNs, calibrate(this.#context.nowNs)] as const;
    return trial.directions.map((direction, d) => ({
      ...direction.report(),
      ...this.#responders.accountOf(trial.directions, d),
      slept,
      stoodStillNs,
      neverQuiet,
      ...(startAtNs === null ? {} : { begunLateNs }),
      elapsedNs,
      calibrationNs,
    }));
  }
}

/** The programs that this thread has loaded. */
const programs = new LoadedPrograms();

/** Loads what needs an import, before the job is made. */
export const loadPrograms = (options: Partial<TrialOptions>): Promise<void> => programs.load(options.programs ?? []);
