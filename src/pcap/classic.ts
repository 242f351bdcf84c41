/**
 * The classic capture format (draft-ietf-opsawg-pcap, section 4 and 5), on bytes:
 *
 *     file header:    0  magic (4)   4  version 2.4 (2 + 2)   8  zone, accuracy (4 + 4, zero)   16  snap length (4)
 *                    20  link type (4)
 *     each record:    0  seconds (4)   4  micro- or nanoseconds (4)   8  captured bytes (4)   12  original bytes (4)
 *                    16  the captured bytes
 *
 * The magic says the byte order and the resolution: 0xa1b2c3d4 microseconds, 0xa1b23c4d nanoseconds.
 */

/** Time is in two parts, since nanoseconds since 1970 do not fit into a double. */
export interface CapturedFrame {
  /** Since 1970, 0 … 2^32 − 1. */
  readonly seconds: number;
  /** 0 … 999,999,999; in a microsecond file, cut to whole microseconds. */
  readonly nanoseconds: number;
  /** Bytes on the wire; more than bytes.length if the capture cut it. */
  readonly originalBytes: number;
  readonly bytes: Uint8Array;
}

export type Resolution = "microseconds" | "nanoseconds";

export interface CaptureFormat {
  readonly resolution: Resolution;
  readonly byteOrder: "little" | "big";
  /** The most bytes captured of a frame. */
  readonly snapBytes: number;
  /** 1: Ethernet (LINKTYPE_ETHERNET), without FCS. */
  readonly linkType: number;
}

/** Why reading ended early. */
export interface CaptureFault {
  readonly kind: "magic" | "version" | "cut" | "length";
  /** Byte of the file. */
  readonly offset: number;
  readonly what: string;
}

export interface Capture {
  /** null if the file header was not readable. */
  readonly format: CaptureFormat | null;
  /** All whole records up to the fault. */
  readonly frames: readonly CapturedFrame[];
  readonly fault: CaptureFault | null;
}

const fileHeaderBytes = 24;
const recordHeaderBytes = 16;
const magics = { microseconds: 0xa1b2c3d4, nanoseconds: 0xa1b23c4d } as const;
const pcapngMagic = 0x0a0d0d0a;
/** libpcap's MAXIMUM_SNAPLEN: what says more is not a length. */
const mostCapturedBytes = 262_144;

/** What we write unless asked otherwise. */
export const defaultCaptureFormat: CaptureFormat = {
  resolution: "nanoseconds",
  byteOrder: "little",
  snapBytes: mostCapturedBytes,
  linkType: 1,
};

export function captureHeader(format: CaptureFormat = defaultCaptureFormat): Uint8Array {
  const bytes = new Uint8Array(fileHeaderBytes);
  const view = new DataView(bytes.buffer);
  const little = format.byteOrder === "little";
  view.setUint32(0, magics[format.resolution], little);
  view.setUint16(4, 2, little);
  view.setUint16(6, 4, little);
  view.setUint32(16, format.snapBytes, little);
  view.setUint32(20, format.linkType, little);
  return bytes;
}

/** One record; frames longer than the snap length are cut, as a capture does. */
export function captureRecord(frame: CapturedFrame, format: CaptureFormat = defaultCaptureFormat): Uint8Array {
  const captured = frame.bytes.subarray(0, format.snapBytes);
  const bytes = new Uint8Array(recordHeaderBytes + captured.length);
  const view = new DataView(bytes.buffer);
  const little = format.byteOrder === "little";
  view.setUint32(0, frame.seconds, little);
  view.setUint32(4, Math.floor(frame.nanoseconds / nsPerTick(format.resolution)), little);
  view.setUint32(8, captured.length, little);
  view.setUint32(12, frame.originalBytes, little);
  bytes.set(captured, recordHeaderBytes);
  return bytes;
}

