/**
 * What every ring offers to the loops that fill and empty it, and the plain data it is opened from.
 * A ring is one direction of one queue. It never makes a system call (but for slot rings, which are given a mover),
 * never allocates in its burst methods, and has exactly one user thread.
 */

/** The longest burst of any ring, and the length of its per-frame arrays. */
export const burstFrames = 256;

/** Frames going out. Slots are filled in place, then handed over with one store. */
export interface TxRing {
  /** The most frames that can be under way at once. */
  readonly slots: number;
  /** The longest frame (bufferBytes, without FCS) that `place` can take. Device sides: the ring's best guess. */
  readonly maxFrameBytes: number;
  /** Takes back what the peer is done with; returns how many frames can be placed now. */
  reclaim(): number;
  /**
   * Claims the k-th slot of the burst under construction (k counts 0, 1, 2 … up from the last publish, in order)
   * for a frame of `bytes`, and returns the byte offset in memory of the frame's first byte (after any
   * virtio-net header, which the ring looks after). Returns 0 if there is no room for it now; −1 if the peer's
   * buffers can never hold it.
   */
  place(k: number, bytes: number): number;
  /**
   * As `place` for n frames of one length, the whole burst at once, which costs half as much a frame: fills
   * `offsets` and `slots` (what `slotOf` says) from 0 on and returns how many there was room for; −1 as above.
   */
  placeMany(n: number, bytes: number, offsets: Uint32Array, slots: Int32Array): number;
  /**
   * The identity of the buffer that `place(k, …)` returned, 0 … slots − 1, if the buffers keep what was
   * written into them (driver sides: then a frame's constant bytes need writing only once); else −1.
   */
  slotOf(k: number): number;
  /** Hands the first n placed frames to the peer: descriptors complete, then one atomic store. */
  publish(n: number): void;
  /** Frames published and not yet taken (used) by the peer. Call `reclaim` first for the present state. */
  outstanding(): number;
  /** After a publish: does the peer ask for a notification (kick or call)? */
  notifyWanted(): boolean;
  /**
   * Rings that the kernel takes from only while it is called: after a look, true where it left off for want of room and
   * must be kicked again. May throw a RingFault: it left off for good.
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
   * After `poll`, where the ring stamps what arrives: when frame k did, ns of the engine's clock, as exact as the two
   * clocks could be compared. Absent or null: it arrived when it was seen.
   */
  readonly arrivalsNs?: Float64Array | null;
  /** Looks for frames: at most `max` and at most `offsets.length` (256). Valid until `release`. */
  poll(max: number): number;
  /** Gives the oldest n polled frames' buffers back. Always release all of a poll before the next poll. */
  release(n: number): void;
  /** Frames that the peer has published and we have not polled, as far as the ring can tell cheaply (a lower bound). */
  pending(): number;
  notifyWanted(): boolean;
  position(): number;
}

/** A peer broke the rules of the ring; the connection ends with this sentence, and nothing else does. */
export class RingFault extends Error {
  override readonly name = "RingFault";
  /** e.g. `descriptor.address`, `descriptor.next`, `avail.ring`, `used.id`. */
  readonly field: string;
  constructor(field: string, what: string) {
    super(`${field}: ${what}`);
    this.field = field;
  }
}

/** One piece of a peer's memory: what the peer calls `guestAddress` is at byte `offset` of our memory. */
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
  /** What the peer calls byte 0 of our memory: a descriptor's address is addressBase + offset. */
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
  /** Scratch memory of ours, for frames that lie in several descriptors: they are gathered there, or scattered from it. */
  readonly scratch: number;
  readonly scratchBytes: number;
}

/** Nobody on the other side: takes everything at once, brings nothing. */
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
  /** Slots, none of which lies across two blocks. */
  readonly size: number;
  readonly slotBytes: number;
  readonly blockBytes: number;
  /** Offset of the first block; 2 MiB at the least, as the arena places mappings. */
  readonly ring: number;
  /** Offset of 16 bytes: our position (4), and where frames are stamped how far their clock is ahead (a double, at 8). */
  readonly state: number;
  readonly maxFrameBytes: number;
  /** Whole seconds that the stamps' clock is ahead of ours; null: frames are not stamped. */
  readonly stampsAheadSeconds: number | null;
  /** Frames are stamped by the network card: one that is not has a stamp of another clock, and ends the port. */
  readonly hardwareStamps: boolean;
  /** The kernel shows us what we send, too. */
  readonly skipOutgoing: boolean;
  readonly start: number;
}

/** Buffers whose frames the owner itself moves on, or fetches, by system calls (see slot-ring.ts). */
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
