/**
 * The account of a receiving half, and the turn in which it grows: poll every queue, read the clock once a burst, have
 * the burst sorted out, count it, and give its buffers back.
 */
import type { RingMemory } from "../../memory.js";
import { burstFrames, type RxRing } from "../../ring/ring.js";
import { GapLog, latestOf } from "../../stats/gap-log.js";
import type { SequenceTable } from "../../stats/sequence-table.js";
import { LongestSilence } from "../../stats/silence.js";
import type { FrameProgram } from "../../stream/frames/program.js";
import type { OpenQueue, ReceiveReport, TrialClock, TrialSpec } from "../loop/index.js";
import { FlowQueues } from "./flow-queues.js";
import { type ForeignFrames, FrameInspector } from "./frame-inspector.js";

/** Doubles in a typed array; trial-clock.ts says why. */
const cell = {
  /** When the last frame of this run came. */
  lastArrivalNs: 0,
  /** When the first frame came that counts as received; −1: none did. */
  firstArrivalNs: 1,
  /** bufferBytes of what came in and is not received: foreign and stale frames, and those of the other direction. */
  otherBytes: 2,
  accepted: 3,
  /** Duplicates, and frames that are too old to say. */
  repeated: 4,
  /** Frames of other workers that these could not be told of. */
  untold: 5,
  count: 6,
} as const;

/** Counters of one receive queue, side by side. */
const queueCell = { packets: 0, bytes: 1, corrupt: 2, count: 3 } as const;

/** Frames in memory that came in together. */
export type Burst = Pick<RxRing, "offsets" | "lengths" | "arrivalsNs">;

/** Sorts out the frames of a burst. */
export interface BurstSorter {
  /** The first n frames of the burst came in on queue `q`, and the clock was just read. Returns their bytes. */
  sortOut(q: number, burst: Burst, n: number): number;
}

export interface ReceiveAccountStart {
  readonly spec: TrialSpec;
  readonly programs: readonly FrameProgram[];
  readonly memory: RingMemory;
  readonly clock: TrialClock;
  /** Its lanes are stream · Q + transmit queue. */
  readonly table: SequenceTable;
  readonly lanes: number;
  /** Sees every frame that is not ours. */
  readonly foreignFrames: ForeignFrames | null;
  /** Frames may come in at other workers of this program. */
  readonly hasOthers: boolean;
}

export class ReceiveAccount {
  readonly inspector: FrameInspector;
  readonly table: SequenceTable;
  /** null where frames can come out of one queue only, or none carries a signature. */
  flows: FlowQueues | null = null;
  /** null where the load is steady: only where it changes has the last loss a time. */
  readonly gaps: GapLog | null;
  readonly #spec: TrialSpec;
  readonly #clock: TrialClock;
  readonly #lanes: number;
  readonly #hasOthers: boolean;
  readonly #signed: boolean;
  readonly #cells = new Float64Array(cell.count);
  readonly #silence = new LongestSilence();
  #queues: readonly OpenQueue[] = [];
  #queueCells = new Float64Array(0);

  constructor({ spec, programs, memory, clock, table, lanes, foreignFrames, hasOthers }: ReceiveAccountStart) {
    this.#hasOthers = hasOthers;
    this.#spec = spec;
    this.#clock = clock;
    this.table = table;
    this.#lanes = lanes;
    this.#signed = programs.some(({ signed }) => signed);
    this.inspector = new FrameInspector(spec, programs, memory, foreignFrames);
    this.gaps = spec.load.kind === "stepped" ? new GapLog() : null;
    this.#cells[cell.firstArrivalNs] = -1;
  }

