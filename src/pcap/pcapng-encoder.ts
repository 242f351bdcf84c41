/**
 * pcapng's writer: one section, little-endian unless asked otherwise, frames as enhanced packet blocks (§4.3):
 *
 *     0  6 (4)   4  total length (4)   8  interface (4)   12  time, high (4)   16  time, low (4)   20  captured (4)
 *    24  original (4)   28  the captured bytes, padded to 4   …  options   …  total length (4)
 */
import {
  type CaptureEncoder,
  type CaptureInterface,
  type CaptureSink,
  ethernetInterface,
  mostCapturedBytes,
} from "./capture.js";
import type { ByteOrder } from "./magic.js";
import { BlockBuilder, type BlockOption, blockType, optionCode, textOption } from "./pcapng-blocks.js";

export interface PcapngFormat {
  readonly byteOrder: ByteOrder;
  /** A frame names its interface by index. The resolution is always nanoseconds; `ticksPerSecond` does not count. */
  readonly interfaces: readonly CaptureInterface[];
  /** The program that wrote it. */
  readonly application: string | null;
}

export const defaultPcapngFormat: PcapngFormat = {
  byteOrder: "little",
  interfaces: [ethernetInterface],
  application: null,
};

const headBytes = 28;
const twoTo16 = 65_536;
const twoTo32 = 2 ** 32;

export class PcapngEncoder implements CaptureEncoder {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  frames = 0;
  readonly #sink: CaptureSink;
  readonly #builder: BlockBuilder;
  readonly #little: boolean;
  #used = 0;

  constructor(sink: CaptureSink, format: PcapngFormat = defaultPcapngFormat, bufferBytes = 1 << 20) {
    this.bytes = new Uint8Array((Math.max(bufferBytes, 2 * mostCapturedBytes) + 3) & ~3);
    this.view = new DataView(this.bytes.buffer);
    this.#sink = sink;
    this.#builder = new BlockBuilder(format.byteOrder);
    this.#little = format.byteOrder === "little";
    const { application } = format;
    const by = application === null ? [] : [textOption(optionCode.section.application, application)];
    this.block(this.#builder.section(by));
    for (const iface of format.interfaces)
      this.block(this.#builder.interface({ ...iface, ticksPerSecond: 1e9, offsetSeconds: 0 }));
  }

  /** Builds blocks in this file's byte order, for `block`. */
  get builder(): BlockBuilder {
    return this.#builder;
  }

  place(captured: number, original: number, seconds: number, nanoseconds: number, iface = 0): number {
    const length = headBytes + ((captured + 3) & ~3) + 4;
    const at = this.#make(length);
    this.#head(at, length, captured, original, seconds, nanoseconds, iface);
    // The caller writes the captured bytes; what pads them must be zero.
    if ((captured & 3) !== 0) this.view.setUint32(at + length - 8, 0);
    return at + headBytes;
  }

  /** As `place`, with comments and `flags` (epb_flags, 0: none). */
  placeWith(
    frame: {
      readonly captured: number;
      readonly original: number;
      readonly seconds: number;
      readonly nanoseconds: number;
      readonly iface: number;
    },
    comments: readonly string[],
    flags: number,
  ): number {
    const options: BlockOption[] = comments.map((comment) => textOption(optionCode.comment, comment));
    if (flags !== 0) {
      const value = new Uint8Array(4);
      new DataView(value.buffer).setUint32(0, flags, this.#little);
      options.push({ code: optionCode.enhanced.flags, value });
    }
    const bytes = this.#builder.options(options);
    const padded = (frame.captured + 3) & ~3;
    const length = headBytes + padded + bytes.length + 4;
    const at = this.#make(length);
    this.#head(at, length, frame.captured, frame.original, frame.seconds, frame.nanoseconds, frame.iface);
    if (padded !== frame.captured) this.view.setUint32(at + headBytes + padded - 4, 0);
    this.bytes.set(bytes, at + headBytes + padded);
    return at + headBytes;
  }

  /** Any whole block, as the builder makes them. */
  block(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.#make(bytes.length));
  }

  flush(): void {
    if (this.#used === 0) return;
    const used = this.#used;
    this.#used = 0;
    this.#sink(this.bytes.subarray(0, used));
  }

  /** Room for one more block; returns where. */
  #make(length: number): number {
    if (this.#used + length > this.bytes.length) this.flush();
    const at = this.#used;
    this.#used = at + length;
    return at;
  }

  #head(
    at: number,
    length: number,
    captured: number,
    original: number,
    seconds: number,
    nanoseconds: number,
    iface: number,
  ): void {
    const { view } = this;
    const little = this.#little;
    // seconds · 10^9 + nanoseconds in two words: a double cannot hold seconds · 10^9 exactly.
    const upper = Math.floor(seconds / twoTo16) * 1e9;
    const lower = (seconds % twoTo16) * 1e9 + (upper % twoTo16) * twoTo16 + nanoseconds;
    view.setUint32(at, blockType.enhanced, little);
    view.setUint32(at + 4, length, little);
    view.setUint32(at + 8, iface, little);
    view.setUint32(at + 12, Math.floor(upper / twoTo16) + Math.floor(lower / twoTo32), little);
    view.setUint32(at + 16, lower % twoTo32, little);
    view.setUint32(at + 20, captured, little);
    view.setUint32(at + 24, original, little);
    view.setUint32(at + length - 4, length, little);
    this.frames++;
  }
}

/** How many of the first bytes of written blocks are whole ones, and how many frames they hold. */
export function wholePcapngBlocks(
  bytes: Uint8Array,
  length: number,
  byteOrder: ByteOrder,
): { readonly bytes: number; readonly frames: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = byteOrder === "little";
  let at = 0;
  let frames = 0;
  while (length - at >= 12) {
    const next = at + view.getUint32(at + 4, little);
    if (next > length) break;
    if (view.getUint32(at, little) === blockType.enhanced) frames++;
    at = next;
  }
  return { bytes: at, frames };
}
