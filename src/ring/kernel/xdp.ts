/**
 * The rings of an AF_XDP socket (linux/if_xdp.h, Documentation/networking/af_xdp.rst). Frames lie in chunks of our own
 * memory (UMEM). Four rings say who owns each chunk, two for each direction:
 *
 *   to send    tx ring          descriptors, ours to write     →  kernel
 *              completion ring  addresses, the kernel's        →  chunks that are free again: these frames are sent
 *   to receive fill ring        addresses, ours                →  chunks that the kernel may write into
 *              rx ring          descriptors, the kernel's      →  frames
 *
 * Producer and consumer are free-running 32-bit counters, each written by one side. A descriptor is a u64 address from
 * the start of the UMEM, u32 bytes, u32 options. Our UMEM is below 4 GiB, so that addresses are their lower halves.
 */
import type { RingMemory } from "../../memory.js";
import { cacheLine, checkArea } from "../area.js";
import { burstFrames, RingFault, type RxRing, type TxRing, type XdpKernelRing, type XdpRingLayout } from "../ring.js";

/** XDP_RING_NEED_WAKEUP: the kernel does nothing more with this ring until it is called. */
const NEED_WAKEUP = 1;
const noAddress = 0xffff_ffff;

/** Of the memory that remembers which chunks are free to send: a count, then a stack of chunk numbers. */
const freeCountBytes = 4;
export const xdpFreeBytes = (size: number): number => freeCountBytes + 4 * size;

/**
 * Where the frame begins in a chunk to send. Chunks are powers of two apart. If all frames began at such a distance,
 * they would push each other out of the same few cache sets.
 */
function frameAt(layout: XdpRingLayout, chunk: number): number {
  const lines = Math.floor((layout.chunkBytes - layout.maxFrameBytes) / cacheLine) + 1;
  return (chunk % Math.min(lines, 64)) * cacheLine;
}

function checkLayout(memory: RingMemory, layout: XdpRingLayout): void {
  const { size, chunkBytes, maxFrameBytes, descriptors, addresses } = layout;
  const isPowerOfTwo = (value: number): boolean => value > 0 && (value & (value - 1)) === 0;
  if (!isPowerOfTwo(size)) throw new RingFault("ring.size", `${size} frames, not a power of two`);
  if (!isPowerOfTwo(chunkBytes) || maxFrameBytes > chunkBytes) {
    throw new RingFault("ring.bufferBytes", `${maxFrameBytes} bytes in chunks of ${chunkBytes}`);
  }
  checkArea(memory, "ring.umem", layout.umem, {
    bytes: (layout.firstChunk + size) * chunkBytes,
    alignment: cacheLine,
  });
  checkArea(memory, "ring.descriptors", descriptors.entries, { bytes: 16 * size, alignment: 8 });
  checkArea(memory, "ring.addresses", addresses.entries, { bytes: 8 * size, alignment: 8 });
  for (const ring of [descriptors, addresses]) {
    for (const at of [ring.producer, ring.consumer, ring.flags]) {
      checkArea(memory, "ring.index", at, { bytes: 4, alignment: 4 });
    }
  }
  if (layout.direction === "tx")
    checkArea(memory, "ring.free", layout.free, { bytes: xdpFreeBytes(size), alignment: 4 });
}

/** As the rings are before their first use: all chunks to send are free, all chunks to receive are the kernel's. */
export function initialiseXdpRing(memory: RingMemory, layout: XdpRingLayout): void {
  checkLayout(memory, layout);
  const { u32 } = memory;
  const { size, chunkBytes, firstChunk, addresses } = layout;
  if (layout.direction === "tx") {
    u32[layout.free >>> 2] = size;
    for (let i = 0; i < size; i++) u32[((layout.free + freeCountBytes) >>> 2) + i] = size - 1 - i;
    return;
  }
  const producer = addresses.producer >>> 2;
  const start = Atomics.load(u32, producer);
  for (let i = 0; i < size; i++) {
    const at = (addresses.entries >>> 2) + (((start + i) & (size - 1)) << 1);
    u32[at] = (firstChunk + i) * chunkBytes;
    u32[at + 1] = 0;
  }
  Atomics.store(u32, producer, start + size);
}

