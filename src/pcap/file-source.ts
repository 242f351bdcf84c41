/** Where a capture's bytes come from: a file, read plainly or decompressed on the way. */
import { closeSync, createReadStream, fstatSync, openSync, readSync } from "node:fs";
import { createGunzip } from "node:zlib";
import { type PktgenError, usageError } from "../errors.js";
import type { CaptureFault } from "./capture.js";

export type Compression = "none" | "gzip" | "zstd";

/** By the end of the name. */
export function compressionOf(path: string): Compression {
  if (/\.gz$/i.test(path)) return "gzip";
  return /\.zst$/i.test(path) ? "zstd" : "none";
}

export interface ByteSource {
  /** Size of the file as it lies on the disk; null: it has none (a pipe). */
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
    fd = openSync(path, "r");
  } catch (cause) {
    throw unreadable(path, cause);
  }
  if (!fstatSync(fd).isDirectory()) return fd;
  closeSync(fd);
  throw usageError("cannot read the capture: this is a directory", { where: path, accepted: "a capture file" });
}

/** @throws PktgenError (2): there is no such file, it is a directory, it may not be read. */
export async function openSource(path: string): Promise<ByteSource> {
  const fd = openFile(path);
  try {
    const stat = fstatSync(fd);
    const fileBytes = stat.isFile() ? stat.size : null;
    switch (compressionOf(path)) {
      case "none":
        return new PlainSource(path, fd, fileBytes);
      case "gzip":
        return new GzipSource(path, fd, fileBytes);
      case "zstd": {
        const { ZstdDecompressor } = await import("../sys/zstd.js");
        return new ZstdSource(path, fd, fileBytes, new ZstdDecompressor());
      }
    }
  } catch (error) {
    closeSync(fd);
    throw error;
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
  return new PlainSource(path, fd, stat.isFile() ? stat.size : null, lent === null);
}

class PlainSource implements ByteSource {
  readonly fileBytes: number | null;
  readonly fault = null;
  readonly #path: string;
  readonly #ours: boolean;
  #fd: number;
  /** A place of its own, whoever else reads from the descriptor; a pipe has none. */
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

/** node:zlib has no streaming without its event loop, so reading waits for pieces. */
class GzipSource implements ByteSource {
  readonly fileBytes: number | null;
  fault: Pick<CaptureFault, "kind" | "what"> | null = null;
  readonly #path: string;
  readonly #file: ReturnType<typeof createReadStream>;
  readonly #pieces: AsyncIterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array(0);
  #fileError: unknown = null;

  constructor(path: string, fd: number, fileBytes: number | null) {
    this.#path = path;
    this.fileBytes = fileBytes;
    this.#file = createReadStream("", { fd, autoClose: true, highWaterMark: 1 << 17 });
    const gunzip = createGunzip({ chunkSize: 1 << 18 });
    this.#file.on("error", (error) => {
      this.#fileError = error;
      gunzip.destroy(error);
    });
    this.#file.pipe(gunzip);
    this.#pieces = gunzip[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  }

  async read(into: Uint8Array, from: number): Promise<number> {
    while (this.#piece.length === 0) {
      if (this.fault !== null) return 0;
      try {
        const next = await this.#pieces.next();
        if (next.done === true) return 0;
        this.#piece = next.value;
      } catch (cause) {
        if (this.#fileError !== null) throw unreadable(this.#path, this.#fileError);
        this.fault = gzipFault(cause);
      }
    }
    const taken = Math.min(this.#piece.length, into.length - from);
    into.set(this.#piece.subarray(0, taken), from);
    this.#piece = this.#piece.subarray(taken);
    return taken;
  }

  close(): void {
    void this.#pieces.return?.();
    this.#file.destroy();
  }
}

function gzipFault(cause: unknown): Pick<CaptureFault, "kind" | "what"> {
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  if (code === "Z_BUF_ERROR") return { kind: "cut", what: "the file ends inside its gzip data" };
  return { kind: "compression", what: `the gzip data is damaged (${(cause as Error).message})` };
}

class ZstdSource implements ByteSource {
  readonly fileBytes: number | null;
  fault: Pick<CaptureFault, "kind" | "what"> | null = null;
  readonly #path: string;
  readonly #stream: import("../sys/zstd.js").ZstdDecompressor;
  readonly #input = new Uint8Array(new ArrayBuffer(1 << 17));
  #fd: number;
  #start = 0;
  #end = 0;
  #complete = true;

  constructor(path: string, fd: number, fileBytes: number | null, stream: import("../sys/zstd.js").ZstdDecompressor) {
    this.#path = path;
    this.#fd = fd;
    this.fileBytes = fileBytes;
    this.#stream = stream;
  }

  read(into: Uint8Array, from: number): number {
    while (this.fault === null) {
      const refilled = this.#start === this.#end && this.#refill() === 0;
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
      if (!refilled) continue;
      if (!this.#complete) this.fault = { kind: "cut", what: "the file ends inside its zstd data" };
      return 0;
    }
    return 0;
  }

  #refill(): number {
    try {
      this.#start = 0;
      this.#end = readSync(this.#fd, this.#input, 0, this.#input.length, null);
      return this.#end;
    } catch (cause) {
      throw unreadable(this.#path, cause);
    }
  }

  close(): void {
    this.#stream[Symbol.dispose]();
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}
