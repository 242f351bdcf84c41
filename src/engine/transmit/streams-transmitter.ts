/**
 * The transmit half of the generator for many streams, or for one that does more than send without a break: frames
 * leave in the order of their departure times, which follow from the schedules and rates alone and are never re-based.
 * What late, missed and blocked mean is as in transmitter.ts.
 */
import { GapRecorder } from "../../stats/pacing.js";
import { Departures } from "../../stream/departures/departures.js";
import type { Timeline } from "../../stream/departures/timeline.js";
import { high16, low32 } from "../../stream/frames/signature.js";
import { FineWait } from "../loop/fine-wait.js";
import type { KeyedLags } from "../loop/keyed-lags.js";
import type { TrialClock } from "../loop/trial-clock.js";
import type { StreamTransmit, TransmitReport } from "../loop/trial-report.js";
import type { TrialSpec } from "../loop/trial-spec.js";
import { mostOwnBlocked } from "./give-up.js";
import { ringPace } from "./sender.js";
import type { StreamsSender } from "./streams-sender.js";
import { type TransmitWindow, windowNs } from "./transmitter.js";

const lateToleranceShare = 0.01;
const endGraceNs = 10_000_000;
const stuckNs = 5_000_000_000;
const catchUpRate = 1.1;
const spinNs = 500;
const wakefulNs = 20_000;
const { catchUpFrames, burstFrames, lateToleranceNs, singleFramePps } = ringPace;

/** Doubles that change with each frame, in one typed array: as fields each would be an object made anew. */
const cell = {
  tokens: 0,
  tokensAtNs: 1,
  progressNs: 2,
  /** Slots of the schedule, and departures. −1: there was none. */
  firstSlotNs: 3,
  lastSlotNs: 4,
  firstNs: 5,
  lastNs: 6,
  /** −1: nothing is blocked now, nothing was. */
  blockedSinceNs: 7,
  lastBlockedNs: 8,
  blockedNs: 9,
  blockedOwn: 10,
  ownLeft: 11,
  count: 12,
} as const;

export interface StreamsTransmitterStart {
  readonly spec: TrialSpec;
  readonly senders: readonly StreamsSender[];
  readonly timelines: readonly Timeline[];
  /** Frames per second of all streams together while all send. */
  readonly totalPps: number;
  readonly clock: TrialClock;
  readonly lags: KeyedLags | null;
}

export class StreamsTransmitter {
  readonly #spec: TrialSpec;
  readonly #senders: readonly StreamsSender[];
  readonly #departures: Departures;
  readonly #streams: number;
  readonly #clock: TrialClock;
  readonly #paced: boolean;
  readonly #mostOwn: number;
  readonly #single: boolean;
  readonly #pps: number;
  readonly #intervalNs: number;
  readonly #toleranceNs: number;
  readonly #wait: FineWait | null;
  readonly #pacing: GapRecorder | null;
  readonly #lags: KeyedLags | null;
  /** Per stream. */
  readonly #lateOf: Float64Array;
  readonly #blockedOf: Float64Array;
  readonly #queueOf: Int32Array;
  readonly #cells = new Float64Array(cell.count);
  #published = 0;
  #late = 0;
  #blocked = 0;
  #ended = false;
  #endedNs = 0;
  #cutShort: TransmitReport["cutShort"] = null;

  constructor({ spec, senders, timelines, totalPps, clock, lags }: StreamsTransmitterStart) {
    this.#spec = spec;
    this.#senders = senders;
    this.#departures = new Departures(timelines);
    this.#streams = timelines.length;
    this.#clock = clock;
    this.#paced = spec.load.kind !== "max";
    this.#pps = totalPps;
    this.#mostOwn = mostOwnBlocked(spec, (totalPps * spec.durationNs) / 1e9);
    this.#single = totalPps <= singleFramePps;
    this.#intervalNs = 1e9 / totalPps;
    this.#toleranceNs = Math.max(lateToleranceNs, lateToleranceShare * this.#intervalNs);
    this.#wait = this.#paced ? new FineWait(clock) : null;
    this.#pacing = this.#paced ? new GapRecorder(this.#intervalNs) : null;
    this.#lags = lags;
    this.#lateOf = new Float64Array(timelines.length);
    this.#blockedOf = new Float64Array(timelines.length);
    this.#queueOf = new Int32Array(timelines.length);
    this.#cells[cell.tokens] = catchUpFrames;
    for (const at of [cell.blockedSinceNs, cell.lastBlockedNs, cell.firstSlotNs, cell.firstNs]) this.#cells[at] = -1;
  }

