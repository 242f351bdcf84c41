/**
 * ICMP for IPv4 (RFC 792): type, code, checksum, and four bytes whose meaning depends on the type:
 *
 *     0  type   1  code   2  checksum   4  identifier, sequence | unused, next-hop MTU | gateway | pointer   8  data
 */
import type { Ipv4Address } from "./address.js";
import { type Field, fieldTable } from "./field.js";
import { input, made } from "./input.js";
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

export interface IcmpHeader {
  readonly protocol: "icmp";
  readonly type: number;
  readonly code: number;
  /** The four bytes behind the checksum, as one number. */
  readonly rest: number;
  readonly wrong: { readonly checksum?: number };
}

export const icmpTypes = {
  echoReply: 0,
  unreachable: 3,
  redirect: 5,
  echoRequest: 8,
  timeExceeded: 11,
  parameterProblem: 12,
} as const;

const name = "icmp";
const headerBytes = 8;
const head = [
  ["type", 8],
  ["code", 8],
  ["checksum", 16, "checksum"],
] as const;
const tables = {
  echo: fieldTable([...head, ["identifier", 16], ["sequence", 16]]),
  unreachable: fieldTable([...head, ["unused", 16], ["mtu", 16]]),
  redirect: fieldTable([...head, ["gateway", "ipv4"]]),
  parameterProblem: fieldTable([...head, ["pointer", 8], ["unused", 24]]),
  other: fieldTable([...head, ["rest", 32]]),
};
/** Echo, timestamp and information messages have an identifier and a sequence number (RFC 792, RFC 950). */
const echoTypes: ReadonlySet<number> = new Set([0, 8, 13, 14, 15, 16, 17, 18]);

/** These messages quote the datagram that caused them. The quote may be cut off anywhere, so reading ends before it. */
const errorTypes: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);

/**
 * Any message. Parts of `rest` may be given by name: `identifier` and `sequence` of an echo, `mtu` of "fragmentation
 * needed" (RFC 1191 §4). `gateway` of a redirect and `pointer` of a parameter problem, too.
 */
export function icmp(fields: {
  type: number;
  code?: number;
  rest?: number;
  identifier?: number;
  sequence?: number;
  mtu?: number;
  gateway?: Ipv4Address;
  pointer?: number;
  wrong?: IcmpHeader["wrong"];
}): IcmpHeader {
  const identifier = fits(name, "identifier", fields.identifier ?? 0, 16);
  const sequence = fits(name, "sequence", fields.sequence ?? fields.mtu ?? 0, 16);
  const pointer = fits(name, "pointer", fields.pointer ?? 0, 8);
  const gateway = fields.gateway === undefined ? 0 : new DataView(fields.gateway.slice().buffer).getUint32(0);
  const parts = identifier * 0x10000 + sequence + pointer * 0x1000000 + gateway;
  return {
    protocol: name,
    type: fits(name, "type", fields.type, 8),
    code: fits(name, "code", fields.code ?? 0, 8),
    rest: fits(name, "rest", fields.rest ?? parts, 32),
    wrong: fields.wrong ?? {},
  };
}

/** An echo request, or the reply with the same identifier and sequence. */
export const icmpEcho = (fields: { identifier: number; sequence: number; reply?: boolean }): IcmpHeader =>
  icmp({
    type: fields.reply === true ? icmpTypes.echoReply : icmpTypes.echoRequest,
    identifier: fields.identifier,
    sequence: fields.sequence,
  });

function emit(header: IcmpHeader, place: Place): void {
  const { view, start, end } = place;
  view.setUint8(start, header.type);
  view.setUint8(start + 1, header.code);
  view.setUint16(start + 2, 0);
  view.setUint32(start + 4, header.rest);
  view.setUint16(start + 2, header.wrong.checksum ?? messageChecksum(place, end, null, 0));
}

function parse(place: Unparsed): Parsed<IcmpHeader> {
  const { view, start, end } = place;
  if (end - start < headerBytes) return tooShort(name, start, end, headerBytes);
  const stored = view.getUint16(start + 2);
  const right = messageChecksum(place, end, null, stored);
  return {
    header: {
      protocol: name,
      type: view.getUint8(start),
      code: view.getUint8(start + 1),
      rest: view.getUint32(start + 4),
      wrong: stored === right ? {} : { checksum: stored },
    },
    headerBytes,
    end,
    next: null,
    faults: stored === right ? [] : [checksumFault(name, start + 2, stored, right)],
  };
}

function fields({ type }: IcmpHeader): readonly Field[] {
  if (echoTypes.has(type)) return tables.echo;
  if (type === icmpTypes.unreachable) return tables.unreachable;
  if (type === icmpTypes.redirect) return tables.redirect;
  return type === icmpTypes.parameterProblem ? tables.parameterProblem : tables.other;
}

export const icmpProtocol: Protocol<IcmpHeader> = {
  name,
  numbers: { ipProtocol: [1] },
  nextSpaces: ({ type }) => (errorTypes.has(type) ? ["ipVersion"] : []),
  headerBytes: () => headerBytes,
  emit,
  parse,
  fields,
  checksum: () => ({ algorithm: "internet", covers: "packet", pseudoHeader: false, zeroIsNone: false }),
  inputs: {
    type: input.needed(input.uint(8, icmpTypes)),
    code: input.uint(8),
    rest: input.uint(32),
    identifier: input.uint(16),
    sequence: input.uint(16),
    mtu: input.uint(16),
    gateway: input.ipv4,
    pointer: input.uint(8),
    wrong: input.object({ checksum: input.uint(16) }),
  },
  make: made(icmp),
};
