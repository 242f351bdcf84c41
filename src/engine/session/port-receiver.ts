/** Takes what came in on one port, on all its queues, and accounts for every frame: of which flow it is, or what else. */
import type { RingMemory } from "../../memory.js";
import { burstFrames, type RxRing } from "../../ring/ring.js";
import { elapsedNs48 } from "../../stats/unwrap.js";
import {
  checkSignature,
  readSequence,
  readTimeHigh16,
  readTimeLow32,
  readTrialHigh,
  readTrialStream,
  signatureBytes,
  trialHighOf,
} from "../../stream/frames/signature.js";
import type { OpenPort, TrialClock } from "../loop/index.js";
import type { ForeignFrames } from "../receive/index.js";
import { arrivedCell } from "./arrived.js";
import { found, type SessionInspector } from "./inspector.js";
import type { LaneBook } from "./lane-book.js";
import { arrivalCell, flowCell, portCell, type SessionMemory } from "./session-memory.js";
import type { SplitBook } from "./split-book.js";

/** Sees a port's frames before they are looked at. */
export interface FrameWatcher {
  note(offset: number, bytes: number, atNs: number): void;
}

export interface PortReceiverParts {
  readonly port: number;
  readonly memory: SessionMemory;
  readonly ringMemory: RingMemory;
  readonly clock: TrialClock;
  readonly lanes: LaneBook;
  readonly inspector: SessionInspector;
  readonly splits: SplitBook;
  readonly foreignFrames: ForeignFrames;
}

export class PortReceiver {
  /** null: the port does not capture what comes in. */
  watcher: FrameWatcher | null = null;
  readonly #parts: PortReceiverParts;
  readonly #cellsAt: number;
  readonly #trialHigh: number;
  readonly #slots: number;
  readonly #isSplit: Uint8Array;
  /** Of the whole frames of a burst: flow, bytes, number on the wire, when each left, and when it came if rings say it. */
  readonly #flowOf = new Int32Array(burstFrames);
  readonly #bytesOf = new Int32Array(burstFrames);
  readonly #sequences = new Int32Array(burstFrames);
  readonly #lows = new Int32Array(burstFrames);
  readonly #highs = new Int32Array(burstFrames);
  readonly #stamps = new Float64Array(burstFrames);
  readonly #seen: Float64Array;
  #whole = 0;
  #open: OpenPort | null = null;

  constructor(parts: PortReceiverParts) {
    this.#parts = parts;
    this.#cellsAt = parts.port * portCell.count;
    this.#trialHigh = trialHighOf(parts.memory.shape.trial);
    this.#slots = parts.memory.shape.capacity - 1;
    this.#seen = parts.lanes.seen;
    this.#isSplit = parts.splits.isSplit;
  }

  attach(port: OpenPort | null): void {
    this.#open = port;
  }

