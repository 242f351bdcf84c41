/**
 * Replays frames from a feed: each leaves when the file, or a rate, says so. One thread sends and receives. Frames wait
 * for room in the peer's ring and are never left out: a replay is a count, not a load.
 */
import { usageError } from "../../errors.js";
import { copyFrame } from "../../ring/copy.js";
import { FineWait } from "../loop/fine-wait.js";
import type { CreateJob, Job, JobContext, OpenPort, OpenQueue } from "../loop/job.js";
import { TrialClock } from "../loop/trial-clock.js";
import { PipeBurst } from "../pipe/burst.js";
import { PipeCursor } from "../pipe/cursor.js";
import { PipeReader } from "../pipe/frame-pipe.js";
import { PipeRecorder } from "../pipe/recorder.js";
import { ReplayGaps } from "./gaps.js";
import {
  replayCounter as counter,
  replayPhase as phase,
  type ReplayCommand,
  type ReplayOrder,
  type ReplayReport,
} from "./order.js";
import { warmUpReplay } from "./warm-up.js";

export interface ReplayJobOptions {
  /** Ports of the worker; frames of the second port go out by [1] if there are two senders, else all by [0]. */
  readonly ports: number;
  readonly senders: 1 | 2;
}

const burstFrames = 64;
/** A peer that takes nothing for so long has stopped. */
const stuckNs = 5e9;
/** Nearer than this to the next departure, the loop waits for it and polls nothing. */
const spinNs = 700;
const wakefulNs = 20_000;
/** A lane is a queue of a port: port · mostQueues + queue. */
const mostQueues = 8;
const countersEveryNs = 1_000_000;
const quietWhenCompleteNs = 20_000_000;

const cell = {
  bytes: 0,
  received: 1,
  receivedBytes: 2,
  count: 3,
} as const;

class Replay implements Job {
  readonly #context: JobContext;
  readonly #ports: (OpenPort | null)[];
  readonly #senders: number;
  /** Per port; doubles in one array, since a field would change representation beyond 2^31. */
  readonly #cells: Float64Array[];
  readonly #outstandingAtLoss: number[];
  readonly #gaps = new ReplayGaps();
  readonly #topSpeed: PipeBurst;
  readonly #clock: TrialClock;
  readonly #wait: FineWait;
  /** By lane: frames of the burst under construction, and frames handed over so far. */
  readonly #placed: number[];
  readonly #published: Float64Array;
  #order: ReplayOrder | null = null;
  #feed: PipeReader | null = null;
  #cursor: PipeCursor | null = null;
  #recordTx: PipeRecorder | null = null;
  #recordRx: PipeRecorder | null = null;
  #phase: number = phase.done;
  #sentFrames = 0;
  #loop = 0;
  #loopBaseNs = 0;
  /** Of the frame to be sent next: where it is in the feed, and when it is due. */
  #next = -1;
  #dueNs = 0;
  #rateDueNs = 0;
  #lastDueNs = Number.NaN;
  #lastNowNs = 0;
  #firstSentNs = Number.NaN;
  #tooLong = 0;
  #blockedSinceNs = -1;
  #blockedNs = 0;
  #progressNs = 0;
  #endedNs = 0;
  #lastArrivalNs = 0;
  #elapsedNs = 0;
  #receivedAtSend = 0;
  #awaiting = false;
  #awaitingSinceNs = 0;
  #unanswered = 0;
  #cutShort: ReplayReport["cutShort"] = null;
  #countersDueNs = 0;

  constructor(context: JobContext) {
    this.#context = context;
    const { ports, senders } = context.options as ReplayJobOptions;
    this.#ports = Array.from({ length: ports }, () => null);
    this.#cells = this.#ports.map(() => new Float64Array(cell.count));
    this.#outstandingAtLoss = this.#ports.map(() => 0);
    this.#placed = new Array<number>(ports * mostQueues).fill(0);
    this.#published = new Float64Array(ports * mostQueues);
    this.#senders = senders;
    this.#clock = new TrialClock(context.nowNs);
    this.#wait = new FineWait(this.#clock);
    this.#topSpeed = new PipeBurst(context.memory);
  }

  attach(index: number, port: OpenPort | null): void {
    const before = this.#ports[index];
    if (port === null && before !== null) {
      this.#outstandingAtLoss[index] += outstandingOf(before);
      const isRunning = this.#phase === phase.sending || this.#phase === phase.waiting;
      if (isRunning) this.#end(this.#sinceEpochNs(), "peer gone");
    }
    this.#ports[index] = port;
  }

