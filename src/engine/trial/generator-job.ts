/**
 * The generator's loop: all directions of one trial at a time, in one thread. So departures and arrivals are read from
 * one clock, and nothing is shared. The first direction sends on port 0 and receives on the last port; the second
 * direction goes the other way. A single port does both.
 */

import { usageError } from "../../errors.js";
import { LoadedPrograms } from "../../program/load-program.js";
import { Histogram } from "../../stats/histogram.js";
import { reverseFirstStream } from "../../stream/reverse.js";
import {
  type CreateJob,
  type Job,
  type JobContext,
  type OpenPort,
  TrialClock,
  type TrialReport,
  type TrialSpec,
} from "../loop/index.js";
import type { ResponderSetup } from "../neighbour/index.js";
import { BetweenTrials } from "./between-trials.js";
import type { BetweenOutcome, BetweenTask, FloorAnswer, GeneratorCommand } from "./commands.js";
import { generatorCounter as counter, generatorPhase as phase } from "./counters.js";
import { Direction } from "./direction.js";
import { Rehearsal } from "./rehearsal.js";
import { Responders } from "./responders.js";

/** What the job is made with: its ports, and who answers neighbours at each. Absent or null: nobody. */
export interface GeneratorOptions {
  readonly ports: 1 | 2;
  readonly responders?: readonly (ResponderSetup | null)[];
  /** URLs of the modules of streams that are programs. */
  readonly programs?: readonly string[];
}

/** When everything is back, the trial still waits this long for duplicates. */
const quietWhenCompleteNs = 20_000_000;
const countersEveryNs = 1_000_000;
/** A schedule begins after some turns of the loop. Otherwise its first frames leave late, and then too fast. */
export const scheduleLeadNs = 200_000;

/** 5,000 single frames at 50 kpps take 100 ms. V8 has compiled everything long before the median. */
const floorLoad = {
  queues: 1,
  load: { kind: "paced", pps: 50_000 },
  count: 5_000,
  durationNs: Number.POSITIVE_INFINITY,
  settleNs: 0,
  cooperative: true,
} as const;

interface Trial {
  readonly directions: readonly Direction[];
  readonly clock: TrialClock;
  begun: boolean;
  sleepsBefore: number;
  neverQuiet: boolean;
  slept: boolean;
  elapsedNs: number;
  calibrationBeforeNs: number;
  phase: number;
  reported: boolean;
}

class Generator implements Job {
  readonly #context: JobContext;
  readonly #ports: (OpenPort | null)[];
  readonly #responders: Responders;
  #trial: Trial | null = null;
  #between: BetweenTrials | null = null;
  #generation = 0;
  /** A double in a typed array; trial-clock.ts says why. */
  readonly #countersDueNs = new Float64Array(1);

