/**
 * The sending half for many streams, or for one that does more than send without a break. Frames leave in the order of
 * their departure times, which follow from the schedules and rates alone. account.ts says what late and blocked mean.
 */
import { Departures } from "../../stream/departures/departures.js";
import { Stretch, StretchedTimeline } from "../../stream/departures/stretch.js";
import type { Timeline } from "../../stream/departures/timeline.js";
import { high16, low32 } from "../../stream/frames/signature.js";
import {
  type KeyedLags,
  type OpenQueue,
  type StreamTransmit,
  type TransmitReport,
  type TransmitWindow,
  type TrialClock,
  type TrialSpec,
  wakefulNs,
} from "../loop/index.js";
import { endGraceNs, TransmitAccount } from "./account.js";
import type { TransmitHalf } from "./half.js";
import type { LoadTurn } from "./load-turn.js";
import { ringPace } from "./sender.js";
import type { StreamsSender } from "./streams-sender.js";

const { catchUpFrames, burstFrames, singleFramePps } = ringPace;

export interface StreamsTransmitterStart {
  readonly spec: TrialSpec;
  readonly senders: readonly StreamsSender[];
  readonly timelines: readonly Timeline[];
  /** Frames per second of all streams together while all send. */
  readonly totalPps: number;
  readonly clock: TrialClock;
  readonly lags: KeyedLags | null;
}

export class StreamsTransmitter implements TransmitHalf {
  readonly account: TransmitAccount;
  readonly queues: readonly StreamsSender[];
  readonly #spec: TrialSpec;
  readonly #departures: Departures;
  readonly #timelines: readonly Timeline[];
  readonly #streams: number;
  readonly #clock: TrialClock;
  readonly #paced: boolean;
  /** Every frame is stamped and handed over on its own. */
  #single: boolean;
  #pps: number;
  readonly #lags: KeyedLags | null;
  /** Per stream. */
  readonly #lateOf: Float64Array;
  readonly #blockedOf: Float64Array;
  /** Per stream: the queue of its next frame. Frame k goes to queue k mod Q. */
  readonly #queueOf: Int32Array;
  /** Of all departures together, over those of single streams; null: nobody changed the load of all. */
  #stretch: Stretch | null = null;
  readonly #stretchOf = new Map<number, Stretch>();
  /** All of them stand still, also what is overdue. */
  #isHeld = false;
  /** When a stream was changed last at max, and when the trial's time is over. Doubles in typed arrays; trial-clock.ts says why. */
  readonly #lastMaxNs = new Float64Array(1);
  readonly #endNs: Float64Array;
  /** Streams that stand still alone: their departures are out of the order. */
  readonly #held = new Map<number, Timeline>();

  constructor({ spec, senders, timelines, totalPps, clock, lags }: StreamsTransmitterStart) {
    this.#spec = spec;
    this.#endNs = Float64Array.of(spec.durationNs);
    this.queues = senders;
    this.#departures = new Departures(timelines);
    this.#timelines = timelines;
    this.#streams = timelines.length;
    this.#clock = clock;
    this.#paced = spec.load.kind !== "max";
    this.#single = totalPps <= singleFramePps;
    this.#pps = totalPps;
    this.#lags = lags;
    this.#lateOf = new Float64Array(timelines.length);
    this.#blockedOf = new Float64Array(timelines.length);
    this.#queueOf = new Int32Array(timelines.length);
    const slots = (totalPps * spec.durationNs) / 1e9;
    const pps = this.#paced ? totalPps : 0;
    this.account = new TransmitAccount({ spec, clock, pace: ringPace, queues: senders, pps, slots });
  }

  attach(open: readonly OpenQueue[]): void {
    for (const sender of this.queues) sender.attach(open[sender.queue] ?? null);
    this.account.countFailedTurn();
  }

  start(): void {}

