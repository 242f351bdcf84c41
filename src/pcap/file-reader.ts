/** Reads a capture file of any length, batch by batch, through one buffer. */
import { usageError } from "../errors.js";
import { type CaptureDecoder, type CaptureFault, type CaptureInterface, FrameBatch } from "./capture.js";
import { ClassicDecoder } from "./classic-codec.js";
import { captureFaultError } from "./file.js";
import { type ByteSource, openPlainSource, openSource } from "./file-source.js";
import { recogniseBytes, recogniseFormat } from "./magic.js";
import type { CaptureBlock } from "./pcapng-blocks.js";
import { PcapngDecoder } from "./pcapng-decoder.js";

export interface CaptureReaderOptions {
  /** Frames of a batch. */
  readonly batchFrames?: number;
  /** Called with every pcapng block that is no frame. */
  readonly onBlock?: (block: CaptureBlock) => void;
  /** Asked while a pipe is waited for; true: it is not any more, and ends there. */
  readonly isStopped?: () => boolean;
}

/** Half a megabyte: the bytes are still in the cache when they are decoded. */
const windowBytes = 1 << 19;

export class CaptureReader implements Disposable {
  readonly path: string;
  readonly #source: ByteSource;
  readonly #decoder: CaptureDecoder;
  readonly #batch: FrameBatch;
  #bytes: Uint8Array;
  #view: DataView;
  #start = 0;
  #end: number;
  #atEnd = false;
  /** Bytes read so far, counted after decompression. */
  #readBytes: number;
  #fault: CaptureFault | null = null;

  private constructor(
    path: string,
    source: ByteSource,
    decoder: CaptureDecoder,
    window: Uint8Array,
    filled: number,
    options: CaptureReaderOptions,
  ) {
    this.path = path;
    this.#source = source;
    this.#decoder = decoder;
    this.#bytes = window;
    this.#view = new DataView(window.buffer);
    this.#end = filled;
    this.#readBytes = filled;
    this.#batch = new FrameBatch(options.batchFrames);
  }

  /**
   * Opens the file and looks at its first bytes.
   * @throws PktgenError: cannot be read, a directory, empty, no capture (2); .zst without its library (3).
   */
  static async open(path: string, options: CaptureReaderOptions = {}): Promise<CaptureReader> {
    const source = await openSource(path, options.isStopped);
    try {
      const window = new Uint8Array(new ArrayBuffer(windowBytes));
      let filled = 0;
      for (let more = -1; filled < recogniseBytes && more !== 0; filled += more)
        more = await source.read(window, filled);
      const decoder = decoderFor(path, window.subarray(0, filled), source, options);
      return new CaptureReader(path, source, decoder, window, filled, options);
    } catch (error) {
      source.close();
      throw error;
    }
  }

  /**
   * As `open`, for a thread without an event loop: `nextNow` then takes the place of `next`. `lent`: the file's
   * descriptor, which its owner closes; null: the file is opened.
   * @throws PktgenError (2): as `open`; the file is compressed.
   */
  static openNow(path: string, lent: number | null = null, options: CaptureReaderOptions = {}): CaptureReader {
    const source = openPlainSource(path, lent);
    try {
      const window = new Uint8Array(new ArrayBuffer(windowBytes));
      let filled = 0;
      for (let more = -1; filled < recogniseBytes && more !== 0; filled += more) more = source.read(window, filled);
      const decoder = decoderFor(path, window.subarray(0, filled), source, options);
      return new CaptureReader(path, source, decoder, window, filled, options);
    } catch (error) {
      source.close();
      throw error;
    }
  }

  get format(): "pcap" | "pcapng" {
    return this.#decoder.format;
  }

  /** The interfaces that the file has described so far. */
  get interfaces(): readonly CaptureInterface[] {
    return this.#decoder.interfaces;
  }

  /** Frames read so far. */
  get frames(): number {
    return this.#decoder.frames;
  }

  /** Those of the frames that the file gives no time. */
  get untimed(): number {
    return this.#decoder.untimed;
  }

  /** Of these, frames of which more was captured than, as the file says, there was. */
  get contradictory(): number {
    return this.#decoder.contradictory;
  }

  get fileBytes(): number | null {
    return this.#source.fileBytes;
  }

  /** Why the file ended early, once `next` has returned null; null: it ended as it should. */
  get fault(): CaptureFault | null {
    return this.#fault;
  }

  /** The next frames, in this reader's only batch; null at the end. Never empty. */
  async next(): Promise<FrameBatch | null> {
    while (!this.#decode()) this.#filled(await this.#read());
    return this.#batch.count > 0 ? this.#batch : null;
  }

  /** The same, of a reader from `openNow`. */
  nextNow(): FrameBatch | null {
    // A file without compression is read without waiting.
    while (!this.#decode()) this.#filled(this.#read() as number);
    return this.#batch.count > 0 ? this.#batch : null;
  }

  /** Decodes the bytes that were read; false: more bytes are needed. */
  #decode(): boolean {
    const batch = this.#batch;
    batch.reset(this.#bytes, this.#decoder.frames);
    if (this.#fault !== null) return true;
    this.#start = this.#decoder.decode(this.#bytes, this.#view, this.#start, this.#end, batch);
    if (batch.count > 0) return true;
    if (this.#decoder.fault !== null) this.#fault = this.#decoder.fault;
    else if (this.#atEnd) this.#finish();
    else return false;
    return true;
  }

  /** `for await (const batch of reader.batches())`. */
  async *batches(): AsyncGenerator<FrameBatch> {
    for (let batch = await this.next(); batch !== null; batch = await this.next()) yield batch;
  }

  [Symbol.dispose](): void {
    this.#source.close();
  }

  /** Moves the remaining bytes to the front and reads more; the buffer grows where a record needs it. */
  #read(): number | Promise<number> {
    const rest = this.#end - this.#start;
    if (this.#decoder.wanted > this.#bytes.length) {
      const larger = new Uint8Array(new ArrayBuffer(this.#decoder.wanted + windowBytes));
      larger.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    } else this.#bytes.copyWithin(0, this.#start, this.#end);
    this.#start = 0;
    this.#end = rest;
    return this.#source.read(this.#bytes, rest);
  }

  #filled(bytes: number): void {
    this.#end += bytes;
    this.#readBytes += bytes;
    this.#atEnd = bytes === 0;
  }

  #finish(): void {
    const rest = this.#end - this.#start;
    this.#decoder.finish(rest);
    const { fault } = this.#source;
    this.#fault = this.#decoder.fault;
    // The compression is damaged. The cut record follows from that.
    if (fault !== null) this.#fault = { ...fault, offset: this.#fault?.offset ?? this.#readBytes };
  }
}

/** @throws PktgenError (2): it is empty, or no capture. */
function decoderFor(
  path: string,
  start: Uint8Array,
  source: ByteSource,
  options: CaptureReaderOptions,
): CaptureDecoder {
  const wrong = (fault: CaptureFault): Error => captureFaultError(path, fault, 0);
  if (source.fault !== null) throw wrong({ ...source.fault, offset: start.length });
  if (start.length === 0) throw wrong({ kind: "empty", offset: 0, what: "the file is empty" });
  if (start.length < 4) throw usageError(`the file has ${start.length} bytes, a capture at least 24`, { where: path });
  const found = recogniseFormat(start);
  if (found.kind === "other") throw wrong({ kind: "magic", offset: 0, what: found.what });
  return found.kind === "pcap" ? new ClassicDecoder() : new PcapngDecoder(options.onBlock ?? null);
}
