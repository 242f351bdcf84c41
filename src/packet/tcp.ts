/**
 * TCP (RFC 9293 §3.1):
 *
 *     0  source port   2  destination port   4  sequence   8  acknowledgment   12  data offset / 4, reserved, flags (8)
 *     14  window   16  checksum, with pseudo-header   18  urgent pointer   20  options, if any
 */
import { usageError } from "../errors.js";
import { benchmark } from "./benchmark-addresses.js";
import { type Field, fieldTable } from "./field.js";
import { input } from "./input.js";
import {
  checksumFault,
  fits,
  messageChecksum,
  type Parsed,
  type Place,
  type Protocol,
  tooShort,
  type Unparsed,
} from "./protocol.js";

export interface TcpHeader {
  readonly protocol: "tcp";
  readonly srcPort: number;
  readonly dstPort: number;
  readonly sequence: number;
  readonly acknowledgment: number;
  readonly reserved: number;
  /** CWR 128, ECE 64, URG 32, ACK 16, PSH 8, RST 4, SYN 2, FIN 1. */
  readonly flags: number;
  readonly window: number;
  readonly urgentPointer: number;
  /** Raw; a multiple of 4 bytes, at most 40. `tcpOptions` makes them. */
  readonly options: Uint8Array;
  /** `dataOffset` is in words of 4 bytes. */
  readonly wrong: { readonly dataOffset?: number; readonly checksum?: number };
}

export const tcpFlags = { cwr: 128, ece: 64, urg: 32, ack: 16, psh: 8, rst: 4, syn: 2, fin: 1 } as const;

const name = "tcp";
const ipProtocol = 6;
const minimumBytes = 20;
const table = fieldTable([
  ["srcPort", 16],
  ["dstPort", 16],
  ["sequence", 32],
  ["acknowledgment", 32],
  ["dataOffset", 4, "length"],
  ["reserved", 4],
  ["flags", 8],
  ["window", 16],
  ["checksum", 16, "checksum"],
  ["urgentPointer", 16],
]);

/** Flags default to ACK, as in the middle of a connection; the window to 65535. */
export const tcp = (
  fields: Pick<TcpHeader, "srcPort" | "dstPort"> & Partial<Omit<TcpHeader, "protocol" | "srcPort" | "dstPort">>,
): TcpHeader => {
  const options = fields.options ?? new Uint8Array(0);
  fits(name, "options length / 4", options.length / 4, 4);
  fits(name, "data offset / 4", options.length / 4 + 5, 4);
  return {
    protocol: name,
    srcPort: fits(name, "srcPort", fields.srcPort, 16),
    dstPort: fits(name, "dstPort", fields.dstPort, 16),
    sequence: fits(name, "sequence", fields.sequence ?? 0, 32),
    acknowledgment: fits(name, "acknowledgment", fields.acknowledgment ?? 0, 32),
    reserved: fits(name, "reserved", fields.reserved ?? 0, 4),
    flags: fits(name, "flags", fields.flags ?? tcpFlags.ack, 8),
    window: fits(name, "window", fields.window ?? 0xffff, 16),
    urgentPointer: fits(name, "urgentPointer", fields.urgentPointer ?? 0, 16),
    options,
    wrong: fields.wrong ?? {},
  };
};

/** The common options (RFC 9293 §3.2, RFC 7323, RFC 2018), in the order given, padded with no-operations. */
export type TcpOption =
  | { readonly kind: "mss"; readonly mss: number }
  | { readonly kind: "windowScale"; readonly shift: number }
  | { readonly kind: "sackPermitted" }
  | { readonly kind: "timestamps"; readonly value: number; readonly echo: number }
  | { readonly kind: "nop" };

export function tcpOptions(options: readonly TcpOption[]): Uint8Array {
  const bytes = options.flatMap(optionBytes);
  while (bytes.length % 4 !== 0) bytes.push(1);
  if (bytes.length > 40)
    throw usageError(`TCP options of ${bytes.length} bytes are too long`, { accepted: "up to 40" });
  return Uint8Array.from(bytes);
}

function optionBytes(option: TcpOption): number[] {
  switch (option.kind) {
    case "mss":
      return [2, 4, ...bigEndian(fits(name, "mss", option.mss, 16), 2)];
    case "windowScale":
      return [3, 3, fits(name, "windowScale", option.shift, 8)];
    case "sackPermitted":
      return [4, 2];
    case "timestamps":
      return [8, 10, ...bigEndian(option.value, 4), ...bigEndian(option.echo, 4)];
    case "nop":
      return [1];
  }
}

