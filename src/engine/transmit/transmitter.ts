/**
 * The sending half for one stream: decides how many frames are due and on which queue, at max or by a schedule. Departure
 * times follow from the start and the rate alone: frame k leaves at k / rate. account.ts says what late and blocked mean.
 */
import { type DepartureSchedule, departureSchedule } from "../../stream/departures/schedule.js";
import { type RateStep, SteppedSchedule } from "../../stream/departures/steps.js";
import { Stretch, StretchedSchedule } from "../../stream/departures/stretch.js";
import { high16, low32 } from "../../stream/frames/signature.js";
import { DealtSchedule, dealOf, type Share, SharedSchedule, wholeShare } from "../../stream/share.js";
import {
  type LagWindow,
  type OpenQueue,
  type TransmitReport,
  type TransmitWindow,
  type TrialClock,
  type TrialSpec,
  wakefulNs,
} from "../loop/index.js";
import { endGraceNs, TransmitAccount } from "./account.js";
import type { TransmitHalf } from "./half.js";
import type { LoadTurn } from "./load-turn.js";
import type { Sender, SenderPace } from "./sender.js";

/** At max, fewer free slots than this are left to grow: a burst costs the same whatever its size. */
const leastBurst = 32;

/** Doubles in a typed array; trial-clock.ts says why. Times are in ns since the trial began. */
const cell = {
  /** Added to times where they are stamped. */
  stampNs: 0,
  /** The next slot of the schedule, and when it is due. */
  slot: 1,
  dueNs: 2,
  /** When the time of a trial without a count is over. */
  endNs: 3,
  count: 4,
} as const;

export class Transmitter implements TransmitHalf {
  readonly account: TransmitAccount;
  readonly queues: readonly Sender[];
  readonly #spec: TrialSpec;
  readonly #pace: SenderPace;
  readonly #clock: TrialClock;
  readonly #cells = new Float64Array(cell.count);
  /** Frames per second of the last step, of this share; Infinity at max. */
  #lastPps: number;
  /** null at max. */
  #schedule: DepartureSchedule | null;
  #slots: number;
  /** Every frame is stamped and sent on its own. */
  #single: boolean;
  /** null: nobody changed the load. */
  #stretch: Stretch | null = null;
  /** It sends nothing now, also of what is overdue. */
  #isHeld = false;
  readonly #lag: LagWindow | null;
  /** The next slot's queue. */
  #queueAt = 0;

