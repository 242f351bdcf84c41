/** Capture files: the only part of this room that knows files. */
import { readFileSync, writeFileSync } from "node:fs";
import { type PktgenError, usageError } from "../errors.js";
import {
  type Capture,
  type CapturedFrame,
  type CaptureFault,
  type CaptureFormat,
  defaultCaptureFormat,
  readCapture,
  writeCapture,
} from "./classic.js";

/** Reads a whole file. A fault inside is in the result; a file that cannot be read at all is a usage error. */
export function readCaptureFile(path: string): Capture {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw usageError(`cannot read the capture: ${reason(cause)}`, { where: path, cause });
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
    throw usageError(`cannot write the capture: ${reason(cause)}`, { where: path, cause });
  }
}

/** A fault as the usage error that ends a command: file, byte, what was wrong. */
export function captureFaultError(path: string, fault: CaptureFault, framesBefore: number): PktgenError {
  const hint = fault.kind === "magic" ? undefined : `${framesBefore} whole frames come before it`;
  return usageError(fault.what, {
    where: `${path}:byte ${fault.offset}`,
    accepted: "classic pcap, microseconds or nanoseconds, either byte order",
    ...(hint === undefined ? {} : { hint }),
  });
}

/** `ENOSPC: no space left on device`, without the call and the path that Node adds. */
const reason = (cause: unknown): string =>
  cause instanceof Error ? cause.message.replace(/, \w+( '.*')?$/, "") : String(cause);
