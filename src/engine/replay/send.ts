/**
 * The sending half of a replay. Frames that are due leave in bursts. A frame waits for room in its peer's ring and is
 * never left out: a replay is a count, not a load.
 */
import type { RingMemory } from "../../memory.js";
import { copyFrame } from "../../ring/copy.js";
import { FineWait, type OpenPort, type TrialClock } from "../loop/index.js";
import { PipeBurst, type PipeReader, type PipeRecorder } from "../pipe/index.js";
import { AnswerWait } from "./answers.js";
import { DueFrames } from "./due.js";
import { ReplayGaps } from "./gaps.js";
import { Outlets } from "./outlets.js";
import type { ReplayCut, ReplayReport, ReplaySpec } from "./spec.js";

const burstFrames = 64;
/** A peer that takes nothing for this long has stopped. */
export const stuckNs = 5e9;
/** Closer than this to the next departure, the loop waits for it and polls nothing. */
const spinNs = 700;
/** Closer than this to the next departure, the loop does not give way. */
const wakefulNs = 20_000;

/** Times in ns since the replay began, and counts: doubles that stay where they are, see trial-clock.ts. */
const cell = {
  sent: 0,
  tooLong: 1,
  /** Since when a frame is due and finds no room; −1: there is room. */
  blockedSinceNs: 2,
  blockedNs: 3,
  /** When frames left: the first, the last. The first is NaN until then. */
  firstNs: 4,
  lastNs: 5,
  endedNs: 6,
  /** The limits of the replay: they came with a message. See ReplaySender. */
  mostFrames: 7,
  durationNs: 8,
  count: 9,
} as const;

export interface SenderSetup {
  readonly memory: RingMemory;
  readonly inUse: { port: number };
  readonly clock: TrialClock;
  readonly ports: number;
  /** Frames of the second port go out by port 1 if there are two senders, else all by port 0. */
  readonly senders: 1 | 2;
  readonly spec: ReplaySpec;
  readonly pipe: PipeReader;
  readonly recorder: PipeRecorder | null;
  /** Frames received so far. */
  readonly received: () => number;
}

/**
 * Keeps what it needs of the spec in fields of its own. The spec of a rehearsal and the spec of a message are objects of
 * two shapes, and V8 would throw the compiled loop away with the first frame: 0.2 to 0.35 ms.
 */
export class ReplaySender {
  readonly #memory: RingMemory;
  readonly #clock: TrialClock;
  readonly #wait: FineWait;
  readonly #spec: ReplaySpec;
  readonly #senders: 1 | 2;
  readonly #pipe: PipeReader;
  readonly #recorder: PipeRecorder | null;
  readonly #outlets: Outlets;
  readonly #cells = new Float64Array(cell.count);
  readonly #gaps = new ReplayGaps();
  readonly #topSpeed: PipeBurst;
  readonly #answers: AnswerWait | null;
  /** The pace gives each frame a time. */
  readonly #isTimed: boolean;
  readonly #isMax: boolean;
  readonly #goesOn: boolean;
  readonly #cooperative: boolean;
  #due: DueFrames | null = null;
  #ended = false;
  #cutShort: ReplayCut | null = null;

  constructor({ memory, inUse, clock, ports, senders, spec, pipe, recorder, received }: SenderSetup) {
    const { pace } = spec;
    this.#memory = memory;
    this.#clock = clock;
    this.#wait = new FineWait(clock);
    this.#spec = spec;
    this.#senders = senders;
    this.#pipe = pipe;
    this.#recorder = recorder;
    this.#outlets = new Outlets(ports, inUse);
    this.#cells[cell.blockedSinceNs] = -1;
    this.#cells[cell.firstNs] = Number.NaN;
    this.#topSpeed = new PipeBurst(memory);
    this.#answers = pace.kind === "one" ? new AnswerWait(pace.timeoutNs, received) : null;
    this.#isTimed = pace.kind !== "max" && pace.kind !== "one";
    this.#isMax = pace.kind === "max";
    this.#goesOn = spec.loopDelayNs === 0;
    this.#cooperative = spec.cooperative;
    this.#cells[cell.mostFrames] = spec.count;
    this.#cells[cell.durationNs] = spec.durationNs;
  }

  attach(port: number, open: OpenPort | null): void {
    this.#outlets.attach(port, open);
  }

  /** The pipe is filled: there are frames to send. */
  start(): void {
    this.#due = new DueFrames(this.#pipe, this.#spec);
  }

  get ended(): boolean {
    return this.#ended;
  }

  get endedNs(): number {
    return this.#cells[cell.endedNs];
  }

  get cutShort(): ReplayCut | null {
    return this.#cutShort;
  }

  get sent(): number {
    return this.#cells[cell.sent];
  }

  /** Frames that peers have yet to take. */
  waiting(): number {
    return this.#outlets.waiting();
  }

