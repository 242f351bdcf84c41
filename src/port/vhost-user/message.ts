/**
 * Messages of the vhost-user protocol as bytes (QEMU docs/interop/vhost-user.rst, "Message Specification"):
 * a header of three 32-bit words, then a payload; everything in the machine's byte order, which is little endian
 * wherever this program runs. Pure: no socket, no memory.
 *
 *   0 request | 4 flags (0–1 version = 1, 2 reply, 3 need reply) | 8 payload bytes | 12 payload …
 */
import { environmentError, type PktgenError } from "../../errors.js";

export const headerBytes = 12;

/** The longest payload of a request, ours or a peer's. The protocol's longest is GET_CONFIG's 268 bytes. */
export const maxPayloadBytes = 4096;

/** VHOST_MEMORY_MAX_NREGIONS. */
export const maxRegions = 8;

export const requestCodes = {
  GET_FEATURES: 1,
  SET_FEATURES: 2,
  SET_OWNER: 3,
  RESET_OWNER: 4,
  SET_MEM_TABLE: 5,
  SET_LOG_BASE: 6,
  SET_LOG_FD: 7,
  SET_VRING_NUM: 8,
  SET_VRING_ADDR: 9,
  SET_VRING_BASE: 10,
  GET_VRING_BASE: 11,
  SET_VRING_KICK: 12,
  SET_VRING_CALL: 13,
  SET_VRING_ERR: 14,
  GET_PROTOCOL_FEATURES: 15,
  SET_PROTOCOL_FEATURES: 16,
  GET_QUEUE_NUM: 17,
  SET_VRING_ENABLE: 18,
  SEND_RARP: 19,
  NET_SET_MTU: 20,
  SET_BACKEND_REQ_FD: 21,
  IOTLB_MSG: 22,
  SET_VRING_ENDIAN: 23,
  GET_CONFIG: 24,
  SET_CONFIG: 25,
  GET_INFLIGHT_FD: 31,
  SET_INFLIGHT_FD: 32,
  RESET_DEVICE: 34,
  GET_MAX_MEM_SLOTS: 36,
  ADD_MEM_REG: 37,
  REM_MEM_REG: 38,
  SET_STATUS: 39,
  GET_STATUS: 40,
} as const;

export type RequestName = keyof typeof requestCodes;

const requestNames = new Map<number, RequestName>(
  Object.entries(requestCodes).map(([name, code]) => [code, name as RequestName]),
);

/** The name of a request code; null for one that this program has never heard of. */
export const requestName = (code: number): RequestName | null => requestNames.get(code) ?? null;

/** How messages call a request in errors, also an unknown one. */
export const requestLabel = (code: number): string => requestNames.get(code) ?? `request ${code}`;

export const messageFlags = { version: 0x1, versionMask: 0x3, reply: 0x4, needReply: 0x8 } as const;

/** Replies carry exactly this; DPDK's virtio_user aborts on any other flag. */
export const replyFlags = messageFlags.version | messageFlags.reply;

/** The most descriptors that can come with a request; all others come without. */
const requestFds: Partial<Record<RequestName, number>> = {
  SET_MEM_TABLE: maxRegions,
  SET_VRING_KICK: 1,
  SET_VRING_CALL: 1,
  SET_VRING_ERR: 1,
};

export const maxFdsOf = (request: number): number => requestFds[requestName(request) ?? "SET_OWNER"] ?? 0;

export interface MessageHeader {
  readonly request: number;
  readonly flags: number;
  readonly payloadBytes: number;
}

/** A peer did not keep to the protocol: names message and field. */
export const protocolError = (request: number, field: string, what: string): PktgenError =>
  environmentError(`${field}: ${what}`, { where: `vhost-user ${requestLabel(request)}` });

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Header and payload in one piece. */
export function encodeMessage(request: number, flags: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(headerBytes + payload.length);
  const view = viewOf(bytes);
  view.setUint32(0, request, true);
  view.setUint32(4, flags, true);
  view.setUint32(8, payload.length, true);
  bytes.set(payload, headerBytes);
  return bytes;
}

/** Checks version and size; whether it may be a reply is the connection's to know. */
export function decodeHeader(bytes: Uint8Array): MessageHeader {
  const view = viewOf(bytes);
  const [request, flags, payloadBytes] = [view.getUint32(0, true), view.getUint32(4, true), view.getUint32(8, true)];
  if ((flags & messageFlags.versionMask) !== messageFlags.version) {
    throw protocolError(request, "flags", `0x${flags.toString(16)} is not version 1 of vhost-user`);
  }
  if (payloadBytes > maxPayloadBytes) {
    throw protocolError(request, "size", `${payloadBytes} bytes of payload, at most ${maxPayloadBytes} are accepted`);
  }
  return { request, flags, payloadBytes };
}

function expectBytes(request: number, payload: Uint8Array, bytes: number): DataView {
  if (payload.length !== bytes) {
    throw protocolError(request, "size", `${payload.length} bytes of payload where ${bytes} belong`);
  }
  return viewOf(payload);
}

export function decodeEmpty(request: number, payload: Uint8Array): void {
  expectBytes(request, payload, 0);
}

export function encodeU64(value: bigint): Uint8Array {
  const payload = new Uint8Array(8);
  viewOf(payload).setBigUint64(0, value, true);
  return payload;
}

export const decodeU64 = (request: number, payload: Uint8Array): bigint =>
  expectBytes(request, payload, 8).getBigUint64(0, true);

/** Of SET_VRING_NUM, _BASE, _ENABLE and GET_VRING_BASE. */
export interface VringState {
  readonly vring: number;
  readonly value: number;
}

