/**
 * The mapped rings of packet sockets, version 2 (linux/if_packet.h, Documentation/networking/packet_mmap.rst). Slots of
 * one size lie in blocks of memory. Each slot has a header with a status word that says who owns it. The kernel takes
 * slots to send only while it is called (a kick after each burst), and fills slots as frames arrive.
 *
 *   slot | tpacket2_hdr 32 | frame …                                            to send
 *        | tpacket2_hdr 32 | sockaddr_ll 20 | headroom … | frame …              received, at the header's tp_mac
 *
 * Receiving uses version 2 and not 3. Version 3 hands over blocks of frames when a block is full or its timer ran out,
 * which takes milliseconds. Version 2 shows each frame as it arrives.
 */
import type { RingMemory } from "../../memory.js";
import { cacheLine, checkArea } from "../area.js";
import { placeEach } from "../place-each.js";
import { burstFrames, type PacketRingLayout, RingFault, type RxRing, type TxRing } from "../ring.js";

/** struct tpacket2_hdr */
export const TP_LEN = 4;
export const TP_SNAPLEN = 8;
export const TP_MAC = 12;
const TP_SEC = 16;
const TP_NSEC = 20;
const TP_VLAN_TCI = 24;
const TP_VLAN_TPID = 26;
/** TPACKET_ALIGN(sizeof(struct tpacket2_hdr)): where a frame to send begins, and a received one's sockaddr_ll. */
export const packetHeaderBytes = 32;
/** With struct sockaddr_ll: TPACKET2_HDRLEN. */
const TPACKET2_HDRLEN = 52;
const SLL_PKTTYPE = packetHeaderBytes + 10;
const PACKET_OUTGOING = 4;

export const TP_STATUS_KERNEL = 0;
export const TP_STATUS_USER = 1;
const TP_STATUS_VLAN_VALID = 1 << 4;
const TP_STATUS_VLAN_TPID_VALID = 1 << 6;
/** As a 32-bit word: bit 31, the sign. */
const TP_STATUS_TS_RAW_HARDWARE = 1 << 31;
export const TP_STATUS_AVAILABLE = 0;
export const TP_STATUS_SEND_REQUEST = 1;
const TP_STATUS_WRONG_FORMAT = 4;
const ETH_P_8021Q = 0x8100;

const ethernetHeaderBytes = 14;
const addressesBytes = 12;
const vlanTagBytes = 4;
const pageBytes = 4096;
/** Blocks must be contiguous for the kernel: small ones are had even where memory is in pieces. */
const leastBlockBytes = 64 * 1024;
/** A received frame starts on a cache line, behind header, address and room for a VLAN tag put back. */
export const rxFrameAt = 128;

/**
 * PACKET_RESERVE: the kernel places the network header at TPACKET_ALIGN(52 + 16) + reserve = 80 + reserve, and the
 * frame 14 bytes before it (tpacket_rcv).
 */
export const packetRxReserve = rxFrameAt + ethernetHeaderBytes - 80;

/** What PACKET_TX_RING and PACKET_RX_RING are asked for: struct tpacket_req. */
export interface PacketRingGeometry {
  readonly blockBytes: number;
  readonly blocks: number;
  readonly slotBytes: number;
  readonly slots: number;
}

/** At least `size` slots for frames of `bufferBytes`. Slots are an odd number of cache lines, so that headers spread. */
export function packetRingGeometry(direction: "tx" | "rx", size: number, bufferBytes: number): PacketRingGeometry {
  const before = direction === "tx" ? packetHeaderBytes : rxFrameAt;
  const lines = Math.ceil((before + bufferBytes) / cacheLine) | 1;
  const slotBytes = lines * cacheLine;
  const wanted = Math.min(leastBlockBytes, size * slotBytes);
  const blockBytes = Math.ceil(Math.max(wanted, slotBytes) / pageBytes) * pageBytes;
  const slotsPerBlock = Math.floor(blockBytes / slotBytes);
  const blocks = Math.ceil(size / slotsPerBlock);
  return { blockBytes, blocks, slotBytes, slots: blocks * slotsPerBlock };
}

/** The offset of each slot. No slot lies across two blocks. */
export function slotOffsets({ ring, blockBytes, slotBytes, size }: PacketRingLayout): Uint32Array {
  const perBlock = Math.floor(blockBytes / slotBytes);
  return Uint32Array.from(
    { length: size },
    (_, i) => ring + Math.floor(i / perBlock) * blockBytes + (i % perBlock) * slotBytes,
  );
}

function checkLayout(memory: RingMemory, layout: PacketRingLayout): void {
  const { size, slotBytes, blockBytes, maxFrameBytes } = layout;
  const perBlock = Math.floor(blockBytes / slotBytes);
  if (!(size >= 1 && perBlock >= 1 && slotBytes % 16 === 0)) {
    throw new RingFault("ring.size", `${size} slots of ${slotBytes} bytes in blocks of ${blockBytes}`);
  }
  if (maxFrameBytes + packetHeaderBytes > slotBytes) {
    throw new RingFault("ring.bufferBytes", `${maxFrameBytes} bytes in slots of ${slotBytes}`);
  }
  const bytes = Math.ceil(size / perBlock) * blockBytes;
  checkArea(memory, "ring.ring", layout.ring, { bytes, alignment: 16 });
  checkArea(memory, "ring.state", layout.state, { bytes: 16, alignment: 8 });
}