  constructor(context: JobContext) {
    this.#context = context;
    const { ports, responders = [] } = context.options as GeneratorOptions;
    this.#ports = Array.from({ length: ports }, () => null);
    this.#responders = new Responders(context, ports, responders);
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
      case "stop":
        this.#between?.rehearsal?.stop();
        for (const direction of this.#trial?.directions ?? [])
          direction.end(this.#sinceEpochNs(this.#trial!), "stopped");
        return null;
      case "floor":
        return this.#floor(command.spec);
      case "report":
        return this.#report();
      case "between":
        this.#between = new BetweenTrials(command.task, this.#responders, this.#rehearsalOf(command.task));
        return null;
      case "outcome":
        return this.#outcome();
    }
  }

  #rehearsalOf(task: BetweenTask): Rehearsal | null {
    return task.kind === "rehearse" ? new Rehearsal(createJob, this.#context, this.#ports, task.specs) : null;
  }

  /** Runs a short trial of the same code through a direct loop. */
  #floor(spec: TrialSpec): FloorAnswer {
    const rehearsal = new Rehearsal(createJob, this.#context, this.#ports, [{ ...spec, ...floorLoad }]);
    while (!rehearsal.done) rehearsal.step();
    const { latency } = rehearsal.reports()[0].receive;
    return latency === null ? Number.NaN : Histogram.fromData(latency).percentile(0.5);
  }

  /** A thread that sleeps in a trial sends late, and sees frames late. */
  mayRest(): boolean {
    if (this.#between !== null) return this.#between.rehearsal === null;
    return this.#trial === null || this.#trial.phase === phase.done;
  }

  step(): number {
    if (this.#between !== null) return this.#stepErrand(this.#between);
    const trial = this.#trial;
    if (trial === null || trial.phase === phase.done) return 0;
    const { inUse } = this.#context;
    if (!trial.begun) this.#begin(trial);
    const { directions, clock } = trial;
    if (trial.phase === phase.sending) clock.turn();
    else clock.read();
    let moved = trial.phase === phase.sending ? this.#send(trial) : 0;
    let wakeful = false;
    for (let d = 0; d < directions.length; d++) {
      const { receiver, transmitter, rxPort } = directions[d];
      inUse.port = rxPort;
      if (transmitter.account.ended) directions[d].closeWindow(clock.nowNs);
      moved += receiver.step();
      wakeful ||= transmitter.isWakeful();
    }
    moved += this.#responders.serve();
    if (clock.nowNs >= this.#countersDueNs[0]) this.#publishCounters(trial);
    if (trial.phase === phase.settling) this.#settle(trial);
    return moved === 0 && wakeful ? 1 : moved;
  }

  #begin(trial: Trial): void {
    trial.clock.begin(trial.directions.every(({ spec }) => spec.load.kind !== "max") ? scheduleLeadNs : 0);
    trial.begun = true;
    trial.sleepsBefore = this.#context.sleeps();
    for (const { transmitter } of trial.directions) transmitter.start();
  }

  /** One turn of every direction. When the last one has ended, the trial settles. */
  #send(trial: Trial): number {
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
    }
    return moved;
  }

  #prepare(specs: readonly TrialSpec[]): Trial {
    this.#generation = (this.#generation % 65_535) + 1;
    const clock = new TrialClock(this.#context.nowNs);
    const trial: Trial = {
      directions: this.#directionsOf(specs, clock),
      clock,
      begun: false,
      sleepsBefore: 0,
      neverQuiet: false,
      slept: false,
      elapsedNs: 0,
      calibrationBeforeNs: calibrate(this.#context.nowNs),
      phase: phase.sending,
      reported: false,
    };
    this.#attachTrial(trial);
    this.#countersDueNs[0] = 0;
    return trial;
  }

  #directionsOf(specs: readonly TrialSpec[], clock: TrialClock): Direction[] {
    const last = this.#ports.length - 1;
    const directions = specs.map((spec, d) => {
      // A reverse spec alone goes back as well: it sends learning frames to the output port.
      const isBack = spec.firstStream === reverseFirstStream || d === 1;
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
        programs: programs.of(spec.stream),
      });
    });
    this.#responders.begin(specs[0].trial, directions);
    return directions;
  }

  #attachTrial(trial: Trial): void {
    for (const direction of trial.directions) {
      this.#context.inUse.port = direction.txPort;
      direction.attach(this.#ports);
    }
  }

  #sinceEpochNs(trial: Trial): number {
    if (trial.begun) trial.clock.read();
    return trial.begun ? trial.clock.nowNs : 0;
  }

  /** One turn of a task between trials, over all ports. The last trial counts what it takes, if its account is open. */
  #stepErrand(running: BetweenTrials): number {
    if (running.done) return 0;
    if (running.rehearsal !== null) return this.#stepRehearsal(running, running.rehearsal);
    const trial = this.#trial;
    let moved = 0;
    if (trial !== null && this.#isOpen()) {
      for (const { receiver, rxPort } of trial.directions) {
        this.#context.inUse.port = rxPort;
        moved += receiver.step();
      }
      moved += this.#responders.serve();
    } else moved = this.#responders.serveAll();
    if (running.step(moved, this.#context.nowNs())) this.#context.post({ kind: "done" });
    return moved;
  }

  #stepRehearsal(running: BetweenTrials, rehearsal: Rehearsal): number {
    const moved = rehearsal.step();
    if (running.step(0, this.#context.nowNs())) this.#context.post({ kind: "done" });
    return moved;
  }

  /** A trial is over and not reported yet: it counts what is moved now. */
  #isOpen(): boolean {
    return this.#trial !== null && this.#trial.phase === phase.done && !this.#trial.reported;
  }

  #outcome(): BetweenOutcome {
    if (this.#between === null) throw usageError("nothing was run between trials");
    const outcome = this.#between.outcome(this.#isOpen());
    this.#between = null;
    return outcome;
  }

  /** The trial is over when nothing has come for long enough after the last frame was sent. */
  #settle(trial: Trial): void {
    const { nowNs } = trial.clock;
    const { directions } = trial;
    const { settleNs, settlesWhole = false } = directions[0].spec;
    let endedNs = 0;
    let quietSinceNs = 0;
    let stopped = true;
    for (const direction of directions) {
      const { transmitter, receiver } = direction;
      this.#context.inUse.port = direction.txPort;
      direction.nudge();
      endedNs = Math.max(endedNs, transmitter.account.endedNs);
      quietSinceNs = Math.max(quietSinceNs, receiver.account.lastArrivalNs);
      stopped &&= transmitter.account.cutShort === "stopped";
    }
    if (nowNs - endedNs > longestSettleNs(settleNs, stopped)) {
      trial.neverQuiet = true;
      this.#finish(trial);
      return;
    }
    const quietNs = nowNs - Math.max(endedNs, quietSinceNs);
    if (quietNs < Math.min(quietWhenCompleteNs, settleNs)) return;
    if (quietNs < settleNs && (settlesWhole || !areComplete(directions))) return;
    this.#finish(trial);
  }

  #finish(trial: Trial): void {
    trial.elapsedNs = trial.clock.nowNs;
    trial.phase = phase.done;
    this.#publishCounters(trial);
    this.#context.post({ kind: "done" });
  }

  #publishCounters(trial: Trial): void {
    const { nowNs } = trial.clock;
    this.#countersDueNs[0] = nowNs + countersEveryNs;
    const { counters } = this.#context;
    let published = 0;
    let received = 0;
    let accepted = 0;
    let corrupt = 0;
    let missing = 0;
    for (let d = 0; d < trial.directions.length; d++) {
      const { transmitter, receiver } = trial.directions[d];
      published += transmitter.account.published;
      received += receiver.account.received;
      accepted += receiver.account.accepted;
      corrupt += receiver.account.corrupt;
      missing += receiver.account.missing;
    }
    counters[counter.phase] = trial.phase;
    counters[counter.published] = published;
    counters[counter.received] = received;
    counters[counter.accepted] = accepted;
    counters[counter.corrupt] = corrupt;
    counters[counter.missing] = missing;
    counters[counter.elapsedNs] = nowNs;
  }

  #report(): TrialReport[] {
    const trial = this.#trial;
    if (trial === null) throw usageError("no trial was run");
    trial.reported = true;
    const { slept, neverQuiet, elapsedNs, calibrationBeforeNs } = trial;
    const { stoodStillNs } = trial.clock;
    const calibrationNs = [calibrationBeforeNs, calibrate(this.#context.nowNs)] as const;
    return trial.directions.map((direction, d) => ({
      ...direction.report(),
      ...this.#responders.accountOf(trial.directions, d),
      slept,
      stoodStillNs,
      neverQuiet,
      elapsedNs,
      calibrationNs,
    }));
  }
}

/** How long to wait for a DUT that goes on sending: three times the settle time, or what a person waits. */
function longestSettleNs(settleNs: number, stopped: boolean): number {
  return stopped ? Math.min(settleNs, 500e6) : 3 * settleNs + 2e9;
}

function areComplete(directions: readonly Direction[]): boolean {
  for (let d = 0; d < directions.length; d++) if (!directions[d].isComplete()) return false;
  return true;
}

/** The machine's speed now: the least time that a fixed piece of work takes in a few runs. */
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

/** The programs that this thread has loaded. */
const programs = new LoadedPrograms();

/** Loads what needs an import, before the job is made. */
export const prepareJob = (options: unknown): Promise<void> =>
  programs.load((options as GeneratorOptions).programs ?? []);

export const createJob: CreateJob = (context) => new Generator(context);
