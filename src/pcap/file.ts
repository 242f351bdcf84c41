/**
 * Capture files: the only part of this room that knows files. Reading and writing stream through a buffer that is used
 * again, however long the file is. `.gz` and `.zst` at the end of the name mean compression.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { type PktgenError, usageError } from "../errors.js";
import type { CaptureFault } from "./capture.js";
import { type Capture, type CapturedFrame, readCapture, writeCapture } from "./classic.js";
import { type CaptureFormat, defaultCaptureFormat } from "./classic-codec.js";
import { fileReason } from "./file-source.js";

/** Reads a whole file. A fault inside is in the result; a file that cannot be read at all is a usage error. */
export function readCaptureFile(path: string): Capture {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw usageError(`cannot read the capture: ${fileReason(cause)}`, { where: path, cause });
  }
  return readCapture(bytes);
}

/** Writes a whole file; a usage error if that cannot be done. */
export function writeCaptureFile(
  path: string,
  frames: readonly CapturedFrame[],
  format: CaptureFormat = defaultCaptureFormat,
): void {
  try {
    writeFileSync(path, writeCapture(frames, format));
  } catch (cause) {
    throw usageError(`cannot write the capture: ${fileReason(cause)}`, { where: path, cause });
  }
}

/** The readable formats, for the error about another file. */
const acceptedFormats =
  "pcap (microseconds or nanoseconds) or pcapng, either byte order; .gz or .zst where it is compressed";

/** A fault as the usage error that ends a command: file, byte, what was wrong. */
export function captureFaultError(path: string, fault: CaptureFault, framesBefore: number): PktgenError {
  const where = `${path}:byte ${fault.offset}`;
  if (fault.kind === "magic" || fault.kind === "empty")
    return usageError(fault.what, { where, accepted: acceptedFormats });
  const before =
    framesBefore === 1 ? "1 whole frame comes" : `${framesBefore === 0 ? "no" : framesBefore} whole frames come`;
  return usageError(fault.what, { where, hint: `${before} before it` });
}
