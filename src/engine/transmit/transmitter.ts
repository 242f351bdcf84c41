/**
 * The transmit half of the generator: decides how many frames are due and on which queue, at max or by a schedule.
 *
 * Departure times follow from the start and the rate alone (frame k at k / rate) and are never re-based. After a
 * stall overdue frames go late, a burst at once (32 into a ring) and at 1.1 × the rate, so that catching up does not
 * flood the DUT. A due frame that finds no free slot is blocked: as on a line, it is gone, and its slot of the schedule with
 * it. With a count the schedule goes on until n frames are out.
 */
import { GapRecorder } from "../../stats/pacing.js";
import { type DepartureSchedule, departureSchedule } from "../../stream/departures/schedule.js";
import { type RateStep, SteppedSchedule } from "../../stream/departures/steps.js";
import { high16, low32 } from "../../stream/frames/signature.js";
import { FineWait } from "../loop/fine-wait.js";
import type { LagWindow } from "../loop/lag-window.js";
import type { TrialClock } from "../loop/trial-clock.js";
import type { TransmitReport } from "../loop/trial-report.js";
import type { TrialSpec } from "../loop/trial-spec.js";
import { mostOwnBlocked } from "./give-up.js";
import type { Sender, SenderPace } from "./sender.js";

/** A frame this share of the gap behind its slot is late, where that is more than the sender's tolerance. */
const lateToleranceShare = 0.01;
/** Time after the end of a timed trial in which overdue frames still go. */
const endGraceNs = 10_000_000;
/** A peer that frees no slot for so long while frames wait has stopped. */
const stuckNs = 5_000_000_000;
const catchUpRate = 1.1;
/** At max, fewer free slots than this are left to grow: a burst costs the same whatever its size. */
const leastBurst = 32;
/**
 * Closer than so many clock reads to the next departure (but at least and at most so many ns), wait for it: a poll of
 * the receive rings would make it late.
 */
const spinReads = 5;
const leastSpinNs = 300;
const mostSpinNs = 700;
/** Closer than this, the thread does not give way, unless there are more threads than CPUs. */
const wakefulNs = 20_000;

/** The account, in doubles that stay where they are; see trial-clock.ts. Times in ns since the trial began. */
const cell = {
  /** Added to times where they are stamped. */
  stampNs: 0,
  /** The next slot of the schedule, and when it is due. */
  slot: 1,
  dueNs: 2,
  published: 3,
  tokens: 4,
  tokensAtNs: 5,
  late: 6,
  blocked: 7,
  blockedOwn: 8,
  /** Since when the peer has given no slot; −1: it does. */
  blockedSinceNs: 9,
  blockedNs: 10,
  lastBlockedNs: 11,
  /** Of the frames that are blocked next, so many are our own catching up. */
  ownLeft: 12,
  /** The first and the last slot dealt with, sent or blocked. */
  firstSlotNs: 13,
  lastSlotNs: 14,
  firstNs: 15,
  lastNs: 16,
  progressNs: 17,
  endedNs: 18,
  count: 19,
} as const;

/** The time that rates of what was sent are taken over. */
export interface TransmitWindow {
  readonly fromNs: number;
  readonly toNs: number;
}

export const windowNs = ({ fromNs, toNs }: TransmitWindow): number => Math.max(1, toNs - fromNs);

export class Transmitter {
  readonly #spec: TrialSpec;
  readonly #senders: readonly Sender[];
  readonly #pace: SenderPace;
  readonly #clock: TrialClock;
  readonly #cells = new Float64Array(cell.count);
  readonly #pps: number;
  readonly #intervalNs: number;
  /** Of the last step; the same where there is one. */
  readonly #lastIntervalNs: number;
  /** null at max. */
  readonly #schedule: DepartureSchedule | null;
  readonly #slots: number;
  /** More frames than this of its own blocking make the trial useless. */
  readonly #mostOwn: number;
  readonly #single: boolean;
  readonly #wait: FineWait | null;
  readonly #spinNs: number;
  readonly #toleranceNs: number;
  readonly #pacing: GapRecorder | null;
  readonly #lag: LagWindow | null;
  /** The next slot's queue. */
  #queueAt = 0;
  #ended = false;
  #cutShort: TransmitReport["cutShort"] = null;

