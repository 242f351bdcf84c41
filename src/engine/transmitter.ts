/**
 * The transmit half of the generator: decides how many frames are due and on which queue, at max or by a schedule.
 *
 * Departure times follow from the start and the rate alone (frame k at k / rate) and are never re-based. After a
 * stall overdue frames go late, a burst at once (32 into a ring) and at 1.1 × the rate, so that catching up does not
 * flood the DUT. A due frame that finds no free slot is blocked: as on a line, it is gone, and its slot of the schedule with
 * it. With a count the schedule goes on until n frames are out.
 */
import { GapRecorder } from "../stats/pacing.js";
import { type DepartureSchedule, departureSchedule } from "../stream/schedule.js";
import { high16, low32 } from "../stream/signature.js";
import { type RateStep, SteppedSchedule } from "../stream/steps.js";
import { FineWait } from "./fine-wait.js";
import { mostOwnBlocked } from "./give-up.js";
import type { LagWindow } from "./lag-window.js";
import type { Sender, SenderPace } from "./sender.js";
import type { TransmitReport, TrialOrder } from "./trial-order.js";

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

export class Transmitter {
  readonly #order: TrialOrder;
  readonly #senders: readonly Sender[];
  readonly #pace: SenderPace;
  readonly #nowNs: () => number;
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
  #epochNs = 0;
  /** Added to times since the epoch where they are stamped. */
  #stampNs = 0;
  /** The next slot of the schedule, and when it is due. */
  #slot = 0;
  #dueNs = 0;
  #published = 0;
  #tokens: number;
  #tokensAtNs = 0;
  #late = 0;
  #blocked = 0;
  #blockedOwn = 0;
  /** Since when the peer has given no slot; −1: it does. */
  #blockedSinceNs = -1;
  #blockedNs = 0;
  #lastBlockedNs = -1;
  /** Of the frames that are blocked next, so many are our own catching up. */
  #ownLeft = 0;
  /** The first and the last slot dealt with, sent or blocked. */
  #firstSlotNs = -1;
  #lastSlotNs = 0;
  #firstNs = -1;
  #lastNs = 0;
  #progressNs = 0;
  #ended = false;
  #endedNs = 0;
  #cutShort: TransmitReport["cutShort"] = null;

  constructor(order: TrialOrder, senders: readonly Sender[], nowNs: () => number, lag: LagWindow | null) {
    this.#order = order;
    this.#senders = senders;
    this.#pace = senders[0]!.pace;
    this.#tokens = this.#pace.catchUpFrames;
    this.#nowNs = nowNs;
    const steps = stepsOf(order);
    this.#pps = Math.max(0, ...steps.map(({ pps }) => pps));
    this.#intervalNs = this.#pps > 0 ? 1e9 / this.#pps : 0;
    this.#lastIntervalNs = steps.length === 0 ? 0 : 1e9 / steps[steps.length - 1].pps;
    this.#schedule = scheduleOf(steps);
    this.#slots = order.count === null ? (this.#schedule?.slotsIn(order.durationNs) ?? 0) : Number.POSITIVE_INFINITY;
    this.#mostOwn = mostOwnBlocked(order, this.#slots);
    this.#single = this.#pps <= this.#pace.singleFramePps;
    this.#toleranceNs = Math.max(this.#pace.lateToleranceNs, lateToleranceShare * this.#intervalNs);
    this.#wait = this.#schedule === null ? null : new FineWait(nowNs);
    this.#spinNs = Math.min(mostSpinNs, Math.max(leastSpinNs, spinReads * (this.#wait?.readNs ?? 0)));
    this.#pacing = this.#schedule === null ? null : new GapRecorder(this.#intervalNs);
    this.#lag = lag;
  }

