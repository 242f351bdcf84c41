/** Knows the streams of the trial's other workers, and tells each worker of its frames that came in here. */
import type { RingMemory } from "../../memory.js";
import { elapsedNs48 } from "../../stats/unwrap.js";
import { readSequence, readTimeHigh16, readTimeLow32 } from "../../stream/frames/signature.js";
import { placeOf, type Share, shareAt, wholeShare } from "../../stream/share.js";
import type { ReceiveReport, TrialSpec } from "../loop/index.js";
import type { ReceiveAccount } from "./account.js";
import { type ArrivalOrder, OrderOfSeveral, observedOrder } from "./arrival-order.js";
import type { StrayTaker } from "./frame-inspector.js";
import type { StrayBoxes } from "./strays.js";

export interface StrayFinderStart {
  readonly spec: TrialSpec;
  readonly memory: RingMemory;
  /** Of each share. */
  readonly streams: number;
  /** 0: forward, 1: reverse. */
  readonly direction: number;
  /** null: other workers are out of reach, and their frames are only counted. */
  readonly boxes: StrayBoxes | null;
}

/** What the receiver knows of its own share of a stream. */
interface OwnStreams {
  /** The place of a frame with this number in another worker's share, which is about as far as ours. */
  near(stream: number, number: number): number;
  /** A frame of another worker came in on a queue. */
  noteElsewhere(stream: number, queue: number): void;
}

const cell = { queue: 0, arrivalNs: 1, stamped: 2, count: 3 } as const;

export class StrayFinder implements StrayTaker {
  readonly #start: StrayFinderStart;
  readonly #firstOfAll: number;
  readonly #own: number;
  readonly #share: Share;
  readonly #workers: number;
  /** Processes whose workers have shares; only those of one can tell each other. */
  readonly #processes: number;
  /** Doubles in a typed array; trial-clock.ts says why. */
  readonly #cells = new Float64Array(cell.count);
  /** In which order frames came, ours elsewhere among them. */
  readonly order: ArrivalOrder;
  /** By stream: frames that nobody could be told of, and their bytes. */
  readonly #untold: Float64Array;
  readonly #untoldBytes: Float64Array;
  #account: ReceiveAccount | null = null;
  #streams: OwnStreams | null = null;

  constructor(start: StrayFinderStart) {
    this.#share = start.spec.share ?? wholeShare;
    const { index, of } = this.#share;
    this.#start = start;
    this.#firstOfAll = (start.spec.firstStream ?? 0) - index * start.streams;
    this.#own = index;
    this.#workers = of;
    this.#processes = start.boxes === null ? of : of / start.boxes.workers;
    this.order = start.boxes === null ? observedOrder : new OrderOfSeveral(start.streams * start.spec.queues);
    this.#untold = new Float64Array(start.streams);
    this.#untoldBytes = new Float64Array(start.streams);
  }

  /** It can tell others of their frames. */
  get tells(): boolean {
    return this.#start.boxes !== null;
  }

  /** The receiver whose frames these are not. */
  bind(account: ReceiveAccount, streams: OwnStreams): void {
    this.#account = account;
    this.#streams = streams;
    account.inspector.strays = this;
  }

  /** The next frame that is inspected came in on this queue at this time. */
  look(queue: number, arrivalNs: number, stamped: boolean): void {
    this.#cells[cell.stamped] = stamped ? 1 : 0;
    this.#cells[cell.queue] = queue;
    this.#cells[cell.arrivalNs] = arrivalNs;
  }

  homeOf(stream: number): number {
    const home = Math.floor((stream - this.#firstOfAll) / this.#start.streams);
    return home >= 0 && home < this.#workers && home !== this.#own ? home : -1;
  }

  streamOf(stream: number): number {
    return (stream - this.#firstOfAll) % this.#start.streams;
  }

  onStray(offset: number, bytes: number, home: number, stream: number): void {
    const { spec, memory, direction, boxes } = this.#start;
    const { view } = memory;
    const end = offset + bytes;
    const account = this.#account!;
    const number = readSequence(view, end);
    const [queue, arrivalNs] = [this.#cells[cell.queue], this.#cells[cell.arrivalNs]];
    const frame = placeOf(this.#streams!.near(stream, number), shareAt(home, this.#share));
    if (spec.integrity && !account.inspector.checkPayload(offset, bytes, stream, frame)) return;
    account.flows?.note(stream, frame, queue);
    this.#streams!.noteElsewhere(stream, queue);
    const latencyNs = elapsedNs48(arrivalNs, readTimeHigh16(view, end), readTimeLow32(view, end));
    const box = this.#isNear(home) ? (boxes?.to(Math.floor(home / this.#processes)) ?? null) : null;
    if (box?.put(direction, stream, number, arrivalNs, latencyNs, bytes, this.#cells[cell.stamped])) return;
    this.#untold[stream]++;
    this.#untoldBytes[stream] += bytes;
    account.noteUntold(bytes);
  }

  /** Workers of this process have every so many-th of the shares. */
  #isNear(home: number): boolean {
    return home % this.#processes === this.#own % this.#processes;
  }

  /** What nobody could be told of. */
  report(): Pick<ReceiveReport, "strayed" | "unordered" | "reorderRuns"> {
    const unordered = this.order.unknown;
    const byStream = Array.from(this.#untold, (frames, stream) => ({ frames, bytes: this.#untoldBytes[stream] }));
    const frames = byStream.reduce((sum, stream) => sum + stream.frames, 0);
    return {
      ...(frames === 0 ? {} : { strayed: { frames, byStream } }),
      ...(unordered === 0 ? {} : { unordered }),
      ...(this.order.hasOthers ? { reorderRuns: undefined } : {}),
    };
  }
}
