/**
 * What every ring offers to the loops that fill and empty it, and the plain data from which it is opened. A ring is one
 * direction of one queue. It makes no system call, except slot rings, which are given a mover. Its burst methods
 * allocate nothing. It has exactly one user thread.
 */

/** The longest burst of any ring, and the length of its per-frame arrays. */
export const burstFrames = 256;

/** Frames going out. Slots are filled in place, then handed over with one store. */
export interface TxRing {
  /** The largest number of frames in the ring at once. */
  readonly slots: number;
  /** The longest frame (bufferBytes, without FCS) that `place` can take. Device sides: the ring's best guess. */
  readonly maxFrameBytes: number;
  /** Takes back what the peer is done with; returns how many frames can be placed now. */
  reclaim(): number;
  /**
   * Claims the k-th slot of the burst under construction for a frame of `bytes`. k counts 0, 1, 2 … up from the last
   * publish, in order. Returns the byte offset in memory of the frame's first byte, after any virtio-net header, which
   * the ring handles. Returns 0 if there is no room now; −1 if the peer's buffers can never hold the frame.
   */
  place(k: number, bytes: number): number;
  /**
   * As `place` for n frames of one length, the whole burst at once, which halves the cost per frame. It fills `offsets`
   * and `slots` (the values of `slotOf`) from 0 on and returns how many frames have room; −1 as above.
   */
  placeMany(n: number, bytes: number, offsets: Uint32Array, slots: Int32Array): number;
  /**
   * The identity, 0 … slots − 1, of the buffer that `place(k, …)` returned. −1 if buffers do not keep what was written
   * into them. Driver sides keep it, so a frame's constant bytes need writing only once.
   */
  slotOf(k: number): number;
  /** Hands the first n placed frames to the peer: descriptors complete, then one atomic store. */
  publish(n: number): void;
  /** Frames published and not yet taken (used) by the peer. Call `reclaim` first for the present state. */
  outstanding(): number;
  /** After a publish: does the peer ask for a notification (kick or call)? */
  notifyWanted(): boolean;
  /**
   * For rings that the kernel reads only while it is called: looks, and returns true if the kernel stopped for want of
   * room and must be kicked again. May throw a RingFault: the kernel has stopped for good.
   */
  kickAgain?(): boolean;
  /** Ring position for VHOST_USER_GET_VRING_BASE: split: the index; packed: index | wrap counter << 15. */
  position(): number;
}

/** Frames coming in. */
export interface RxRing {
  readonly slots: number;
  /** After `poll`: byte offset in memory of frame k's first byte (after any virtio-net header). */
  readonly offsets: Uint32Array;
  /** After `poll`: bytes of frame k (without virtio-net header, without FCS). */
  readonly lengths: Uint32Array;
  /**
   * After `poll`, if the ring stamps arrivals: when frame k arrived, in ns of the engine's clock, as exact as the two
   * clocks could be compared. Absent or null: a frame arrived when it was seen.
   */
  readonly arrivalsNs?: Float64Array | null;
  /** Looks for frames: at most `max` and at most `offsets.length` (256). Valid until `release`. */
  poll(max: number): number;
  /** Gives the oldest n polled frames' buffers back. Always release all of a poll before the next poll. */
  release(n: number): void;
  /**
   * Frames that the peer has published and that were not polled yet, as far as the ring can tell cheaply (a lower
   * bound).
   */
  pending(): number;
  notifyWanted(): boolean;
  /**
   * Where a peer in another program fills the ring: from now on it is asked to signal when it has published frames, or not.
   * Whoever asks looks at the ring once more afterwards, as the peer may have looked for the wish before.
   */
  wishSignals?(areWished: boolean): void;
  position(): number;
}

/** A peer broke the rules of the ring. Only this peer's connection ends, with this sentence. */
export class RingFault extends Error {
  override readonly name = "RingFault";
  /** e.g. `descriptor.address`, `descriptor.next`, `avail.ring`, `used.id`. */
  readonly field: string;
  constructor(field: string, what: string) {
    super(`${field}: ${what}`);
    this.field = field;
  }
}

/** One piece of a peer's memory: the peer's address `guestAddress` is byte `offset` of our memory. */
export interface MemoryRegion {
  readonly guestAddress: bigint;
  readonly bytes: number;
  readonly offset: number;
}

interface VirtqueueGeometry {
  readonly format: "split" | "packed";
  /** Which of the device's vrings this is: 2·queue is the driver's RX, 2·queue + 1 the driver's TX. */
  readonly vring: number;
  /** Descriptors. A power of two for split. */
  readonly size: number;
  /** Offsets in memory. Split: descriptor table, avail ring, used ring. Packed: descriptor ring, driver event, device event. */
  readonly descriptors: number;
  readonly driverArea: number;
  readonly deviceArea: number;
  /** virtio-net header before each frame: 12, or 10 for a legacy peer without MRG_RXBUF and VERSION_1. */
  readonly headerBytes: 10 | 12;
  /** VIRTIO_F_IN_ORDER negotiated. */
  readonly inOrder: boolean;
  /** VIRTIO_NET_F_MRG_RXBUF negotiated. */
  readonly mergeable: boolean;
  /** As in SET_VRING_BASE and `position()`: 0 for a new split ring, 0x8000 for a new packed one. */
  readonly start: number;
}