  start(epochNs: number): void {
    this.#epochNs = epochNs;
    for (const sender of this.#senders) sender.start?.(epochNs);
    const { clockAheadNs } = this.#order;
    if (clockAheadNs !== undefined) this.#stampNs = (epochNs + clockAheadNs) % 2 ** 48;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get endedNs(): number {
    return this.#endedNs;
  }

  get wasStopped(): boolean {
    return this.#cutShort === "stopped";
  }

  /** It fell so far short that it gave up. */
  get wasShort(): boolean {
    return this.#cutShort === "short";
  }

  get published(): number {
    return this.#published;
  }

  /** The next departure is so near that the thread should stay awake for it. */
  isWakeful(nowNs: number): boolean {
    return !this.#ended && !this.#order.cooperative && this.#schedule !== null && this.#dueNs - nowNs < wakefulNs;
  }

  /** One turn at `nowNs` (since the epoch); returns frames published. */
  step(nowNs: number): number {
    if (this.#ended) return 0;
    const moved = this.#schedule === null ? this.#stepMax(nowNs) : this.#stepPaced(nowNs, this.#schedule);
    if (this.#blockedOwn > this.#mostOwn) this.#end(Math.max(nowNs, this.#lastSlotNs), "short");
    if (moved > 0) this.#progressNs = nowNs;
    else if (this.#isStuck(nowNs)) this.#end(nowNs, "stuck");
    return moved;
  }

  /** The peer has taken nothing for long. */
  #isStuck(nowNs: number): boolean {
    if (this.#order.outlastsPeer === true) return false;
    if (this.#schedule === null) return nowNs - this.#progressNs > stuckNs;
    return this.#blockedSinceNs >= 0 && nowNs - this.#blockedSinceNs > stuckNs;
  }

  /** Ends at once: told to, or the peer is gone. */
  end(nowNs: number, why: "stopped" | "peer gone" | "short"): void {
    if (!this.#ended) this.#end(nowNs, why);
  }

  /** `acceptedByQueue`: what came back was taken, also where a peer that went left no word of it in its ring. */
  report(acceptedByQueue: readonly number[]): TransmitReport {
    const queues = this.#senders.map((sender) => ({
      queue: sender.queue,
      published: sender.published,
      outstanding: Math.min(sender.outstanding(), sender.published - acceptedByQueue[sender.queue]),
      bytes: sender.bytes,
      carried: sender.carried(),
    }));
    const outstanding = queues.reduce((sum, queue) => sum + queue.outstanding, 0);
    // A kick that finds the other side gone ends the turn that counts: what the senders say is whole.
    const published = queues.reduce((sum, queue) => sum + queue.published, 0);
    const sent = published - outstanding;
    const { count } = this.#order;
    // Of a count, a frame that finds no slot waits for the next; blocked is what was left when the trial was given up.
    const unsent = count !== null && this.#cutShort !== "stopped" ? count - published : 0;
    const blocked = this.#blocked + outstanding + unsent;
    const missed = this.#missed();
    const stillBlockedNs = this.#blockedSinceNs < 0 ? 0 : this.#endedNs - this.#blockedSinceNs;
    return {
      queues,
      intended: sent + blocked + missed,
      late: Math.min(this.#late, sent),
      missed,
      blocked,
      blockedOwn: this.#blockedOwn,
      blockedNs: this.#blockedNs + stillBlockedNs,
      lastBlockedNs: this.#lastBlockedNs,
      firstNs: Math.max(0, this.#firstNs),
      lastNs: this.#lastNs,
      windowNs: this.#windowNs(),
      pacing: this.#pacing?.summary("self") ?? null,
      cutShort: this.#cutShort,
    };
  }

  /** Slots of the schedule that were due before the end and never tried. */
  #missed(): number {
    if (this.#schedule === null || this.#order.count !== null) return 0;
    const due = Number.isFinite(this.#slots) && this.#cutShort === null ? this.#slots : this.#due(this.#endedNs);
    return Math.max(0, due - this.#slot);
  }

  /** Scheduled: whole slots, from the first one to an interval after the last. At max: from the first frame to the end. */
  #windowNs(): number {
    if (this.#schedule === null) return Math.max(1, this.#endedNs - Math.max(0, this.#firstNs));
    if (this.#firstSlotNs < 0) return Math.max(1, this.#endedNs);
    return this.#lastSlotNs - this.#firstSlotNs + this.#lastIntervalNs;
  }

  #due(nowNs: number): number {
    return Math.min(this.#slots, this.#schedule?.dueAt(nowNs) ?? 0);
  }

  #advance(slots: number, schedule: DepartureSchedule): void {
    this.#slot += slots;
    this.#dueNs = schedule.intendedNs(this.#slot);
  }

  #end(nowNs: number, why: TransmitReport["cutShort"]): void {
    this.#ended = true;
    this.#endedNs = nowNs;
    this.#cutShort = why;
  }

  #noteSent(nowNs: number, frames: number): void {
    if (this.#firstNs < 0) this.#firstNs = nowNs;
    this.#lastNs = nowNs;
    this.#published += frames;
  }

  #stepMax(nowNs: number): number {
    const { count, durationNs } = this.#order;
    if (count === null && nowNs >= durationNs) {
      this.#end(nowNs, null);
      return 0;
    }
    const low = low32(nowNs + this.#stampNs);
    const high = high16(nowNs + this.#stampNs);
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
    if (moved > 0) this.#noteSent(nowNs, moved);
    if (count !== null && this.#published >= count) this.#end(this.#nowNs() - this.#epochNs, null);
    return moved;
  }

  #stepPaced(firstNowNs: number, schedule: DepartureSchedule): number {
    let nowNs = firstNowNs;
    if (nowNs < this.#dueNs) {
      if (this.#dueNs - nowNs > this.#spinNs) return 0;
      nowNs = this.#wait!.until(this.#dueNs + this.#epochNs, nowNs + this.#epochNs) - this.#epochNs;
    }
    if (this.#isOver(nowNs)) {
      this.#end(nowNs, null);
      return 0;
    }
    const { catchUpFrames } = this.#pace;
    this.#refill(nowNs);
    if (!this.#single) return this.#sendDue(nowNs, schedule);
    let moved = 0;
    for (let tries = 0; tries < catchUpFrames; tries++) {
      if (nowNs < this.#dueNs || this.#tokens < 1 || this.#isOver(nowNs)) break;
      moved += this.#sendOne(nowNs, schedule);
      if (nowNs >= this.#dueNs) nowNs = this.#nowNs() - this.#epochNs;
    }
    return moved;
  }

  #isOver(nowNs: number): boolean {
    const { count, durationNs } = this.#order;
    if (count !== null) return this.#published >= count;
    return this.#slot >= this.#slots || nowNs >= durationNs + endGraceNs;
  }

  #refill(nowNs: number): void {
    const gained = ((nowNs - this.#tokensAtNs) * this.#pps * catchUpRate) / 1e9;
    this.#tokens = Math.min(this.#pace.catchUpFrames, this.#tokens + gained);
    this.#tokensAtNs = nowNs;
  }

  #sendOne(nowNs: number, schedule: DepartureSchedule): number {
    const slot = this.#slot;
    const sender = this.#senders[slot % this.#senders.length];
    const sent = sender.room() > 0 ? sender.send(1, low32(nowNs + this.#stampNs), high16(nowNs + this.#stampNs)) : 0;
    this.#noteSlot(nowNs);
    if (sent === 0) this.#noteBlocked(1, nowNs);
    this.#advance(1, schedule);
    if (sent === 0) return 0;
    this.#tokens--;
    this.#noteTaken(nowNs);
    this.#noteDepartures(sender, 1, nowNs, slot, schedule);
    this.#noteSent(nowNs, 1);
    return 1;
  }

  /** Fast schedules: all that is due goes out in one burst per queue with one stamp. */
  #sendDue(nowNs: number, schedule: DepartureSchedule): number {
    const { count } = this.#order;
    const { catchUpFrames } = this.#pace;
    const left = count === null ? Number.POSITIVE_INFINITY : count - this.#published;
    const due = Math.min(this.#due(nowNs) - this.#slot, Math.floor(this.#tokens), catchUpFrames, left);
    if (due <= 0) return 0;
    const queues = this.#senders.length;
    this.#noteSlot(nowNs);
    const low = low32(nowNs + this.#stampNs);
    const high = high16(nowNs + this.#stampNs);
    let moved = 0;
    for (let q = 0; q < queues; q++) {
      const sender = this.#senders[(this.#slot + q) % queues];
      const wanted = shareOf(due, queues, q);
      const sent = wanted > 0 ? sender.send(Math.min(wanted, sender.room()), low, high) : 0;
      if (sent < wanted) this.#noteBlocked(wanted - sent, nowNs);
      if (sent > 0) this.#noteDepartures(sender, sent, nowNs, this.#slot + q, schedule);
      moved += sent;
    }
    this.#advance(due, schedule);
    this.#tokens -= moved;
    if (moved === due) this.#noteTaken(nowNs);
    if (moved > 0) this.#noteSent(nowNs, moved);
    return moved;
  }

  /** The last `sent` frames of this queue left at `nowNs`; the first of them in this slot. */
  #noteDepartures(sender: Sender, sent: number, nowNs: number, slot: number, schedule: DepartureSchedule): void {
    const queues = this.#senders.length;
    const first = (sender.published - sent) * queues + sender.queue;
    for (let i = 0; i < sent; i++) {
      const dueNs = schedule.intendedNs(slot + i * queues);
      const lagNs = nowNs - dueNs;
      if (lagNs > this.#toleranceNs) this.#late++;
      this.#lag?.note(first + i * queues, lagNs);
      this.#pacing!.departed(nowNs, dueNs);
    }
  }

  #noteSlot(nowNs: number): void {
    if (this.#firstSlotNs < 0) this.#firstSlotNs = nowNs;
    this.#lastSlotNs = nowNs;
  }

  /**
   * No free slot. Whose fault that is, is decided when it begins: where more than a burst was overdue by then, those
   * frames are our own catching up; all that come due afterwards are the DUT's.
   */
  #noteBlocked(frames: number, nowNs: number): void {
    if (this.#blockedSinceNs < 0) {
      this.#blockedSinceNs = nowNs;
      const overdue = this.#due(nowNs) - this.#slot;
      this.#ownLeft = overdue > this.#pace.catchUpFrames ? overdue : 0;
    }
    if (this.#order.count !== null) return;
    this.#blocked += frames;
    const own = Math.min(frames, this.#ownLeft);
    this.#ownLeft -= own;
    this.#blockedOwn += own;
    if (own < frames) this.#lastBlockedNs = nowNs;
  }

  #noteTaken(nowNs: number): void {
    if (this.#blockedSinceNs < 0) return;
    this.#blockedNs += nowNs - this.#blockedSinceNs;
    this.#blockedSinceNs = -1;
  }
}

/** Empty at max. */
function stepsOf({ load, durationNs }: TrialOrder): readonly RateStep[] {
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