export class PacketTx implements TxRing {
  readonly slots: number;
  readonly maxFrameBytes: number;
  readonly #u32: Uint32Array;
  readonly #offsets: Uint32Array;
  /** Index of the shared word with our position, so that the next user of the ring continues there. */
  readonly #state: number;
  readonly #lengths = new Uint32Array(burstFrames);
  /** The next slot to fill, and the number of slots before it that the kernel has not given back. */
  #next: number;
  #under: number;

  constructor(memory: RingMemory, layout: PacketRingLayout) {
    checkLayout(memory, layout);
    this.slots = layout.size;
    this.maxFrameBytes = layout.maxFrameBytes;
    this.#u32 = memory.u32;
    this.#offsets = slotOffsets(layout);
    this.#state = layout.state >>> 2;
    this.#next = Atomics.load(this.#u32, this.#state) % this.slots;
    this.#under = 0;
    // Slots of an earlier user that the kernel still has lie just before ours.
    while (this.#under < this.slots && this.#status(this.#before(this.#under + 1)) !== TP_STATUS_AVAILABLE)
      this.#under++;
  }

  #before(n: number): number {
    const slot = this.#next - n;
    return slot < 0 ? slot + this.slots : slot;
  }

  #status(slot: number): number {
    // If departures are stamped, the upper bits say which clock stamped.
    return Atomics.load(this.#u32, this.#offsets[slot] >>> 2) & 0xffff;
  }

