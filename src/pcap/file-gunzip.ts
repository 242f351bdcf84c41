/**
 * Reads gzip data member by member (RFC 1952):
 *
 *     0  0x1f 0x8b   2  method (8)   3  flags   4  time   8  extra flags   9  system   10  what the flags announce
 *    deflate data   CRC-32 of its content   length of its content, modulo 2^32
 *
 * Node's own gunzip takes bytes behind the last member for damage, and then drops what it has decompressed.
 */
import { crc32, createInflateRaw, type InflateRaw } from "node:zlib";
import type { CaptureFault } from "./capture.js";

type GzipFault = Pick<CaptureFault, "kind" | "what">;

/** Puts bytes into `into`; resolves with how many, 0 at the end. Throws what reading throws. */
export type ReadBytes = (into: Uint8Array) => number | Promise<number>;

const inputBytes = 1 << 17;
const outputBytes = 1 << 18;
const flag = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const;

const isCut: GzipFault = { kind: "cut", what: "the file ends inside its gzip data" };
const damaged = (how: string): GzipFault => ({ kind: "compression", what: `the gzip data is damaged (${how})` });
const trailing = (start: number): GzipFault => ({
  kind: "compression",
  what: `bytes that are no gzip data follow the end of it, from byte ${start} of the compressed file on`,
});

/** The compressed bytes. Some of them can be given back. */
class Input {
  readonly #readBytes: ReadBytes;
  readonly #buffer = new Uint8Array(inputBytes);
  #piece: Uint8Array = new Uint8Array(0);
  #at = 0;
  #before = 0;

  constructor(readBytes: ReadBytes) {
    this.#readBytes = readBytes;
  }

  /** Bytes taken so far. */
  get taken(): number {
    return this.#before + this.#at;
  }

  /** Whether there is another byte. */
  async hasMore(): Promise<boolean> {
    if (this.#at < this.#piece.length) return true;
    this.#before += this.#piece.length;
    this.#at = 0;
    this.#piece = this.#buffer.subarray(0, await this.#readBytes(this.#buffer));
    return this.#piece.length > 0;
  }

  /** −1: the end. */
  async byte(): Promise<number> {
    return (await this.hasMore()) ? this.#piece[this.#at++] : -1;
  }

  /** A little-endian number; −1: the end came first. */
  async number(bytes: number): Promise<number> {
    let value = 0;
    for (let i = 0; i < bytes; i++) {
      const byte = await this.byte();
      if (byte < 0) return -1;
      value += byte * 2 ** (8 * i);
    }
    return value;
  }

  /** Skips `bytes` bytes; false: the end came first. */
  async skip(bytes: number): Promise<boolean> {
    for (let left = bytes; left > 0; ) {
      if (!(await this.hasMore())) return false;
      const passed = Math.min(left, this.#piece.length - this.#at);
      this.#at += passed;
      left -= passed;
    }
    return true;
  }

  /** All bytes that are there now, valid until more are asked for; empty: the end. */
  async rest(): Promise<Uint8Array> {
    await this.hasMore();
    const rest = this.#piece.subarray(this.#at);
    this.#at = this.#piece.length;
    return rest;
  }

  /** The last `bytes` of what `rest` gave count as not taken. */
  giveBack(bytes: number): void {
    this.#at -= bytes;
  }

  /** Skips a text and the 0 behind it; false: the end came first. */
  async skipText(): Promise<boolean> {
    while (await this.hasMore()) {
      const zero = this.#piece.indexOf(0, this.#at);
      this.#at = zero < 0 ? this.#piece.length : zero + 1;
      if (zero >= 0) return true;
    }
    return false;
  }

  async skipZeros(): Promise<void> {
    while (await this.hasMore()) {
      while (this.#at < this.#piece.length && this.#piece[this.#at] === 0) this.#at++;
      if (this.#at < this.#piece.length) return;
    }
  }
}

export class Gunzip {
  /** Why the data ended too early, or what follows it. Set when `pieces` has ended. */
  fault: GzipFault | null = null;
  readonly #input: Input;
  #readError: unknown = null;

  constructor(readBytes: ReadBytes) {
    this.#input = new Input(readBytes);
  }

  /** What all members hold. Throws what reading throws. */
  async *pieces(): AsyncGenerator<Uint8Array> {
    for (let member = 0; this.fault === null && (await this.#input.hasMore()); member++) {
      this.fault = await this.#header(member === 0);
      if (this.fault !== null) return;
      yield* this.#member();
      // Tapes and disks pad with zeros, which gzip passes in silence too.
      await this.#input.skipZeros();
    }
  }

  /** Reads a member's header. Nothing here needs what its CRC covers. */
  async #header(isFirst: boolean): Promise<GzipFault | null> {
    const input = this.#input;
    const start = input.taken;
    if ((await input.byte()) !== 0x1f || (await input.byte()) !== 0x8b) {
      return isFirst ? damaged("incorrect header check") : trailing(start);
    }
    const method = await input.byte();
    const flags = await input.byte();
    if (!(await input.skip(6))) return isCut;
    if (method !== 8) return damaged("unknown compression method");
    if ((flags & flag.reserved) !== 0) return damaged("unknown header flags set");
    if ((flags & flag.extra) !== 0) {
      const bytes = await input.number(2);
      if (bytes < 0 || !(await input.skip(bytes))) return isCut;
    }
    if ((flags & flag.name) !== 0 && !(await input.skipText())) return isCut;
    if ((flags & flag.comment) !== 0 && !(await input.skipText())) return isCut;
    return (flags & flag.headerCrc) !== 0 && !(await input.skip(2)) ? isCut : null;
  }

  async *#member(): AsyncGenerator<Uint8Array> {
    const inflate = createInflateRaw({ chunkSize: outputBytes });
    let crc = 0;
    let length = 0;
    const feeding = this.#feed(inflate);
    try {
      for await (const piece of inflate as AsyncIterable<Uint8Array>) {
        crc = crc32(piece, crc);
        length += piece.length;
        yield piece;
      }
    } catch (cause) {
      if (this.#readError !== null) throw this.#readError;
      this.fault = (cause as NodeJS.ErrnoException).code === "Z_BUF_ERROR" ? isCut : damaged((cause as Error).message);
      return;
    } finally {
      inflate.destroy();
    }
    await feeding;
    const storedCrc = await this.#input.number(4);
    const storedLength = await this.#input.number(4);
    if (storedLength < 0) this.fault = isCut;
    else if (storedCrc !== crc) this.fault = damaged("incorrect data check");
    else if (storedLength !== length % 2 ** 32) this.fault = damaged("incorrect length check");
  }

  /** Feeds a member's deflate data until it takes no more, and takes the rest back. Never rejects. */
  async #feed(inflate: InflateRaw): Promise<void> {
    let fed = 0;
    try {
      while (inflate.bytesWritten === fed) {
        const piece = await this.#input.rest();
        if (inflate.destroyed) return;
        if (piece.length === 0) {
          inflate.end();
          return;
        }
        fed += piece.length;
        await new Promise<void>((resolve) => inflate.write(piece, () => resolve()));
      }
      this.#input.giveBack(fed - inflate.bytesWritten);
    } catch (error) {
      this.#readError = error;
      inflate.destroy(error as Error);
    }
  }
}