  constructor(spec: TrialSpec, senders: readonly Sender[], clock: TrialClock, lag: LagWindow | null) {
    const steps = stepsOf(spec);
    const { share } = spec;
    const part = dealOf(share ?? wholeShare);
    const pps = (Math.max(0, ...steps.map((step) => step.pps)) * part.slots) / part.round;
    this.#spec = spec;
    this.queues = senders;
    this.#pace = senders[0]!.pace;
    this.#clock = clock;
    this.#cells[cell.endNs] = spec.durationNs;
    this.#lastPps =
      steps.length === 0 ? Number.POSITIVE_INFINITY : (steps[steps.length - 1].pps * part.slots) / part.round;
    this.#schedule = scheduleOf(steps, share);
    this.#slots = spec.count === null ? (this.#schedule?.slotsIn(spec.durationNs) ?? 0) : Number.POSITIVE_INFINITY;
    this.#single = pps <= this.#pace.singleFramePps;
    this.#lag = lag;
    this.account = new TransmitAccount({ spec, clock, pace: this.#pace, queues: senders, pps, slots: this.#slots });
  }

  attach(open: readonly OpenQueue[]): void {
    for (const sender of this.queues) sender.attach(open[sender.queue] ?? null);
    const uncounted = this.account.countFailedTurn();
    if (uncounted > 0 && this.#schedule !== null) this.#advance(uncounted, this.#schedule);
  }

  start(): void {
    const { epochNs } = this.#clock;
    for (const sender of this.queues) sender.start?.(epochNs);
    const { clockAheadNs } = this.#spec;
    if (clockAheadNs !== undefined) this.#cells[cell.stampNs] = (epochNs + clockAheadNs) % 2 ** 48;
  }

  change({ speed, atNs, totalPps, addNs = 0 }: LoadTurn): void {
    if (addNs > 0) {
      this.#extend(addNs);
      return;
    }
    const pps = totalPps / (this.#spec.share?.of ?? 1);
    this.account.noteChange(pps);
    this.#isHeld = speed === 0;
    if (this.#schedule === null) return;
    if (this.#stretch === null) {
      this.#stretch = new Stretch();
      this.#schedule = new StretchedSchedule(this.#schedule, this.#stretch);
    }
    this.#stretch.change(atNs, speed);
    this.#advance(0, this.#schedule);
    if (this.#spec.count === null) this.#slots = this.#schedule.slotsIn(this.#cells[cell.endNs]);
    if (pps === 0) return;
    this.#single = pps <= this.#pace.singleFramePps;
    this.#lastPps = pps;
  }

  /** Slots that were due stay where they are; those of the added time follow them. */
  #extend(addNs: number): void {
    const cells = this.#cells;
    cells[cell.endNs] += addNs;
    if (this.#schedule === null || this.#spec.count !== null) return;
    this.#slots = this.#schedule.slotsIn(cells[cell.endNs]);
    this.account.noteLonger(this.#slots);
  }

  isWakeful(): boolean {
    if (this.account.ended || this.#spec.cooperative || this.#schedule === null) return false;
    return !this.#isHeld && this.#cells[cell.dueNs] - this.#clock.nowNs < wakefulNs;
  }

  step(): number {
    if (this.account.ended) return 0;
    const moved = this.#schedule === null ? this.#stepMax() : this.#stepPaced(this.#schedule);
    this.account.noteTurn(moved);
    return moved;
  }

  report(acceptedByQueue: readonly number[]): TransmitReport {
    const queues = this.account.queueReports(acceptedByQueue);
    const { count } = this.#spec;
    const unsent = count === null ? 0 : count - queues.reduce((sum, { published }) => sum + published, 0);
    return this.account.report(queues, { missed: this.#missed(), unsent }, this.window());
  }

  /** Slots of the schedule that were due before the end and never tried. */
  #missed(): number {
    if (this.#schedule === null || this.#spec.count !== null) return 0;
    const isWhole = Number.isFinite(this.#slots) && this.account.cutShort === null;
    const due = isWhole ? this.#slots : this.#dueAt(this.account.endedNs);
    return Math.max(0, due - this.#cells[cell.slot]);
  }

  /** Scheduled: whole slots, from the first one to an interval after the last. At max: from the first frame to the end. */
  window(): TransmitWindow {
    const { firstNs, firstSlotNs, lastSlotNs, endedNs } = this.account;
    if (this.#schedule === null) return { fromNs: firstNs, toNs: endedNs, gapNs: 0 };
    const gapNs = 1e9 / this.#lastPps;
    if (firstSlotNs < 0) return { fromNs: 0, toNs: endedNs, gapNs };
    return { fromNs: firstSlotNs, toNs: lastSlotNs + gapNs, gapNs };
  }

  #dueAt(nowNs: number): number {
    return Math.min(this.#slots, this.#schedule?.dueAt(nowNs) ?? 0);
  }

  /** Slots that are due and not dealt with. */
  #overdue(): number {
    return this.#dueAt(this.#clock.nowNs) - this.#cells[cell.slot];
  }

  #advance(slots: number, schedule: DepartureSchedule): void {
    const cells = this.#cells;
    cells[cell.slot] += slots;
    cells[cell.dueNs] = schedule.intendedNs(cells[cell.slot]);
    const queues = this.queues.length;
    if (queues > 1) this.#queueAt = (this.#queueAt + slots) % queues;
  }

  #stepMax(): number {
    const { count } = this.#spec;
    const { nowNs } = this.#clock;
    if (count === null && nowNs >= this.#cells[cell.endNs]) {
      this.account.end(nowNs, null);
      return 0;
    }
    if (this.#isHeld) {
      this.account.noteHeld();
      return 0;
    }
    const stampNs = this.#clock.nowNs + this.#cells[cell.stampNs];
    const low = low32(stampNs);
    const high = high16(stampNs);
    const { burstFrames } = this.#pace;
    const queues = this.queues.length;
    let moved = 0;
    for (let q = 0; q < queues; q++) {
      const sender = this.queues[q];
      const left = count === null ? burstFrames : shareOf(count, queues, q) - sender.published;
      const room = sender.room();
      const n = Math.min(room, left, burstFrames);
      if (n <= 0 || n < Math.min(leastBurst, left, sender.halfRing)) continue;
      moved += sender.send(n, low, high);
    }
    if (moved > 0) this.account.noteSent(moved);
    if (count !== null && this.account.published >= count) {
      this.#clock.read();
      this.account.end(this.#clock.nowNs, null);
    }
    return moved;
  }

  #stepPaced(schedule: DepartureSchedule): number {
    const clock = this.#clock;
    const cells = this.#cells;
    const account = this.account;
    if (this.#isHeld) return this.#rest();
    if (clock.nowNs < cells[cell.dueNs]) {
      const wait = account.wait!;
      if (cells[cell.dueNs] - clock.nowNs > wait.spinNs) return this.#rest();
      wait.until(cells[cell.dueNs]);
    }
    if (this.#isOver()) {
      account.end(clock.nowNs, null);
      return 0;
    }
    const { catchUpFrames } = this.#pace;
    account.refill();
    if (!this.#single) return this.#sendDue(schedule);
    let moved = 0;
    for (let tries = 0; tries < catchUpFrames; tries++) {
      if (clock.nowNs < cells[cell.dueNs] || account.catchUp.left < 1 || this.#isOver()) break;
      moved += this.#sendOne(schedule);
      if (clock.nowNs >= cells[cell.dueNs]) clock.read();
    }
    return moved;
  }

  /** Nothing is due for a while. The time may be over long before the next departure would be. */
  #rest(): number {
    const { nowNs } = this.#clock;
    const hasSent = this.#cells[cell.slot] >= this.#slots || this.#isHeld;
    if (hasSent && this.#spec.count === null && nowNs >= this.#cells[cell.endNs]) this.account.end(nowNs, null);
    return 0;
  }

  #isOver(): boolean {
    const { count } = this.#spec;
    const cells = this.#cells;
    if (count !== null) return this.account.published >= count;
    return cells[cell.slot] >= this.#slots || this.#clock.nowNs >= cells[cell.endNs] + endGraceNs;
  }

  #sendOne(schedule: DepartureSchedule): number {
    const sender = this.queues[this.#queueAt];
    const account = this.account;
    const stampNs = this.#clock.nowNs + this.#cells[cell.stampNs];
    const sent = sender.room() > 0 ? sender.send(1, low32(stampNs), high16(stampNs)) : 0;
    account.noteSlot();
    if (sent === 0) this.#noteBlocked(1);
    else {
      account.catchUp.spend(1);
      account.noteTaken();
      this.#noteDepartures(sender, 1, this.#cells[cell.slot], schedule);
      account.noteSent(1);
    }
    this.#advance(1, schedule);
    return sent;
  }

  /** Fast schedules: all that is due goes out in one burst per queue with one stamp. */
  #sendDue(schedule: DepartureSchedule): number {
    const { count } = this.#spec;
    const account = this.account;
    const cells = this.#cells;
    const left = count === null ? Number.POSITIVE_INFINITY : count - account.published;
    const due = Math.min(this.#overdue(), Math.floor(account.catchUp.left), this.#pace.catchUpFrames, left);
    if (due <= 0) return 0;
    const queues = this.queues.length;
    account.noteSlot();
    const stampNs = this.#clock.nowNs + this.#cells[cell.stampNs];
    const low = low32(stampNs);
    const high = high16(stampNs);
    let moved = 0;
    for (let q = 0; q < queues; q++) {
      const sender = this.queues[(this.#queueAt + q) % queues];
      const wanted = shareOf(due, queues, q);
      const sent = wanted > 0 ? sender.send(Math.min(wanted, sender.room()), low, high) : 0;
      if (sent > 0) this.#noteDepartures(sender, sent, cells[cell.slot] + q, schedule);
      moved += sent;
    }
    if (moved < due) this.#noteBlocked(due - moved);
    else account.noteTaken();
    this.#advance(due, schedule);
    account.catchUp.spend(moved);
    if (moved > 0) account.noteSent(moved);
    return moved;
  }

  /** The last `sent` frames of this queue left just now; the first of them in this slot. */
  #noteDepartures(sender: Sender, sent: number, slot: number, schedule: DepartureSchedule): void {
    const queues = this.queues.length;
    const first = (sender.published - sent) * queues + sender.queue;
    const { nowNs } = this.#clock;
    const { toleranceNs, pacing } = this.account;
    for (let i = 0; i < sent; i++) {
      const dueNs = schedule.intendedNs(slot + i * queues);
      const lagNs = nowNs - dueNs;
      if (lagNs > toleranceNs) this.account.noteLate();
      this.#lag?.note(first + i * queues, lagNs);
      pacing!.departed(nowNs, dueNs);
    }
  }

  #noteBlocked(frames: number): void {
    if (!this.account.isBlocked) this.account.beginBlocked(this.#overdue());
    this.account.noteBlocked(frames);
  }
}

/** Empty at max. */
function stepsOf({ load, durationNs }: TrialSpec): readonly RateStep[] {
  if (load.kind === "stepped") return load.steps;
  return load.kind === "paced" && load.pps > 0 ? [{ pps: load.pps, durationNs }] : [];
}

/** One rate has the class that loops are fast with. */
function scheduleOf(steps: readonly RateStep[], share: Share | undefined): DepartureSchedule | null {
  if (steps.length === 0) return null;
  const whole = steps.length === 1 ? departureSchedule(steps[0].pps, 0) : SteppedSchedule.of(steps);
  if (share === undefined) return whole;
  return share.deal === undefined ? new SharedSchedule(whole, share) : new DealtSchedule(whole, share);
}

/** How many of n things dealt round to `queues` fall to queue q. */
const shareOf = (n: number, queues: number, q: number): number => Math.floor((n + queues - 1 - q) / queues);