/** Our memory, our buffers: what virtio_user is. `tx` is transmitq, `rx` receiveq. */
export interface DriverRingLayout extends VirtqueueGeometry {
  readonly role: "driver";
  readonly direction: "tx" | "rx";
  /** Offset of buffer 0; buffer i is at buffers + i · bufferStride (header first), bufferBytes long with header. */
  readonly buffers: number;
  readonly bufferStride: number;
  readonly bufferBytes: number;
  /** The peer's address of byte 0 of our memory: a descriptor's address is addressBase + offset. */
  readonly addressBase: bigint;
  /** Offset and length of scratch memory for frames that a mergeable peer spread over several buffers. */
  readonly scratch: number;
  readonly scratchBytes: number;
}

/** The peer's memory, the peer's buffers: what net_vhost is. `tx` fills the driver's receiveq, `rx` empties its transmitq. */
export interface DeviceRingLayout extends VirtqueueGeometry {
  readonly role: "device";
  readonly direction: "tx" | "rx";
  readonly regions: readonly MemoryRegion[];
  /** VIRTIO_F_INDIRECT_DESC negotiated. */
  readonly indirect: boolean;
  /** Our scratch memory for frames that lie in several descriptors: they are gathered there, or scattered from it. */
  readonly scratch: number;
  readonly scratchBytes: number;
}

/** A ring without another side: takes everything at once, brings nothing. */
export interface NullRingLayout {
  readonly format: "null";
  readonly direction: "tx" | "rx";
  readonly vring: number;
  readonly size: number;
  readonly buffers: number;
  readonly bufferStride: number;
  readonly bufferBytes: number;
}

/** The mapped ring of a packet socket, TPACKET_V2. */
export interface PacketRingLayout {
  readonly format: "packet";
  readonly direction: "tx" | "rx";
  readonly vring: number;
  /** Number of slots. No slot lies across two blocks. */
  readonly size: number;
  readonly slotBytes: number;
  readonly blockBytes: number;
  /** Offset of the first block; 2 MiB at the least, as the arena places mappings. */
  readonly ring: number;
  /**
   * Offset of 16 bytes: our position (4), of a ring to send the number of frames that the kernel took (4), and where frames
   * are stamped how far their clock is ahead (a double, at 8).
   */
  readonly state: number;
  readonly maxFrameBytes: number;
  /** Whole seconds by which the stamps' clock is ahead of ours; null: frames are not stamped. */
  readonly stampsAheadSeconds: number | null;
  /**
   * The network card stamps frames. A frame that it did not stamp has the stamp of another clock, and ends the port.
   */
  readonly hardwareStamps: boolean;
  /** The kernel shows us what we send, too. */
  readonly skipOutgoing: boolean;
  readonly start: number;
}

/** Buffers whose frames the owner sends and fetches by system calls (see slot-ring.ts). */
export interface SlotRingLayout {
  readonly format: "slots";
  readonly direction: "tx" | "rx";
  readonly vring: number;
  /** At most a burst. */
  readonly size: number;
  readonly buffers: number;
  readonly bufferStride: number;
  readonly bufferBytes: number;
  readonly mover: MoverOrder;
}

/**
 * What moves the frames of a slot ring: plain data of the port that made the ring. `kind` names the mover, the rest is
 * between the port and its mover.
 */
export interface MoverOrder {
  readonly kind: string;
}

/** The rings of an io_uring: offsets in memory, in bytes. */
export interface UringLayout {
  /** The io_uring's own descriptor. */
  readonly fd: number;
  /** Submission entries, a power of two. */
  readonly entries: number;
  readonly completions: number;
  readonly sqHead: number;
  readonly sqTail: number;
  readonly sqes: number;
  readonly cqHead: number;
  readonly cqTail: number;
  readonly cqes: number;
}

/** Offsets in memory of a ring that the kernel shares: two counters, flags, entries. */
export interface XdpKernelRing {
  readonly producer: number;
  readonly consumer: number;
  readonly flags: number;
  readonly entries: number;
}

/** One direction of an AF_XDP socket: a ring of descriptors and one of addresses, both of `size` entries. */
export interface XdpRingLayout {
  readonly format: "xdp";
  readonly direction: "tx" | "rx";
  readonly vring: number;
  /** A power of two; also the number of chunks that belong to this direction. */
  readonly size: number;
  /** The tx or rx ring. */
  readonly descriptors: XdpKernelRing;
  /** The completion or fill ring. */
  readonly addresses: XdpKernelRing;
  /** Offset of the UMEM, which both directions share; a power of two of bytes a chunk. */
  readonly umem: number;
  readonly chunkBytes: number;
  readonly firstChunk: number;
  readonly maxFrameBytes: number;
  /** To send: offset of memory that remembers which chunks are free (xdpFreeBytes). */
  readonly free: number;
  readonly start: 0;
}

/** Plain data, fit for structured clone: a worker opens its ring from it. */
export type RingLayout =
  | DriverRingLayout
  | DeviceRingLayout
  | NullRingLayout
  | PacketRingLayout
  | SlotRingLayout
  | XdpRingLayout;