  command(message: unknown): unknown {
    const command = message as ReplayCommand;
    switch (command.kind) {
      case "replay":
        this.#begin(command.order);
        return null;
      case "stop":
        if (this.#phase < phase.settling) this.#end(this.#sinceEpochNs(), "stopped");
        return null;
      case "report":
        return this.#report();
    }
  }

  mayRest(): boolean {
    return this.#phase === phase.done;
  }

  step(): number {
    if (this.#phase === phase.done) return 0;
    const now = this.#sinceEpochNs();
    let moved = 0;
    if (this.#phase === phase.waiting) {
      if (!this.#feed!.filled) {
        this.#receive(now);
        return 0;
      }
      this.#startSending();
      return 1;
    }
    if (this.#phase === phase.sending) moved = this.#send(now);
    moved += this.#receive(now);
    if (now >= this.#countersDueNs) this.#publishCounters(now);
    if (this.#phase === phase.settling) this.#settle(now);
    if (moved > 0) return moved;
    return this.#phase === phase.sending &&
      !this.#order!.cooperative &&
      this.#next >= 0 &&
      this.#dueNs - now < wakefulNs
      ? 1
      : 0;
  }

  #begin(order: ReplayOrder): void {
    const { memory } = this.#context;
    this.#order = order;
    this.#feed = new PipeReader(memory, order.feed);
    this.#recordTx = order.recordTx === null ? null : new PipeRecorder(memory, order.recordTx);
    this.#recordRx = order.recordRx === null ? null : new PipeRecorder(memory, order.recordRx);
    this.#clock.begin();
    this.#phase = phase.waiting;
  }

  /** The feed is full, or all of the file is in it. From here on time counts. */
  #startSending(): void {
    this.#cursor = new PipeCursor(this.#feed!, this.#order!.loops);
    this.#clock.begin();
    this.#phase = phase.sending;
  }

  #sinceEpochNs(): number {
    this.#clock.read();
    return this.#clock.nowNs;
  }

  /** Is there a next frame? Sets when it is due. */
  #hasNext(): boolean {
    if (this.#next >= 0) return true;
    const cursor = this.#cursor!;
    const frame = cursor.next();
    if (frame < 0) return false;
    if (cursor.loop !== this.#loop) this.#startLoop(cursor.loop);
    const feed = this.#feed!;
    this.#dueNs = this.#dueOf(feed.timeNs(frame), feed.bytes(frame));
    this.#next = frame;
    return true;
  }

  #startLoop(loop: number): void {
    const { loopDelayNs } = this.#order!;
    this.#loop = loop;
    this.#loopBaseNs = (Number.isNaN(this.#lastDueNs) ? 0 : this.#lastDueNs) + loopDelayNs;
    this.#rateDueNs += loopDelayNs;
  }

  #dueOf(timeNs: number, bytes: number): number {
    const { pace, loopDelayNs } = this.#order!;
    switch (pace.kind) {
      case "original":
        return this.#loopBaseNs + timeNs / pace.speed;
      case "pps": {
        const due = this.#rateDueNs;
        this.#rateDueNs = due + 1e9 / pace.pps;
        return due;
      }
      case "bps": {
        const due = this.#rateDueNs;
        this.#rateDueNs = due + ((bytes + pace.overheadBytes) * 8e9) / pace.bps;
        return due;
      }
      default:
        // At top speed only the wait between two loops has a time.
        return this.#loop > 0 && loopDelayNs > 0 ? this.#loopBaseNs : Number.NEGATIVE_INFINITY;
    }
  }

  #isAtLimit(now: number): boolean {
    const { count, durationNs } = this.#order!;
    return this.#sentFrames + this.#tooLong >= count || now >= durationNs;
  }