const bigEndian = (value: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.floor(value / 256 ** (count - 1 - i)) % 256);

const lengthOf = ({ options }: TcpHeader): number => minimumBytes + options.length;

function emit(header: TcpHeader, place: Place): void {
  const { bytes, view, start, end } = place;
  view.setUint16(start, header.srcPort);
  view.setUint16(start + 2, header.dstPort);
  view.setUint32(start + 4, header.sequence);
  view.setUint32(start + 8, header.acknowledgment);
  view.setUint8(start + 12, ((header.wrong.dataOffset ?? lengthOf(header) / 4) << 4) | header.reserved);
  view.setUint8(start + 13, header.flags);
  view.setUint16(start + 14, header.window);
  view.setUint16(start + 16, 0);
  view.setUint16(start + 18, header.urgentPointer);
  bytes.set(header.options, start + minimumBytes);
  view.setUint16(start + 16, header.wrong.checksum ?? messageChecksum(place, end, ipProtocol, 0));
}

function parse(place: Unparsed): Parsed<TcpHeader> {
  const { bytes, view, start, end } = place;
  if (end - start < minimumBytes) return tooShort(name, start, end, minimumBytes);
  const headerBytes = (view.getUint8(start + 12) >> 4) * 4;
  if (headerBytes < minimumBytes) {
    const what = `${headerBytes} bytes, below ${minimumBytes}`;
    return { header: null, fault: { protocol: name, field: "dataOffset", offset: start + 12, what } };
  }
  if (end - start < headerBytes) return tooShort(name, start, end, headerBytes);
  const stored = view.getUint16(start + 16);
  const right = messageChecksum(place, end, ipProtocol, stored);
  return {
    header: {
      protocol: name,
      srcPort: view.getUint16(start),
      dstPort: view.getUint16(start + 2),
      sequence: view.getUint32(start + 4),
      acknowledgment: view.getUint32(start + 8),
      reserved: view.getUint8(start + 12) & 0xf,
      flags: view.getUint8(start + 13),
      window: view.getUint16(start + 14),
      urgentPointer: view.getUint16(start + 18),
      options: bytes.slice(start + minimumBytes, start + headerBytes),
      wrong: stored === right ? {} : { checksum: stored },
    },
    headerBytes,
    end,
    next: null,
    faults: stored === right ? [] : [checksumFault(name, start + 16, stored, right)],
  };
}

function fields({ options }: TcpHeader): readonly Field[] {
  if (options.length === 0) return table;
  return [...table, ...fieldTable([["options", options.length * 8, "bytes"]], minimumBytes * 8)];
}

/** The combinations that a connection shows, and each flag alone. */
const namedFlags = { ...tcpFlags, synAck: 18, finAck: 17, pshAck: 24, none: 0 } as const;

/** Options are raw, or common ones by name. */
function makeSegment(values: object): TcpHeader {
  const v = values as Partial<TcpHeader> & { mss?: number; windowScale?: number; sackPermitted?: boolean };
  const named: TcpOption[] = [];
  if (v.mss !== undefined) named.push({ kind: "mss", mss: v.mss });
  if (v.sackPermitted === true) named.push({ kind: "sackPermitted" });
  if (v.windowScale !== undefined) named.push({ kind: "windowScale", shift: v.windowScale });
  const { srcPort, dstPort } = benchmark;
  return tcp({ srcPort, dstPort, ...(named.length === 0 ? {} : { options: tcpOptions(named) }), ...v });
}

export const tcpProtocol: Protocol<TcpHeader> = {
  name,
  numbers: { ipProtocol: [ipProtocol] },
  nextSpaces: () => [],
  headerBytes: lengthOf,
  emit,
  parse,
  fields,
  checksum: () => ({ algorithm: "internet", covers: "packet", pseudoHeader: true, zeroIsNone: false }),
  inputs: {
    srcPort: input.uint(16),
    dstPort: input.uint(16),
    sequence: input.uint(32),
    acknowledgment: input.uint(32),
    reserved: input.uint(4),
    flags: input.uint(8, namedFlags),
    window: input.uint(16),
    urgentPointer: input.uint(16),
    options: input.bytes,
    mss: input.uint(16),
    windowScale: input.uint(8),
    sackPermitted: input.flag,
    wrong: input.object({ dataOffset: input.uint(4), checksum: input.uint(16) }),
  },
  make: makeSegment,
};
