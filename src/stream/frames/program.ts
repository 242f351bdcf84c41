/**
 * What a transmit loop needs to know about frames, without knowing where they come from. A FrameProgram is one stream
 * of a spec, compiled to constant templates and the few bytes that change from frame to frame. Frame i has size
 * `variants[pattern[i mod pattern.length]]`; a cursor writes everything else that changes. A loop renders each buffer
 * once for a size. From then on its queue's cursor touches the buffer, and the loop signs it.
 */
import type { RingMemory } from "../../memory.js";
import type { CursorModel } from "./codegen.js";

/** One frame size of a program. */
export interface FrameVariant {
  /** With FCS, as RFC 2544 counts. */
  readonly frameBytes: number;
  /** Without FCS, as the frame lies in a ring: frameBytes − 4. */
  readonly bufferBytes: number;
}

/** What tells the frames of a stream, as plain data: sizes, and the bits of the headers behind the VLAN tags that stay. */
export interface HeaderMarks {
  /** Bytes from the type behind the tags on: the type, and the headers. */
  readonly bytes: Uint8Array;
  readonly mask: Uint8Array;
  /** Without all that is before them. */
  readonly sizes: readonly number[];
}

export interface FrameProgram {
  readonly variants: readonly FrameVariant[];
  /** The sequence of sizes; of length 1 if there is one size. */
  readonly pattern: Uint16Array;
  /**
   * Every variant has room for the signature behind its headers. Otherwise none is written, and only sizes and
   * addresses are counted.
   */
  readonly signed: boolean;
  /** Frames differ in more than signature and size: a cursor has something to write. */
  readonly changes: boolean;
  /** A checksum needs the finished frame, signature and all (SCTP's CRC-32C): `seal` it. */
  readonly seals: boolean;
  /** All headers, and how many VLAN tags follow the Ethernet header at once. */
  readonly headerBytes: number;
  readonly tags: number;
  /**
   * Writes all bytes of a frame of this size at `offset`, except the signature's. Checksums are computed as if the
   * signature's words summed to 0xffff (RFC 1071), so they are right as soon as any valid signature is written. If
   * `changes`, the frame is complete only after a cursor has touched it.
   */
  render(memory: RingMemory, offset: number, variant: number): void;
  /**
   * What `render` writes, up to the signature, for code that keeps the templates of many streams next to each other.
   */
  template(variant: number): Uint8Array;
  /**
   * The model of what changes, for the cursors of many streams (stream-cursors.ts); null: only a separate cursor can do
   * it.
   */
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
   * True if the frame at `offset` is one of ours by size and addresses. MACs and TTLs may have been rewritten, VLAN
   * tags pushed or popped. This is the slow path, for frames without signature or with a broken one.
   */
  recognises(memory: RingMemory, offset: number, bytes: number): boolean;
  /** The same as plain data, for another thread. */
  marks(): HeaderMarks;
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
  // The sizes start again after at most this many frames.
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
   * As FrameCursor's `touch`, and writes the rest of the signatures (writeSignatureRest) over heads that are there. The
   * first frame has this sequence, each further one a step more. Times and sequences are 32-bit integers.
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
