/**
 * Reads a whole input file that the user named, up to a limit of bytes, whatever kind of file it is. A pipe may have no
 * writer, and a device no end. Neither may block the process.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { usageError } from "../errors.js";
import { formatCount } from "../units.js";

/** Result documents: those of ten thousand streams over many trials are some tens of megabytes. */
export const mostDocumentBytes = 256 * 1024 * 1024;

/** How long a pipe may stay silent. */
const patienceMs = 30_000;
const lookEveryMs = 10;
const pieceBytes = 1 << 16;

const clauses: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  ENOTDIR: "does not exist: a part of the path is no folder",
  EISDIR: "is a folder",
  EACCES: "may not be read by this user",
  ENXIO: "is a socket",
};

/** Why a file could not be read, to follow its name: `does not exist`, `cannot be read (EIO)`. */
export function unreadableBecause(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof InputRefused) return message;
  return clauses[code ?? ""] ?? `cannot be read (${code ?? message})`;
}

/** The file was read but refused for its kind. The message follows the file's name. */
class InputRefused extends Error {}

/** True if the error comes from reading a file, and not from its content. */
export const isReadError = (error: unknown): boolean =>
  error instanceof InputRefused || (error as NodeJS.ErrnoException).code !== undefined;

export interface InputBounds {
  readonly mostBytes: number;
  /** How long a pipe may stay silent. */
  readonly patienceMs?: number;
}

/**
 * The whole file. A signal that comes while a pipe is silent ends the process at once, as for any program that waits.
 * @throws what `unreadableBecause` puts into words.
 */
export function readInputFile(path: string, bounds: InputBounds): Uint8Array<ArrayBuffer> {
  // Without O_NONBLOCK, opening a FIFO waits for its writer, in the kernel and out of reach of everybody.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    return readAll(fd, bounds);
  } finally {
    closeSync(fd);
  }
}

/** The same as text (UTF-8). */
export const readInputText = (path: string, bounds: InputBounds): string =>
  Buffer.from(readInputFile(path, bounds).buffer).toString("utf8");

/**
 * A JSON document, not validated.
 * @throws PktgenError (2) with `where` and `accepted`: cannot be read, or is no JSON.
 */
export function readJsonDocument(path: string, where: string, accepted: string): unknown {
  try {
    return JSON.parse(readInputText(path, { mostBytes: mostDocumentBytes })) as unknown;
  } catch (cause) {
    const why = isReadError(cause) ? unreadableBecause(cause) : "is no JSON";
    throw usageError(`${path} ${why}`, { where, accepted, cause });
  }
}

function readAll(fd: number, bounds: InputBounds): Uint8Array<ArrayBuffer> {
  const stat = fstatSync(fd);
  if (stat.isDirectory()) throw Object.assign(new Error("is a folder"), { code: "EISDIR" });
  const { mostBytes } = bounds;
  // Files of /proc say 0 and have contents, so the size is only a first guess. One more shows the end.
  let bytes = new Uint8Array(Math.min(stat.size + 1, mostBytes + 1) || pieceBytes);
  let length = 0;
  for (;;) {
    if (length === bytes.length) {
      const grown = new Uint8Array(Math.min(Math.max(2 * length, pieceBytes), mostBytes + 1));
      grown.set(bytes);
      bytes = grown;
    }
    const read = stat.isFile()
      ? readSync(fd, bytes, length, bytes.length - length, null)
      : next(fd, bytes, length, bounds);
    if (read === 0) return bytes.slice(0, length);
    length += read;
    if (length > mostBytes) throw new InputRefused(`is longer than ${formatCount(mostBytes)} bytes`);
  }
}

/** Of a pipe, terminal or device. 0: its writer has closed it. */
function next(fd: number, into: Uint8Array, from: number, bounds: InputBounds): number {
  let read = tryRead(fd, into, from);
  if (isThere(read, from)) return read;
  const patience = bounds.patienceMs ?? patienceMs;
  const deadline = performance.now() + patience;
  // This thread handles no signal while it waits here, and nothing is open yet that would have to be closed.
  const restore = takeOffSignalHandlers();
  try {
    while (performance.now() < deadline) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lookEveryMs);
      read = tryRead(fd, into, from);
      if (isThere(read, from)) return read;
    }
  } finally {
    restore();
  }
  throw new InputRefused(`is a pipe into which nobody wrote for ${patience / 1000} s`);
}

/** −1: nothing now, but a writer may still come. */
function tryRead(fd: number, into: Uint8Array, from: number): number {
  try {
    return readSync(fd, into, from, into.length - from, null);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return -1;
    throw error;
  }
}

/** A pipe that was never opened for writing also reads as ended. */
const isThere = (read: number, before: number): boolean => read > 0 || (read === 0 && before > 0);

/** Signals do what they do by default until the returned function is called. */
function takeOffSignalHandlers(): () => void {
  const names = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;
  const taken = names.map((name) => ({ name, listeners: process.rawListeners(name) as NodeJS.SignalsListener[] }));
  for (const { name } of taken) process.removeAllListeners(name);
  return () => {
    for (const { name, listeners } of taken) for (const listener of listeners) process.on(name, listener);
  };
}
