/**
 * Writes a capture file of any length through one buffer. Where writing fails (a full disk), the file is cut back to
 * its last whole frame, so that the rest can be read.
 */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, statSync, writeSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { environmentError, type PktgenError, usageError } from "../errors.js";
import type { CaptureEncoder } from "./capture.js";
import {
  type CaptureFormat,
  ClassicEncoder,
  captureHeader,
  defaultCaptureFormat,
  wholeClassicRecords,
} from "./classic-codec.js";
import { type Compression, compressionOf, fileReason } from "./file-source.js";
import { defaultPcapngFormat, PcapngEncoder, type PcapngFormat, wholePcapngBlocks } from "./pcapng-encoder.js";

export interface CaptureWriterOptions {
  /** Classic unless the name says .pcapng. */
  readonly format?: "pcap" | "pcapng";
  readonly pcap?: CaptureFormat;
  readonly pcapng?: PcapngFormat;
}

const bufferBytes = 1 << 20;

/** The format by the name without .gz or .zst: .pcapng and .ntar are pcapng, all others classic. */
export const formatOf = (path: string): "pcap" | "pcapng" =>
  /\.(pcapng|ntar)(\.gz|\.zst)?$/i.test(path) ? "pcapng" : "pcap";

export class CaptureWriter implements Disposable {
  readonly path: string;
  /** Places frames; null in a classic file, where frames have neither interfaces nor comments. */
  readonly encoder: CaptureEncoder;
  readonly pcapng: PcapngEncoder | null;
  readonly #compression: Compression;
  readonly #zstdFrame: ((bytes: Uint8Array) => Uint8Array) | null;
  readonly #classic: CaptureFormat;
  readonly #pcapngFormat: PcapngFormat;
  #fd: number;
  #fileBytes = 0;
  /** Bytes at the start of the next write that are a header, which the file already has. */
  #headersToSkip = 0;
  #framesWritten = 0;
  #failure: PktgenError | null = null;
  /** What the last frame came from, and a view of its whole buffer. */
  #bytes: Uint8Array = new Uint8Array(0);
  #from: DataView = new DataView(new ArrayBuffer(0));