  step(): number {
    if (this.#open === null) return 0;
    const { clock, memory } = this.#parts;
    const { queues } = this.#open;
    let moved = 0;
    for (let q = 0; q < queues.length; q++) {
      const ring = queues[q].rx;
      if (ring === null) continue;
      const n = ring.poll(burstFrames);
      if (n === 0) continue;
      clock.read();
      memory.ports[this.#cellsAt + portCell.rxBytes] += this.#takeBurst(ring, n);
      memory.ports[this.#cellsAt + portCell.rxFrames] += n;
      ring.release(n);
      if (ring.notifyWanted()) queues[q].notifyRx();
      moved += n;
    }
    return moved;
  }

  /** First all frames of a burst are looked at, then those of flows are taken. Returns the burst's bytes. */
  #takeBurst(ring: RxRing, n: number): number {
    const stamps = ring.arrivalsNs ?? null;
    const bytes = this.#lookAt(ring, n, stamps);
    const whole = this.#whole;
    if (stamps === null) this.#seen[arrivedCell.atNs] = this.#parts.clock.nowNs;
    for (let w = 0; w < whole; ) {
      if (stamps !== null) this.#seen[arrivedCell.atNs] = this.#stamps[w];
      const run = stamps === null ? this.#runFrom(w, whole) : 1;
      this.#takeRun(w, run, stamps !== null);
      w += run;
    }
    return bytes;
  }

  /** Notes the frames that are whole and of a flow. All others are counted here. */
  #lookAt(ring: RxRing, n: number, stamps: Float64Array | null): number {
    const { clock, memory, ringMemory } = this.#parts;
    const { heads, sizeOf } = memory;
    const { view } = ringMemory;
    const { offsets, lengths } = ring;
    const trialHigh = this.#trialHigh;
    const slots = this.#slots;
    let allBytes = 0;
    let whole = 0;
    for (let k = 0; k < n; k++) {
      const [offset, bytes] = [offsets[k], lengths[k]];
      const end = offset + bytes;
      allBytes += bytes;
      if (this.watcher !== null) this.watcher.note(offset, bytes, arrivalOf(stamps, k, clock));
      let flow = found.counted as number;
      let isQuick = false;
      if (bytes >= signatureBytes && readTrialHigh(view, end) === trialHigh) {
        const head = readTrialStream(view, end) | 0;
        flow = (head >>> 8) & slots;
        // The quick answer, for flows of one size.
        isQuick = heads[flow] === head && sizeOf[flow] === bytes && checkSignature(view, end);
      }
      if (!isQuick) {
        flow = this.#inspect(offset, bytes, stamps, k);
        if (flow >= 0 && this.#isSplit[flow] === 1) this.#parts.splits.look(flow, whole, offset, bytes);
      }
      if (flow < 0) continue;
      this.#flowOf[whole] = flow;
      this.#bytesOf[whole] = bytes;
      this.#sequences[whole] = readSequence(view, end) | 0;
      this.#lows[whole] = readTimeLow32(view, end) | 0;
      this.#highs[whole] = readTimeHigh16(view, end);
      if (stamps !== null) this.#stamps[whole] = arrivalOf(stamps, k, clock);
      whole++;
    }
    this.#whole = whole;
    return allBytes;
  }

  /** The flow of a frame that did not pass the quick check; below 0: it is counted. */
  #inspect(offset: number, bytes: number, stamps: Float64Array | null, k: number): number {
    const { memory, inspector, foreignFrames, port, clock } = this.#parts;
    const flow = inspector.inspect(port, offset, bytes);
    if (flow !== found.foreign) return flow;
    const recognised = inspector.recognises(offset, bytes);
    if (recognised >= 0) this.#takeRecognised(recognised, arrivalOf(stamps, k, clock), bytes);
    else {
      memory.ports[this.#cellsAt + portCell.foreign] += 1;
      foreignFrames.onForeign(offset, bytes);
    }
    return found.counted;
  }

  /** How many frames from this one on follow each other in number, and left together. */
  #runFrom(first: number, whole: number): number {
    const [flow, bytes, low] = [this.#flowOf[first], this.#bytesOf[first], this.#lows[first]];
    const [high, sequence] = [this.#highs[first], this.#sequences[first]];
    if (this.#isSplit[flow] === 1) return 1;
    let w = first + 1;
    while (
      w < whole &&
      this.#flowOf[w] === flow &&
      this.#sequences[w] === ((sequence + w - first) | 0) &&
      this.#lows[w] === low &&
      this.#highs[w] === high &&
      this.#bytesOf[w] === bytes
    ) {
      w++;
    }
    return w - first;
  }

  /** A run of whole frames of a flow's current generation, or of one with the same number. */
  #takeRun(first: number, run: number, isStamped: boolean): void {
    const { memory, lanes, inspector, splits, port, clock } = this.#parts;
    const { flows } = memory;
    const seen = this.#seen;
    const flow = this.#flowOf[first];
    const at = flow * flowCell.doubles;
    const row = lanes.rowOf(flow);
    const isAwaited = flows[at + flowCell.from] < 0;
    if (isAwaited) this.#noteSent(at + flowCell.published, this.#sequences[first], run);
    const published = flows[at + flowCell.published];
    // `| 0` reduces the exact difference modulo 2^32 to the nearest: the sequence unwrapped.
    const index = published + ((this.#sequences[first] - published) | 0);
    const [high, low] = [this.#highs[first], this.#lows[first] >>> 0];
    const atNs = seen[arrivedCell.atNs];
    // Of a clock that nobody compared with this one there is none.
    let latencyNs = isAwaited ? 0 : elapsedNs48(atNs, high, low);
    // Another clock stamped the arrival, and may have been set back. We saw the frame after it left.
    if (latencyNs < 0 && isStamped && elapsedNs48(clock.nowNs, high, low) >= 0) latencyNs = 0;
    if (latencyNs > atNs - flows[at + flowCell.startedNs] || lanes.isOutdated(flow, row)) {
      inspector.noteStale(port, flow, run);
      return;
    }
    if (index < 0 || index >= published || latencyNs < 0) {
      inspector.noteImpossible(port, flow, run);
      return;
    }
    const known = Math.min(run, published - index);
    if (known < run) inspector.noteImpossible(port, flow, run - known);
    memory.ports[this.#cellsAt + portCell.test] += known;
    const lane = memory.laneOf[flow * memory.shape.ports + port];
    if (lane < 0) {
      memory.arrivals[row + arrivalCell.elsewhere] += known;
      return;
    }
    seen[arrivedCell.index] = index;
    seen[arrivedCell.latencyNs] = latencyNs;
    const accepted = lanes.take(flow, port, lane, known, this.#bytesOf[first]);
    if (accepted > 0 && this.#isSplit[flow] === 1) splits.count(flow, first, port, this.#bytesOf[first], seen);
  }

  /** Of a flow that another session sends: as many as this were sent, at least. */
  #noteSent(cell: number, sequence: number, run: number): void {
    const { flows } = this.#parts.memory;
    const sent = flows[cell] + ((sequence - flows[cell]) | 0) + run;
    if (sent > flows[cell]) flows[cell] = sent;
  }

  #takeRecognised(flow: number, atNs: number, bytes: number): void {
    const { memory, lanes, port } = this.#parts;
    const { arrivals, laneOf, receivedAt, shape } = memory;
    const row = lanes.rowOf(flow);
    memory.ports[this.#cellsAt + portCell.test] += 1;
    if (laneOf[flow * shape.ports + port] < 0) {
      arrivals[row + arrivalCell.elsewhere] += 1;
      return;
    }
    if (arrivals[row + arrivalCell.recognised] === 0) arrivals[row + arrivalCell.recognisedFirstNs] = atNs;
    arrivals[row + arrivalCell.recognised] += 1;
    arrivals[row + arrivalCell.recognisedLastNs] = atNs;
    arrivals[row + arrivalCell.moreBytes] += bytes;
    receivedAt[flow * shape.ports + port] += 1;
  }
}

/** When frame k of a burst arrived. */
const arrivalOf = (stamps: Float64Array | null, k: number, clock: TrialClock): number =>
  stamps === null ? clock.nowNs : Math.round(stamps[k] - clock.epochNs);