  /** The next departure is so near that the thread should stay awake for it. */
  isWakeful(): boolean {
    const due = this.#due;
    if (due === null || this.#cooperative) return false;
    return due.frame >= 0 && due.dueNs - this.#clock.nowNs < wakefulNs;
  }

  /** What was recorded so far can be read. */
  publishRecording(): void {
    this.#recorder?.publish();
  }

  /** Ends at once. null: the whole file was sent. */
  end(why: ReplayCut | null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cells[cell.endedNs] = this.#clock.nowNs;
    this.#cutShort = why;
    this.#pipe.stop();
    this.#recorder?.end();
  }

  /** One turn at the clock's time, which may move on in it. Returns the frames sent. */
  step(): number {
    const clock = this.#clock;
    const due = this.#due!;
    if (this.#answers !== null && !this.#answers.isOver(clock.nowNs)) return 0;
    if (this.#isAtLimit()) {
      this.end("limit");
      return 0;
    }
    if (!due.look()) {
      if (due.isOver) this.end(null);
      return 0;
    }
    if (due.dueNs > clock.nowNs) {
      if (due.dueNs - clock.nowNs > spinNs || due.dueNs >= this.#cells[cell.durationNs]) return 0;
      this.#wait.until(due.dueNs);
    }
    const sent = this.#isAtTopSpeed() ? this.#topSpeedBurst(due) : this.#burst(due);
    if (sent > 0) {
      this.#noteSent();
      this.#answers?.begin(clock.nowNs);
    } else if (due.frame >= 0 && due.dueNs <= clock.nowNs) this.#noteBlocked();
    return sent;
  }

  /** Frames of the file that were dealt with. */
  #passed(): number {
    return this.#cells[cell.sent] + this.#cells[cell.tooLong];
  }

  #isAtLimit(): boolean {
    const cells = this.#cells;
    return this.#passed() >= cells[cell.mostFrames] || this.#clock.nowNs >= cells[cell.durationNs];
  }

  /** One queue of one port, and frames without times. */
  #isAtTopSpeed(): boolean {
    return this.#isMax && this.#senders === 1 && this.#outlets.queuesOf(0) === 1;
  }

  /** All frames that are due, up to a burst, for which peers have room. */
  #burst(due: DueFrames): number {
    const pipe = this.#pipe;
    const memory = this.#memory;
    const outlets = this.#outlets;
    const cells = this.#cells;
    const isTimed = this.#isTimed;
    const { nowNs, epochNs } = this.#clock;
    const most = this.#answers === null ? burstFrames : 1;
    let left = cells[cell.mostFrames] - this.#passed();
    let sent = 0;
    let tooLong = 0;
    outlets.begin();
    while (sent < most && left > 0 && due.look() && due.dueNs <= nowNs) {
      const { frame, dueNs } = due;
      const bytes = pipe.bytes(frame);
      const port = this.#senders === 2 ? pipe.port(frame) : 0;
      const outlet = outlets.of(port, pipe.spread(frame));
      const at = outlet < 0 ? 0 : outlets.place(outlet, bytes);
      if (at === 0) break;
      if (at > 0) {
        copyFrame(memory, at, pipe.offset(frame), bytes);
        outlets.note(outlet, 1, bytes);
        this.#recorder?.record(memory, at, bytes, nowNs + epochNs, port);
        if (isTimed) this.#gaps.departed(dueNs, nowNs);
        sent++;
      } else tooLong++;
      left--;
      due.passed(1, isTimed ? dueNs : nowNs);
    }
    cells[cell.sent] += sent;
    cells[cell.tooLong] += tooLong;
    outlets.publish();
    return sent;
  }

  /** As `#burst` where frames have no times. */
  #topSpeedBurst(due: DueFrames): number {
    const ring = this.#outlets.ring(0);
    if (ring === null) return 0;
    const { nowNs, epochNs } = this.#clock;
    const burst = this.#topSpeed;
    const left = this.#cells[cell.mostFrames] - this.#passed();
    this.#outlets.begin();
    const sent = burst.fill(ring, due.cursor, left, this.#goesOn);
    if (sent === 0) return 0;
    if (sent < 0) {
      this.#cells[cell.tooLong]++;
      due.passed(1, nowNs);
      return 0;
    }
    if (this.#recorder !== null) burst.record(this.#recorder, sent, nowNs + epochNs, 0);
    this.#cells[cell.sent] += sent;
    this.#outlets.note(0, sent, burst.bytes);
    this.#outlets.publish();
    due.passed(sent, nowNs);
    return sent;
  }

  #noteSent(): void {
    const cells = this.#cells;
    const { nowNs } = this.#clock;
    if (Number.isNaN(cells[cell.firstNs])) cells[cell.firstNs] = nowNs;
    cells[cell.lastNs] = nowNs;
    if (cells[cell.blockedSinceNs] >= 0) cells[cell.blockedNs] += nowNs - cells[cell.blockedSinceNs];
    cells[cell.blockedSinceNs] = -1;
  }

  /** A frame is due and finds no room. */
  #noteBlocked(): void {
    const cells = this.#cells;
    const { nowNs } = this.#clock;
    if (cells[cell.blockedSinceNs] < 0) cells[cell.blockedSinceNs] = nowNs;
    this.#outlets.nudge();
    if (nowNs - cells[cell.blockedSinceNs] > stuckNs) this.end("stuck");
  }

  /** The parts of a report that are about sending. */
  report(): Pick<
    ReplayReport,
    "tooLong" | "late" | "lagMaxNs" | "gapOff" | "blockedNs" | "loops" | "unanswered" | "windowNs" | "unrecordedTx"
  > {
    const cells = this.#cells;
    return {
      tooLong: cells[cell.tooLong],
      late: this.#gaps.late,
      lagMaxNs: this.#gaps.lagMaxNs,
      gapOff: this.#gaps.summary(),
      blockedNs: cells[cell.blockedNs],
      loops: (this.#due?.loop ?? 0) + 1,
      unanswered: this.#answers?.unanswered ?? 0,
      windowNs: Number.isNaN(cells[cell.firstNs]) ? 0 : cells[cell.lastNs] - cells[cell.firstNs],
      unrecordedTx: this.#recorder?.missed ?? 0,
    };
  }

  reportOf(port: number): ReturnType<Outlets["report"]> {
    return this.#outlets.report(port);
  }
}
