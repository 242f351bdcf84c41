/** What both capture formats have in common: frames in batches, interfaces, faults. */

/** Why reading ended early. */
export interface CaptureFault {
  readonly kind: "empty" | "magic" | "version" | "cut" | "length" | "block" | "compression";
  /** Byte of the file or, where it is compressed, of its decompressed content. */
  readonly offset: number;
  readonly what: string;
}

/** Where frames were captured. A classic file has one. */
export interface CaptureInterface {
  /** LINKTYPE_ number; 1: Ethernet, without FCS unless `fcsBytes` says otherwise. See link-types.ts. */
  readonly linkType: number;
  /** The most bytes captured of a frame; 0: no limit. */
  readonly snapBytes: number;
  /** Ticks of its timestamps per second. */
  readonly ticksPerSecond: number;
  /** Seconds to add to its timestamps. */
  readonly offsetSeconds: number;
  /** Frame check sequence that each frame ends with; null: not said. */
  readonly fcsBytes: number | null;
  readonly name: string | null;
  readonly description: string | null;
}

export const ethernetInterface: CaptureInterface = {
  linkType: 1,
  snapBytes: 262_144,
  ticksPerSecond: 1e9,
  offsetSeconds: 0,
  fcsBytes: null,
  name: null,
  description: null,
};

/** Bits 0 and 1 of `flags`: the direction of the frame (pcapng §4.3.1). */
export const direction = { unknown: 0, inbound: 1, outbound: 2 } as const;

/** Frames of a batch by default. */
const usualCapacity = 4096;

/**
 * Frames in columns over a buffer that is used again: no object is made for a frame. Valid until the next batch. Frame
 * i is `bytes[starts[i] … starts[i] + captured[i])`.
 */
export class FrameBatch {
  bytes: Uint8Array = new Uint8Array(0);
  count = 0;
  /** Number of frame 0 of this batch in the file, from 0. */
  first = 0;
  readonly capacity: number;
  readonly starts: Uint32Array;
  readonly captured: Uint32Array;
  /** Bytes that the frame had; more than captured if it was cut. */
  readonly original: Uint32Array;
  /** Since 1970. In two parts, since nanoseconds since 1970 do not fit into a double. */
  readonly seconds: Float64Array;
  readonly nanoseconds: Uint32Array;
  /** Index into the reader's `interfaces`. */
  readonly interfaces: Uint32Array;
  /** As in pcapng's epb_flags; 0 where the file does not say. */
  readonly flags: Uint32Array;
  /** Comments by frame of the batch; empty nearly always. */
  readonly comments = new Map<number, readonly string[]>();
  /** Frames of the batch that the file gives no time; nearly always empty. */
  readonly untimed = new Set<number>();

  constructor(capacity: number = usualCapacity) {
    this.capacity = capacity;
    this.starts = new Uint32Array(capacity);
    this.captured = new Uint32Array(capacity);
    this.original = new Uint32Array(capacity);
    this.seconds = new Float64Array(capacity);
    this.nanoseconds = new Uint32Array(capacity);
    this.interfaces = new Uint32Array(capacity);
    this.flags = new Uint32Array(capacity);
  }

  /** Empties it, for frames from number `first` on that lie in `bytes`. */
  reset(bytes: Uint8Array, first: number): void {
    this.bytes = bytes;
    this.first = first;
    this.count = 0;
    if (this.comments.size > 0) this.comments.clear();
    if (this.untimed.size > 0) this.untimed.clear();
  }

  /** A view on frame i's bytes; for where speed does not matter. */
  frame(i: number): Uint8Array {
    return this.bytes.subarray(this.starts[i], this.starts[i] + this.captured[i]);
  }
}

/**
 * A decoder takes whole records out of a window of the file and puts frames into a batch. It is pure: its caller reads
 * the file, keeps the bytes that were not consumed, and offers them again with more bytes behind them.
 */
export interface CaptureDecoder {
  readonly format: "pcap" | "pcapng";
  /** Grows as the file describes more of them. */
  readonly interfaces: readonly CaptureInterface[];
  /** Frames decoded so far. */
  readonly frames: number;
  /** Frames that the file gives no time (pcapng's simple blocks). They take the time of the frame before. */
  readonly untimed: number;
  /** Frames whose captured bytes exceed the length that the file says. Their length is then the captured one. */
  readonly contradictory: number;
  /** Set when reading has ended because of it. */
  readonly fault: CaptureFault | null;
  /** Bytes from the window's start that are needed to go on. */
  readonly wanted: number;
  /**
   * Decodes from bytes[start] on, as long as records are whole and the batch has room. Returns where it stopped. `view`
   * is over the same bytes. Never throws.
   */
  decode(bytes: Uint8Array, view: DataView, start: number, end: number, batch: FrameBatch): number;
  /** The file has ended, and `rest` bytes were not consumed. */
  finish(rest: number): void;
}

/** Takes over bytes that are whole records; they are reused once it returns. Throws what writing throws. */
export type CaptureSink = (bytes: Uint8Array) => void;

/** Puts frames into a buffer and hands it on whenever it is full. */
export interface CaptureEncoder {
  /** Holds the frames placed since the last flush. It is always the same array. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Frames placed so far. */
  readonly frames: number;
  /**
   * Makes a record for a frame and returns the offset in `bytes` for its `captured` bytes. The caller writes them there
   * before it places the next frame. `seconds` since 1970.
   */
  place(captured: number, original: number, seconds: number, nanoseconds: number, iface?: number): number;
  /** Hands on what there is. */
  flush(): void;
}

/** Bytes of one frame, at most, that a file may say: libpcap's MAXIMUM_SNAPLEN. What says more is not a length. */
export const mostCapturedBytes = 262_144;
