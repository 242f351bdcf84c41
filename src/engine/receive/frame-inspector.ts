/**
 * The slow path of the receiver: what is a frame that did not pass the quick check? Signatures are found from the end of
 * a frame, so that a DUT may rewrite MACs, TTLs and VLAN tags. A right signature of another trial is stale. A signature
 * that begins as ours do and has a wrong sum is corrupt. Where our signature is not at the end, or its end is gone, the
 * DUT has padded or trimmed the frame. Everything else is foreign.
 */

import type { RingMemory } from "../../memory.js";
import { leadingTags } from "../../packet/index.js";
import { frameSamplesKept } from "../../stats/trial-report.js";
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
import type { CorruptKinds, FrameSample, TrialSpec } from "../loop/index.js";

const sampleBytes = 128;
const tagBytes = 4;
/** At most this many streams are tried for a frame without signature. */
const mostRecognised = 256;

/** Sees frames that are not ours while they lie in the ring. */
export interface ForeignFrames {
  onForeign(offset: number, bytes: number): void;
}

/** Takes whole frames of this trial that another worker sent. */
export interface StrayTaker {
  /** Whose stream it is; −1: none of another worker's. */
  homeOf(stream: number): number;
  streamOf(stream: number): number;
  onStray(offset: number, bytes: number, home: number, stream: number): void;
}

export class FrameInspector {
  /** null: one generator has the trial alone. */
  strays: StrayTaker | null = null;
  readonly corruptSamples: FrameSample[] = [];
  readonly foreignSamples: FrameSample[] = [];
  /** Whole frames of other trials: earlier ones of this run, and those of another run or generator. */
  staleOfRun = 0;
  staleOfOthers = 0;
  foreign = 0;
  /** Frames of this trial's other direction: they came back where they had been sent. */
  returned = 0;
  signature = 0;
  padded = 0;
  trimmed = 0;
  payload = 0;
  /** By stream: damaged frames whose signature says their stream. */
  readonly corruptOf: Float64Array;
  readonly #foreignFrames: ForeignFrames | null;
  /** By the stream's number in signatures, less the first. */
  readonly #programs: readonly FrameProgram[];
  readonly #memory: RingMemory;
  #trial: number;
  /** The upper bits of the id; −1: the id is not known yet. */
  #trialHigh: number;
  readonly #trialsBefore: number;
  readonly #firstStream: number;
  /** bufferBytes without VLAN tags of all frames that are sent, and the shortest headers. */
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

  /** Stale frames of other runs, and foreign frames. They go on coming after this trial has ended. */
  get ofOthers(): number {
    return this.foreign + this.staleOfOthers;
  }

  /** Sets the trial's id once its first frame has told it; −1: it is not known yet. */
  pin(trial: number): void {
    this.#trial = trial;
    this.#trialHigh = trial < 0 ? trial : trialHighOf(trial);
  }

  kinds(): CorruptKinds {
    const { signature, padded, trimmed, payload } = this;
    return { signature, padded, trimmed, payload };
  }

  /** Finds what the frame is and counts it. true: a whole frame of this trial, with VLAN tags pushed or popped. */
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

  /** The signature's sum is right, but its numbers are impossible: the frame left after it came, or never. */
  noteImpossible(offset: number, bytes: number): void {
    this.signature++;
    this.#sample(this.corruptSamples, "signature sum right, but its numbers were never sent", offset, bytes);
  }

  /** The stream that an unsigned frame belongs to, by size and addresses; −1: it is foreign. */
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
   * Compares every payload byte of a frame with what was sent, fields and programs included. The frame has a right
   * signature and is number `index` of this stream. A difference makes it corrupt: false.
   */
  checkPayload(offset: number, bytes: number, stream: number, index: number): boolean {
    const view = this.#memory.view;
    const program = this.#programs[stream];
    const sentBytes = bytes - tagBytes * (leadingTags(view, offset, bytes) - program.tags);
    const variant = program.variants.findIndex(({ bufferBytes }) => bufferBytes === sentBytes);
    // An EtherType was damaged: a VLAN tag looks like none, or another type like a tag.
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

  /** `tagged`: bytes of the VLAN tags that the frame has now. */
  #inspectSigned(offset: number, bytes: number, tagged: number): boolean {
    const view = this.#memory.view;
    const end = offset + bytes;
    const number = streamOf(readTrialStream(view, end));
    const trial = readTrial(view, end);
    const home = this.#homeOf(trial, number);
    const stream = home < 0 ? number - this.#firstStream : this.strays!.streamOf(number);
    const program = this.#programs[stream];
    if (trial !== this.#trial || program === undefined) {
      if (trial !== this.#trial) this.#noteStale(trial);
      else if (isReverse(number) !== isReverse(this.#firstStream)) this.returned++;
      else this.#noteForeign(offset, bytes);
      return false;
    }
    const sentBytes = bytes - tagged + tagBytes * program.tags;
    if (program.variants.some(({ bufferBytes }) => bufferBytes === sentBytes)) {
      if (home >= 0) this.strays!.onStray(offset, bytes, home, stream);
      return home < 0;
    }
    this.corruptOf[stream]++;
    const shorter = program.variants.some(({ bufferBytes }) => bufferBytes > bytes);
    if (shorter) this.trimmed++;
    else this.padded++;
    this.#sample(this.corruptSamples, "signature whole, length wrong", offset, bytes);
    return false;
  }

  /** The other worker that sent the frame; −1: none of this trial's. */
  #homeOf(trial: number, stream: number): number {
    return this.strays === null || trial !== this.#trial ? -1 : this.strays.homeOf(stream);
  }

  /** Where a right signature ends before the frame's end, at a length that we send; 0: there is none. */
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
    const number = streamOf(readTrialStream(view, end));
    const isStray = this.#homeOf(trial, number) >= 0;
    const stream = isStray ? this.strays!.streamOf(number) : number - this.#firstStream;
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
    if (samples.length >= frameSamplesKept) return;
    const shown = this.#memory.u8.subarray(offset, offset + Math.min(bytes, sampleBytes));
    samples.push({ reason, bytes, hex: Buffer.from(shown).toString("hex") });
  }
}