  constructor(spec: TrialSpec, senders: readonly Sender[], clock: TrialClock, lag: LagWindow | null) {
    this.#spec = spec;
    this.#senders = senders;
    this.#pace = senders[0]!.pace;
    this.#clock = clock;
    this.#cells[cell.tokens] = this.#pace.catchUpFrames;
    for (const at of [cell.blockedSinceNs, cell.lastBlockedNs, cell.firstSlotNs, cell.firstNs]) this.#cells[at] = -1;
    const steps = stepsOf(spec);
    this.#pps = Math.max(0, ...steps.map(({ pps }) => pps));
    this.#intervalNs = this.#pps > 0 ? 1e9 / this.#pps : 0;
    this.#lastIntervalNs = steps.length === 0 ? 0 : 1e9 / steps[steps.length - 1].pps;
    this.#schedule = scheduleOf(steps);
    this.#slots = spec.count === null ? (this.#schedule?.slotsIn(spec.durationNs) ?? 0) : Number.POSITIVE_INFINITY;
    this.#mostOwn = mostOwnBlocked(spec, this.#slots);
    this.#single = this.#pps <= this.#pace.singleFramePps;
    this.#toleranceNs = Math.max(this.#pace.lateToleranceNs, lateToleranceShare * this.#intervalNs);
    this.#wait = this.#schedule === null ? null : new FineWait(clock);
    this.#spinNs = Math.min(mostSpinNs, Math.max(leastSpinNs, spinReads * (this.#wait?.readNs ?? 0)));
    this.#pacing = this.#schedule === null ? null : new GapRecorder(this.#intervalNs);
    this.#lag = lag;
  }

