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

/** What a worker is given to record with. */
export interface RecordingSetup {
  /** null: that direction is not recorded. */
  readonly tx: PipeLayout | null;
  readonly rx: PipeLayout | null;
  /** Int32 words of recordingWord. */
  readonly control: SharedArrayBuffer;
  /** The recording's number of the worker's first port; absent: 0. Workers record one after the other. */
  readonly firstPort?: number;
}

/** `on`: 1 while frames are to be kept, written by the owner; the others count, written by the worker. */
export const recordingWord = { on: 0, missedTx: 1, missedRx: 2, words: 4 } as const;

/** Each worker has one: all its rings share the pipes. */
export class Recording {
  readonly #memory: RingMemory;
  readonly #control: Int32Array;
  readonly #nowNs: () => number;
  readonly #firstPort: number;
  readonly #tx: PipeRecorder | null;
  readonly #rx: PipeRecorder | null;

  constructor(memory: RingMemory, setup: RecordingSetup, nowNs: () => number) {
    this.#memory = memory;
    this.#control = new Int32Array(setup.control);
    this.#nowNs = nowNs;
    this.#firstPort = setup.firstPort ?? 0;
    const recorderOf = (pipe: PipeLayout | null, missedWord: number): PipeRecorder | null =>
      pipe === null ? null : new PipeRecorder(memory, pipe, Atomics.load(this.#control, missedWord));
    this.#tx = recorderOf(setup.tx, recordingWord.missedTx);
    this.#rx = recorderOf(setup.rx, recordingWord.missedRx);
  }

  tx(ring: TxRing, port: number): TxRing {
    return this.#tx === null ? ring : new RecordingTx(ring, this, this.#firstPort + port);
  }

  rx(ring: RxRing, port: number): RxRing {
    return this.#rx === null ? ring : new RecordingRx(ring, this, this.#firstPort + port);
  }

  /** The first n of these frames. */
  keepTx(offsets: Uint32Array, lengths: Uint32Array, n: number, port: number): void {
    this.#keep(this.#tx!, recordingWord.missedTx, offsets, lengths, n, port);
  }

  keepRx(offsets: Uint32Array, lengths: Uint32Array, n: number, port: number): void {
    this.#keep(this.#rx!, recordingWord.missedRx, offsets, lengths, n, port);
  }

  #keep(
    recorder: PipeRecorder,
    missedWord: number,
    offsets: Uint32Array,
    lengths: Uint32Array,
    n: number,
    port: number,
  ): void {
    if (Atomics.load(this.#control, recordingWord.on) === 0) return;
    const now = this.#nowNs();
    for (let k = 0; k < n; k++) recorder.record(this.#memory, offsets[k], lengths[k], now, port);
    recorder.publish();
    if (recorder.missed > 0) Atomics.store(this.#control, missedWord, recorder.missed | 0);
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