/** Chunks to send that are free, as long as nobody else uses the ring. */
class FreeChunks {
  readonly #u32: Uint32Array;
  readonly #layout: XdpRingLayout;
  readonly #at: number;
  readonly #free: Set<number>;

  constructor({ u32 }: RingMemory, layout: XdpRingLayout) {
    this.#u32 = u32;
    this.#layout = layout;
    this.#at = layout.free >>> 2;
    this.#free = new Set(u32.subarray(this.#at + 1, this.#at + 1 + u32[this.#at]));
  }

  /** false: there is no chunk at this address, or it was free. */
  add(address: number): boolean {
    const { chunkBytes, firstChunk, size } = this.#layout;
    const chunk = Math.floor(address / chunkBytes) - firstChunk;
    if (chunk < 0 || chunk >= size || this.#free.has(chunk)) return false;
    this.#free.add(chunk);
    this.#u32[this.#at + 1 + this.#u32[this.#at]] = chunk;
    this.#u32[this.#at] += 1;
    return true;
  }
}

/** Takes what was completed. Returns how many of these were no frames: some kernels complete what they pass over. */
export function takeXdpCompletions(memory: RingMemory, layout: XdpRingLayout): number {
  const { u32 } = memory;
  const free = new FreeChunks(memory, layout);
  const { producer, consumer, entries } = indicesOf(layout.addresses);
  const completed = Atomics.load(u32, producer) | 0;
  let others = 0;
  for (let index = Atomics.load(u32, consumer) | 0; index !== completed; index = (index + 1) | 0) {
    if (!free.add(u32[entries + ((index & (layout.size - 1)) << 1)])) others++;
  }
  Atomics.store(u32, consumer, completed);
  return others;
}

/**
 * Takes back the frames that the kernel has not taken: their chunks are free again, and an address that is none is in their
 * descriptors, which the kernel passes over. Nobody uses the ring meanwhile, and the kernel sends only when it is called.
 * Returns how many.
 */
export function takeBackXdpFrames(memory: RingMemory, layout: XdpRingLayout): number {
  takeXdpCompletions(memory, layout);
  const { u32 } = memory;
  const free = new FreeChunks(memory, layout);
  const { producer, consumer, entries } = indicesOf(layout.descriptors);
  const end = Atomics.load(u32, producer) | 0;
  let taken = 0;
  // What the kernel took and dropped last may lie behind its consumer's index: those chunks are free.
  for (let index = Atomics.load(u32, consumer) | 0; index !== end; index = (index + 1) | 0) {
    const at = entries + ((index & (layout.size - 1)) << 2);
    if (free.add(u32[at])) taken++;
    u32.fill(noAddress, at, at + 2);
  }
  return taken;
}

/** Indices of one ring's fields in the 32-bit view. */
export const indicesOf = (
  ring: XdpKernelRing,
): { producer: number; consumer: number; flags: number; entries: number } => ({
  producer: ring.producer >>> 2,
  consumer: ring.consumer >>> 2,
  flags: ring.flags >>> 2,
  entries: ring.entries >>> 2,
});

export class XdpTx implements TxRing {
  readonly slots: number;
  readonly maxFrameBytes: number;
  readonly #u32: Uint32Array;
  readonly #mask: number;
  /** Of descriptors in the tx ring. */
  readonly #producerAt: number;
  readonly #consumerAt: number;
  readonly #flagsAt: number;
  readonly #entriesAt: number;
  readonly #completion: ReturnType<typeof indicesOf>;
  readonly #freeAt: number;
  readonly #stackAt: number;
  readonly #umem: number;
  /** Address in the UMEM of each chunk's frame. */
  readonly #frames: Uint32Array;
  readonly #chunkShift: number;
  readonly #firstChunk: number;
  #producer: number;
  #completed: number;
  #free: number;

