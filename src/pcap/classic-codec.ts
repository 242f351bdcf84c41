/**
 * The classic capture format (draft-ietf-opsawg-pcap, section 4 and 5), record by record over windows of bytes:
 *
 *     file header:    0  magic (4)   4  version 2.4 (2 + 2)   8  zone, accuracy (4 + 4, zero)   16  snap length (4)
 *                    20  link type (4)
 *     each record:    0  seconds (4)   4  micro- or nanoseconds (4)   8  captured bytes (4)   12  original bytes (4)
 *                    16  the captured bytes
 *
 * The magic says the byte order and the resolution: 0xa1b2c3d4 microseconds, 0xa1b23c4d nanoseconds. Versions before 2.3
 * have the two lengths in the other order, and 2.3 has them either way (libpcap's savefile.c).
 */
import {
  type CaptureDecoder,
  type CaptureEncoder,
  type CaptureFault,
  type CaptureInterface,
  type CaptureSink,
  ethernetInterface,
  type FrameBatch,
  mostCapturedBytes,
} from "./capture.js";
import { type ByteOrder, classicMagics, type Resolution, recogniseFormat } from "./magic.js";

export interface CaptureFormat {
  readonly resolution: Resolution;
  readonly byteOrder: ByteOrder;
  /** The most bytes captured of a frame. */
  readonly snapBytes: number;
  /** 1: Ethernet (LINKTYPE_ETHERNET), without FCS. */
  readonly linkType: number;
}

/** The format that we write by default. */
export const defaultCaptureFormat: CaptureFormat = {
  resolution: "nanoseconds",
  byteOrder: "little",
  snapBytes: mostCapturedBytes,
  linkType: 1,
};

const fileHeaderBytes = 24;
const recordHeaderBytes = 16;
// A loop's own constant: Node 20 does not fold imported ones.
const mostBytes = mostCapturedBytes;
const nsPerTick = (resolution: Resolution): number => (resolution === "nanoseconds" ? 1 : 1000);

interface ClassicHeader {
  readonly format: CaptureFormat;
  readonly iface: CaptureInterface;
  readonly lengths: Lengths;
}

/** Which of a record's lengths comes first: the captured one, the original one, or the smaller is the captured one. */
type Lengths = "captured first" | "original first" | "either";

const lengthsOf: Readonly<Record<string, Lengths>> = {
  "2.0": "original first",
  "2.1": "original first",
  "2.2": "original first",
  "2.3": "either",
  "2.4": "captured first",
  // DG/UX.
  "543.0": "original first",
};

/** The file header; the bytes are all there are of the file, or at least 24. */
export function readClassicHeader(bytes: Uint8Array): ClassicHeader | CaptureFault {
  const size = bytes.length;
  if (size < 4) return { kind: "cut", offset: size, what: `the file has ${size} bytes, a capture at least 24` };
  const magic = recogniseFormat(bytes);
  if (magic.kind === "other") return { kind: "magic", offset: 0, what: magic.what };
  if (magic.kind === "pcapng") return { kind: "magic", offset: 0, what: "0x0a0d0d0a begins a pcapng file" };
  if (size < fileHeaderBytes) {
    return { kind: "cut", offset: size, what: `the file ends inside its header, after ${size} of 24 bytes` };
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { resolution, byteOrder } = magic;
  const little = byteOrder === "little";
  const version = `${view.getUint16(4, little)}.${view.getUint16(6, little)}`;
  const lengths = lengthsOf[version];
  if (lengths === undefined) return { kind: "version", offset: 4, what: `version ${version}, expected 2.0 to 2.4` };
  const network = view.getUint32(20, little);
  const linkType = network & 0xffff;
  const snapBytes = view.getUint32(16, little);
  return {
    lengths,
    format: { resolution, byteOrder, snapBytes, linkType },
    iface: {
      ...ethernetInterface,
      linkType,
      snapBytes,
      ticksPerSecond: 1e9 / nsPerTick(resolution),
      // Bit 26: the upper four bits say how long the FCS is, in 16-bit words.
      fcsBytes: (network & 0x04000000) === 0 ? null : (network >>> 28) * 2,
    },
  };
}

export class ClassicDecoder implements CaptureDecoder {
  readonly format = "pcap";
  readonly untimed = 0;
  contradictory = 0;
  frames = 0;
  fault: CaptureFault | null = null;
  wanted = fileHeaderBytes;
  #header: ClassicHeader | null = null;
  /** Where in the file the next record is. */
  #offset = 0;

  get interfaces(): readonly CaptureInterface[] {
    return this.#header === null ? [] : [this.#header.iface];
  }

  get header(): CaptureFormat | null {
    return this.#header?.format ?? null;
  }

  decode(bytes: Uint8Array, view: DataView, start: number, end: number, batch: FrameBatch): number {
    let at = start;
    if (this.#header === null) {
      if (this.fault !== null || end - start < fileHeaderBytes) return start;
      const header = readClassicHeader(bytes.subarray(start, end));
      if ("kind" in header) {
        this.fault = header;
        return start;
      }
      this.#header = header;
      at += fileHeaderBytes;
      this.#offset = fileHeaderBytes;
    }
    const first = at;
    at = this.#records(view, at, end, batch, this.#header);
    this.#offset += at - first;
    if (batch.count > 0) batch.interfaces.fill(0, 0, batch.count);
    return at;
  }

  #records(view: DataView, start: number, end: number, batch: FrameBatch, { format, lengths }: ClassicHeader): number {
    const { starts, captured, original, seconds, nanoseconds, flags, capacity } = batch;
    const little = format.byteOrder === "little";
    const tickNs = nsPerTick(format.resolution);
    const ticksPerSecond = 1e9 / tickNs;
    let at = start;
    let count = batch.count;
    while (count < capacity) {
      if (end - at < recordHeaderBytes) {
        this.wanted = recordHeaderBytes;
        break;
      }
      let bytes = view.getUint32(at + 8, little);
      let wire = view.getUint32(at + 12, little);
      if (lengths === "original first" || (lengths === "either" && bytes > wire)) [bytes, wire] = [wire, bytes];
      if (bytes > mostBytes) {
        this.#lie(bytes, this.#offset + at - start + 8);
        break;
      }
      if (end - at - recordHeaderBytes < bytes) {
        this.wanted = recordHeaderBytes + bytes;
        break;
      }
      const ticks = view.getUint32(at + 4, little);
      // Some writers leave whole seconds in the fraction.
      const carry = ticks < ticksPerSecond ? 0 : Math.floor(ticks / ticksPerSecond);
      seconds[count] = view.getUint32(at, little) + carry;
      nanoseconds[count] = (ticks - carry * ticksPerSecond) * tickNs;
      starts[count] = at + recordHeaderBytes;
      captured[count] = bytes;
      // The bytes are there, so the frame had at least these, whatever length the record says.
      original[count] = bytes > wire ? bytes : wire;
      if (bytes > wire) this.contradictory++;
      flags[count] = 0;
      count++;
      at += recordHeaderBytes + bytes;
    }
    this.frames += count - batch.count;
    batch.count = count;
    return at;
  }

  #lie(bytes: number, offset: number): void {
    const what = `a record says ${bytes} bytes were captured, but at most ${mostCapturedBytes} can be`;
    this.fault = { kind: "length", offset, what };
  }

  finish(rest: number): void {
    if (this.fault !== null || rest === 0) return;
    const record = this.#offset;
    const inHeader = rest < recordHeaderBytes;
    const what = inHeader
      ? `the file ends inside the record header at byte ${record}`
      : `the file ends ${this.wanted - rest} bytes before the end of the record at byte ${record}`;
    this.fault = { kind: "cut", offset: record + rest, what };
  }
}