  reclaim(): number {
    const under = this.#under;
    while (this.#under > 0 && this.#status(this.#before(this.#under)) === TP_STATUS_AVAILABLE) this.#under--;
    if (this.#under < under) this.#u32[this.#state + 1] += under - this.#under;
    return this.slots - this.#under;
  }

  place(k: number, bytes: number): number {
    if (bytes > this.maxFrameBytes) return -1;
    if (k >= burstFrames || k >= this.slots - this.#under) return 0;
    this.#lengths[k] = bytes;
    return this.#offsets[this.slotOf(k)] + packetHeaderBytes;
  }

  placeMany(n: number, bytes: number, offsets: Uint32Array, slots: Int32Array): number {
    return placeEach(this, n, bytes, offsets, slots);
  }

  slotOf(k: number): number {
    const slot = this.#next + k;
    return slot < this.slots ? slot : slot - this.slots;
  }

  /** From the last slot to the first: the kernel takes slots in order, so the last store releases them all. */
  publish(n: number): void {
    if (n <= 0) return;
    const u32 = this.#u32;
    for (let k = n - 1; k >= 0; k--) {
      const at = this.#offsets[this.slotOf(k)] >>> 2;
      u32[at + 1] = this.#lengths[k];
      if (k > 0) u32[at] = TP_STATUS_SEND_REQUEST;
      else Atomics.store(u32, at, TP_STATUS_SEND_REQUEST);
    }
    this.#next = this.slotOf(n);
    this.#under += n;
    Atomics.store(u32, this.#state, this.#next);
  }

  outstanding(): number {
    return this.#under;
  }

  /** Nothing leaves before the kernel is called. */
  notifyWanted(): boolean {
    return true;
  }

  /**
   * The kernel stopped before this slot: it had no room, and must be called again. Throws a RingFault if the kernel
   * refuses the frame in it, since it then stops for good. (With PACKET_LOSS it would skip the frame without telling.)
   */
  kickAgain(): boolean {
    this.reclaim();
    if (this.#under === 0) return false;
    const slot = this.#before(this.#under);
    const status = this.#status(slot);
    if ((status & TP_STATUS_WRONG_FORMAT) !== 0) {
      const bytes = this.#u32[(this.#offsets[slot] + TP_LEN) >>> 2];
      const what = `the kernel refused a frame of ${bytes + 4} bytes: longer than the interface's MTU allows`;
      throw new RingFault("tp_status", what);
    }
    return status === TP_STATUS_SEND_REQUEST;
  }

  /** Its thread stands: what the kernel is done with by now, it took. */
  position(): number {
    this.reclaim();
    return this.#next;
  }
}

export class PacketRx implements RxRing {
  readonly slots: number;
  readonly offsets = new Uint32Array(burstFrames);
  readonly lengths = new Uint32Array(burstFrames);
  readonly arrivalsNs: Float64Array | null;
  readonly #u8: Uint8Array;
  readonly #u16: Uint16Array;
  readonly #u32: Uint32Array;
  readonly #f64: Float64Array;
  readonly #slotAt: Uint32Array;
  readonly #state: number;
  /**
   * Index of the shared double that says by how much the stamps' clock is ahead of ours, less `#aheadSeconds`; −1: no
   * stamps.
   */
  readonly #aheadNs: number;
  readonly #aheadSeconds: number;
  readonly #hardwareStamps: boolean;
  readonly #skipOutgoing: boolean;
  #next: number;
  /** Slots looked at since the last release: frames handed out and those passed over. */
  #looked = 0;
  #handed = 0;

  constructor(memory: RingMemory, layout: PacketRingLayout) {
    checkLayout(memory, layout);
    this.slots = layout.size;
    this.#u8 = memory.u8;
    this.#u16 = memory.u16;
    this.#u32 = memory.u32;
    this.#f64 = memory.f64;
    this.#slotAt = slotOffsets(layout);
    this.#state = layout.state >>> 2;
    this.#aheadNs = layout.stampsAheadSeconds === null ? -1 : (layout.state + 8) >>> 3;
    this.#aheadSeconds = layout.stampsAheadSeconds ?? 0;
    this.arrivalsNs = layout.stampsAheadSeconds === null ? null : new Float64Array(burstFrames);
    this.#hardwareStamps = layout.hardwareStamps;
    this.#skipOutgoing = layout.skipOutgoing;
    this.#next = Atomics.load(this.#u32, this.#state) % this.slots;
  }

  poll(max: number): number {
    const most = Math.min(max, burstFrames);
    const u32 = this.#u32;
    let n = 0;
    let looked = this.#looked;
    while (n < most && looked < this.slots) {
      const at = this.#slotAt[this.#after(looked)];
      const status = Atomics.load(u32, at >>> 2);
      if ((status & TP_STATUS_USER) === 0) break;
      looked++;
      if (this.#skipOutgoing && this.#u8[at + SLL_PKTTYPE] === PACKET_OUTGOING) continue;
      this.#take(n, at, status);
      n++;
    }
    this.#looked = looked;
    this.#handed += n;
    // All of them were frames that are not for us, and the caller will release none of them.
    if (n === 0 && this.#handed === 0) this.#giveBack(looked);
    return n;
  }

  #after(n: number): number {
    const slot = this.#next + n;
    return slot < this.slots ? slot : slot - this.slots;
  }

  #take(k: number, at: number, status: number): void {
    const u32 = this.#u32;
    let bytes = u32[(at + TP_SNAPLEN) >>> 2];
    let from = at + this.#u16[(at + TP_MAC) >>> 1];
    if (status & TP_STATUS_VLAN_VALID && bytes >= ethernetHeaderBytes && from - at >= TPACKET2_HDRLEN + vlanTagBytes) {
      from -= vlanTagBytes;
      bytes += vlanTagBytes;
      this.#putTagBack(at, from, status);
    }
    this.offsets[k] = from;
    this.lengths[k] = bytes;
    if (this.#aheadNs < 0) return;
    if (this.#hardwareStamps && (status & TP_STATUS_TS_RAW_HARDWARE) === 0) {
      throw new RingFault("tp_status", "the network card did not stamp a frame that it received: use timestamp=kernel");
    }
    const seconds = u32[(at + TP_SEC) >>> 2] - this.#aheadSeconds;
    this.arrivalsNs![k] = seconds * 1e9 + u32[(at + TP_NSEC) >>> 2] - this.#f64[this.#aheadNs];
  }

  /** The kernel removes a frame's outer tag and hands it over in the header. */
  #putTagBack(at: number, from: number, status: number): void {
    const u8 = this.#u8;
    u8.copyWithin(from, from + vlanTagBytes, from + vlanTagBytes + addressesBytes);
    const tpid = status & TP_STATUS_VLAN_TPID_VALID ? this.#u16[(at + TP_VLAN_TPID) >>> 1] : ETH_P_8021Q;
    const tci = this.#u16[(at + TP_VLAN_TCI) >>> 1];
    u8[from + addressesBytes] = tpid >>> 8;
    u8[from + addressesBytes + 1] = tpid;
    u8[from + addressesBytes + 2] = tci >>> 8;
    u8[from + addressesBytes + 3] = tci;
  }

  release(n: number): void {
    this.#handed -= n;
    if (this.#handed === 0) {
      this.#giveBack(this.#looked);
      return;
    }
    // Part of a poll: as many slots as hold the oldest n frames, and those passed over among them.
    let slots = 0;
    for (let frames = 0; frames < n; slots++) {
      const at = this.#slotAt[this.#after(slots)];
      if (!this.#skipOutgoing || this.#u8[at + SLL_PKTTYPE] !== PACKET_OUTGOING) frames++;
    }
    this.#giveBack(slots);
  }

  /** Stores in order, each after all reads: the kernel looks at one slot after the other. */
  #giveBack(slots: number): void {
    if (slots === 0) return;
    for (let i = 0; i < slots; i++) {
      Atomics.store(this.#u32, this.#slotAt[this.#after(i)] >>> 2, TP_STATUS_KERNEL);
    }
    this.#next = this.#after(slots);
    this.#looked -= slots;
    Atomics.store(this.#u32, this.#state, this.#next);
  }

  pending(): number {
    if (this.#looked >= this.slots) return 0;
    return Atomics.load(this.#u32, this.#slotAt[this.#after(this.#looked)] >>> 2) & TP_STATUS_USER;
  }

  notifyWanted(): boolean {
    return false;
  }

  position(): number {
    return this.#next;
  }
}
