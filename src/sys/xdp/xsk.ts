/** AF_XDP sockets (linux/if_xdp.h, Documentation/networking/af_xdp.rst): one a queue, with memory and four rings. */
import { environmentError, type PktgenError } from "../../errors.js";
import { grantHint } from "../capabilities.js";
import { errno, errnoName, libc } from "../libc.js";
import { xdpCapabilities } from "./bpf.js";

const AF_XDP = 44;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0x80000;
const SOL_XDP = 283;
const option = {
  XDP_MMAP_OFFSETS: 1,
  XDP_RX_RING: 2,
  XDP_TX_RING: 3,
  XDP_UMEM_REG: 4,
  XDP_UMEM_FILL_RING: 5,
  XDP_UMEM_COMPLETION_RING: 6,
  XDP_STATISTICS: 7,
  XDP_OPTIONS: 8,
  /** Linux 6.17 */
  XDP_MAX_TX_SKB_BUDGET: 9,
} as const;
const XDP_COPY = 1 << 1;
const XDP_ZEROCOPY = 1 << 2;
const XDP_USE_NEED_WAKEUP = 1 << 3;
const XDP_OPTIONS_ZEROCOPY = 1;

/** Of each chunk of memory, the kernel keeps so much before a received frame (XDP_PACKET_HEADROOM). */
export const xdpHeadroomBytes = 256;

export type XskRing = "rx" | "tx" | "fill" | "completion";

const ringOption = {
  rx: "XDP_RX_RING",
  tx: "XDP_TX_RING",
  fill: "XDP_UMEM_FILL_RING",
  completion: "XDP_UMEM_COMPLETION_RING",
} as const;

/** Where each ring is mapped from: XDP_PGOFF_RX_RING and so on. */
export const xskRingPage: Readonly<Record<XskRing, number>> = {
  rx: 0,
  tx: 0x80000000,
  fill: 0x100000000,
  completion: 0x180000000,
};

/** Offsets within a ring's mapping: struct xdp_ring_offset. */
export interface XskRingOffsets {
  readonly producer: number;
  readonly consumer: number;
  readonly entries: number;
  readonly flags: number;
}

/** Frames that the socket lost, since it was made: struct xdp_statistics. */
export interface XskStatistics {
  /** Too long for a chunk, or no memory. */
  readonly rxDropped: number;
  /** We gave the kernel a wrong address. */
  readonly rxInvalid: number;
  readonly txInvalid: number;
  readonly rxRingFull: number;
  readonly fillRingEmpty: number;
}

/** `where`: the port's spec. */
export function openXsk(where: string): number {
  const fd = libc.socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (fd >= 0) return fd;
  const code = errnoName(errno());
  if (code === "EPERM" || code === "EACCES") {
    const hint = grantHint(xdpCapabilities);
    throw environmentError("no permission to open an AF_XDP socket: CAP_NET_RAW is missing", { where, hint });
  }
  if (code === "EAFNOSUPPORT") {
    throw environmentError("this kernel has no AF_XDP sockets", { where, hint: "it needs CONFIG_XDP_SOCKETS" });
  }
  throw environmentError(`opening an AF_XDP socket failed: ${code}`, { where });
}

function set(fd: number, name: keyof typeof option, value: Uint8Array): number {
  return libc.setsockopt(fd, SOL_XDP, option[name], value, value.length) < 0 ? errno() : 0;
}

/** Memory and rings of a socket: `address` and `bytes` of the UMEM, in chunks of `chunkBytes`. Ring sizes are powers of two. */
export interface XskMemory {
  readonly address: bigint;
  readonly bytes: number;
  readonly chunkBytes: number;
  readonly rings: Readonly<Record<XskRing, number>>;
}

