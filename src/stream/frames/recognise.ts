/**
 * Tells whether a frame is a stream's, by what a device under test may not change: IP addresses, UDP ports and size.
 * MACs, TTLs and the IPv4 checksum may have been rewritten, VLAN tags pushed or popped.
 */
import { announcesTag, dissect, headersBytes, type ProtocolName, parseIpv4, parseIpv6 } from "../../packet/index.js";
import type { PlainTraffic } from "../spec/traffic.js";
import { flowsPerAddress, layersOf, sourceLow32 } from "../spec.js";
import { putPlace } from "./interpret.js";
import type { FrameVariant, HeaderMarks } from "./program.js";
import type { ResolvedStream } from "./resolve.js";

export type Recogniser = (view: DataView, offset: number, bytes: number) => boolean;

/** `plain`: the traffic is plain. `frame`: one of the stream's, for what stays in all of them. */
export function recogniserOf(
  plain: PlainTraffic | undefined,
  resolved: ResolvedStream,
  variants: readonly FrameVariant[],
  frame: Uint8Array,
): Recogniser {
  if (plain !== undefined && plain.pinQueues === null) {
    const ours = flowAddresses(plain, variants, resolved.signed);
    return (view, offset, bytes) => recognise(ours, view, offset, bytes);
  }
  const marks = marksOf(resolved, variants, frame);
  return (view, offset, bytes) => hasMarks(marks, view, offset, bytes);
}

/** `frame`: one of the stream's. */
export function marksOf(resolved: ResolvedStream, variants: readonly FrameVariant[], frame: Uint8Array): HeaderMarks {
  const { parts, headerEnd } = partsOf(resolved, frame);
  const inner = parts.find(({ protocol }, i) => i > 0 && protocol !== "vlan");
  const from = inner?.start ?? Math.min(headerEnd, behindTags(frame));
  const mask = stayingBits(resolved, parts, from, headerEnd, frame.length).slice(from - 2, headerEnd);
  mask.fill(0xff, 0, 2);
  return {
    bytes: frame.slice(from - 2, headerEnd),
    mask,
    sizes: [...new Set(variants.map(({ bufferBytes }) => bufferBytes - from))],
  };
}

/** Allocates nothing; `bytes` may be anything from 0. */
export function hasMarks(marks: HeaderMarks, view: DataView, offset: number, bytes: number): boolean {
  let at = offset + 14;
  while (at + 4 <= offset + bytes && announcesTag(view.getUint16(at - 2))) at += 4;
  const { bytes: wanted, mask } = marks;
  if (offset + bytes - at < wanted.length - 2 || !marks.sizes.includes(offset + bytes - at)) return false;
  for (let i = 0; i < wanted.length; i++) {
    if (((view.getUint8(at - 2 + i) ^ wanted[i]) & mask[i]) !== 0) return false;
  }
  return true;
}

/** Where the addresses, the tags and the EtherType end. */
function behindTags(frame: Uint8Array): number {
  let at = 14;
  while (at + 4 <= frame.length && announcesTag((frame[at - 2] << 8) | frame[at - 1])) at += 4;
  return at;
}

/** A header, by its place in the frame. */
interface Part {
  readonly protocol: ProtocolName;
  readonly start: number;
}

/** The headers of a frame of the stream. Raw bytes at its beginning are read as the headers that they hold. */
function partsOf(
  { stream: { layers }, headerBytes }: ResolvedStream,
  frame: Uint8Array,
): { parts: Part[]; headerEnd: number } {
  if (layers[0]?.protocol === "raw") {
    const parts = dissect(frame.subarray(0, headerBytes)).layers.map(({ header, start }) => ({
      protocol: header.protocol,
      start,
    }));
    return { parts, headerEnd: headerBytes };
  }
  let start = 0;
  const parts = layers.map((header) => {
    const part = { protocol: header.protocol, start };
    start += headersBytes([header]);
    return part;
  });
  return { parts, headerEnd: start };
}

/**
 * A mask over the headers behind the VLAN tags: bits that are the same in all frames and that no device may change.
 * Lengths differ from size to size. Checksums, and what a program sets, differ from frame to frame. TTLs are counted
 * down. Raw bytes in which no such header is found stay as they are.
 */