export function encodeVringState({ vring, value }: VringState): Uint8Array {
  const payload = new Uint8Array(8);
  const view = viewOf(payload);
  view.setUint32(0, vring, true);
  view.setUint32(4, value, true);
  return payload;
}

export function decodeVringState(request: number, payload: Uint8Array): VringState {
  const view = expectBytes(request, payload, 8);
  return { vring: view.getUint32(0, true), value: view.getUint32(4, true) };
}

/** Of SET_VRING_KICK, _CALL and _ERR: bits 0–7 the vring, bit 8: no descriptor comes with it. */
export interface VringDescriptor {
  readonly vring: number;
  readonly hasFd: boolean;
}

const noFdBit = 0x100n;

export const encodeVringDescriptor = ({ vring, hasFd }: VringDescriptor): Uint8Array =>
  encodeU64(BigInt(vring) | (hasFd ? 0n : noFdBit));

export function decodeVringDescriptor(request: number, payload: Uint8Array): VringDescriptor {
  const value = decodeU64(request, payload);
  if (value > 0x1ffn) throw protocolError(request, "u64", `unknown bits in 0x${value.toString(16)}`);
  return { vring: Number(value & 0xffn), hasFd: (value & noFdBit) === 0n };
}

/** Addresses are the driver's own (userspace addresses of the memory table). */
export interface VringAddresses {
  readonly vring: number;
  readonly flags: number;
  readonly descriptors: bigint;
  /** Split: used ring. Packed: device event. */
  readonly deviceArea: bigint;
  /** Split: available ring. Packed: driver event. */
  readonly driverArea: bigint;
  readonly log: bigint;
}

/** struct vhost_vring_addr: 0 index | 4 flags | 8 descriptor | 16 used | 24 available | 32 log. */
export function encodeVringAddresses(addresses: VringAddresses): Uint8Array {
  const payload = new Uint8Array(40);
  const view = viewOf(payload);
  view.setUint32(0, addresses.vring, true);
  view.setUint32(4, addresses.flags, true);
  view.setBigUint64(8, addresses.descriptors, true);
  view.setBigUint64(16, addresses.deviceArea, true);
  view.setBigUint64(24, addresses.driverArea, true);
  view.setBigUint64(32, addresses.log, true);
  return payload;
}

export function decodeVringAddresses(request: number, payload: Uint8Array): VringAddresses {
  const view = expectBytes(request, payload, 40);
  return {
    vring: view.getUint32(0, true),
    flags: view.getUint32(4, true),
    descriptors: view.getBigUint64(8, true),
    deviceArea: view.getBigUint64(16, true),
    driverArea: view.getBigUint64(24, true),
    log: view.getBigUint64(32, true),
  };
}

/** A piece of the driver's memory; the descriptor to map comes with the message, in the same order. */
export interface TableRegion {
  readonly guestAddress: bigint;
  readonly bytes: bigint;
  readonly userAddress: bigint;
  /** Where in the file the region starts. */
  readonly mmapOffset: bigint;
}

/** 0 regions | 4 padding | 8 … 32 bytes each. */
export function encodeMemoryTable(regions: readonly TableRegion[]): Uint8Array {
  const payload = new Uint8Array(8 + 32 * regions.length);
  const view = viewOf(payload);
  view.setUint32(0, regions.length, true);
  for (const [i, region] of regions.entries()) {
    view.setBigUint64(8 + 32 * i, region.guestAddress, true);
    view.setBigUint64(16 + 32 * i, region.bytes, true);
    view.setBigUint64(24 + 32 * i, region.userAddress, true);
    view.setBigUint64(32 + 32 * i, region.mmapOffset, true);
  }
  return payload;
}

const addressSpace = 1n << 64n;

/** Checks count, sizes and that no sum of a region's fields passes 2^64. */
export function decodeMemoryTable(request: number, payload: Uint8Array): TableRegion[] {
  if (payload.length < 8) throw protocolError(request, "size", `${payload.length} bytes of payload hold no table`);
  const view = viewOf(payload);
  const count = view.getUint32(0, true);
  if (count === 0 || count > maxRegions) {
    throw protocolError(request, "nregions", `${count} regions; 1 to ${maxRegions} are accepted`);
  }
  // DPDK sends only the regions there are, others always the room for eight.
  if (payload.length !== 8 + 32 * count && payload.length !== 8 + 32 * maxRegions) {
    throw protocolError(request, "size", `${payload.length} bytes of payload for ${count} regions`);
  }
  return Array.from({ length: count }, (_, i) => {
    const at = 8 + 32 * i;
    const region: TableRegion = {
      guestAddress: view.getBigUint64(at, true),
      bytes: view.getBigUint64(at + 8, true),
      userAddress: view.getBigUint64(at + 16, true),
      mmapOffset: view.getBigUint64(at + 24, true),
    };
    checkRegion(request, i, region);
    return region;
  });
}

function checkRegion(request: number, i: number, region: TableRegion): void {
  if (region.bytes === 0n) throw protocolError(request, `region ${i} memory_size`, "0 bytes");
  const starts = {
    guest_phys_addr: region.guestAddress,
    userspace_addr: region.userAddress,
    mmap_offset: region.mmapOffset,
  };
  for (const [field, start] of Object.entries(starts)) {
    if (start + region.bytes <= addressSpace) continue;
    const range = `0x${start.toString(16)} + ${region.bytes} bytes`;
    throw protocolError(request, `region ${i} ${field}`, `${range} passes the end of the address space`);
  }
}
