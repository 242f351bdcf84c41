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
  streamOf,
  trialHighOf,
} from "../../stream/frames/signature.js";
import type { OpenPort, TrialClock } from "../loop/index.js";
import type { ForeignFrames } from "../receive/index.js";
import { found, type SessionInspector } from "./inspector.js";
import type { LaneBook } from "./lane-book.js";
import { flowCell, portCell, type SessionMemory } from "./session-memory.js";

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
  readonly foreignFrames: ForeignFrames;
}

export class PortReceiver {
  /** null: the port does not capture what comes in. */
  watcher: FrameWatcher | null = null;
  readonly #parts: PortReceiverParts;
  readonly #cellsAt: number;
  readonly #trialHigh: number;
  readonly #slots: number;
  #open: OpenPort | null = null;

  constructor(parts: PortReceiverParts) {
    this.#parts = parts;
    this.#cellsAt = parts.port * portCell.count;
    this.#trialHigh = trialHighOf(parts.memory.shape.trial);
    this.#slots = parts.memory.shape.capacity - 1;
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

  #takeBurst(ring: RxRing, n: number): number {
    const { clock } = this.#parts;
    const { offsets, lengths } = ring;
    const stamps = ring.arrivalsNs ?? null;
    let bytes = 0;
    for (let k = 0; k < n; k++) {
      const atNs = stamps === null ? clock.nowNs : Math.round(stamps[k] - clock.epochNs);
      this.watcher?.note(offsets[k], lengths[k], atNs);
      this.#take(offsets[k], lengths[k], atNs, stamps !== null);
      bytes += lengths[k];
    }
    return bytes;
  }

  #take(offset: number, bytes: number, atNs: number, isStamped: boolean): void {
    const { memory, ringMemory, inspector, foreignFrames, port } = this.#parts;
    const { view } = ringMemory;
    const end = offset + bytes;
    if (bytes >= signatureBytes && readTrialHigh(view, end) === this.#trialHigh) {
      const head = readTrialStream(view, end);
      const flow = streamOf(head) & this.#slots;
      // The quick answer, for flows of one size.
      if (memory.heads[flow] === (head | 0) && memory.sizeOf[flow] === bytes && checkSignature(view, end)) {
        this.#takeOwn(flow, end, bytes, atNs, isStamped);
        return;
      }
    }
    const flow = inspector.inspect(port, offset, bytes);
    if (flow >= 0) this.#takeOwn(flow, end, bytes, atNs, isStamped);
    if (flow !== found.foreign) return;
    const recognised = inspector.recognises(offset, bytes);
    if (recognised >= 0) this.#takeRecognised(recognised, atNs, bytes);
    else {
      memory.ports[this.#cellsAt + portCell.foreign] += 1;
      foreignFrames.onForeign(offset, bytes);
    }
  }

  /** A whole frame of this flow's current generation, or of one with the same number. */
  #takeOwn(flow: number, end: number, bytes: number, atNs: number, isStamped: boolean): void {
    const { memory, ringMemory, lanes, inspector, port, clock } = this.#parts;
    const { view } = ringMemory;
    const { flows } = memory;
    const at = flow * flowCell.doubles;
    const published = flows[at + flowCell.published];
    // `| 0` reduces the exact difference modulo 2^32 to the nearest: the sequence unwrapped.
    const index = published + ((readSequence(view, end) - published) | 0);
    const [high, low] = [readTimeHigh16(view, end), readTimeLow32(view, end)];
    let latencyNs = elapsedNs48(atNs, high, low);
    // Another clock stamped the arrival, and may have been set back. We saw the frame after it left.
    if (latencyNs < 0 && isStamped && elapsedNs48(clock.nowNs, high, low) >= 0) latencyNs = 0;
    if (latencyNs > atNs - flows[at + flowCell.startedNs]) {
      inspector.noteStale(port, flow);
      return;
    }
    if (index < 0 || index >= published || latencyNs < 0) {
      inspector.noteImpossible(port, flow);
      return;
    }
    memory.ports[this.#cellsAt + portCell.test] += 1;
    const lane = memory.laneOf[flow * memory.shape.ports + port];
    if (lane < 0) flows[at + flowCell.elsewhere] += 1;
    else lanes.take(flow, port, lane, index, latencyNs, atNs, bytes);
  }

  #takeRecognised(flow: number, atNs: number, bytes: number): void {
    const { memory, port } = this.#parts;
    const { flows, laneOf, receivedAt, shape } = memory;
    const at = flow * flowCell.doubles;
    memory.ports[this.#cellsAt + portCell.test] += 1;
    if (laneOf[flow * shape.ports + port] < 0) {
      flows[at + flowCell.elsewhere] += 1;
      return;
    }
    if (flows[at + flowCell.recognised] === 0) flows[at + flowCell.recognisedFirstNs] = atNs;
    flows[at + flowCell.recognised] += 1;
    flows[at + flowCell.recognisedLastNs] = atNs;
    flows[at + flowCell.moreBytes] += bytes;
    receivedAt[flow * shape.ports + port] += 1;
  }
}