  constructor(memory: RingMemory, layout: XdpRingLayout) {
    checkLayout(memory, layout);
    const tx = indicesOf(layout.descriptors);
    this.slots = layout.size;
    this.maxFrameBytes = layout.maxFrameBytes;
    this.#u32 = memory.u32;
    this.#mask = layout.size - 1;
    this.#producerAt = tx.producer;
    this.#consumerAt = tx.consumer;
    this.#flagsAt = tx.flags;
    this.#entriesAt = tx.entries;
    this.#completion = indicesOf(layout.addresses);
    this.#freeAt = layout.free >>> 2;
    this.#stackAt = (layout.free + freeCountBytes) >>> 2;
    this.#umem = layout.umem;
    this.#chunkShift = Math.log2(layout.chunkBytes);
    this.#firstChunk = layout.firstChunk;
    this.#frames = Uint32Array.from(
      { length: layout.size },
      (_, chunk) => (layout.firstChunk + chunk) * layout.chunkBytes + frameAt(layout, chunk),
    );
    this.#producer = Atomics.load(this.#u32, this.#producerAt) | 0;
    this.#completed = Atomics.load(this.#u32, this.#completion.consumer) | 0;
    this.#free = this.#u32[this.#freeAt];
    if (this.#free > this.slots) throw new RingFault("ring.free", `${this.#free} of ${this.slots} chunks`);
  }

