/**
 * The slow path of a session's receiver: what is a frame that did not pass the quick check? What the receive room's
 * frame-inspector.ts says of stale, corrupt, padded, trimmed and foreign frames holds here, too; flows come and go.
 */
import type { RingMemory } from "../../memory.js";
import { leadingTags } from "../../packet/index.js";
import { orderField, sizeField } from "../../stream/frames/frame-maker.js";
import type { HeaderMarks } from "../../stream/frames/program.js";
import { hasMarks } from "../../stream/frames/recognise.js";
import {
  isSignature,
  isUniform,
  readTrial,
  readTrialHigh,
  readTrialStream,
  signatureBytes,
  streamOf,
  trialHighOf,
} from "../../stream/frames/signature.js";
import type { LaneBook } from "./lane-book.js";
import { arrivalCell, flowCell, portCell, type SessionMemory } from "./session-memory.js";

const [order, size] = [orderField, sizeField];
const tagBytes = 4;
/** At most this many flows are tried for a frame without signature. */
const mostRecognised = 256;
/** Lengths at which a signature is looked for before a frame's end. */
const mostLengths = 64;

/** What `inspect` found, if it is no flow (from 0). */
export const found = { counted: -1, foreign: -2 } as const;

export class SessionInspector {
  readonly #memory: SessionMemory;
  readonly #ringMemory: RingMemory;
  readonly #lanes: Pick<LaneBook, "rowOf">;
  readonly #sizes: Int32Array;
  readonly #trialHigh: number;
  /** By flow without signature. */
  readonly #marks = new Map<number, HeaderMarks>();
  /** bufferBytes without VLAN tags that flows have or had: they are looked for. */
  readonly #lengths: number[] = [];
  /** By length: how many sizes of flows have it now. */
  readonly #users = new Map<number, number>();
  /** By flow: its sizes are among the users. */
  readonly #isLearned: Uint8Array;

  constructor(memory: SessionMemory, ringMemory: RingMemory, lanes: Pick<LaneBook, "rowOf">) {
    this.#memory = memory;
    this.#lanes = lanes;
    this.#ringMemory = ringMemory;
    this.#sizes = new Int32Array(memory.heap);
    this.#trialHigh = trialHighOf(memory.shape.trial);
    this.#isLearned = new Uint8Array(memory.shape.capacity);
  }

