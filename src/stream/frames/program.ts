/**
 * What a transmit loop needs to know about frames, and nothing about where they come from: a FrameProgram is one
 * stream of a spec compiled to constant templates and the few bytes that change from frame to frame.
 * Frame i has size `variants[pattern[i mod pattern.length]]`; what else changes, a cursor writes. A loop renders each
 * buffer once for a size, and from then on lets its queue's cursor touch it and signs it.
 */
import type { RingMemory } from "../../memory.js";
import type { CursorModel } from "./codegen.js";

/** One frame size of a program. */
export interface FrameVariant {
  /** With FCS, as RFC 2544 counts. */
  readonly frameBytes: number;
  /** Without FCS, as it lies in a ring: frameBytes − 4. */
  readonly bufferBytes: number;
}

export interface FrameProgram {
  readonly variants: readonly FrameVariant[];
  /** The order of sizes; of length 1 where there is one size. */
  readonly pattern: Uint16Array;
  /** Every variant has room for the signature after its headers. Otherwise none is written, and only sizes and addresses are counted. */
  readonly signed: boolean;
  /** Frames differ in more than signature and size: a cursor has something to write. */
  readonly changes: boolean;
  /** A checksum needs the finished frame, signature and all (SCTP's CRC-32C): `seal` it. */
  readonly seals: boolean;
  /** All headers, and how many VLAN tags follow the Ethernet header at once. */
  readonly headerBytes: number;
  readonly tags: number;
  /**
   * Writes all bytes of a frame of this size at `offset`, but for the signature's place, as if the signature's words
   * summed to 0xffff (RFC 1071), so that checksums are right as soon as any valid signature is written over its end.
   * Where `changes`, a cursor has to touch the frame before it is one.
   */
  render(memory: RingMemory, offset: number, variant: number): void;
  /** What `render` writes, up to the signature's place; for who keeps the templates of many streams side by side. */
  template(variant: number): Uint8Array;
  /** What changes, for the cursors of many streams (stream-cursors.ts); null: only a cursor of its own does it. */
  model(): CursorModel | null;
  /** With the payload of frame `index` as it left, up to the signature; overwritten by the next call. Slow. */
  expected(index: number, variant: number): Uint8Array;
  /** The walk of one queue through its frames: queue, queue + queues, queue + 2 · queues … */
  cursor(queue: number, queues: number): FrameCursor;
  /** The same, which also signs; only where all frames have one size and are signed, and nothing seals them. */
  signingCursor(queue: number, queues: number): SigningCursor;
  /** The last step, after signing: only where `seals`. */
  seal(memory: RingMemory, offset: number, variant: number): void;
  /**
   * Is the frame at `offset` one of ours by size and addresses (MACs and TTLs may have been rewritten, VLAN tags
   * pushed or popped)? The slow path, for frames without signature or with a broken one.
   */
  recognises(memory: RingMemory, offset: number, bytes: number): boolean;
}

/** bufferBytes of the first `frames` frames that leave on a queue: those with the numbers queue, queue + queues … */
export function bufferBytesOf(
  { variants, pattern }: Pick<FrameProgram, "variants" | "pattern">,
  queue: number,
  queues: number,
  frames: number,
): number {
  if (pattern.length === 1) return frames * variants[pattern[0]].bufferBytes;
  const bytesOf = (n: number): number => {
    let bytes = 0;
    let at = queue % pattern.length;
    for (let k = 0; k < n; k++) {
      bytes += variants[pattern[at]].bufferBytes;
      at = (at + queues) % pattern.length;
    }
    return bytes;
  };
  // After so many frames the sizes begin anew, at the latest.
  const rounds = Math.floor(frames / pattern.length);
  const whole = rounds === 0 ? 0 : rounds * bytesOf(pattern.length);
  return whole + bytesOf(frames - rounds * pattern.length);
}

export interface FrameCursor {
  /**
   * Writes what changes into the queue's next n frames, which were rendered at `offsets[k]` for `variants[k]`. Throws
   * a usage error that names stream and frame where the stream is a program that fails; frames before it are written.
   */
  touch(memory: RingMemory, offsets: Uint32Array, variants: Uint16Array, n: number): void;
}

export interface SigningCursor {
  /**
   * As FrameCursor's, and writes the signatures' rest (writeSignatureRest) over heads that are there: the first frame has
   * this sequence, each further one a step more; times and sequences are 32-bit integers.
   */
  touchAndSign(memory: RingMemory, offsets: Uint32Array, n: number, stamp: BurstStamp): void;
}

/** A burst's part of a signature. */
export interface BurstStamp {
  /** signatureBase of head and time. */
  base: number;
  sequence: number;
  sequenceStep: number;
  timeLow32: number;
  timeHigh16: number;
}
