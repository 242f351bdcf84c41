/** Where a capture's bytes come from: a file, read as it is or decompressed. */

import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { type PktgenError, usageError } from "../errors.js";
import { sleepNs } from "../sys/sleep.js";
import type { CaptureFault } from "./capture.js";
import { Gunzip } from "./file-gunzip.js";

export type Compression = "none" | "gzip" | "zstd";

/** By the end of the name. */
export function compressionOf(path: string): Compression {
  if (/\.gz$/i.test(path)) return "gzip";
  return /\.zst$/i.test(path) ? "zstd" : "none";
}

export interface ByteSource {
  /** Size of the file on the disk; null: it has none (a pipe). */
  readonly fileBytes: number | null;
  /** Puts bytes into into[from …]; resolves with how many, 0 at the end. */
  read(into: Uint8Array, from: number): number | Promise<number>;
  /** Why the bytes ended before they should have, where decompression found that out. */
  readonly fault: Pick<CaptureFault, "kind" | "what"> | null;
  close(): void;
}

/** `ENOSPC: no space left on device`, without the call and the path that Node adds. */
export const fileReason = (cause: unknown): string =>
  cause instanceof Error ? cause.message.replace(/, \w+( '.*')?$/, "") : String(cause);

const unreadable = (path: string, cause: unknown): PktgenError =>
  usageError(`cannot read the capture: ${fileReason(cause)}`, { where: path, cause });

