/**
 * The slow path of the receiver: what is a frame that did not pass the quick check? Found from the frame's end, so
 * that a DUT may rewrite MACs, TTLs and VLAN tags. A right signature of another trial is stale. One that begins as those
 * of our trial do and whose sum is wrong is corrupt. A right signature of our trial that is not at the end, or whose end
 * is gone, means that the DUT padded or trimmed the frame. All else is foreign.
 */

import type { RingMemory } from "../../memory.js";
import { leadingTags } from "../../packet/index.js";
import type { FrameProgram } from "../../stream/frames/program.js";
import {
  isSignature,
  isUniform,
  readTrial,
  readTrialHigh,
  readTrialStream,
  signatureBytes,
  streamOf,
  trialHighOf,
  trialsSince,
} from "../../stream/frames/signature.js";
import { isReverse } from "../../stream/reverse.js";
import type { CorruptKinds, FrameSample } from "../loop/trial-report.js";
import type { TrialSpec } from "../loop/trial-spec.js";

const samplesKept = 4;
const sampleBytes = 128;
const tagBytes = 4;
/** Of thousands of streams so many are looked through for one that a frame without signature may be of. */
const mostRecognised = 256;

/** Who wants to see frames that are not ours, while they lie in the ring. */
export interface ForeignFrames {
  onForeign(offset: number, bytes: number): void;
}

export class FrameInspector {
  readonly corruptSamples: FrameSample[] = [];
  readonly foreignSamples: FrameSample[] = [];
  /** Whole frames of another trial: of an earlier one of this run, and of another run or generator. */
  staleOfRun = 0;
  staleOfOthers = 0;
  foreign = 0;
  /** Frames of this trial's other direction: they came back where they had been sent. */
  returned = 0;
  signature = 0;
  padded = 0;
  trimmed = 0;
  payload = 0;
  /** By stream: damaged frames whose signature says whose they were. */
  readonly corruptOf: Float64Array;
  readonly #foreignFrames: ForeignFrames | null;
  /** By the stream's number in signatures, less the first. */
  readonly #programs: readonly FrameProgram[];
  readonly #memory: RingMemory;
  #trial: number;
  /** Of the id; −1 as long as there is none. */
  #trialHigh: number;
  readonly #trialsBefore: number;
  readonly #firstStream: number;
  /** bufferBytes without VLAN tags of everything that is sent, and the shortest headers. */
  readonly #untagged: readonly number[];
  readonly #leastHeaders: number;
  readonly #signed: boolean;

  constructor(
    spec: TrialSpec,
    programs: readonly FrameProgram[],
    memory: RingMemory,
    foreignFrames: ForeignFrames | null,
  ) {
    this.#foreignFrames = foreignFrames;
    this.#programs = programs;
    this.corruptOf = new Float64Array(programs.length);
    this.#memory = memory;
    this.#trial = spec.trial;
    this.#trialHigh = trialHighOf(spec.trial);
    this.#trialsBefore = spec.trialsBefore ?? 0;
    this.#firstStream = spec.firstStream ?? 0;
    const lengths = programs.flatMap(({ variants, tags }) =>
      variants.map(({ bufferBytes }) => bufferBytes - tagBytes * tags),
    );
    this.#untagged = [...new Set(lengths)];
    this.#leastHeaders = Math.min(...programs.map(({ headerBytes, tags }) => headerBytes - tagBytes * tags));
    this.#signed = programs.some(({ signed }) => signed);
  }

  get corrupt(): number {
    return this.signature + this.padded + this.trimmed + this.payload;
  }

  /** Frames of whole other trials, and what is nobody's test frame: they go on coming after this trial's have ended. */
  get ofOthers(): number {
    return this.foreign + this.staleOfOthers;
  }

  /** The trial's id, where it is known only when its first frame has come; −1: it has not. */
  pin(trial: number): void {
    this.#trial = trial;
    this.#trialHigh = trial < 0 ? trial : trialHighOf(trial);
  }

  kinds(): CorruptKinds {
    const { signature, padded, trimmed, payload } = this;
    return { signature, padded, trimmed, payload };
  }

  /** Says what the frame is and counts it; true: it is this trial's, whole, with VLAN tags pushed or popped. */
  inspect(offset: number, bytes: number): boolean {
    const view = this.#memory.view;
    const end = offset + bytes;
    const tagged = tagBytes * leadingTags(view, offset, bytes);
    const isLong = bytes >= signatureBytes;
    if (isLong && isSignature(view, end)) return this.#inspectSigned(offset, bytes, tagged);
    const earlierEnd = this.#signatureBefore(offset, bytes, tagged);
    if (earlierEnd > 0) this.#notePadded(offset, bytes, earlierEnd);
    else if (isLong && readTrialHigh(view, end) === this.#trialHigh && !isUniform(view, end)) {
      this.signature++;
      this.#sample(this.corruptSamples, "signature sum wrong", offset, bytes);
    } else if (this.#isTrimmed(offset, bytes, tagged)) {
      this.trimmed++;
      this.#sample(this.corruptSamples, "trimmed", offset, bytes);
    } else this.#noteForeign(offset, bytes);
    return false;
  }

  /** A signature whose sum is right and whose numbers cannot be: sent after it came, or never sent. */
  noteImpossible(offset: number, bytes: number): void {
    this.signature++;
    this.#sample(this.corruptSamples, "signature sum right, but its numbers were never sent", offset, bytes);
  }

