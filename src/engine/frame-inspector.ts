/**
 * The slow path of the receiver: what is a frame that did not pass the quick check? Found from the frame's end, so
 * that a DUT may rewrite MACs, TTLs and VLAN tags. Magic right and sum wrong is corrupt; magic wrong is foreign;
 * a right signature that is not at the end, or whose end is gone, means that the DUT padded or trimmed the frame.
 */
import { type RingMemory, ringMemory } from "../ring/memory.js";
import type { FrameProgram } from "../stream/program.js";
import { isReverse } from "../stream/reverse.js";
import {
  checkSignature,
  readMagic,
  readTrialStream,
  signatureBytes,
  signatureHead,
  signatureMagic,
  streamOf,
  trialOf,
} from "../stream/signature.js";
import type { CorruptKinds, FrameSample, TrialOrder } from "./trial-order.js";

const samplesKept = 4;
const sampleBytes = 128;
const tagBytes = 4;
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
  readonly #foreignFrames: ForeignFrames | null;
  readonly #program: FrameProgram;
  readonly #memory: RingMemory;
  readonly #head: number;
  readonly #trial: number;
  readonly #ownTags: number;
  readonly #headerBytes: number;
  /** Each variant as it leaves, to compare payloads with; made when first asked for. */
  #templates: RingMemory[] | null = null;

  constructor(order: TrialOrder, program: FrameProgram, memory: RingMemory, foreignFrames: ForeignFrames | null) {
    this.#foreignFrames = foreignFrames;
    this.#program = program;
    this.#memory = memory;
    this.#head = signatureHead(order.trial, order.firstStream ?? 0);
    this.#trial = order.trial;
    this.#ownTags = program.tags;
    this.#headerBytes = program.headerBytes;
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
    const changedBy = tagBytes * (this.#tagsOf(offset, bytes) - this.#ownTags);
    if (bytes >= signatureBytes && readMagic(view, end) === signatureMagic) {
      return this.#inspectSigned(offset, bytes, changedBy);
    }
    if (this.#endsEarlier(offset, bytes, changedBy)) {
      this.padded++;
      this.#sample(this.corruptSamples, "padded", offset, bytes);
    } else if (this.#isTrimmed(offset, bytes, changedBy)) {
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

  /** Unsigned frames: ours by size and addresses, or foreign. */
  recognises(offset: number, bytes: number): boolean {
    if (this.#program.recognises(this.#memory, offset, bytes)) return true;
    this.#noteForeign(offset, bytes);
    return false;
  }

  /** Compares every payload byte of an accepted frame with what was sent; a difference makes it corrupt. */
  checkPayload(offset: number, bytes: number): void {
    const sentBytes = bytes - tagBytes * (this.#tagsOf(offset, bytes) - this.#ownTags);
    const variant = this.#program.variants.findIndex(({ bufferBytes }) => bufferBytes === sentBytes);
    this.#templates ??= this.#renderTemplates();
    const expected = this.#templates[variant].u8;
    const received = this.#memory.u8;
    const shift = offset + bytes - sentBytes;
    for (let at = this.#headerBytes; at < sentBytes - signatureBytes; at++) {
      if (received[shift + at] === expected[at] || this.#program.changing.has(at)) continue;
      this.payload++;
      this.#sample(this.corruptSamples, `payload byte ${at - this.#headerBytes} differs`, offset, bytes);
      return;
    }
  }

  #renderTemplates(): RingMemory[] {
    return this.#program.variants.map(({ bufferBytes }, variant) => {
      const memory = ringMemory(new ArrayBuffer(Math.ceil(bufferBytes / 8) * 8));
      this.#program.render(memory, 0, variant);
      return memory;
    });
  }

  #inspectSigned(offset: number, bytes: number, changedBy: number): boolean {
    const view = this.#memory.view;
    const end = offset + bytes;
    if (!checkSignature(view, end)) {
      this.signature++;
      this.#sample(this.corruptSamples, "signature sum wrong", offset, bytes);
      return false;
    }
    const trialStream = readTrialStream(view, end);
    if (trialStream !== this.#head) {
      if (trialOf(trialStream) !== this.#trial) this.stale++;
      else if (isReverse(streamOf(trialStream)) !== isReverse(streamOf(this.#head))) this.returned++;
      else this.#noteForeign(offset, bytes);
      return false;
    }
    if (this.#isSent(bytes - changedBy)) return true;
    const shorter = this.#program.variants.some(({ bufferBytes }) => bufferBytes > bytes);
    if (shorter) this.trimmed++;
    else this.padded++;
    this.#sample(this.corruptSamples, "signature whole, length wrong", offset, bytes);
    return false;
  }

  #isSent(bytes: number): boolean {
    return this.#program.variants.some(({ bufferBytes }) => bufferBytes === bytes);
  }

  #endsEarlier(offset: number, bytes: number, changedBy: number): boolean {
    const view = this.#memory.view;
    return this.#program.variants.some(({ bufferBytes }) => {
      const length = bufferBytes + changedBy;
      const end = offset + length;
      if (length >= bytes || length < signatureBytes) return false;
      return (
        readMagic(view, end) === signatureMagic &&
        readTrialStream(view, end) === this.#head &&
        checkSignature(view, end)
      );
    });
  }

  #isTrimmed(offset: number, bytes: number, changedBy: number): boolean {
    if (bytes < this.#headerBytes + changedBy || !this.#program.signed) return false;
    return this.#program.variants.some(
      ({ bufferBytes }) =>
        bufferBytes + changedBy > bytes && this.#program.recognises(this.#memory, offset, bufferBytes + changedBy),
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