function stayingBits(
  resolved: ResolvedStream,
  parts: readonly Part[],
  from: number,
  headerEnd: number,
  bytes: number,
): Uint8Array {
  const mask = new Uint8Array(bytes);
  if (resolved.eachFrame !== null) return mask;
  for (const { protocol, start } of parts) {
    if (start < from) continue;
    for (const [first, end] of stayingBytes[protocol] ?? []) mask.fill(0xff, start + first, start + end);
  }
  const isRaw = resolved.stream.layers[0]?.protocol === "raw";
  if (isRaw && !mask.includes(0xff)) mask.fill(0xff, from, headerEnd);
  // A one where something changes, taken out of the mask.
  const changing = new Uint8Array(bytes);
  for (const { places } of resolved.changes) {
    for (const place of places) putPlace(changing, { ...place, shift: 0 }, 2 ** place.bits - 1);
  }
  return mask.map((bits, at) => bits & ~changing[at]);
}

/** Protocol and addresses, ports: what makes a flow. */
const stayingBytes: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  arp: [[0, 28]],
  ipv4: [
    [0, 1],
    [9, 10],
    [12, 20],
  ],
  ipv6: [
    [6, 7],
    [8, 40],
  ],
  udp: [[0, 4]],
  tcp: [[0, 4]],
  sctp: [[0, 4]],
};

export interface FlowAddresses {
  readonly ip: 4 | 6;
  /** Signed frames are also known by the size that IP states, so that one that was padded or trimmed is still ours. */
  readonly signed: boolean;
  /** The source address without its last 32 bits (none for IPv4), and the destination, as 32-bit words. */
  readonly srcPrefix: readonly number[];
  readonly srcLow32: number;
  readonly srcCount: number;
  readonly dst: readonly number[];
  readonly firstPort: number;
  readonly portCount: number;
  readonly dstPort: number;
  /** Sizes of the IP datagrams, headers included. */
  readonly datagramBytes: ReadonlySet<number>;
}

export function flowAddresses(spec: PlainTraffic, variants: readonly FrameVariant[], signed: boolean): FlowAddresses {
  const parse = spec.ip === 4 ? parseIpv4 : parseIpv6;
  const ipAt = headersBytes(layersOf(spec, 0).slice(0, -2));
  return {
    ip: spec.ip,
    signed,
    srcPrefix: words(parse(spec.srcAddress)).slice(0, -1),
    srcLow32: sourceLow32(spec),
    srcCount: Math.ceil(spec.flows / flowsPerAddress),
    dst: words(parse(spec.dstAddress)),
    firstPort: spec.srcPort,
    portCount: Math.min(spec.flows, flowsPerAddress),
    dstPort: spec.dstPort,
    datagramBytes: new Set(variants.map(({ bufferBytes }) => bufferBytes - ipAt)),
  };
}

function words(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i));
}

/** Allocates nothing; a few dozen comparisons. `bytes` may be anything from 0. */
export function recognise(ours: FlowAddresses, view: DataView, offset: number, bytes: number): boolean {
  const ipBytes = ours.ip === 4 ? 20 : 40;
  const end = offset + bytes;
  let ipAt = offset + 14;
  while (ipAt + 4 <= end && announcesTag(view.getUint16(ipAt - 2))) ipAt += 4;
  const udpAt = ipAt + ipBytes;
  if (udpAt + 8 > end) return false;
  if (view.getUint16(ipAt - 2) !== (ours.ip === 4 ? 0x0800 : 0x86dd)) return false;
  // Version, and for IPv4 a header without options, which ours has.
  const first = view.getUint8(ipAt);
  if (ours.ip === 4 ? first !== 0x45 : first >>> 4 !== 6) return false;
  if (view.getUint8(ipAt + (ours.ip === 4 ? 9 : 6)) !== 17) return false;
  const stated = ours.ip === 4 ? view.getUint16(ipAt + 2) : view.getUint16(ipAt + 4) + ipBytes;
  const sizeIsOurs = ours.datagramBytes.has(end - ipAt) || (ours.signed && ours.datagramBytes.has(stated));
  return sizeIsOurs && addressesAreOurs(ours, view, ipAt + (ours.ip === 4 ? 12 : 8)) && portsAreOurs(ours, view, udpAt);
}

function addressesAreOurs(ours: FlowAddresses, view: DataView, srcAt: number): boolean {
  let at = srcAt;
  for (let i = 0; i < ours.srcPrefix.length; i++, at += 4) {
    if (view.getUint32(at) !== ours.srcPrefix[i]) return false;
  }
  const address = view.getUint32(at) - ours.srcLow32;
  if (address < 0 || address >= ours.srcCount) return false;
  at += 4;
  for (let i = 0; i < ours.dst.length; i++, at += 4) {
    if (view.getUint32(at) !== ours.dst[i]) return false;
  }
  return true;
}

function portsAreOurs(ours: FlowAddresses, view: DataView, udpAt: number): boolean {
  const port = view.getUint16(udpAt) - ours.firstPort;
  return port >= 0 && port < ours.portCount && view.getUint16(udpAt + 2) === ours.dstPort;
}