  attach(queues: readonly OpenQueue[]): void {
    this.#queues = queues;
    const areSeveral = queues.length > 1 || (queues.length > 0 && this.#hasOthers);
    if (areSeveral && this.#signed) this.flows ??= new FlowQueues(this.#spec, queues.length);
    const before = this.#queueCells;
    if (before.length >= queues.length * queueCell.count) return;
    this.#queueCells = new Float64Array(queues.length * queueCell.count);
    this.#queueCells.set(before);
  }

  /** Whole frames of this trial, each number once. */
  get accepted(): number {
    return this.#cells[cell.accepted];
  }

  /** Frames of this trial, whatever became of them. */
  get received(): number {
    return this.#cells[cell.accepted] + this.#cells[cell.repeated] + this.#cells[cell.untold] + this.inspector.corrupt;
  }

  /** bufferBytes of these, as they came in. */
  get receivedBytes(): number {
    let bytes = -this.#cells[cell.otherBytes];
    for (let at = queueCell.bytes; at < this.#queueCells.length; at += queueCell.count) bytes += this.#queueCells[at];
    return bytes;
  }

  get corrupt(): number {
    return this.inspector.corrupt;
  }

  get missing(): number {
    return this.table.missingInAll;
  }

  /** Frames of the other direction. */
  get returned(): number {
    return this.inspector.returned;
  }

  /** When the last frame of this run came, stale and damaged ones included. What others send keeps no trial from ending. */
  get lastArrivalNs(): number {
    return this.#cells[cell.lastArrivalNs];
  }

  get firstArrivalNs(): number {
    return this.#cells[cell.firstArrivalNs];
  }

  noteAccepted(frames: number): void {
    this.#cells[cell.accepted] += frames;
  }

  /** A duplicate, or a frame that is too old to say. */
  noteRepeated(): void {
    this.#cells[cell.repeated] += 1;
  }

  /** A frame of ours came in at another worker, which has counted its bytes as another's. Call this once it is counted. */
  noteStray(arrivalNs: number, bytes: number): void {
    this.noteOther(-bytes);
    if (arrivalNs > this.lastArrivalNs) this.#noteArrival(arrivalNs);
  }

  /** A frame of another worker that could not be told of: it is counted where it came in. Its bytes count as another's. */
  noteUntold(bytes: number): void {
    this.#cells[cell.untold] += 1;
    this.noteOther(-bytes);
  }

  /** What does not count as received is no part of its bytes. */
  noteOther(bytes: number): void {
    this.#cells[cell.otherBytes] += bytes;
  }

  /** A frame that did not pass the quick check. true: it is this trial's and whole. */
  inspect(offset: number, bytes: number): boolean {
    const { corrupt } = this.inspector;
    if (this.inspector.inspect(offset, bytes)) return true;
    if (this.inspector.corrupt === corrupt) this.noteOther(bytes);
    return false;
  }

  step(sorter: BurstSorter): number {
    const clock = this.#clock;
    let moved = 0;
    for (let q = 0; q < this.#queues.length; q++) {
      const open = this.#queues[q];
      const ring = open.rx;
      if (ring === null) continue;
      const n = ring.poll(burstFrames);
      if (n === 0) continue;
      clock.read();
      this.takeBurst(q, ring, n, sorter);
      ring.release(n);
      if (ring.notifyWanted()) open.notifyRx();
      moved += n;
    }
    return moved;
  }

  /** Counts n frames that came in on a queue just now. */
  takeBurst(q: number, burst: Burst, n: number, sorter: BurstSorter): void {
    const inspector = this.inspector;
    const counters = this.#queueCells;
    const arrivalNs = this.#clock.nowNs;
    const at = q * queueCell.count;
    const { corrupt: corruptBefore, ofOthers: othersBefore } = inspector;
    counters[at + queueCell.packets] += n;
    counters[at + queueCell.bytes] += sorter.sortOut(q, burst, n);
    counters[at + queueCell.corrupt] += inspector.corrupt - corruptBefore;
    if (inspector.ofOthers - othersBefore < n) this.#noteArrival(arrivalNs);
  }

  #noteArrival(arrivalNs: number): void {
    this.#cells[cell.lastArrivalNs] = arrivalNs;
    this.#silence.arrived(arrivalNs);
    if (this.#cells[cell.firstArrivalNs] < 0 && this.received > 0) this.#cells[cell.firstArrivalNs] = arrivalNs;
  }

  /** `lastLost`: the index of the last lost frame of a lane; null: none is lost. */
  lossUntilNs(lastLost: (lane: number) => number | null): number | null {
    const { gaps } = this;
    if (gaps === null) return null;
    return latestOf(
      Array.from({ length: this.#lanes }, (_, lane) => {
        const last = lastLost(lane);
        if (last === null) return 0;
        return last >= this.table.next(lane) ? Number.POSITIVE_INFINITY : gaps.departedBehind(lane, last);
      }),
    );
  }

  report() {
    const { inspector, table } = this;
    const lanes = Array.from({ length: this.#lanes }, (_, lane) => lane);
    const sum = (of: (lane: number) => number): number => lanes.reduce((total, lane) => total + of(lane), 0);
    const queues = Array.from({ length: this.#queueCells.length / queueCell.count }, (_, queue) => queue);
    const counter = (queue: number, which: number): number => this.#queueCells[queue * queueCell.count + which];
    return {
      queues: queues.map((queue) => ({
        queue,
        packets: counter(queue, queueCell.packets),
        bytes: counter(queue, queueCell.bytes),
      })),
      corruptByQueue: queues.map((queue) => counter(queue, queueCell.corrupt)),
      received: this.received,
      receivedBytes: this.receivedBytes,
      accepted: this.accepted,
      duplicate: sum((lane) => table.duplicate(lane)),
      reordered: sum((lane) => table.reordered(lane)),
      corrupt: inspector.corrupt,
      corruptKinds: inspector.kinds(),
      tooOld: sum((lane) => table.tooOld(lane)),
      stale: inspector.staleOfRun + inspector.staleOfOthers,
      staleOfOthers: inspector.staleOfOthers,
      foreign: inspector.foreign,
      reorderExtent: table.extent(lanes),
      reorderRuns: table.reorderRuns(lanes),
      firstArrivalNs: this.firstArrivalNs,
      lastArrivalNs: this.lastArrivalNs,
      silence: this.#silence.longest(),
      firstCorrupt: inspector.corruptSamples,
      firstForeign: inspector.foreignSamples,
      ...(this.flows === null ? {} : { flows: this.flows.report() }),
    } satisfies Partial<ReceiveReport>;
  }
}
