/** Whole captures of either format in memory. */
import { plainBytes } from "../plain-bytes.js";
import { type CaptureDecoder, type CaptureFault, type CaptureInterface, FrameBatch } from "./capture.js";
import { type CapturedFrame, joinedPieces, writeCapture } from "./classic.js";
import { ClassicDecoder, readClassicHeader } from "./classic-codec.js";
import { recogniseFormat } from "./magic.js";
import { PcapngDecoder } from "./pcapng-decoder.js";
import { PcapngEncoder } from "./pcapng-encoder.js";

export interface DecodedFrame extends CapturedFrame {
  /** Index into the capture's `interfaces`. */
  readonly interface: number;
}

export interface DecodedCapture {
  /** null: the file is no readable capture; `fault` says what it is. */
  readonly format: "pcap" | "pcapng" | null;
  readonly interfaces: readonly CaptureInterface[];
  /** All whole frames up to the fault. Their bytes are views on the file's. */
  readonly frames: readonly DecodedFrame[];
  /** null: the whole file was read. */
  readonly fault: CaptureFault | null;
}

const leastBytes = 24;

/** Reads pcap and pcapng, in either byte order. Never throws. */
export function decodeCapture(file: Uint8Array): DecodedCapture {
  const bytes = plainBytes(file);
  if (bytes.length < leastBytes) {
    const header = readClassicHeader(bytes);
    if ("kind" in header) return { format: null, interfaces: [], frames: [], fault: header };
  }
  const decoder: CaptureDecoder = recogniseFormat(bytes).kind === "pcapng" ? new PcapngDecoder() : new ClassicDecoder();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const batch = new FrameBatch(256);
  const frames: DecodedFrame[] = [];
  let at = 0;
  do {
    batch.reset(bytes, frames.length);
    at = decoder.decode(bytes, view, at, bytes.length, batch);
    for (let i = 0; i < batch.count; i++) frames.push(frameAt(batch, i));
  } while (batch.count > 0);
  decoder.finish(bytes.length - at);
  const { fault, format, interfaces } = decoder;
  return { format: fault?.kind === "magic" ? null : format, interfaces, frames, fault };
}

const frameAt = (batch: FrameBatch, i: number): DecodedFrame => ({
  seconds: batch.seconds[i]!,
  nanoseconds: batch.nanoseconds[i]!,
  originalBytes: batch.original[i]!,
  bytes: batch.frame(i),
  interface: batch.interfaces[i]!,
});

/** A whole capture file of Ethernet frames with times in nanoseconds. */
export function encodeCapture(frames: readonly CapturedFrame[], format: "pcap" | "pcapng" = "pcap"): Uint8Array {
  if (format === "pcap") return writeCapture(frames);
  const pieces: Uint8Array[] = [];
  const encoder = new PcapngEncoder((bytes) => pieces.push(bytes.slice()));
  for (const { bytes, originalBytes, seconds, nanoseconds } of frames) {
    encoder.bytes.set(bytes, encoder.place(bytes.length, originalBytes, seconds, nanoseconds));
  }
  encoder.flush();
  return joinedPieces(pieces);
}