export function captureHeader(format: CaptureFormat = defaultCaptureFormat): Uint8Array {
  const bytes = new Uint8Array(fileHeaderBytes);
  const view = new DataView(bytes.buffer);
  const little = format.byteOrder === "little";
  view.setUint32(0, classicMagics[format.resolution], little);
  view.setUint16(4, 2, little);
  view.setUint16(6, 4, little);
  view.setUint32(16, format.snapBytes, little);
  view.setUint32(20, format.linkType, little);
  return bytes;
}

/** Classic records into a buffer. `captured` must not be above the format's snap length. */
export class ClassicEncoder implements CaptureEncoder {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  frames = 0;
  readonly #words: Uint32Array;
  readonly #sink: CaptureSink;
  readonly #little: boolean;
  readonly #tickNs: number;
  #used = 0;

  constructor(sink: CaptureSink, format: CaptureFormat = defaultCaptureFormat, bufferBytes = 1 << 20) {
    this.bytes = new Uint8Array((Math.max(bufferBytes, recordHeaderBytes + format.snapBytes) + 3) & ~3);
    this.view = new DataView(this.bytes.buffer);
    this.#words = new Uint32Array(this.bytes.buffer);
    this.#sink = sink;
    this.#little = format.byteOrder === "little";
    this.#tickNs = nsPerTick(format.resolution);
    this.bytes.set(captureHeader(format));
    this.#used = fileHeaderBytes;
  }

  place(captured: number, original: number, seconds: number, nanoseconds: number): number {
    let at = this.#used;
    if (at + recordHeaderBytes + captured > this.bytes.length) {
      this.flush();
      at = 0;
    }
    const ticks = this.#tickNs === 1 ? nanoseconds : Math.floor(nanoseconds / this.#tickNs);
    if (this.#little && (at & 3) === 0) {
      // The machines that we run on are little, too.
      const words = this.#words;
      const word = at >>> 2;
      words[word] = seconds;
      words[word + 1] = ticks;
      words[word + 2] = captured;
      words[word + 3] = original;
    } else this.#header(at, captured, original, seconds, ticks);
    this.#used = at + recordHeaderBytes + captured;
    this.frames++;
    return at + recordHeaderBytes;
  }

  #header(at: number, captured: number, original: number, seconds: number, ticks: number): void {
    const { view } = this;
    const little = this.#little;
    view.setUint32(at, seconds, little);
    view.setUint32(at + 4, ticks, little);
    view.setUint32(at + 8, captured, little);
    view.setUint32(at + 12, original, little);
  }

  flush(): void {
    if (this.#used === 0) return;
    const used = this.#used;
    this.#used = 0;
    this.#sink(this.bytes.subarray(0, used));
  }
}

/** How many of the first bytes of written records are whole ones, and of how many frames; `header`: the file's is first. */
export function wholeClassicRecords(
  bytes: Uint8Array,
  length: number,
  header: boolean,
  byteOrder: ByteOrder,
): { readonly bytes: number; readonly frames: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = header ? fileHeaderBytes : 0;
  if (length < at) return { bytes: 0, frames: 0 };
  let frames = 0;
  while (length - at >= recordHeaderBytes) {
    const next = at + recordHeaderBytes + view.getUint32(at + 8, byteOrder === "little");
    if (next > length) break;
    at = next;
    frames++;
  }
  return { bytes: at, frames };
}