/** Registers the memory and makes the rings. @throws PktgenError (3): no memory, or not so much may be locked. */
export function setUpXsk(fd: number, memory: XskMemory, where: string): void {
  const register = new Uint8Array(24); // struct xdp_umem_reg, as long as all kernels know it
  const view = new DataView(register.buffer);
  view.setBigUint64(0, memory.address, true);
  view.setBigUint64(8, BigInt(memory.bytes), true);
  view.setUint32(16, memory.chunkBytes, true);
  const code = set(fd, "XDP_UMEM_REG", register);
  if (code !== 0) throw memoryRefused(code, memory.bytes, where);
  for (const ring of Object.keys(ringOption) as XskRing[]) {
    const refused = set(fd, ringOption[ring], new Uint8Array(Uint32Array.of(memory.rings[ring]).buffer));
    if (refused === 0) continue;
    const what = `no memory for a ring of ${memory.rings[ring]} frames (${ringOption[ring]}: ${errnoName(refused)})`;
    throw environmentError(what, { where, hint: "use a smaller size=, or fewer queues" });
  }
  // Frames that leave in one call if packets are copied; older kernels stop at 32.
  set(fd, "XDP_MAX_TX_SKB_BUDGET", new Uint8Array(Uint32Array.of(memory.rings.tx).buffer));
}

function memoryRefused(code: number, bytes: number, where: string): PktgenError {
  const name = errnoName(code);
  if (name === "ENOBUFS") {
    return environmentError(`only so much memory may be locked, and the port needs ${bytes} bytes (ENOBUFS)`, {
      where,
      hint: "raise `ulimit -l`, or use a smaller size= or fewer queues",
    });
  }
  return environmentError(`no memory for the port: ${bytes} bytes, ${name}`, {
    where,
    hint: "free memory, or use a smaller size= or fewer queues",
  });
}

const offsetsBytes = 128;
const ringOrder: readonly XskRing[] = ["rx", "tx", "fill", "completion"];

/** XDP_MMAP_OFFSETS. @throws PktgenError (3): a kernel before 5.4, whose rings have no flags. */
export function xskRingOffsets(fd: number, where: string): Readonly<Record<XskRing, XskRingOffsets>> {
  const answer = new Uint8Array(offsetsBytes);
  const length = Uint32Array.of(offsetsBytes);
  if (libc.getsockopt(fd, SOL_XDP, option.XDP_MMAP_OFFSETS, answer, length) < 0 || length[0] < offsetsBytes) {
    throw environmentError("this kernel's AF_XDP sockets have no need_wakeup", {
      where,
      accepted: "Linux 5.9 or newer",
    });
  }
  const view = new DataView(answer.buffer);
  const at = (ring: number, field: number): number => Number(view.getBigUint64(32 * ring + 8 * field, true));
  const entries = ringOrder.map((name, ring) => [
    name,
    { producer: at(ring, 0), consumer: at(ring, 1), entries: at(ring, 2), flags: at(ring, 3) },
  ]);
  return Object.fromEntries(entries) as Record<XskRing, XskRingOffsets>;
}

/** zerocopy, copy: as it says, or not at all; auto: the first where the driver has it. */
export type XskBinding = "auto" | "zerocopy" | "copy";

/** Binds to a queue of an interface in the calling thread's namespace; returns 0, or the errno it was refused with. */
export function bindXsk(fd: number, interfaceIndex: number, queue: number, binding: XskBinding): number {
  const how = { auto: 0, zerocopy: XDP_ZEROCOPY, copy: XDP_COPY }[binding];
  const address = new Uint8Array(16); // struct sockaddr_xdp
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_XDP, true);
  view.setUint16(2, how | XDP_USE_NEED_WAKEUP, true);
  view.setUint32(4, interfaceIndex, true);
  view.setUint32(8, queue, true);
  return libc.bind(fd, address, address.length) < 0 ? errno() : 0;
}

/** Does the card write into our memory itself? */
export function isZeroCopy(fd: number): boolean {
  const options = new Uint8Array(4);
  if (libc.getsockopt(fd, SOL_XDP, option.XDP_OPTIONS, options, Uint32Array.of(4)) < 0) return false;
  return (options[0] & XDP_OPTIONS_ZEROCOPY) !== 0;
}

/** null: the socket does not say (any more). */
export function readXskStatistics(fd: number): XskStatistics | null {
  const answer = new Uint8Array(48);
  if (libc.getsockopt(fd, SOL_XDP, option.XDP_STATISTICS, answer, Uint32Array.of(answer.length)) < 0) return null;
  const view = new DataView(answer.buffer);
  const at = (field: number): number => Number(view.getBigUint64(8 * field, true));
  return { rxDropped: at(0), rxInvalid: at(1), txInvalid: at(2), rxRingFull: at(3), fillRingEmpty: at(4) };
}