  /** Unsigned frames: the stream whose they are by size and addresses, or −1: foreign. */
  recognises(offset: number, bytes: number): number {
    const looked = Math.min(mostRecognised, this.#programs.length);
    for (let stream = 0; stream < looked; stream++) {
      const program = this.#programs[stream];
      if (!program.signed && program.recognises(this.#memory, offset, bytes)) return stream;
    }
    const view = this.#memory.view;
    const end = offset + bytes;
    const trial = bytes >= signatureBytes && isSignature(view, end) ? readTrial(view, end) : this.#trial;
    if (trial !== this.#trial) this.#noteStale(trial);
    else this.#noteForeign(offset, bytes);
    return -1;
  }

  /**
   * Compares every payload byte of a frame with a right signature, number `index` of its stream, with what was sent,
   * whatever fields and programs wrote there; a difference makes it corrupt: false.
   */
  checkPayload(offset: number, bytes: number, index: number): boolean {
    const view = this.#memory.view;
    const stream = streamOf(readTrialStream(view, offset + bytes)) - this.#firstStream;
    const program = this.#programs[stream];
    const sentBytes = bytes - tagBytes * (leadingTags(view, offset, bytes) - program.tags);
    const variant = program.variants.findIndex(({ bufferBytes }) => bufferBytes === sentBytes);
    // The type of a VLAN tag changed into one that is none, or another type into one of a tag.
    if (variant < 0) return this.#noteDamaged(stream, "its VLAN tags and its length do not fit", offset, bytes);
    const expected = program.changes ? program.expected(index, variant) : program.template(variant);
    const received = this.#memory.u8;
    const shift = offset + bytes - sentBytes;
    for (let at = program.headerBytes; at < sentBytes - signatureBytes; at++) {
      if (received[shift + at] === expected[at]) continue;
      return this.#noteDamaged(stream, `payload byte ${at - program.headerBytes} differs`, offset, bytes);
    }
    return true;
  }

  #noteDamaged(stream: number, what: string, offset: number, bytes: number): false {
    this.payload++;
    this.corruptOf[stream]++;
    this.#sample(this.corruptSamples, what, offset, bytes);
    return false;
  }

  /** `tagged`: bytes of VLAN tags that it has now. */
  #inspectSigned(offset: number, bytes: number, tagged: number): boolean {
    const view = this.#memory.view;
    const end = offset + bytes;
    const trialStream = readTrialStream(view, end);
    const program = this.#programs[streamOf(trialStream) - this.#firstStream];
    const trial = readTrial(view, end);
    if (trial !== this.#trial || program === undefined) {
      if (trial !== this.#trial) this.#noteStale(trial);
      else if (isReverse(streamOf(trialStream)) !== isReverse(this.#firstStream)) this.returned++;
      else this.#noteForeign(offset, bytes);
      return false;
    }
    const sentBytes = bytes - tagged + tagBytes * program.tags;
    if (program.variants.some(({ bufferBytes }) => bufferBytes === sentBytes)) return true;
    this.corruptOf[streamOf(trialStream) - this.#firstStream]++;
    const shorter = program.variants.some(({ bufferBytes }) => bufferBytes > bytes);
    if (shorter) this.trimmed++;
    else this.padded++;
    this.#sample(this.corruptSamples, "signature whole, length wrong", offset, bytes);
    return false;
  }

  /** A right signature further in, where the frames that we send end: where it ends; 0: there is none. */
  #signatureBefore(offset: number, bytes: number, tagged: number): number {
    const view = this.#memory.view;
    for (let k = 0; k < this.#untagged.length; k++) {
      const length = this.#untagged[k] + tagged;
      if (length < bytes && length >= signatureBytes && isSignature(view, offset + length)) return offset + length;
    }
    return 0;
  }

  #notePadded(offset: number, bytes: number, end: number): void {
    const view = this.#memory.view;
    const trial = readTrial(view, end);
    const stream = streamOf(readTrialStream(view, end)) - this.#firstStream;
    if (trial !== this.#trial) this.#noteStale(trial);
    else if (this.#programs[stream] === undefined) this.#noteForeign(offset, bytes);
    else {
      this.corruptOf[stream]++;
      this.padded++;
      this.#sample(this.corruptSamples, "padded", offset, bytes);
    }
  }

  #noteStale(trial: number): void {
    if (this.#trial >= 0 && trialsSince(trial, this.#trial) <= this.#trialsBefore) this.staleOfRun++;
    else this.staleOfOthers++;
  }

  #isTrimmed(offset: number, bytes: number, tagged: number): boolean {
    if (bytes < this.#leastHeaders + tagged || !this.#signed) return false;
    return this.#programs.slice(0, mostRecognised).some((program) =>
      program.variants.some(({ bufferBytes }) => {
        const length = bufferBytes - tagBytes * program.tags + tagged;
        return length > bytes && program.recognises(this.#memory, offset, length);
      }),
    );
  }

  #noteForeign(offset: number, bytes: number): void {
    this.foreign++;
    this.#foreignFrames?.onForeign(offset, bytes);
    this.#sample(this.foreignSamples, "foreign", offset, bytes);
  }

  #sample(samples: FrameSample[], reason: string, offset: number, bytes: number): void {
    if (samples.length >= samplesKept) return;
    const shown = this.#memory.u8.subarray(offset, offset + Math.min(bytes, sampleBytes));
    samples.push({ reason, bytes, hex: Buffer.from(shown).toString("hex") });
  }
}