/** A whole capture file. */
export function writeCapture(
  frames: readonly CapturedFrame[],
  format: CaptureFormat = defaultCaptureFormat,
): Uint8Array {
  const pieces = [captureHeader(format), ...frames.map((frame) => captureRecord(frame, format))];
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Reads either byte order and resolution; never throws. `bytes` of the frames are views on the file's. */
export function readCapture(bytes: Uint8Array): Capture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = readHeader(view);
  if ("kind" in header) return { format: null, frames: [], fault: header };
  const frames: CapturedFrame[] = [];
  let at = fileHeaderBytes;
  while (at < bytes.length) {
    const record = readRecord(bytes, view, at, header);
    if ("kind" in record) return { format: header, frames, fault: record };
    frames.push(record);
    at += recordHeaderBytes + record.bytes.length;
  }
  return { format: header, frames, fault: null };
}

const nsPerTick = (resolution: Resolution): number => (resolution === "nanoseconds" ? 1 : 1000);

function readHeader(view: DataView): CaptureFormat | CaptureFault {
  const size = view.byteLength;
  if (size < 4) return { kind: "cut", offset: size, what: `the file has ${size} bytes, a capture at least 24` };
  const magic = readMagic(view);
  if (magic === null) {
    const found = view.getUint32(0);
    const hex = `0x${found.toString(16).padStart(8, "0")}`;
    const what = found === pcapngMagic ? `${hex} begins a pcapng file` : `${hex} begins no capture file`;
    return { kind: "magic", offset: 0, what };
  }
  if (size < fileHeaderBytes) {
    return { kind: "cut", offset: size, what: `the file ends inside its header, after ${size} of 24 bytes` };
  }
  const little = magic.byteOrder === "little";
  const version = `${view.getUint16(4, little)}.${view.getUint16(6, little)}`;
  if (version !== "2.4") return { kind: "version", offset: 4, what: `version ${version}, expected 2.4` };
  // The upper bits of the link type tell the FCS length; frames are taken as they are.
  return { ...magic, snapBytes: view.getUint32(16, little), linkType: view.getUint32(20, little) & 0xffff };
}

function readMagic(view: DataView): Pick<CaptureFormat, "resolution" | "byteOrder"> | null {
  for (const byteOrder of ["little", "big"] as const) {
    const magic = view.getUint32(0, byteOrder === "little");
    if (magic === magics.nanoseconds) return { resolution: "nanoseconds", byteOrder };
    if (magic === magics.microseconds) return { resolution: "microseconds", byteOrder };
  }
  return null;
}

function readRecord(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  format: CaptureFormat,
): CapturedFrame | CaptureFault {
  const left = bytes.length - at;
  if (left < recordHeaderBytes) {
    return { kind: "cut", offset: bytes.length, what: `the file ends inside the record header at byte ${at}` };
  }
  const little = format.byteOrder === "little";
  const captured = view.getUint32(at + 8, little);
  const originalBytes = view.getUint32(at + 12, little);
  if (captured > mostCapturedBytes || captured > originalBytes) {
    const bound = captured > originalBytes ? `the frame had ${originalBytes}` : `at most ${mostCapturedBytes} can be`;
    return { kind: "length", offset: at + 8, what: `a record says ${captured} bytes were captured, but ${bound}` };
  }
  if (captured > left - recordHeaderBytes) {
    const what = `the file ends ${captured - (left - recordHeaderBytes)} bytes before the end of the record at byte ${at}`;
    return { kind: "cut", offset: bytes.length, what };
  }
  const ticksPerSecond = 1e9 / nsPerTick(format.resolution);
  const ticks = view.getUint32(at + 4, little);
  const start = at + recordHeaderBytes;
  return {
    // Some writers leave whole seconds in the fraction.
    seconds: view.getUint32(at, little) + Math.floor(ticks / ticksPerSecond),
    nanoseconds: (ticks % ticksPerSecond) * nsPerTick(format.resolution),
    originalBytes,
    bytes: bytes.subarray(start, start + captured),
  };
}
