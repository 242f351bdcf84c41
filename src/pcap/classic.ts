/** Whole classic captures in memory, for small ones: made from a list of frames, and read into one. */
import { plainBytes } from "../plain-bytes.js";
import { type CaptureFault, FrameBatch } from "./capture.js";
import {
  type CaptureFormat,
  ClassicDecoder,
  ClassicEncoder,
  defaultCaptureFormat,
  readClassicHeader,
} from "./classic-codec.js";

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

/** The pieces, one behind the other. */
export function joinedPieces(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

export interface Capture {
  /** null if the file header was not readable. */
  readonly format: CaptureFormat | null;
  /** All whole records up to the fault. */
  readonly frames: readonly CapturedFrame[];
  readonly fault: CaptureFault | null;
}

/** A whole capture file; frames longer than the snap length are cut, as a capture does. */
export function writeCapture(
  frames: readonly CapturedFrame[],
  format: CaptureFormat = defaultCaptureFormat,
): Uint8Array {
  const pieces: Uint8Array[] = [];
  const encoder = new ClassicEncoder((bytes) => pieces.push(bytes.slice()), format, 1 << 16);
  for (const { bytes, originalBytes, seconds, nanoseconds } of frames) {
    const captured = bytes.subarray(0, format.snapBytes);
    encoder.bytes.set(captured, encoder.place(captured.length, originalBytes, seconds, nanoseconds));
  }
  encoder.flush();
  return joinedPieces(pieces);
}

/** Reads either byte order and resolution. Never throws. `bytes` of the frames are views on the file's bytes. */
export function readCapture(file: Uint8Array): Capture {
  const bytes = plainBytes(file);
  if (bytes.length < 24) {
    const header = readClassicHeader(bytes);
    if ("kind" in header) return { format: null, frames: [], fault: header };
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new ClassicDecoder();
  const batch = new FrameBatch(256);
  const frames: CapturedFrame[] = [];
  let at = 0;
  do {
    batch.reset(bytes, frames.length);
    at = decoder.decode(bytes, view, at, bytes.length, batch);
    for (let i = 0; i < batch.count; i++) {
      frames.push({
        seconds: batch.seconds[i],
        nanoseconds: batch.nanoseconds[i],
        originalBytes: batch.original[i],
        bytes: batch.frame(i),
      });
    }
  } while (batch.count > 0);
  decoder.finish(bytes.length - at);
  return { format: decoder.header, frames, fault: decoder.fault };
}
