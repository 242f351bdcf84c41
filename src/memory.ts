/**
 * The memory that holds the rings: one ArrayBuffer, and the views through which rings read and write it. All offsets in
 * `ring` are bytes from the start of this buffer. In a running program it is the arena of `sys`. The arena holds every
 * mapping of the process in one reservation, so that a frame moves between two ports with one copy. In a unit test it
 * is a plain ArrayBuffer.
 */
export interface RingMemory {
  readonly buffer: ArrayBuffer;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  /** For copies of 8 bytes at a time: V8 moves the bits of a double unchanged, NaN payloads included (tested). */
  readonly f64: Float64Array;
  /** For unaligned access; as fast as the typed arrays once compiled. */
  readonly view: DataView;
}

export function ringMemory(buffer: ArrayBuffer): RingMemory {
  return {
    buffer,
    u8: new Uint8Array(buffer),
    u16: new Uint16Array(buffer),
    u32: new Uint32Array(buffer),
    f64: new Float64Array(buffer),
    view: new DataView(buffer),
  };
}
