/**
 * The IPv6 routing header (RFC 8200 §4.4); segment routing is type 4 (RFC 8754 §2), mobile IPv6 type 2 (RFC 6275 §6.4):
 *
 *     0  next header   1  length / 8 − 1   2  routing type   3  segments left   4  type's own (4)   8  addresses, data
 */
import type { Ipv6Address } from "./address.js";
import { type Field, type FieldRow, fieldTable } from "./field.js";
import { input, made } from "./input.js";
import {
  fits,
  type Parsed,
  type Place,
  type Protocol,
  type PseudoHeader,
  tooShort,
  type Unparsed,
} from "./protocol.js";

export interface Ipv6RoutingHeader {
  readonly protocol: "ipv6Routing";
  /** 2 mobile IPv6, 4 segment routing. */
  readonly routingType: number;
  readonly segmentsLeft: number;
  /** The four bytes behind: reserved, or of segment routing last entry, flags, tag. */
  readonly rest: number;
  /** Addresses, for segment routing from the last to the first, then TLVs; a multiple of 8 bytes. */
  readonly data: Uint8Array;
  /** Only where it does not follow from the next layer. */
  readonly nextHeader: number | null;
}

const name = "ipv6Routing";
const segmentRouting = 4;

export const ipv6Routing = (
  fields: Pick<Ipv6RoutingHeader, "data"> & Partial<Omit<Ipv6RoutingHeader, "protocol" | "data">>,
): Ipv6RoutingHeader => {
  fits(name, "data length / 8", fields.data.length / 8, 8);
  return {
    protocol: name,
    routingType: fits(name, "routingType", fields.routingType ?? segmentRouting, 8),
    segmentsLeft: fits(name, "segmentsLeft", fields.segmentsLeft ?? 0, 8),
    rest: fits(name, "rest", fields.rest ?? 0, 32),
    data: fields.data,
    nextHeader: fields.nextHeader == null ? null : fits(name, "nextHeader", fields.nextHeader, 8),
  };
};

/** Segment routing through `segments`, in the order of the path; the last one is the final destination. */
export function segmentRoute(fields: {
  segments: readonly Ipv6Address[];
  segmentsLeft?: number;
  tag?: number;
}): Ipv6RoutingHeader {
  const data = new Uint8Array(fields.segments.length * 16);
  for (const [i, segment] of fields.segments.toReversed().entries()) data.set(segment, i * 16);
  const lastEntry = fields.segments.length - 1;
  const rest = fits(name, "segments", lastEntry, 7) * 2 ** 24 + fits(name, "tag", fields.tag ?? 0, 16);
  return ipv6Routing({ segmentsLeft: fields.segmentsLeft ?? lastEntry, rest, data });
}

/** Byte of the header where the final destination is, while segments are left; null: the IPv6 header has it. */
export function finalAddressAt({ routingType, segmentsLeft, data }: Ipv6RoutingHeader): number | null {
  if (segmentsLeft === 0 || data.length < 16) return null;
  if (routingType === segmentRouting) return 8;
  // Types 0 and 2 list addresses in the order of the path.
  return routingType === 0 || routingType === 2 ? 8 + (Math.floor(data.length / 16) - 1) * 16 : null;
}

const lengthOf = ({ data }: Ipv6RoutingHeader): number => 8 + data.length;

function emit(header: Ipv6RoutingHeader, { bytes, view, start, next }: Place): void {
  view.setUint8(start, header.nextHeader ?? next ?? 59);
  view.setUint8(start + 1, header.data.length / 8);
  view.setUint8(start + 2, header.routingType);
  view.setUint8(start + 3, header.segmentsLeft);
  view.setUint32(start + 4, header.rest);
  bytes.set(header.data, start + 8);
}

function parse({ bytes, view, start, end }: Unparsed): Parsed<Ipv6RoutingHeader> {
  if (end - start < 8) return tooShort(name, start, end, 8);
  const headerBytes = 8 + view.getUint8(start + 1) * 8;
  if (end - start < headerBytes) return tooShort(name, start, end, headerBytes);
  const nextHeader = view.getUint8(start);
  return {
    header: {
      protocol: name,
      routingType: view.getUint8(start + 2),
      segmentsLeft: view.getUint8(start + 3),
      rest: view.getUint32(start + 4),
      data: bytes.slice(start + 8, start + headerBytes),
      nextHeader,
    },
    headerBytes,
    end,
    next: { space: "ipProtocol", number: nextHeader },
    faults: [],
  };
}

function pseudoHeader(header: Ipv6RoutingHeader, outer: PseudoHeader | null): PseudoHeader | null {
  const at = finalAddressAt(header);
  return outer === null || at === null ? outer : { ...outer, dst: header.data.subarray(at - 8, at + 8) };
}

function fields({ routingType, data }: Ipv6RoutingHeader): readonly Field[] {
  const rows: FieldRow[] = [
    ["nextHeader", 8, "next"],
    ["length", 8, "length"],
    ["routingType", 8],
    ["segmentsLeft", 8],
  ];
  const own: FieldRow[] =
    routingType === segmentRouting
      ? [
          ["lastEntry", 8],
          ["flags", 8],
          ["tag", 16],
        ]
      : [["rest", 32]];
  const addresses = Array.from({ length: Math.floor(data.length / 16) }, (_, i): FieldRow => [`address${i}`, "ipv6"]);
  const left = (data.length % 16) * 8;
  return fieldTable([...rows, ...own, ...addresses, ...(left === 0 ? [] : [["tlvs", left, "bytes"] as const])]);
}

/** With `segments` it is a segment route, else the raw header. */
const makeRouting = (values: object): Ipv6RoutingHeader =>
  "segments" in values ? made(segmentRoute)(values) : made(ipv6Routing, { data: new Uint8Array(0) })(values);

export const ipv6RoutingProtocol: Protocol<Ipv6RoutingHeader> = {
  name,
  numbers: { ipProtocol: [43] },
  nextSpaces: () => ["ipProtocol"],
  headerBytes: lengthOf,
  emit,
  parse,
  pseudoHeader,
  fields,
  inputs: {
    segments: input.list(input.ipv6),
    segmentsLeft: input.uint(8),
    tag: input.uint(16),
    routingType: input.uint(8),
    rest: input.uint(32),
    data: input.bytes,
    nextHeader: input.uint(8),
  },
  make: makeRouting,
};