  change({ stream, speed, atNs, totalPps, addNs = 0 }: LoadTurn): void {
    if (addNs > 0) {
      this.#endNs[0] += addNs;
      this.account.noteLonger((this.#pps * this.#endNs[0]) / 1e9);
      return;
    }
    const pps = totalPps / (this.#spec.share?.of ?? 1);
    this.account.noteChange(this.#paced ? pps : 0);
    if (stream < 0) {
      this.#stretch ??= new Stretch();
      this.#stretch.change(atNs, speed);
      this.#isHeld = speed === 0;
    } else this.#changeStream(stream, speed, this.#paced ? (this.#stretch?.innerNs(atNs) ?? atNs) : this.#maxNs());
    if (pps === 0 || !this.#paced) return;
    this.#single = pps <= ringPace.singleFramePps;
    this.#pps = pps;
  }

  /**
   * At max departures only say the order. Their time is that of the next one, so that a stream that goes on has its share
   * again, and none of what it would have sent meanwhile. It stands still while all streams do.
   */
  #maxNs(): number {
    const { nextNs } = this.#departures;
    if (nextNs !== Number.POSITIVE_INFINITY) this.#lastMaxNs[0] = nextNs;
    return this.#lastMaxNs[0];
  }

  /** `atNs`: in the time of all departures together. */
  #changeStream(stream: number, speed: number, atNs: number): void {
    const stretch = this.#stretchOf.get(stream) ?? new Stretch();
    this.#stretchOf.set(stream, stretch);
    stretch.change(atNs, speed);
    // A stream that has sent its last frame has none to move.
    if (!this.#departures.remove(stream) && !this.#held.delete(stream)) return;
    const timeline = new StretchedTimeline(this.#timelines[stream], stretch);
    if (speed === 0) this.#held.set(stream, timeline);
    else this.#departures.insert(stream, timeline, this.#departures.slotOf(stream));
  }

  /** When the next frame is due, as the load is now; Infinity: it stands still, or there is none. */
  get #nextNs(): number {
    // Asked several times a frame: small, it takes less time (bench: 10,000 streams, 0.82 of it), as V8 can inline it.
    return this.#stretch === null ? this.#departures.nextNs : this.#changedNextNs(this.#stretch);
  }

  #changedNextNs(stretch: Stretch): number {
    return this.#isHeld ? Number.POSITIVE_INFINITY : Math.floor(stretch.realNs(this.#departures.nextNs));
  }

  /** No stream has a frame left. */
  get #hasSentAll(): boolean {
    return this.#departures.isEmpty && this.#held.size === 0;
  }

  /** The time of the departures at this time of the trial. */
  #innerNs(ns: number): number {
    return this.#stretch === null ? ns : this.#stretch.innerNs(ns);
  }

  isWakeful(): boolean {
    const near = this.#nextNs - this.#clock.nowNs < wakefulNs;
    return !this.account.ended && !this.#spec.cooperative && this.#paced && near;
  }

  step(): number {
    if (this.account.ended) return 0;
    const moved = this.#paced ? this.#stepPaced() : this.#stepMax(this.#clock.nowNs);
    this.account.noteTurn(moved);
    return moved;
  }

  report(acceptedByQueue: readonly number[]): TransmitReport {
    const queues = this.account.queueReports(acceptedByQueue);
    const outstandingOf = this.queues.map((sender, q) => {
      const ofStream = new Float64Array(this.#streams);
      sender.countLast(queues[q].outstanding, ofStream);
      return ofStream;
    });
    const missedOf = new Float64Array(this.#streams);
    const missed = this.#missed(missedOf);
    return {
      ...this.account.report(queues, { missed, unsent: this.#unsent() }, this.window()),
      streams: this.#byStream(outstandingOf, missedOf),
    };
  }

  /** `outstandingOf`: by queue and stream. */
  #byStream(outstandingOf: readonly Float64Array[], missedOf: Float64Array): StreamTransmit[] {
    return Array.from({ length: this.#streams }, (_, stream) => {
      let [sent, sentBytes, outstanding] = [0, 0, 0];
      for (const [q, sender] of this.queues.entries()) {
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

  /** What is left of a count. Where all streams have ended before, nothing is. */
  #unsent(): number {
    const { count } = this.#spec;
    if (count === null || this.#hasSentAll) return 0;
    return Math.max(0, count - this.account.published);
  }

  /** Departures due before the end that were never tried; per stream into `missedOf`. */
  #missed(missedOf: Float64Array): number {
    if (!this.#paced || this.#spec.count !== null) return 0;
    const { cutShort, endedNs } = this.account;
    const endNs = cutShort === null ? Math.min(this.#endNs[0], endedNs) : endedNs;
    const innerNs = this.#innerNs(endNs);
    let missed = this.#departures.dueBefore(innerNs, missedOf);
    for (const [stream, timeline] of this.#held) {
      const next = this.#departures.slotOf(stream);
      const overdue = timeline.dueBefore(innerNs, next) - next;
      missedOf[stream] += overdue;
      missed += overdue;
    }
    return missed;
  }

  window(): TransmitWindow {
    const { firstNs, firstSlotNs, lastSlotNs, endedNs, cutShort } = this.account;
    if (!this.#paced) return { fromNs: firstNs, toNs: endedNs, gapNs: 0 };
    const gapNs = 1e9 / this.#pps;
    if (firstSlotNs < 0) return { fromNs: 0, toNs: endedNs, gapNs };
    const { count } = this.#spec;
    const durationNs = this.#endNs[0];
    // Schedules have gaps: what was sent in a trial's time is sent over all of it.
    const isWhole = cutShort === null && !this.#hasSentAll;
    if (count === null && Number.isFinite(durationNs) && isWhole) {
      return { fromNs: 0, toNs: durationNs, gapNs: 0 };
    }
    return { fromNs: firstSlotNs, toNs: lastSlotNs + gapNs, gapNs };
  }

  #isOver(nowNs: number): boolean {
    const { count } = this.#spec;
    const durationNs = this.#endNs[0];
    if (count !== null) return this.account.published >= count || this.#hasSentAll;
    if (!this.#paced) return nowNs >= durationNs || this.#hasSentAll;
    return this.#nextNs >= durationNs || nowNs >= durationNs + endGraceNs;
  }

  /** Goes on from the first of the departures, which is this stream's. */
  #advance(stream: number): void {
    this.#departures.advance();
    if (this.queues.length === 1) return;
    const next = this.#queueOf[stream] + 1;
    this.#queueOf[stream] = next < this.queues.length ? next : 0;
  }

  /** Hands over what was placed. All of it is published before the first kick, which may find the peer gone. */
  #handOver(): void {
    for (const sender of this.queues) sender.publish();
    for (const sender of this.queues) sender.kick();
  }

  /** In the order of the schedules, as fast as the queues take them: a queue without room holds the order up. */
  #stepMax(nowNs: number): number {
    if (this.#isOver(nowNs)) {
      this.account.end(nowNs, null);
      return 0;
    }
    const { count } = this.#spec;
    const left = count === null ? burstFrames : Math.min(burstFrames, count - this.account.published);
    const low = low32(nowNs) | 0;
    const high = high16(nowNs);
    let moved = 0;
    while (moved < left && this.#nextNs !== Number.POSITIVE_INFINITY) {
      const { stream } = this.#departures;
      if (!this.queues[this.#queueOf[stream]].place(stream, low, high)) break;
      this.#advance(stream);
      moved++;
    }
    if (this.#nextNs === Number.POSITIVE_INFINITY) this.account.noteHeld();
    if (moved > 0) {
      this.#handOver();
      this.account.noteSent(moved);
      if (count !== null && this.account.published >= count) this.account.end(this.#look(), null);
    }
    return moved;
  }

  #stepPaced(): number {
    const clock = this.#clock;
    const nextNs = this.#nextNs;
    if (clock.nowNs < nextNs) {
      if (this.#isOver(clock.nowNs)) {
        // The trial lasts as long as it was asked for, whatever the last departure was.
        if (this.#spec.count === null && clock.nowNs < this.#endNs[0] && !this.#hasSentAll) return 0;
        this.account.end(clock.nowNs, null);
        return 0;
      }
      const wait = this.account.wait!;
      if (nextNs - clock.nowNs > wait.spinNs) return 0;
      wait.until(nextNs);
    }
    if (this.#isOver(clock.nowNs)) {
      this.account.end(clock.nowNs, null);
      return 0;
    }
    this.account.refill();
    return this.#sendDue(clock.nowNs);
  }

  /** What is due, a burst at most: each stamped and handed over on its own at low rates, all together at high ones. */
  #sendDue(firstNowNs: number): number {
    const account = this.account;
    let nowNs = firstNowNs;
    let moved = 0;
    for (let tries = 0; tries < catchUpFrames; tries++) {
      const { stream } = this.#departures;
      const nextNs = this.#nextNs;
      if (nowNs < nextNs || account.catchUp.left < 1 || this.#isOver(nowNs)) break;
      const sender = this.queues[this.#queueOf[stream]];
      const sent = sender.place(stream, low32(nowNs) | 0, high16(nowNs));
      account.noteSlot();
      this.#advance(stream);
      if (!sent) this.#noteBlocked(stream, nowNs);
      else {
        if (this.#single) {
          sender.publish();
          sender.kick();
        }
        this.#noteDeparture(sender, stream, nowNs - nextNs);
        moved++;
      }
      if (this.#single && nowNs >= this.#nextNs) nowNs = this.#look();
    }
    if (!this.#single) this.#handOver();
    return moved;
  }

  #noteDeparture(sender: StreamsSender, stream: number, lagNs: number): void {
    const account = this.account;
    if (lagNs > account.toleranceNs) {
      account.noteLate();
      this.#lateOf[stream]++;
    }
    this.#lags?.note(stream, sender.sentOf(stream) * this.queues.length + sender.queue, lagNs);
    // Gaps differ by schedule: what is recorded is how far each was off, around the mean one.
    account.pacing!.departedLate(lagNs);
    account.catchUp.spend(1);
    account.noteTaken();
    account.noteSent(1);
  }

  #look(): number {
    this.#clock.read();
    return this.#clock.nowNs;
  }

  #noteBlocked(stream: number, nowNs: number): void {
    if (!this.account.isBlocked) this.account.beginBlocked(this.#departures.dueBefore(this.#innerNs(nowNs)));
    this.account.noteBlocked(1);
    if (this.#spec.count === null) this.#blockedOf[stream]++;
  }
}