  /** The clock has just begun. */
  start(): void {}

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

  get firstNs(): number {
    return Math.max(0, this.#cells[cell.firstNs]);
  }

  get lastNs(): number {
    return this.#cells[cell.lastNs];
  }

  isWakeful(): boolean {
    const near = this.#departures.nextNs - this.#clock.nowNs < wakefulNs;
    return !this.#ended && !this.#spec.cooperative && this.#paced && near;
  }

  step(): number {
    if (this.#ended) return 0;
    const moved = this.#paced ? this.#stepPaced() : this.#stepMax(this.#clock.nowNs);
    const { nowNs } = this.#clock;
    if (this.#cells[cell.blockedOwn] > this.#mostOwn && !this.#ended) this.#end(nowNs, "short");
    if (moved > 0) this.#cells[cell.progressNs] = nowNs;
    else if (!this.#ended && this.#isStuck(nowNs)) this.#end(nowNs, "stuck");
    return moved;
  }

  end(nowNs: number, why: "stopped" | "peer gone" | "short"): void {
    if (!this.#ended) this.#end(nowNs, why);
  }

  report(acceptedByQueue: readonly number[]): TransmitReport {
    const outstandingOf = this.#senders.map(() => new Float64Array(this.#streams));
    const queues = this.#senders.map((sender, q) => {
      const { queue, published, bytes } = sender;
      const outstanding = Math.min(sender.outstanding(), published - (acceptedByQueue[queue] ?? 0));
      sender.countLast(outstanding, outstandingOf[q]);
      const sentBytes = outstanding === 0 ? bytes : bytes - bytesOfLast(sender, outstandingOf[q]);
      return { queue, published, outstanding, bytes, sentBytes, carried: sender.carried() };
    });
    const outstanding = queues.reduce((sum, queue) => sum + queue.outstanding, 0);
    const sent = this.#published - outstanding;
    const { count } = this.#spec;
    const unsent = count !== null && this.#cutShort !== "stopped" ? Math.max(0, this.#target() - this.#published) : 0;
    const missedOf = new Float64Array(this.#streams);
    const missed = this.#missed(missedOf);
    const blocked = this.#blocked + outstanding + unsent;
    const stillBlockedNs = this.#cells[cell.blockedSinceNs] < 0 ? 0 : this.#endedNs - this.#cells[cell.blockedSinceNs];
    return {
      queues,
      intended: sent + blocked + missed,
      late: Math.min(this.#late, sent),
      missed,
      blocked,
      blockedOwn: this.#cells[cell.blockedOwn],
      blockedNs: this.#cells[cell.blockedNs] + stillBlockedNs,
      lastBlockedNs: this.#cells[cell.lastBlockedNs],
      firstNs: this.firstNs,
      lastNs: this.lastNs,
      windowNs: windowNs(this.window()),
      pacing: this.#pacing?.summary("self") ?? null,
      cutShort: this.#cutShort,
      streams: this.#byStream(outstandingOf, missedOf),
    };
  }

  /** `outstandingOf`: by queue and stream. */
  #byStream(outstandingOf: readonly Float64Array[], missedOf: Float64Array): StreamTransmit[] {
    return Array.from({ length: this.#streams }, (_, stream) => {
      let [sent, sentBytes, outstanding] = [0, 0, 0];
      for (const [q, sender] of this.#senders.entries()) {
        const taken = sender.sentOf(stream) - outstandingOf[q][stream];
        sent += taken;
        sentBytes += sender.bytesOf(stream, taken);
        outstanding += outstandingOf[q][stream];
      }
      return {
        sent,
        sentBytes,
        late: this.#lateOf[stream],
        missed: missedOf[stream],
        blocked: this.#blockedOf[stream] + outstanding,
      };
    });
  }

  /** Frames that a count really asks for: streams may end before. */
  #target(): number {
    const { count } = this.#spec;
    return this.#departures.nextNs === Number.POSITIVE_INFINITY ? this.#published : (count ?? 0);
  }

  /** Departures due before the end that were never tried; per stream into `missedOf`. */
  #missed(missedOf: Float64Array): number {
    if (!this.#paced || this.#spec.count !== null) return 0;
    const { durationNs } = this.#spec;
    const untilNs = this.#cutShort === null ? Math.min(durationNs, this.#endedNs) : this.#endedNs;
    return this.#departures.dueBefore(untilNs, missedOf);
  }

  window(): TransmitWindow {
    if (!this.#paced) return { fromNs: this.firstNs, toNs: this.#endedNs };
    if (this.#cells[cell.firstSlotNs] < 0) return { fromNs: 0, toNs: this.#endedNs };
    const { durationNs, count } = this.#spec;
    // Schedules have gaps: what was sent in a trial's time is sent over all of it.
    const isWhole = this.#cutShort === null && this.#departures.nextNs !== Number.POSITIVE_INFINITY;
    if (count === null && Number.isFinite(durationNs) && isWhole) return { fromNs: 0, toNs: durationNs };
    return { fromNs: this.#cells[cell.firstSlotNs], toNs: this.#cells[cell.lastSlotNs] + this.#intervalNs };
  }

  #end(nowNs: number, why: TransmitReport["cutShort"]): void {
    for (const sender of this.#senders) sender.publish();
    this.#ended = true;
    this.#endedNs = nowNs;
    this.#cutShort = why;
  }

  #isStuck(nowNs: number): boolean {
    if (this.#spec.outlastsPeer === true) return false;
    if (!this.#paced) return nowNs - this.#cells[cell.progressNs] > stuckNs;
    return this.#cells[cell.blockedSinceNs] >= 0 && nowNs - this.#cells[cell.blockedSinceNs] > stuckNs;
  }

  #isOver(nowNs: number): boolean {
    const { count, durationNs } = this.#spec;
    const { nextNs } = this.#departures;
    if (count !== null) return this.#published >= count || nextNs === Number.POSITIVE_INFINITY;
    if (!this.#paced) return nowNs >= durationNs || nextNs === Number.POSITIVE_INFINITY;
    return nextNs >= durationNs || nowNs >= durationNs + endGraceNs;
  }

  /** Who sends the stream's next frame: frame k goes to queue k mod Q. */
  #senderOf(stream: number): StreamsSender {
    return this.#senders[this.#queueOf[stream]];
  }

  /** The first of the departures, which is this stream's, is done with. */
  #advance(stream: number): void {
    this.#departures.advance();
    if (this.#senders.length === 1) return;
    const next = this.#queueOf[stream] + 1;
    this.#queueOf[stream] = next < this.#senders.length ? next : 0;
  }

  /** In the order of the schedules, as fast as the queues take them: a queue without room holds the order up. */
  #stepMax(nowNs: number): number {
    if (this.#isOver(nowNs)) {
      this.#end(nowNs, null);
      return 0;
    }
    const left = this.#spec.count === null ? burstFrames : Math.min(burstFrames, this.#spec.count - this.#published);
    const low = low32(nowNs) | 0;
    const high = high16(nowNs);
    let moved = 0;
    while (moved < left && this.#departures.nextNs !== Number.POSITIVE_INFINITY) {
      const { stream } = this.#departures;
      if (!this.#senderOf(stream).place(stream, low, high)) break;
      this.#advance(stream);
      moved++;
    }
    if (moved > 0) this.#noteSent(nowNs, moved);
    return moved;
  }

  #stepPaced(): number {
    let { nowNs } = this.#clock;
    const { nextNs } = this.#departures;
    if (nowNs < nextNs) {
      if (this.#isOver(nowNs)) {
        // The trial lasts as long as it was asked for, whatever the last departure was.
        const { count, durationNs } = this.#spec;
        if (count === null && nowNs < durationNs && nextNs !== Number.POSITIVE_INFINITY) return 0;
        this.#end(nowNs, null);
        return 0;
      }
      if (nextNs - nowNs > spinNs) return 0;
      this.#wait!.until(nextNs);
      nowNs = this.#clock.nowNs;
    }
    if (this.#isOver(nowNs)) {
      this.#end(nowNs, null);
      return 0;
    }
    this.#refill(nowNs);
    return this.#sendDue(nowNs);
  }

  #refill(nowNs: number): void {
    const gained = ((nowNs - this.#cells[cell.tokensAtNs]) * this.#pps * catchUpRate) / 1e9;
    this.#cells[cell.tokens] = Math.min(catchUpFrames, this.#cells[cell.tokens] + gained);
    this.#cells[cell.tokensAtNs] = nowNs;
  }

  /** What is due, a burst at most: each stamped and handed over on its own at low rates, all together at high ones. */
  #sendDue(firstNowNs: number): number {
    let nowNs = firstNowNs;
    let moved = 0;
    for (let tries = 0; tries < catchUpFrames; tries++) {
      const { nextNs, stream } = this.#departures;
      if (nowNs < nextNs || this.#cells[cell.tokens] < 1 || this.#isOver(nowNs)) break;
      const sender = this.#senderOf(stream);
      const sent = sender.place(stream, low32(nowNs) | 0, high16(nowNs));
      this.#noteSlot(nowNs);
      this.#advance(stream);
      if (!sent) this.#noteBlocked(stream, nowNs);
      else {
        if (this.#single) sender.publish();
        this.#noteDeparture(sender, stream, nowNs, nextNs);
        moved++;
      }
      if (this.#single && nowNs >= this.#departures.nextNs) nowNs = this.#look();
    }
    if (!this.#single) for (const sender of this.#senders) sender.publish();
    return moved;
  }

  #noteDeparture(sender: StreamsSender, stream: number, nowNs: number, dueNs: number): void {
    const lagNs = nowNs - dueNs;
    if (lagNs > this.#toleranceNs) {
      this.#late++;
      this.#lateOf[stream]++;
    }
    this.#lags?.note(stream, sender.sentOf(stream) * this.#senders.length + sender.queue, lagNs);
    // Gaps differ by schedule: what is recorded is how far each was off, around the mean one.
    this.#pacing!.departedLate(lagNs);
    this.#cells[cell.tokens]--;
    if (this.#cells[cell.blockedSinceNs] >= 0) {
      this.#cells[cell.blockedNs] += nowNs - this.#cells[cell.blockedSinceNs];
      this.#cells[cell.blockedSinceNs] = -1;
    }
    if (this.#cells[cell.firstNs] < 0) this.#cells[cell.firstNs] = nowNs;
    this.#cells[cell.lastNs] = nowNs;
    this.#published++;
  }

  #noteSent(nowNs: number, frames: number): void {
    for (const sender of this.#senders) sender.publish();
    if (this.#cells[cell.firstNs] < 0) this.#cells[cell.firstNs] = nowNs;
    this.#cells[cell.lastNs] = nowNs;
    this.#published += frames;
    if (this.#spec.count !== null && this.#published >= this.#spec.count) {
      this.#end(this.#look(), null);
    }
  }

  #look(): number {
    this.#clock.read();
    return this.#clock.nowNs;
  }

  #noteSlot(nowNs: number): void {
    if (this.#cells[cell.firstSlotNs] < 0) this.#cells[cell.firstSlotNs] = nowNs;
    this.#cells[cell.lastSlotNs] = nowNs;
  }

  #noteBlocked(stream: number, nowNs: number): void {
    if (this.#cells[cell.blockedSinceNs] < 0) {
      this.#cells[cell.blockedSinceNs] = nowNs;
      const overdue = this.#departures.dueBefore(nowNs);
      this.#cells[cell.ownLeft] = overdue > catchUpFrames ? overdue : 0;
    }
    if (this.#spec.count !== null) return;
    this.#blocked++;
    this.#blockedOf[stream]++;
    const own = Math.min(1, this.#cells[cell.ownLeft]);
    this.#cells[cell.ownLeft] -= own;
    this.#cells[cell.blockedOwn] += own;
    if (own === 0) this.#cells[cell.lastBlockedNs] = nowNs;
  }
}

/** bufferBytes of a sender's last frames, of each stream as many as are named. */
function bytesOfLast(sender: StreamsSender, last: Float64Array): number {
  return last.reduce((sum, frames, stream) => {
    const sent = sender.sentOf(stream);
    return frames === 0 ? sum : sum + sender.bytesOf(stream, sent) - sender.bytesOf(stream, sent - frames);
  }, 0);
}