function openFile(path: string): number {
  let fd: number;
  try {
    // Opening a named pipe would block until another process writes to it, and nothing could end that.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  if (!fstatSync(fd).isDirectory()) return fd;
  closeSync(fd);
  throw usageError("cannot read the capture: this is a directory", { where: path, accepted: "a capture file" });
}

/** How often a silent pipe is looked at. */
const pipePollMs = 5;

/** Bytes of an open file, as they lie there. */
class FileBytes {
  readonly path: string;
  readonly isPipe: boolean;
  readonly fileBytes: number | null;
  readonly #isStopped: () => boolean;
  #fd: number;
  #hasWriter = false;

  constructor(path: string, fd: number, isStopped: () => boolean) {
    const stat = fstatSync(fd);
    this.path = path;
    this.isPipe = stat.isFIFO();
    this.fileBytes = stat.isFile() ? stat.size : null;
    this.#fd = fd;
    this.#isStopped = isStopped;
  }

  /** Puts bytes into into[from …]; 0 at the end. */
  read(into: Uint8Array, from: number): number | Promise<number> {
    return this.isPipe ? this.#readPipe(into, from) : this.#readNow(into, from);
  }

  /** Waits for a writer and its bytes. Signals and `isStopped` can end the wait. */
  async #readPipe(into: Uint8Array, from: number): Promise<number> {
    while (!this.#isStopped()) {
      const bytes = this.#readNow(into, from);
      if (bytes > 0 || (bytes === 0 && this.#hasWriter)) {
        this.#hasWriter = true;
        return bytes;
      }
      if (bytes < 0) this.#hasWriter = true;
      await sleepNs(pipePollMs * 1e6);
    }
    return 0;
  }

  /** −1: of a pipe, nothing now. */
  #readNow(into: Uint8Array, from: number): number {
    try {
      return readSync(this.#fd, into, from, into.length - from, null);
    } catch (cause) {
      if (this.isPipe && (cause as NodeJS.ErrnoException).code === "EAGAIN") return -1;
      throw unreadable(this.path, cause);
    }
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}

/**
 * `isStopped`: true ends the wait for a pipe, which then reads as ended.
 * @throws PktgenError (2): there is no such file, it is a directory, it may not be read.
 */
export async function openSource(path: string, isStopped: () => boolean = () => false): Promise<ByteSource> {
  const file = new FileBytes(path, openFile(path), isStopped);
  try {
    switch (compressionOf(path)) {
      case "none":
        return new RawSource(file);
      case "gzip":
        return new GzipSource(file);
      case "zstd": {
        const { ZstdDecompressor } = await import("../sys/zstd.js");
        return new ZstdSource(file, new ZstdDecompressor());
      }
    }
  } catch (error) {
    file.close();
    throw error;
  }
}

class RawSource implements ByteSource {
  readonly fault = null;
  readonly #file: FileBytes;

  constructor(file: FileBytes) {
    this.#file = file;
  }

  get fileBytes(): number | null {
    return this.#file.fileBytes;
  }

  read(into: Uint8Array, from: number): number | Promise<number> {
    return this.#file.read(into, from);
  }

  close(): void {
    this.#file.close();
  }
}

/**
 * `lent`: the file's descriptor, which its owner closes; without, the file is opened.
 * @throws PktgenError (2): as openSource; it is compressed.
 */
export function openPlainSource(path: string, lent: number | null = null): PlainSource {
  const compression = compressionOf(path);
  if (compression !== "none") {
    throw usageError(`a capture under ${compression} cannot be read here`, {
      where: path,
      accepted: "one that is not compressed",
      hint: compression === "gzip" ? `gunzip -k ${path}` : `zstd -d ${path}`,
    });
  }
  const fd = lent ?? openFile(path);
  const stat = fstatSync(fd);
  if (stat.isFIFO()) {
    if (lent === null) closeSync(fd);
    throw usageError("a pipe cannot be read here", {
      where: path,
      accepted: "a file",
      hint: "write the capture to a file first",
    });
  }
  return new PlainSource(path, fd, stat.isFile() ? stat.size : null, lent === null);
}

class PlainSource implements ByteSource {
  readonly fileBytes: number | null;
  readonly fault = null;
  readonly #path: string;
  readonly #ours: boolean;
  #fd: number;
  /** Our own read position, which other readers of the descriptor do not move. A pipe has none. */
  #at = 0;

  constructor(path: string, fd: number, fileBytes: number | null, ours = true) {
    this.#path = path;
    this.#fd = fd;
    this.fileBytes = fileBytes;
    this.#ours = ours;
  }

  read(into: Uint8Array, from: number): number {
    try {
      const place = this.fileBytes === null ? null : this.#at;
      const bytes = readSync(this.#fd, into, from, into.length - from, place);
      this.#at += bytes;
      return bytes;
    } catch (cause) {
      throw unreadable(this.#path, cause);
    }
  }

  close(): void {
    if (this.#fd >= 0 && this.#ours) closeSync(this.#fd);
    this.#fd = -1;
  }
}

const pieceBytes = 1 << 17;

/** node:zlib streams only in its event loop, so reading waits for pieces. */
class GzipSource implements ByteSource {
  readonly #file: FileBytes;
  readonly #gunzip: Gunzip;
  readonly #pieces: AsyncGenerator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array(0);

  constructor(file: FileBytes) {
    this.#file = file;
    this.#gunzip = new Gunzip((into) => file.read(into, 0));
    this.#pieces = this.#gunzip.pieces();
  }

  get fileBytes(): number | null {
    return this.#file.fileBytes;
  }

  get fault(): Pick<CaptureFault, "kind" | "what"> | null {
    return this.#gunzip.fault;
  }

  async read(into: Uint8Array, from: number): Promise<number> {
    while (this.#piece.length === 0) {
      const next = await this.#pieces.next();
      if (next.done === true) return 0;
      this.#piece = next.value;
    }
    const taken = Math.min(this.#piece.length, into.length - from);
    into.set(this.#piece.subarray(0, taken), from);
    this.#piece = this.#piece.subarray(taken);
    return taken;
  }

  close(): void {
    void this.#pieces.return(undefined);
    this.#file.close();
  }
}

class ZstdSource implements ByteSource {
  fault: Pick<CaptureFault, "kind" | "what"> | null = null;
  readonly #file: FileBytes;
  readonly #stream: import("../sys/zstd.js").ZstdDecompressor;
  readonly #input = new Uint8Array(new ArrayBuffer(pieceBytes));
  #start = 0;
  #end = 0;
  #complete = true;

  constructor(file: FileBytes, stream: import("../sys/zstd.js").ZstdDecompressor) {
    this.#file = file;
    this.#stream = stream;
  }

  get fileBytes(): number | null {
    return this.#file.fileBytes;
  }

  async read(into: Uint8Array, from: number): Promise<number> {
    while (this.fault === null) {
      const isAtEnd = this.#start === this.#end && (await this.#refill()) === 0;
      try {
        const input = this.#input.subarray(this.#start, this.#end);
        const step = this.#stream.step(input, into.subarray(from));
        this.#start += step.taken;
        if (input.length > 0 || step.filled > 0) this.#complete = step.complete;
        if (step.filled > 0) return step.filled;
      } catch (cause) {
        this.fault = { kind: "compression", what: `the zstd data is damaged (${(cause as Error).message})` };
        return 0;
      }
      if (!isAtEnd) continue;
      if (!this.#complete) this.fault = { kind: "cut", what: "the file ends inside its zstd data" };
      return 0;
    }
    return 0;
  }

  async #refill(): Promise<number> {
    this.#start = 0;
    this.#end = await this.#file.read(this.#input, 0);
    return this.#end;
  }

  close(): void {
    this.#stream[Symbol.dispose]();
    this.#file.close();
  }
}