  /** A flow starts: its lengths are known from now on. */
  learn(flow: number): void {
    if (this.#isLearned[flow] === 1) return;
    this.#isLearned[flow] = 1;
    for (let variant = 0; variant < this.#variantsOf(flow); variant++) {
      const length = this.#lengthOf(flow, variant);
      this.#users.set(length, (this.#users.get(length) ?? 0) + 1);
      if (!this.#lengths.includes(length)) this.#lookFor(length);
    }
  }

  /** A flow is removed. Its frames may be on their way: its lengths make room only where others need it. */
  forget(flow: number): void {
    if (this.#isLearned[flow] === 0) return;
    this.#isLearned[flow] = 0;
    for (let variant = 0; variant < this.#variantsOf(flow); variant++) {
      const length = this.#lengthOf(flow, variant);
      const left = (this.#users.get(length) ?? 1) - 1;
      if (left > 0) this.#users.set(length, left);
      else this.#users.delete(length);
    }
  }

  #lookFor(length: number): void {
    if (this.#lengths.length < mostLengths) {
      this.#lengths.push(length);
      return;
    }
    const place = this.#lengths.findIndex((known) => !this.#users.has(known));
    if (place >= 0) this.#lengths[place] = length;
  }

  /** How to tell a flow's frames without signature; null: forget it. */
  mark(flow: number, marks: HeaderMarks | null): void {
    if (marks === null) this.#marks.delete(flow);
    else this.#marks.set(flow, marks);
  }

  /** The flow that a frame without signature belongs to; −1: none. */
  recognises(offset: number, bytes: number): number {
    let tried = 0;
    for (const [flow, marks] of this.#marks) {
      if (hasMarks(marks, this.#ringMemory.view, offset, bytes)) return flow;
      if (++tried >= mostRecognised) break;
    }
    return -1;
  }

  /** The flow of a whole frame, with other tags or one of several sizes. Else counts it, unless it is foreign. */
  inspect(port: number, offset: number, bytes: number): number {
    const { view } = this.#ringMemory;
    const end = offset + bytes;
    if (bytes >= signatureBytes && isSignature(view, end)) return this.#inspectSigned(port, offset, bytes);
    const before = this.#signatureBefore(offset, bytes);
    if (before > 0) {
      const flow = this.#ours(port, before);
      return flow < 0 ? flow : this.#noteCorrupt(port, flow);
    }
    if (bytes >= signatureBytes && readTrialHigh(view, end) === this.#trialHigh && !isUniform(view, end)) {
      return this.#noteCorrupt(port, -1);
    }
    return found.foreign;
  }

  /** Frames that carry numbers that were never sent. */
  noteImpossible(port: number, flow: number, frames: number): void {
    this.#noteCorrupt(port, flow, frames);
  }

  noteStale(port: number, flow: number, frames: number): void {
    this.#memory.ports[port * portCell.count + portCell.stale] += frames;
    this.#memory.arrivals[this.#lanes.rowOf(flow) + arrivalCell.stale] += frames;
  }

  #inspectSigned(port: number, offset: number, bytes: number): number {
    const flow = this.#ours(port, offset + bytes);
    if (flow < 0) return flow;
    const { flows } = this.#memory;
    const tags = leadingTags(this.#ringMemory.view, offset, bytes);
    const sent = bytes + tagBytes * (flows[flow * flowCell.doubles + flowCell.tags] - tags);
    for (let variant = 0; variant < this.#variantsOf(flow); variant++) {
      if (this.#bytesOf(flow, variant) === sent) return flow;
    }
    return this.#noteCorrupt(port, flow);
  }

  /** Whose signature ends here: the flow whose current generation it is. Counts a stale one. */
  #ours(port: number, end: number): number {
    const { view } = this.#ringMemory;
    if (readTrial(view, end) !== this.#memory.shape.trial) return found.foreign;
    const head = readTrialStream(view, end);
    const flow = streamOf(head) & (this.#memory.shape.capacity - 1);
    if (this.#memory.heads[flow] === (head | 0)) return flow;
    this.noteStale(port, flow, 1);
    return found.counted;
  }

  /** Where a right signature ends before the frame's end, at a length that flows have; 0: there is none. */
  #signatureBefore(offset: number, bytes: number): number {
    const { view } = this.#ringMemory;
    if (this.#lengths.length === 0) return 0;
    const tagged = tagBytes * leadingTags(view, offset, bytes);
    for (let k = 0; k < this.#lengths.length; k++) {
      const length = this.#lengths[k] + tagged;
      if (length < bytes && length >= signatureBytes && isSignature(view, offset + length)) return offset + length;
    }
    return 0;
  }

  /** `flow` −1: nobody can say whose it is. */
  #noteCorrupt(port: number, flow: number, frames = 1): number {
    this.#memory.ports[port * portCell.count + portCell.corrupt] += frames;
    if (flow >= 0) this.#memory.arrivals[this.#lanes.rowOf(flow) + arrivalCell.corrupt] += frames;
    return found.counted;
  }

  #variantsOf(flow: number): number {
    return this.#memory.flows[flow * flowCell.doubles + flowCell.variants];
  }

  #lengthOf(flow: number, variant: number): number {
    return this.#bytesOf(flow, variant) - tagBytes * this.#memory.flows[flow * flowCell.doubles + flowCell.tags];
  }

  #bytesOf(flow: number, variant: number): number {
    const first = this.#memory.orders[flow * order.words + order.firstSize];
    return this.#sizes[(first + variant) * size.words + size.bytes];
  }
}
