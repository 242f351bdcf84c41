/** A named pipe that a result goes to: opened while its reader is looked for, and never waited for without a bound. */
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { resolve } from "node:path";

/** How long a reader may leave a full pipe full. */
const patienceMs = 10_000;
const lookEveryMs = 10;

/** Open since they were looked at: if they were closed, their readers would see the end. */
const held = new Map<string, number>();

/** Opens it for `writeToPipe`. False: it has no reader. Throws as open does otherwise. */
export function holdPipe(path: string): boolean {
  const place = resolve(path);
  if (held.has(place)) return true;
  try {
    // Without O_NONBLOCK this waits for a reader, in the kernel and out of reach of every signal handler.
    held.set(place, openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENXIO") return false;
    throw error;
  }
}

/** Writes all of it and closes the pipe. Throws as write does; ETIMEDOUT: the reader does not read. */
export function writeToPipe(path: string, text: string): void {
  if (!holdPipe(path)) throw Object.assign(new Error("nobody reads this pipe"), { code: "ENXIO" });
  const fd = held.get(resolve(path))!;
  held.delete(resolve(path));
  try {
    const bytes = Buffer.from(text);
    for (let written = 0, waitedMs = 0; written < bytes.length; ) {
      const taken = tryWrite(fd, bytes, written);
      written += taken;
      waitedMs = taken > 0 ? 0 : waitedMs + lookEveryMs;
      if (waitedMs > patienceMs) throw Object.assign(new Error("the reader does not read"), { code: "ETIMEDOUT" });
      if (taken === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lookEveryMs);
    }
  } finally {
    closeSync(fd);
  }
}

function tryWrite(fd: number, bytes: Uint8Array, from: number): number {
  try {
    return writeSync(fd, bytes, from);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return 0;
    throw error;
  }
}
