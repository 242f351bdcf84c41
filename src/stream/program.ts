/**
 * What a transmit loop needs to know about frames, and nothing about where they come from: a FrameProgram is a
 * stream spec compiled to constant templates and the few bytes that change from frame to frame.
 * Frame i has variant `pattern[i mod pattern.length]` and flow `i mod flows`; the loops keep both counters, so that
 * nothing is divided per frame. The signature (signature.ts) is the loop's own business.
 */
import type { RingMemory } from "../ring/memory.js";

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
  /** How many flows (different address and port pairs) frames go round in. */
  readonly flows: number;
  /** Every variant has room for the signature after its headers. Otherwise none is written, and only sizes and addresses are counted. */
  readonly signed: boolean;
  /**
   * Writes all bytes of a frame of this variant and flow at `offset`, as if the signature's words summed to 0xffff
   * (RFC 1071), so that its UDP checksum is right as soon as any valid signature is written over its end.
   * The signature's place itself is left as it was.
   */
  render(memory: RingMemory, offset: number, variant: number, flow: number): void;
  /** Writes only what differs between flows (nothing, with one flow) over a frame once rendered for this variant. */
  touch(memory: RingMemory, offset: number, variant: number, flow: number): void;
  /**
   * Is the frame at `offset` one of ours by size and addresses (MACs and TTLs may have been rewritten, VLAN tags
   * pushed or popped)? The slow path, for frames without signature or with a broken one.
   */
  recognises(memory: RingMemory, offset: number, bytes: number): boolean;
}