  /** The clock has just begun. */
  start(): void {
    const { epochNs } = this.#clock;
    for (const sender of this.#senders) sender.start?.(epochNs);
    const { clockAheadNs } = this.#spec;
    if (clockAheadNs !== undefined) this.#cells[cell.stampNs] = (epochNs + clockAheadNs) % 2 ** 48;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get endedNs(): number {
    return this.#cells[cell.endedNs];
  }

  get wasStopped(): boolean {
    return this.#cutShort === "stopped";
  }

  /** It fell so far short that it gave up. */
  get wasShort(): boolean {
    return this.#cutShort === "short";
  }

  get published(): number {
    return this.#cells[cell.published];
  }

  /** The next departure is so near that the thread should stay awake for it. */
  isWakeful(): boolean {
    if (this.#ended || this.#spec.cooperative || this.#schedule === null) return false;
    return this.#cells[cell.dueNs] - this.#clock.nowNs < wakefulNs;
  }

  get firstNs(): number {
    return Math.max(0, this.#cells[cell.firstNs]);
  }

  get lastNs(): number {
    return this.#cells[cell.lastNs];
  }

  /** One turn at the clock's time, which may move on in it; returns frames published. */
  step(): number {
    if (this.#ended) return 0;
    const moved = this.#schedule === null ? this.#stepMax() : this.#stepPaced(this.#schedule);
    const { nowNs } = this.#clock;
    if (this.#cells[cell.blockedOwn] > this.#mostOwn && !this.#ended) this.#end(nowNs, "short");
    if (moved > 0) this.#cells[cell.progressNs] = nowNs;
    else if (!this.#ended && this.#isStuck()) this.#end(nowNs, "stuck");
    return moved;
  }

  /** The peer has taken nothing for long. */
  #isStuck(): boolean {
    if (this.#spec.outlastsPeer === true) return false;
    const { nowNs } = this.#clock;
    if (this.#schedule === null) return nowNs - this.#cells[cell.progressNs] > stuckNs;
    return this.#cells[cell.blockedSinceNs] >= 0 && nowNs - this.#cells[cell.blockedSinceNs] > stuckNs;
  }

  /** Ends at once: told to, or the peer is gone. */
  end(nowNs: number, why: "stopped" | "peer gone" | "short"): void {
    if (!this.#ended) this.#end(nowNs, why);
  }

  /** `acceptedByQueue`: what came back was taken, also where a peer that went left no word of it in its ring. */
  report(acceptedByQueue: readonly number[]): TransmitReport {
    const queues = this.#senders.map((sender) => {
      const { queue, published, bytes } = sender;
      const outstanding = Math.min(sender.outstanding(), published - acceptedByQueue[queue]);
      const sentBytes = bytes - sender.bytesOfLast(outstanding);
      return { queue, published, outstanding, bytes, sentBytes, carried: sender.carried() };
    });
    const outstanding = queues.reduce((sum, queue) => sum + queue.outstanding, 0);
    // A kick that finds the other side gone ends the turn that counts: what the senders say is whole.
    const published = queues.reduce((sum, queue) => sum + queue.published, 0);
    const sent = published - outstanding;
    const { count } = this.#spec;
    // Of a count, a frame that finds no slot waits for the next; blocked is what was left when the trial was given up.
    const unsent = count !== null && this.#cutShort !== "stopped" ? count - published : 0;
    const cells = this.#cells;
    const blocked = cells[cell.blocked] + outstanding + unsent;
    const missed = this.#missed();
    const stillBlockedNs = cells[cell.blockedSinceNs] < 0 ? 0 : cells[cell.endedNs] - cells[cell.blockedSinceNs];
    return {
      queues,
      intended: sent + blocked + missed,
      late: Math.min(cells[cell.late], sent),
      missed,
      blocked,
      blockedOwn: cells[cell.blockedOwn],
      blockedNs: cells[cell.blockedNs] + stillBlockedNs,
      lastBlockedNs: cells[cell.lastBlockedNs],
      firstNs: this.firstNs,
      lastNs: this.lastNs,
      windowNs: windowNs(this.window()),
      pacing: this.#pacing?.summary("self") ?? null,
      cutShort: this.#cutShort,
    };
  }

  /** Slots of the schedule that were due before the end and never tried. */
  #missed(): number {
    if (this.#schedule === null || this.#spec.count !== null) return 0;
    const isWhole = Number.isFinite(this.#slots) && this.#cutShort === null;
    const due = isWhole ? this.#slots : this.#dueAt(this.#cells[cell.endedNs]);
    return Math.max(0, due - this.#cells[cell.slot]);
  }

  /** Scheduled: whole slots, from the first one to an interval after the last. At max: from the first frame to the end. */
  window(): TransmitWindow {
    const cells = this.#cells;
    if (this.#schedule === null) return { fromNs: this.firstNs, toNs: cells[cell.endedNs] };
    if (cells[cell.firstSlotNs] < 0) return { fromNs: 0, toNs: cells[cell.endedNs] };
    return { fromNs: cells[cell.firstSlotNs], toNs: cells[cell.lastSlotNs] + this.#lastIntervalNs };
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
    const queues = this.#senders.length;
    if (queues > 1) this.#queueAt = (this.#queueAt + slots) % queues;
  }

  #end(nowNs: number, why: TransmitReport["cutShort"]): void {
    this.#ended = true;
    this.#cells[cell.endedNs] = nowNs;
    this.#cutShort = why;
  }

  #noteSent(frames: number): void {
    const cells = this.#cells;
    const { nowNs } = this.#clock;
    if (cells[cell.firstNs] < 0) cells[cell.firstNs] = nowNs;
    cells[cell.lastNs] = nowNs;
    cells[cell.published] += frames;
  }

  #stepMax(): number {
    const { count, durationNs } = this.#spec;
    const { nowNs } = this.#clock;
    if (count === null && nowNs >= durationNs) {
      this.#end(nowNs, null);
      return 0;
    }
    const stampNs = this.#clock.nowNs + this.#cells[cell.stampNs];
    const low = low32(stampNs);
    const high = high16(stampNs);
    const { burstFrames } = this.#pace;
    const queues = this.#senders.length;
    let moved = 0;
    for (let q = 0; q < queues; q++) {
      const sender = this.#senders[q];
      const left = count === null ? burstFrames : shareOf(count, queues, q) - sender.published;
      const room = sender.room();
      const n = Math.min(room, left, burstFrames);
      if (n <= 0 || n < Math.min(leastBurst, left, sender.halfRing)) continue;
      moved += sender.send(n, low, high);
    }
    if (moved > 0) this.#noteSent(moved);
    if (count !== null && this.#cells[cell.published] >= count) {
      this.#clock.read();
      this.#end(this.#clock.nowNs, null);
    }
    return moved;
  }

  #stepPaced(schedule: DepartureSchedule): number {
    const clock = this.#clock;
    const cells = this.#cells;
    if (clock.nowNs < cells[cell.dueNs]) {
      if (cells[cell.dueNs] - clock.nowNs > this.#spinNs) return 0;
      this.#wait!.until(cells[cell.dueNs]);
    }
    if (this.#isOver()) {
      this.#end(clock.nowNs, null);
      return 0;
    }
    const { catchUpFrames } = this.#pace;
    this.#refill();
    if (!this.#single) return this.#sendDue(schedule);
    let moved = 0;
    for (let tries = 0; tries < catchUpFrames; tries++) {
      if (clock.nowNs < cells[cell.dueNs] || cells[cell.tokens] < 1 || this.#isOver()) break;
      moved += this.#sendOne(schedule);
      if (clock.nowNs >= cells[cell.dueNs]) clock.read();
    }
    return moved;
  }

  #isOver(): boolean {
    const { count, durationNs } = this.#spec;
    if (count !== null) return this.#cells[cell.published] >= count;
    return this.#cells[cell.slot] >= this.#slots || this.#clock.nowNs >= durationNs + endGraceNs;
  }

  #refill(): void {
    const cells = this.#cells;
    const { nowNs } = this.#clock;
    const gained = ((nowNs - cells[cell.tokensAtNs]) * this.#pps * catchUpRate) / 1e9;
    cells[cell.tokens] = Math.min(this.#pace.catchUpFrames, cells[cell.tokens] + gained);
    cells[cell.tokensAtNs] = nowNs;
  }

  #sendOne(schedule: DepartureSchedule): number {
    const sender = this.#senders[this.#queueAt];
    const stampNs = this.#clock.nowNs + this.#cells[cell.stampNs];
    const sent = sender.room() > 0 ? sender.send(1, low32(stampNs), high16(stampNs)) : 0;
    this.#noteSlot();
    if (sent === 0) this.#noteBlocked(1);
    else {
      this.#cells[cell.tokens] -= 1;
      this.#noteTaken();
      this.#noteDepartures(sender, 1, this.#cells[cell.slot], schedule);
      this.#noteSent(1);
    }
    this.#advance(1, schedule);
    return sent;
  }

  /** Fast schedules: all that is due goes out in one burst per queue with one stamp. */
  #sendDue(schedule: DepartureSchedule): number {
    const { count } = this.#spec;
    const { catchUpFrames } = this.#pace;
    const cells = this.#cells;
    const left = count === null ? Number.POSITIVE_INFINITY : count - cells[cell.published];
    const due = Math.min(this.#overdue(), Math.floor(cells[cell.tokens]), catchUpFrames, left);
    if (due <= 0) return 0;
    const queues = this.#senders.length;
    this.#noteSlot();
    const stampNs = this.#clock.nowNs + this.#cells[cell.stampNs];
    const low = low32(stampNs);
    const high = high16(stampNs);
    let moved = 0;
    for (let q = 0; q < queues; q++) {
      const sender = this.#senders[(this.#queueAt + q) % queues];
      const wanted = shareOf(due, queues, q);
      const sent = wanted > 0 ? sender.send(Math.min(wanted, sender.room()), low, high) : 0;
      if (sent < wanted) this.#noteBlocked(wanted - sent);
      if (sent > 0) this.#noteDepartures(sender, sent, cells[cell.slot] + q, schedule);
      moved += sent;
    }
    this.#advance(due, schedule);
    cells[cell.tokens] -= moved;
    if (moved === due) this.#noteTaken();
    if (moved > 0) this.#noteSent(moved);
    return moved;
  }

  /** The last `sent` frames of this queue left just now; the first of them in this slot. */
  #noteDepartures(sender: Sender, sent: number, slot: number, schedule: DepartureSchedule): void {
    const queues = this.#senders.length;
    const first = (sender.published - sent) * queues + sender.queue;
    const { nowNs } = this.#clock;
    for (let i = 0; i < sent; i++) {
      const dueNs = schedule.intendedNs(slot + i * queues);
      const lagNs = nowNs - dueNs;
      if (lagNs > this.#toleranceNs) this.#cells[cell.late] += 1;
      this.#lag?.note(first + i * queues, lagNs);
      this.#pacing!.departed(nowNs, dueNs);
    }
  }

  #noteSlot(): void {
    const cells = this.#cells;
    cells[cell.lastSlotNs] = this.#clock.nowNs;
    if (cells[cell.firstSlotNs] < 0) cells[cell.firstSlotNs] = cells[cell.lastSlotNs];
  }

  /**
   * No free slot. Whose fault that is, is decided when it begins: where more than a burst was overdue by then, those
   * frames are our own catching up; all that come due afterwards are the DUT's.
   */
  #noteBlocked(frames: number): void {
    const cells = this.#cells;
    const { nowNs } = this.#clock;
    if (cells[cell.blockedSinceNs] < 0) {
      cells[cell.blockedSinceNs] = nowNs;
      const overdue = this.#overdue();
      cells[cell.ownLeft] = overdue > this.#pace.catchUpFrames ? overdue : 0;
    }
    if (this.#spec.count !== null) return;
    cells[cell.blocked] += frames;
    const own = Math.min(frames, cells[cell.ownLeft]);
    cells[cell.ownLeft] -= own;
    cells[cell.blockedOwn] += own;
    if (own < frames) cells[cell.lastBlockedNs] = nowNs;
  }

  #noteTaken(): void {
    const cells = this.#cells;
    if (cells[cell.blockedSinceNs] < 0) return;
    cells[cell.blockedNs] += this.#clock.nowNs - cells[cell.blockedSinceNs];
    cells[cell.blockedSinceNs] = -1;
  }
}

/** Empty at max. */
function stepsOf({ load, durationNs }: TrialSpec): readonly RateStep[] {
  if (load.kind === "stepped") return load.steps;
  return load.kind === "paced" && load.pps > 0 ? [{ pps: load.pps, durationNs }] : [];
}

/** One rate has the class that loops are fast with. */
function scheduleOf(steps: readonly RateStep[]): DepartureSchedule | null {
  if (steps.length === 0) return null;
  return steps.length === 1 ? departureSchedule(steps[0].pps, 0) : SteppedSchedule.of(steps);
}

/** How many of n things dealt round to `queues` fall to queue q. */
const shareOf = (n: number, queues: number, q: number): number => Math.floor((n + queues - 1 - q) / queues);
