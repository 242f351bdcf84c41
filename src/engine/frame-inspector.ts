/**
 * The slow path of the receiver: what is a frame that did not pass the quick check? Found from the frame's end, so
 * that a DUT may rewrite MACs, TTLs and VLAN tags. Magic right and sum wrong is corrupt; magic wrong is foreign;
 * a right signature that is not at the end, or whose end is gone, means that the DUT padded or trimmed the frame.
 */
import type { RingMemory } from "../ring/memory.js";
import type { FrameProgram } from "../stream/program.js";
import { isReverse } from "../stream/reverse.js";
import {
  checkSignature,
  readMagic,
  readTrialStream,
  signatureBytes,
  signatureMagic,
  streamOf,
  trialOf,
} from "../stream/signature.js";
import type { CorruptKinds, FrameSample, TrialOrder } from "./trial-order.js";

const samplesKept = 4;
const sampleBytes = 128;
const tagBytes = 4;
/** Of thousands of streams so many are looked through for one that a frame without signature may be of. */
const mostRecognised = 256;
/** 802.1Q, 802.1ad: https://standards.ieee.org/ieee/802.1Q/ §9.5. */
const tagTypes: ReadonlySet<number> = new Set([0x8100, 0x88a8]);

/** Who wants to see frames that are not ours, while they lie in the ring. */
export interface ForeignFrames {
  onForeign(offset: number, bytes: number): void;
}

export class FrameInspector {
  readonly corruptSamples: FrameSample[] = [];
  readonly foreignSamples: FrameSample[] = [];
  stale = 0;
  foreign = 0;
  /** Frames of this trial's other direction: they came back where they had been sent. */
  returned = 0;
  signature = 0;
  padded = 0;
  trimmed = 0;
  payload = 0;
  /** By stream: damaged frames whose signature says whose they were, and of those the ones that were accepted before. */
  readonly corruptOf: Float64Array;
  readonly payloadOf: Float64Array;
  readonly #foreignFrames: ForeignFrames | null;
  /** By the stream's number in signatures, less the first. */
  readonly #programs: readonly FrameProgram[];
  readonly #memory: RingMemory;
  readonly #trial: number;
  readonly #firstStream: number;
  /** bufferBytes without VLAN tags of everything that is sent, and the shortest headers. */
  readonly #untagged: readonly number[];
  readonly #leastHeaders: number;
  readonly #signed: boolean;

  constructor(
    order: TrialOrder,
    programs: readonly FrameProgram[],
    memory: RingMemory,
    foreignFrames: ForeignFrames | null,
  ) {
    this.#foreignFrames = foreignFrames;
    this.#programs = programs;
    this.corruptOf = new Float64Array(programs.length);
    this.payloadOf = new Float64Array(programs.length);
    this.#memory = memory;
    this.#trial = order.trial;
    this.#firstStream = order.firstStream ?? 0;
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

  kinds(): CorruptKinds {
    const { signature, padded, trimmed, payload } = this;
    return { signature, padded, trimmed, payload };
  }

  /** Says what the frame is and counts it; true: it is this trial's, whole, with VLAN tags pushed or popped. */
  inspect(offset: number, bytes: number): boolean {
    const view = this.#memory.view;
    const end = offset + bytes;
    const tagged = tagBytes * this.#tagsOf(offset, bytes);
    if (bytes >= signatureBytes && readMagic(view, end) === signatureMagic) {
      return this.#inspectSigned(offset, bytes, tagged);
    }
    if (this.#endsEarlier(offset, bytes, tagged)) {
      this.padded++;
      this.#sample(this.corruptSamples, "padded", offset, bytes);
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
    this.#noteForeign(offset, bytes);
    return -1;
  }

  /**
   * Compares every payload byte of an accepted frame, number `index` of its stream, with what was sent, whatever fields
   * and programs wrote there; a difference makes it corrupt: false.
   */
  checkPayload(offset: number, bytes: number, index: number): boolean {
    const stream = streamOf(readTrialStream(this.#memory.view, offset + bytes)) - this.#firstStream;
    const program = this.#programs[stream];
    const sentBytes = bytes - tagBytes * (this.#tagsOf(offset, bytes) - program.tags);
    const variant = program.variants.findIndex(({ bufferBytes }) => bufferBytes === sentBytes);
    const expected = program.changes ? program.expected(index, variant) : program.template(variant);
    const received = this.#memory.u8;
    const shift = offset + bytes - sentBytes;
    for (let at = program.headerBytes; at < sentBytes - signatureBytes; at++) {
      if (received[shift + at] === expected[at]) continue;
      this.payload++;
      this.payloadOf[stream]++;
      this.corruptOf[stream]++;
      this.#sample(this.corruptSamples, `payload byte ${at - program.headerBytes} differs`, offset, bytes);
      return false;
    }
    return true;
  }

  /** `tagged`: bytes of VLAN tags that it has now. */
  #inspectSigned(offset: number, bytes: number, tagged: number): boolean {
    const view = this.#memory.view;
    const end = offset + bytes;
    if (!checkSignature(view, end)) {
      this.signature++;
      this.#sample(this.corruptSamples, "signature sum wrong", offset, bytes);
      return false;
    }
    const trialStream = readTrialStream(view, end);
    const program = this.#programs[streamOf(trialStream) - this.#firstStream];
    if (trialOf(trialStream) !== this.#trial || program === undefined) {
      if (trialOf(trialStream) !== this.#trial) this.stale++;
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

  #endsEarlier(offset: number, bytes: number, tagged: number): boolean {
    const view = this.#memory.view;
    return this.#untagged.some((untagged) => {
      const length = untagged + tagged;
      const end = offset + length;
      if (length >= bytes || length < signatureBytes || readMagic(view, end) !== signatureMagic) return false;
      const trialStream = readTrialStream(view, end);
      const stream = streamOf(trialStream) - this.#firstStream;
      const isOurs = trialOf(trialStream) === this.#trial && this.#programs[stream] !== undefined;
      if (!isOurs || !checkSignature(view, end)) return false;
      this.corruptOf[stream]++;
      return true;
    });
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

  #tagsOf(offset: number, bytes: number): number {
    const view = this.#memory.view;
    let tags = 0;
    for (let at = 12; at + tagBytes <= bytes && tagTypes.has(view.getUint16(offset + at)); at += tagBytes) tags++;
    return tags;
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