  private constructor(
    path: string,
    fd: number,
    options: CaptureWriterOptions,
    zstdFrame: ((bytes: Uint8Array) => Uint8Array) | null,
  ) {
    this.path = path;
    this.#fd = fd;
    this.#compression = compressionOf(path);
    this.#zstdFrame = zstdFrame;
    this.#classic = options.pcap ?? defaultCaptureFormat;
    this.#pcapngFormat = options.pcapng ?? defaultPcapngFormat;
    const sink = (bytes: Uint8Array): void => this.#write(bytes);
    this.pcapng =
      (options.format ?? formatOf(path)) === "pcapng" ? new PcapngEncoder(sink, this.#pcapngFormat, bufferBytes) : null;
    this.encoder = this.pcapng ?? new ClassicEncoder(sink, this.#classic, bufferBytes);
  }

  /**
   * Creates the file, or writes over it.
   * @throws PktgenError: cannot be created (2); .zst without its library (3).
   */
  static async create(path: string, options: CaptureWriterOptions = {}): Promise<CaptureWriter> {
    const zstd = compressionOf(path) === "zstd" ? await import("../sys/zstd.js") : null;
    zstd?.checkZstd();
    let fd: number;
    try {
      fd = openToWrite(path);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENXIO") {
        const how = { accepted: "a file, or a pipe with a reader", hint: "start its reader first" };
        throw usageError("cannot write the capture: nobody reads this pipe", { where: path, ...how, cause });
      }
      throw usageError(`cannot write the capture: ${fileReason(cause)}`, { where: path, cause });
    }
    return new CaptureWriter(path, fd, options, zstd?.zstdFrame ?? null);
  }

  /**
   * Continues a classic capture with nanoseconds that already has its header, in a thread without an event loop. `fd`
   * is open for appending; its owner closes it.
   */
  static append(path: string, fd: number): CaptureWriter {
    const writer = new CaptureWriter(path, fd, { format: "pcap" }, null);
    writer.#fileBytes = fstatSync(fd).size;
    writer.#headersToSkip = captureHeader().length;
    return writer;
  }

  /** Frames that the operating system has taken for the file. */
  get framesWritten(): number {
    return this.#framesWritten;
  }

  /** Set once a write has failed; nothing is written any more. */
  get failure(): PktgenError | null {
    return this.#failure;
  }

  /**
   * Writes a frame: `captured` bytes of `bytes` from `start` on.
   * @throws PktgenError (3): the disk is full. The file then ends after its last whole frame.
   */
  frame(
    bytes: Uint8Array,
    start: number,
    captured: number,
    original: number,
    seconds: number,
    nanoseconds: number,
    iface = 0,
  ): void {
    const { encoder } = this;
    const at = encoder.place(captured, original, seconds, nanoseconds, iface);
    if (captured > shortBytes) {
      encoder.bytes.set(bytes.subarray(start, start + captured), at);
      return;
    }
    // Compares the arrays and not their buffers: reading `.buffer` is a call.
    if (this.#bytes !== bytes) {
      this.#bytes = bytes;
      this.#from = new DataView(bytes.buffer);
    }
    copyShort(encoder.view, at, this.#from, bytes.byteOffset + start, captured & ~3);
    for (let i = captured & ~3; i < captured; i++) encoder.bytes[at + i] = bytes[start + i];
  }

  /** Hands everything to the operating system. @throws as `frame`. */
  flush(): void {
    this.encoder.flush();
  }

  /** Flushes and closes. @throws as `frame`. */
  close(): void {
    if (this.#fd < 0) return;
    try {
      if (this.#failure === null) this.flush();
    } finally {
      closeSync(this.#fd);
      this.#fd = -1;
    }
  }

  /** Closes without throwing. `close` throws. */
  [Symbol.dispose](): void {
    try {
      this.close();
    } catch {
      // `failure` says it
    }
  }

  /** Writes the buffer's whole records. With compression, each buffer becomes one member (gzip) or frame (zstd). */
  #write(placed: Uint8Array): void {
    if (this.#failure !== null) throw this.#failure;
    const bytes = this.#headersToSkip > 0 ? placed.subarray(this.#headersToSkip) : placed;
    this.#headersToSkip = 0;
    const out =
      this.#compression === "none"
        ? bytes
        : this.#compression === "gzip"
          ? gzipSync(bytes, { level: 1 })
          : this.#zstdFrame!(bytes);
    let written = 0;
    try {
      while (written < out.length) written += writeSync(this.#fd, out, written);
    } catch (cause) {
      this.#cutBack(bytes, written, cause);
    }
    this.#fileBytes += out.length;
    // A frame that made the buffer overflow is placed, and counted, only after this.
    this.#framesWritten = this.encoder.frames;
  }

  #cutBack(bytes: Uint8Array, written: number, cause: unknown): never {
    const whole =
      this.#compression !== "none"
        ? { bytes: 0, frames: 0 }
        : this.pcapng !== null
          ? wholePcapngBlocks(bytes, written, this.#pcapngFormat.byteOrder)
          : wholeClassicRecords(bytes, written, this.#fileBytes === 0, this.#classic.byteOrder);
    this.#framesWritten += whole.frames;
    if (fstatSync(this.#fd).isFile()) ftruncateSync(this.#fd, this.#fileBytes + whole.bytes);
    const code = (cause as NodeJS.ErrnoException).code;
    this.#failure = environmentError(`the capture could not be written: ${fileReason(cause)}`, {
      where: this.path,
      hint: `${this.#framesWritten} whole frames are in it; ${code === "ENOSPC" ? "free space on that disk" : "write elsewhere"}`,
      cause,
    });
    throw this.#failure;
  }
}

/** Throws as open does. ENXIO: a pipe without a reader. */
function openToWrite(path: string): number {
  if (statSync(path, { throwIfNoEntry: false })?.isFIFO() !== true) return openSync(path, "w");
  // Opening a named pipe would block until another process reads it, and nothing could end that.
  const held = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    // Its reader is there. Writes to this one wait for it, as they should.
    return openSync(path, "w");
  } finally {
    closeSync(held);
  }
}

/** Up to here a loop is faster than a view and its copy. */
const shortBytes = 192;

/**
 * `length`: whole words of 4 bytes. Four steps of 8 bytes at a time, then the rest one by one. Records begin at multiples
 * of 4 at best, so these are views: a quarter faster than words of 4 bytes in typed arrays.
 */
function copyShort(to: DataView, at: number, from: DataView, start: number, length: number): void {
  let [i, j, left] = [at, start, length];
  for (; left >= 32; left -= 32, i += 32, j += 32) {
    to.setFloat64(i, from.getFloat64(j, true), true);
    to.setFloat64(i + 8, from.getFloat64(j + 8, true), true);
    to.setFloat64(i + 16, from.getFloat64(j + 16, true), true);
    to.setFloat64(i + 24, from.getFloat64(j + 24, true), true);
  }
  for (; left >= 8; left -= 8, i += 8, j += 8) to.setFloat64(i, from.getFloat64(j, true), true);
  if (left >= 4) to.setInt32(i, from.getInt32(j, true), true);
}
