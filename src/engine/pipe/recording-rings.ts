/**
 * Rings that record: they wrap a port's rings, and the loop sees them as rings. Frames that are published or polled are
 * copied into a pipe that another thread writes to a file. That costs a copy a frame and a clock read a burst: some 90 ns
 * of CPU time for 64 bytes, and 400 ns for 1,518 (bench/record.ts, on a busy machine). Where the file's thread is too
 * slow, frames are missed and counted.
 */
import type { RingMemory } from "../../memory.js";
import type { RxRing, TxRing } from "../../ring/ring.js";
import type { PipeLayout } from "./frame-pipe.js";
import { PipeRecorder } from "./recorder.js";
import { WritersTurn } from "./writers-turn.js";

/** What a worker is given to record with. */
export interface RecordingSetup {
  /** null: that direction is not recorded. */
  readonly tx: PipeLayout | null;
  readonly rx: PipeLayout | null;
  /** Int32 words of recordingWord. */
  readonly control: SharedArrayBuffer;
  /** The recording's number of the worker's first port; absent: 0. */
  readonly firstPort?: number;
  /** Several workers record at the same time. Absent: one after the other. */
  readonly shared?: boolean;
}

/** `on`: 1 while frames are to be kept, written by the owner; workers count in the next two, and take turns by the last. */
export const recordingWord = { on: 0, missedTx: 1, missedRx: 2, turnTx: 3, turnRx: 4, words: 5 } as const;

/** One of a worker's two captures. */
interface Side {
  readonly recorder: PipeRecorder;
  readonly missedWord: number;
  /** null: nobody else writes. */
  readonly turn: WritersTurn | null;
}

/** Each worker has one: all its rings share the pipes. */
export class Recording {
  readonly #memory: RingMemory;
  readonly #control: Int32Array;
  readonly #nowNs: () => number;
  readonly #firstPort: number;
  readonly #tx: Side | null;
  readonly #rx: Side | null;

  constructor(memory: RingMemory, setup: RecordingSetup, nowNs: () => number) {
    this.#memory = memory;
    this.#control = new Int32Array(setup.control);
    this.#nowNs = nowNs;
    this.#firstPort = setup.firstPort ?? 0;
    const sideOf = (pipe: PipeLayout | null, missedWord: number, turnWord: number): Side | null => {
      if (pipe === null) return null;
      const turn = setup.shared === true ? new WritersTurn(this.#control, turnWord) : null;
      return { recorder: new PipeRecorder(memory, pipe), missedWord, turn };
    };
    this.#tx = sideOf(setup.tx, recordingWord.missedTx, recordingWord.turnTx);
    this.#rx = sideOf(setup.rx, recordingWord.missedRx, recordingWord.turnRx);
  }

  tx(ring: TxRing, port: number): TxRing {
    return this.#tx === null ? ring : new RecordingTx(ring, this, this.#firstPort + port);
  }

  rx(ring: RxRing, port: number): RxRing {
    return this.#rx === null ? ring : new RecordingRx(ring, this, this.#firstPort + port);
  }

  /** The first n of these frames. */
  keepTx(offsets: Uint32Array, lengths: Uint32Array, n: number, port: number): void {
    this.#keep(this.#tx!, offsets, lengths, n, port);
  }

  keepRx(offsets: Uint32Array, lengths: Uint32Array, n: number, port: number): void {
    this.#keep(this.#rx!, offsets, lengths, n, port);
  }

  #keep(side: Side, offsets: Uint32Array, lengths: Uint32Array, n: number, port: number): void {
    if (Atomics.load(this.#control, recordingWord.on) === 0) return;
    const { recorder, turn, missedWord } = side;
    if (turn !== null && !turn.take()) {
      Atomics.add(this.#control, missedWord, n);
      return;
    }
    if (turn !== null) recorder.goOn();
    const missedBefore = recorder.missed;
    const now = this.#nowNs();
    for (let k = 0; k < n; k++) recorder.record(this.#memory, offsets[k], lengths[k], now, port);
    recorder.publish();
    turn?.give();
    const missed = recorder.missed - missedBefore;
    if (missed > 0) Atomics.add(this.#control, missedWord, missed);
  }
}

class RecordingTx implements TxRing {
  readonly slots: number;
  readonly maxFrameBytes: number;
  readonly kickAgain?: () => boolean;
  readonly #ring: TxRing;
  readonly #recording: Recording;
  readonly #port: number;
  /** Of the burst under construction. */
  readonly #offsets: Uint32Array;
  readonly #lengths: Uint32Array;

  constructor(ring: TxRing, recording: Recording, port: number) {
    this.#ring = ring;
    this.#recording = recording;
    this.#port = port;
    this.slots = ring.slots;
    this.maxFrameBytes = ring.maxFrameBytes;
    this.#offsets = new Uint32Array(Math.max(256, ring.slots));
    this.#lengths = new Uint32Array(Math.max(256, ring.slots));
    if (ring.kickAgain !== undefined) this.kickAgain = () => ring.kickAgain!();
  }

  reclaim(): number {
    return this.#ring.reclaim();
  }

  place(k: number, bytes: number): number {
    const at = this.#ring.place(k, bytes);
    this.#offsets[k] = at;
    this.#lengths[k] = bytes;
    return at;
  }

  placeMany(n: number, bytes: number, offsets: Uint32Array, slots: Int32Array): number {
    const placed = this.#ring.placeMany(n, bytes, offsets, slots);
    for (let k = 0; k < placed; k++) {
      this.#offsets[k] = offsets[k];
      this.#lengths[k] = bytes;
    }
    return placed;
  }

  slotOf(k: number): number {
    return this.#ring.slotOf(k);
  }

  publish(n: number): void {
    // Frames are copied before the peer has them: afterwards it may write into them.
    this.#recording.keepTx(this.#offsets, this.#lengths, n, this.#port);
    this.#ring.publish(n);
  }

  outstanding(): number {
    return this.#ring.outstanding();
  }

  notifyWanted(): boolean {
    return this.#ring.notifyWanted();
  }

  position(): number {
    return this.#ring.position();
  }
}

class RecordingRx implements RxRing {
  readonly slots: number;
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  readonly arrivalsNs: Float64Array | null;
  readonly #ring: RxRing;
  readonly #recording: Recording;
  readonly #port: number;

  constructor(ring: RxRing, recording: Recording, port: number) {
    this.#ring = ring;
    this.#recording = recording;
    this.#port = port;
    this.slots = ring.slots;
    this.offsets = ring.offsets;
    this.lengths = ring.lengths;
    this.arrivalsNs = ring.arrivalsNs ?? null;
  }

  poll(max: number): number {
    const n = this.#ring.poll(max);
    if (n > 0) this.#recording.keepRx(this.offsets, this.lengths, n, this.#port);
    return n;
  }

  release(n: number): void {
    this.#ring.release(n);
  }

  pending(): number {
    return this.#ring.pending();
  }

  notifyWanted(): boolean {
    return this.#ring.notifyWanted();
  }

  position(): number {
    return this.#ring.position();
  }
}