  reclaim(): number {
    const u32 = this.#u32;
    const { producer, consumer, entries } = this.#completion;
    const completed = Atomics.load(u32, producer) | 0;
    const count = (completed - this.#completed) | 0;
    if (count === 0) return this.#free;
    if (count < 0 || count > this.slots - this.#free) {
      throw new RingFault("completion.producer", `${count} more with ${this.slots - this.#free} frames outstanding`);
    }
    let free = this.#free;
    for (let i = 0; i < count; i++) {
      const address = u32[entries + (((this.#completed + i) & this.#mask) << 1)];
      const chunk = (address >>> this.#chunkShift) - this.#firstChunk;
      if (chunk < 0 || chunk > this.#mask)
        throw new RingFault("completion.address", `${address} is none of our chunks`);
      u32[this.#stackAt + free++] = chunk;
    }
    this.#free = free;
    u32[this.#freeAt] = free;
    this.#completed = completed;
    Atomics.store(u32, consumer, completed);
    return free;
  }

  place(k: number, bytes: number): number {
    if (bytes > this.maxFrameBytes) return -1;
    if (k >= this.#free || k >= burstFrames) return 0;
    const address = this.#frames[this.slotOf(k)];
    this.#describe(k, address, bytes);
    return this.#umem + address;
  }

  placeMany(n: number, bytes: number, offsets: Uint32Array, slots: Int32Array): number {
    if (bytes > this.maxFrameBytes) return -1;
    const count = Math.min(n, this.#free, burstFrames);
    for (let k = 0; k < count; k++) {
      const chunk = this.slotOf(k);
      const address = this.#frames[chunk];
      this.#describe(k, address, bytes);
      offsets[k] = this.#umem + address;
      slots[k] = chunk;
    }
    return count;
  }

  #describe(k: number, address: number, bytes: number): void {
    const u32 = this.#u32;
    const at = this.#entriesAt + (((this.#producer + k) & this.#mask) << 2);
    u32[at] = address;
    u32[at + 1] = 0;
    u32[at + 2] = bytes;
    u32[at + 3] = 0;
  }

  /** The chunk used last is taken first: it is still in the cache. */
  slotOf(k: number): number {
    return this.#u32[this.#stackAt + this.#free - 1 - k];
  }

  publish(n: number): void {
    if (n <= 0) return;
    if (n > this.#free) throw new RangeError(`published ${n} frames with room for ${this.#free}`);
    this.#free -= n;
    this.#u32[this.#freeAt] = this.#free;
    this.#producer = (this.#producer + n) | 0;
    Atomics.store(this.#u32, this.#producerAt, this.#producer);
  }

  outstanding(): number {
    return this.slots - this.#free;
  }

  notifyWanted(): boolean {
    return (Atomics.load(this.#u32, this.#flagsAt) & NEED_WAKEUP) !== 0;
  }

  /**
   * The kernel takes a limited number of frames a call, or had no memory. The others stay in the ring until the next
   * call.
   */
  kickAgain(): boolean {
    return (Atomics.load(this.#u32, this.#consumerAt) | 0) !== this.#producer && this.notifyWanted();
  }

  /** Its thread stands: what the kernel is done with by now, it took. */
  position(): number {
    this.reclaim();
    return 0;
  }
}

export class XdpRx implements RxRing {
  readonly slots: number;
  readonly offsets = new Uint32Array(burstFrames);
  readonly lengths = new Uint32Array(burstFrames);
  readonly #u32: Uint32Array;
  readonly #mask: number;
  readonly #producerAt: number;
  readonly #consumerAt: number;
  readonly #entriesAt: number;
  readonly #fill: ReturnType<typeof indicesOf>;
  readonly #umem: number;
  readonly #umemBytes: number;
  readonly #chunkMask: number;
  #consumer: number;
  #filled: number;
  /** Frames polled and not released. */
  #held = 0;

  constructor(memory: RingMemory, layout: XdpRingLayout) {
    checkLayout(memory, layout);
    const rx = indicesOf(layout.descriptors);
    this.slots = layout.size;
    this.#u32 = memory.u32;
    this.#mask = layout.size - 1;
    this.#producerAt = rx.producer;
    this.#consumerAt = rx.consumer;
    this.#entriesAt = rx.entries;
    this.#fill = indicesOf(layout.addresses);
    this.#umem = layout.umem;
    this.#umemBytes = (layout.firstChunk + layout.size) * layout.chunkBytes;
    this.#chunkMask = ~(layout.chunkBytes - 1);
    this.#consumer = Atomics.load(this.#u32, this.#consumerAt) | 0;
    this.#filled = Atomics.load(this.#u32, this.#fill.producer) | 0;
  }

  poll(max: number): number {
    const u32 = this.#u32;
    const n = Math.min(this.pending(), max, burstFrames);
    for (let k = 0; k < n; k++) {
      const at = this.#entriesAt + (((this.#consumer + k) & this.#mask) << 2);
      const address = u32[at];
      const bytes = u32[at + 2];
      if (address + bytes > this.#umemBytes) throw new RingFault("rx.address", `${address} is none of our chunks`);
      this.offsets[k] = this.#umem + address;
      this.lengths[k] = bytes;
    }
    this.#held = n;
    return n;
  }

  /** Gives the chunks back to the kernel, then the ring's entries: never more chunks than entries for them. */
  release(n: number): void {
    const frames = Math.min(n, this.#held);
    if (frames === 0) return;
    const u32 = this.#u32;
    const { producer, entries } = this.#fill;
    for (let k = 0; k < frames; k++) {
      const address = u32[this.#entriesAt + (((this.#consumer + k) & this.#mask) << 2)];
      const at = entries + (((this.#filled + k) & this.#mask) << 1);
      u32[at] = address & this.#chunkMask;
      u32[at + 1] = 0;
    }
    this.#filled = (this.#filled + frames) | 0;
    this.#consumer = (this.#consumer + frames) | 0;
    this.#held -= frames;
    Atomics.store(u32, this.#consumerAt, this.#consumer);
    Atomics.store(u32, producer, this.#filled);
  }

  pending(): number {
    return ((Atomics.load(this.#u32, this.#producerAt) | 0) - this.#consumer - this.#held) | 0;
  }

  /** The kernel ran out of chunks, and looks for new ones only when it is called. */
  notifyWanted(): boolean {
    return (Atomics.load(this.#u32, this.#fill.flags) & NEED_WAKEUP) !== 0;
  }

  position(): number {
    return 0;
  }
}