  #send(firstNow: number): number {
    let now = firstNow;
    if (this.#awaiting && !this.#isAnswered(now)) return 0;
    if (this.#isAtLimit(now)) {
      this.#end(now, "limit");
      return 0;
    }
    if (!this.#hasNext()) {
      if (this.#cursor!.isOver) this.#end(now, null);
      return 0;
    }
    const { pace, durationNs } = this.#order!;
    const isTimed = pace.kind !== "max" && pace.kind !== "one";
    if (this.#dueNs > now) {
      if (this.#dueNs - now > spinNs || this.#dueNs >= durationNs) return 0;
      this.#wait.until(this.#dueNs);
      now = this.#clock.nowNs;
    }
    const sent =
      pace.kind === "max" && this.#senders === 1 && this.#ports[0]?.queues.length === 1
        ? this.#burstAtTopSpeed(now)
        : this.#burst(now, pace.kind === "one" ? 1 : burstFrames, isTimed);
    if (sent > 0) this.#progressNs = now;
    if (pace.kind === "one" && sent > 0) {
      this.#awaiting = true;
      this.#awaitingSinceNs = now;
      this.#receivedAtSend = this.#received();
    }
    this.#noteRoom(sent, now);
    return sent;
  }

  /** All that is due, up to `most` frames that the peer has room for; one store for each port. */
  #burst(now: number, most: number, isTimed: boolean): number {
    const feed = this.#feed!;
    const { memory } = this.#context;
    const placed = this.#placed;
    placed.fill(0);
    for (const port of this.#ports) if (port !== null) for (const { tx } of port.queues) tx?.reclaim();
    const { count } = this.#order!;
    let sent = 0;
    while (sent < most && this.#sentFrames + this.#tooLong < count && this.#hasNext() && this.#dueNs <= now) {
      const frame = this.#next;
      const bytes = feed.bytes(frame);
      const port = this.#senders === 2 ? feed.port(frame) : 0;
      const queues = this.#ports[port]?.queues ?? [];
      const queue = queues.length > 1 ? feed.spread(frame) % queues.length : 0;
      const lane = port * mostQueues + queue;
      const ring = queues[queue]?.tx ?? null;
      const at = ring === null ? 0 : ring.place(placed[lane], bytes);
      if (at === 0) break;
      if (at > 0) {
        copyFrame(memory, at, feed.offset(frame), bytes);
        placed[lane]++;
        this.#recordTx?.record(memory, at, bytes, now + this.#clock.epochNs, port);
        this.#cells[port][cell.bytes] += bytes;
        if (isTimed) this.#gaps.departed(this.#dueNs, now);
        sent++;
        this.#sentFrames++;
      } else this.#tooLong++;
      this.#lastDueNs = isTimed ? this.#dueNs : now;
      this.#advance(1);
    }
    this.#publish(placed, now);
    return sent;
  }

  /** As `#burst`, for one port and without times of frames. */
  #burstAtTopSpeed(now: number): number {
    const ring = this.#ports[0]?.queues[0]?.tx ?? null;
    if (ring === null) return 0;
    const { count, loopDelayNs } = this.#order!;
    const most = count - this.#sentFrames - this.#tooLong;
    const burst = this.#topSpeed;
    const sent = burst.fill(ring, this.#cursor!, most, loopDelayNs === 0);
    if (sent === 0) return 0;
    this.#lastDueNs = now;
    if (sent < 0) {
      this.#tooLong++;
      this.#advance(1);
      return 0;
    }
    if (this.#recordTx !== null) burst.record(this.#recordTx, sent, now + this.#clock.epochNs, 0);
    this.#cells[0][cell.bytes] += burst.bytes;
    this.#sentFrames += sent;
    this.#placed.fill(0);
    this.#placed[0] = sent;
    this.#publish(this.#placed, now);
    this.#advance(sent);
    return sent;
  }

  #advance(frames: number): void {
    this.#cursor!.advance(frames);
    this.#loop = this.#cursor!.loop;
    this.#next = -1;
  }

  #publish(placed: readonly number[], now: number): void {
    for (let lane = 0; lane < placed.length; lane++) {
      const n = placed[lane];
      if (n === 0) continue;
      const port = Math.floor(lane / mostQueues);
      const queue = this.#ports[port]!.queues[lane % mostQueues];
      this.#context.inUse.port = port;
      queue.tx!.publish(n);
      // Counted first: a kick may find that the other side is gone.
      this.#published[lane] += n;
      if (queue.tx!.notifyWanted()) queue.notifyTx();
      if (Number.isNaN(this.#firstSentNs)) this.#firstSentNs = now;
      this.#lastNowNs = now;
    }
  }

  #noteRoom(sent: number, now: number): void {
    if (sent > 0) {
      if (this.#blockedSinceNs >= 0) this.#blockedNs += now - this.#blockedSinceNs;
      this.#blockedSinceNs = -1;
      return;
    }
    // Nothing went: either the peer has no room, or the file is slower than we are.
    if (this.#next < 0 || this.#dueNs > now) return;
    if (this.#blockedSinceNs < 0) this.#blockedSinceNs = now;
    for (const port of this.#ports) {
      if (port === null) continue;
      for (const queue of port.queues) if (queue.tx?.kickAgain?.() === true) queue.notifyTx();
    }
    if (now - Math.max(this.#blockedSinceNs, this.#progressNs) > stuckNs) this.#end(now, "stuck");
  }

  #isAnswered(now: number): boolean {
    const { pace } = this.#order!;
    if (this.#received() > this.#receivedAtSend) {
      this.#awaiting = false;
      return true;
    }
    if (pace.kind === "one" && now - this.#awaitingSinceNs < pace.timeoutNs) return false;
    this.#unanswered++;
    this.#awaiting = false;
    return true;
  }

  #received(): number {
    let sum = 0;
    for (const cells of this.#cells) sum += cells[cell.received];
    return sum;
  }

  #receive(now: number): number {
    let moved = 0;
    for (let port = 0; port < this.#ports.length; port++) {
      const open = this.#ports[port];
      if (open === null) continue;
      this.#context.inUse.port = port;
      for (const queue of open.queues) moved += this.#receiveQueue(queue, port, now);
    }
    if (moved > 0) this.#lastArrivalNs = now;
    return moved;
  }

  #receiveQueue(queue: OpenQueue, port: number, now: number): number {
    const ring = queue.rx;
    if (ring === null) return 0;
    const n = ring.poll(burstFrames);
    if (n === 0) return 0;
    const cells = this.#cells[port];
    let bytes = 0;
    const record = this.#recordRx;
    for (let k = 0; k < n; k++) {
      bytes += ring.lengths[k];
      record?.record(this.#context.memory, ring.offsets[k], ring.lengths[k], now + this.#clock.epochNs, port);
    }
    record?.publish();
    ring.release(n);
    if (ring.notifyWanted()) queue.notifyRx();
    cells[cell.received] += n;
    cells[cell.receivedBytes] += bytes;
    return n;
  }

  #end(now: number, why: ReplayReport["cutShort"]): void {
    this.#phase = phase.settling;
    this.#endedNs = now;
    this.#cutShort = why;
    this.#feed?.stop();
    this.#recordTx?.end();
  }

  #settle(now: number): void {
    const { settleNs, expectBack } = this.#order!;
    const outstanding = this.#ports.reduce((sum, port) => sum + outstandingOf(port), 0);
    const quietNs = now - Math.max(this.#endedNs, this.#lastArrivalNs);
    if (outstanding > 0 && now - this.#endedNs < Math.max(settleNs, this.#cutShort === null ? stuckNs : 0)) return;
    const isComplete = expectBack && this.#received() >= this.#sentFrames;
    if (quietNs < Math.min(settleNs, isComplete ? quietWhenCompleteNs : settleNs)) {
      // A peer that never stops sending is not waited for.
      if (now - this.#endedNs < 3 * settleNs + 2e9) return;
    }
    this.#recordRx?.end();
    this.#elapsedNs = now;
    this.#phase = phase.done;
    this.#publishCounters(now);
    this.#context.post({ kind: "done" });
  }

  #publishCounters(now: number): void {
    this.#countersDueNs = now + countersEveryNs;
    this.#recordTx?.publish();
    const { counters } = this.#context;
    counters[counter.phase] = this.#phase;
    counters[counter.published] = this.#sentFrames;
    counters[counter.received] = this.#received();
    counters[counter.elapsedNs] = now;
  }

  #publishedOf(port: number): Float64Array {
    return this.#published.subarray(port * mostQueues, (port + 1) * mostQueues);
  }

  #report(): ReplayReport {
    if (this.#order === null) throw usageError("nothing was replayed");
    return {
      ports: this.#ports.map((port, i) => ({
        published: this.#publishedOf(i).reduce((sum, n) => sum + n, 0),
        publishedByQueue: [...this.#publishedOf(i).subarray(0, Math.max(1, port?.queues.length ?? mostQueues))],
        outstanding: this.#outstandingAtLoss[i] + outstandingOf(port),
        bytes: this.#cells[i][cell.bytes],
        received: this.#cells[i][cell.received],
        receivedBytes: this.#cells[i][cell.receivedBytes],
      })),
      tooLong: this.#tooLong,
      late: this.#gaps.late,
      lagMaxNs: this.#gaps.lagMaxNs,
      gapOff: this.#gaps.summary(),
      blockedNs: this.#blockedNs,
      loops: this.#loop + 1,
      unanswered: this.#unanswered,
      windowNs: Number.isNaN(this.#firstSentNs) ? 0 : this.#lastNowNs - this.#firstSentNs,
      elapsedNs: this.#elapsedNs,
      unrecordedTx: this.#recordTx?.missed ?? 0,
      unrecordedRx: this.#recordRx?.missed ?? 0,
      cutShort: this.#cutShort,
    };
  }
}

function outstandingOf(port: OpenPort | null): number {
  let sum = 0;
  for (const { tx } of port?.queues ?? []) {
    if (tx === null) continue;
    tx.reclaim();
    sum += tx.outstanding();
  }
  return sum;
}

const createCold: CreateJob = (context) => new Replay(context);

export const createJob: CreateJob = (context) => {
  warmUpReplay(context, createCold);
  return createCold(context);
};
