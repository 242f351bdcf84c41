/**
 * ICMPv6 (RFC 4443) with neighbour discovery (RFC 4861) and its options. The checksum includes the pseudo-header:
 *
 *    0  type   1  code   2  checksum   4  four bytes whose meaning depends on the type
 *     8  router advertisement: reachable time, retransmit timer; solicitation and advertisement: target (16);
 *        redirect: target (16), destination (16); then, in all of discovery, options; else data
 *
 * An option is type, length in units of 8 bytes, and its body.
 */
import { usageError } from "../errors.js";
import type { Ipv6Address } from "./address.js";
import { type Field, type FieldRow, fieldTable } from "./field.js";
import { input } from "./input.js";
import {
  checksumFault,
  type Fault,
  fits,
  messageChecksum,
  type Parsed,
  type Place,
  type Protocol,
  tooShort,
  type Unparsed,
} from "./protocol.js";

export interface NdOption {
  readonly type: number;
  /** Without type and length: 8 n + 6 bytes. */
  readonly body: Uint8Array;
}

export interface Icmpv6Header {
  readonly protocol: "icmpv6";
  readonly type: number;
  readonly code: number;
  /** The four bytes behind the checksum, as one number. */
  readonly rest: number;
  /** The bytes of a discovery message between `rest` and its options. Empty in other messages. */
  readonly fixed: Uint8Array;
  readonly options: readonly NdOption[];
  readonly wrong: { readonly checksum?: number };
}

export const icmpv6Types = {
  unreachable: 1,
  packetTooBig: 2,
  timeExceeded: 3,
  parameterProblem: 4,
  echoRequest: 128,
  echoReply: 129,
  routerSolicitation: 133,
  routerAdvertisement: 134,
  neighbourSolicitation: 135,
  neighbourAdvertisement: 136,
  redirect: 137,
} as const;

/** RFC 4861 §4.6; route information: RFC 4191; DNS servers: RFC 8106. */
export const ndOptionTypes = { sourceLinkLayer: 1, targetLinkLayer: 2, prefix: 3, redirected: 4, mtu: 5 } as const;

const name = "icmpv6";
const ipProtocol = 58;
const types = icmpv6Types;
const fixedBytes: Readonly<Partial<Record<number, number>>> = {
  [types.routerSolicitation]: 0,
  [types.routerAdvertisement]: 8,
  [types.neighbourSolicitation]: 16,
  [types.neighbourAdvertisement]: 16,
  [types.redirect]: 32,
};

const isDiscovery = (type: number): boolean => fixedBytes[type] !== undefined;

/** Any message; for discovery, `fixed` has the length that its type says (RFC 4861 §4). */
export function icmpv6(fields: { readonly type: number } & Partial<Omit<Icmpv6Header, "protocol">>): Icmpv6Header {
  const type = fits(name, "type", fields.type, 8);
  const fixed = fields.fixed ?? new Uint8Array(fixedBytes[type] ?? 0);
  const options = fields.options ?? [];
  if (fixed.length !== (fixedBytes[type] ?? 0)) {
    const what = `icmpv6 type ${type} has ${fixedBytes[type] ?? 0} fixed bytes, not ${fixed.length}`;
    throw usageError(what, { where: "icmpv6.fixed" });
  }
  for (const option of options) {
    fits(name, "options type", option.type, 8);
    fits(name, "options length / 8", (option.body.length + 2) / 8, 8);
  }
  return {
    protocol: name,
    type,
    code: fits(name, "code", fields.code ?? 0, 8),
    rest: fits(name, "rest", fields.rest ?? 0, 32),
    fixed,
    options,
    wrong: fields.wrong ?? {},
  };
}

/** An echo request, or the reply with the same identifier and sequence. */
export const icmpv6Echo = (fields: { identifier: number; sequence: number; reply?: boolean }): Icmpv6Header =>
  icmpv6({
    type: fields.reply === true ? types.echoReply : types.echoRequest,
    rest: fits(name, "identifier", fields.identifier, 16) * 0x10000 + fits(name, "sequence", fields.sequence, 16),
  });

/** "Who has target?" (RFC 4861 §4.3). Send it to the target's solicited-node address, from hop limit 255. */
export const neighbourSolicitation = (fields: { target: Ipv6Address; options?: readonly NdOption[] }): Icmpv6Header =>
  icmpv6({ type: types.neighbourSolicitation, fixed: fields.target, options: fields.options ?? [] });

/** "I have target" (RFC 4861 §4.4), from hop limit 255. */
export const neighbourAdvertisement = (fields: {
  target: Ipv6Address;
  router?: boolean;
  solicited?: boolean;
  override?: boolean;
  options?: readonly NdOption[];
}): Icmpv6Header => {
  const flags = (fields.router ? 4 : 0) + (fields.solicited ? 2 : 0) + (fields.override ? 1 : 0);
  return icmpv6({
    type: types.neighbourAdvertisement,
    rest: flags * 2 ** 29,
    fixed: fields.target,
    options: fields.options ?? [],
  });
};

/** RFC 4861 §4.1, sent to ff02::2. */
export const routerSolicitation = (fields: { options?: readonly NdOption[] } = {}): Icmpv6Header =>
  icmpv6({ type: types.routerSolicitation, options: fields.options ?? [] });

/** RFC 4861 §4.2: lifetime in seconds, times in milliseconds. */
export function routerAdvertisement(fields: {
  hopLimit?: number;
  managed?: boolean;
  other?: boolean;
  lifetime?: number;
  reachableTime?: number;
  retransmitTimer?: number;
  options?: readonly NdOption[];
}): Icmpv6Header {
  const fixed = new Uint8Array(8);
  const view = new DataView(fixed.buffer);
  view.setUint32(0, fits(name, "reachableTime", fields.reachableTime ?? 0, 32));
  view.setUint32(4, fits(name, "retransmitTimer", fields.retransmitTimer ?? 0, 32));
  const flags = (fields.managed ? 0x80 : 0) + (fields.other ? 0x40 : 0);
  const hopLimit = fits(name, "hopLimit", fields.hopLimit ?? 64, 8);
  const rest = hopLimit * 2 ** 24 + flags * 2 ** 16 + fits(name, "lifetime", fields.lifetime ?? 1800, 16);
  return icmpv6({ type: types.routerAdvertisement, rest, fixed, options: fields.options ?? [] });
}

/** The option with a MAC address (RFC 4861 §4.6.1): the sender's, or the target's. */
export const linkLayerOption = (whose: "source" | "target", mac: Uint8Array): NdOption => ({
  type: whose === "source" ? ndOptionTypes.sourceLinkLayer : ndOptionTypes.targetLinkLayer,
  body: mac.slice(),
});

/** RFC 4861 §4.6.4. */
export const mtuOption = (mtu: number): NdOption => {
  const body = new Uint8Array(6);
  new DataView(body.buffer).setUint32(2, fits(name, "mtu", mtu, 32));
  return { type: ndOptionTypes.mtu, body };
};

/** RFC 4861 §4.6.2: on-link and for autoconfiguration; lifetimes in seconds. */
export function prefixOption(fields: {
  prefix: Ipv6Address;
  prefixBits: number;
  validLifetime?: number;
  preferredLifetime?: number;
}): NdOption {
  const body = new Uint8Array(30);
  const view = new DataView(body.buffer);
  view.setUint8(0, fits(name, "prefixBits", fields.prefixBits, 8));
  view.setUint8(1, 0xc0);
  view.setUint32(2, fits(name, "validLifetime", fields.validLifetime ?? 2_592_000, 32));
  view.setUint32(6, fits(name, "preferredLifetime", fields.preferredLifetime ?? 604_800, 32));
  body.set(fields.prefix, 14);
  return { type: ndOptionTypes.prefix, body };
}

/** The MAC address in an option of a solicitation or advertisement; null: there is none. */
export function linkLayerOf({ options }: Icmpv6Header, whose: "source" | "target"): Uint8Array | null {
  const type = whose === "source" ? ndOptionTypes.sourceLinkLayer : ndOptionTypes.targetLinkLayer;
  const option = options.find((each) => each.type === type && each.body.length === 6);
  return option === undefined ? null : option.body.slice();
}

const optionsBytes = (options: readonly NdOption[]): number =>
  options.reduce((sum, { body }) => sum + 2 + body.length, 0);

const lengthOf = ({ fixed, options }: Icmpv6Header): number => 8 + fixed.length + optionsBytes(options);

function emit(header: Icmpv6Header, place: Place): void {
  const { bytes, view, start, end } = place;
  view.setUint8(start, header.type);
  view.setUint8(start + 1, header.code);
  view.setUint16(start + 2, 0);
  view.setUint32(start + 4, header.rest);
  bytes.set(header.fixed, start + 8);
  let at = start + 8 + header.fixed.length;
  for (const { type, body } of header.options) {
    bytes[at] = type;
    bytes[at + 1] = (body.length + 2) / 8;
    bytes.set(body, at + 2);
    at += 2 + body.length;
  }
  view.setUint16(start + 2, header.wrong.checksum ?? messageChecksum(place, end, ipProtocol, 0));
}

function parse(place: Unparsed): Parsed<Icmpv6Header> {
  const { bytes, view, start, end } = place;
  if (end - start < 8) return tooShort(name, start, end, 8);
  const type = view.getUint8(start);
  const fixedEnd = start + 8 + (fixedBytes[type] ?? 0);
  if (end < fixedEnd) return tooShort(name, start, end, fixedEnd - start);
  const options = isDiscovery(type) ? parseOptions(bytes, fixedEnd, end) : [];
  const optionsEnd = fixedEnd + optionsBytes(options);
  const stored = view.getUint16(start + 2);
  const right = messageChecksum(place, end, ipProtocol, stored);
  const faults: Fault[] = stored === right ? [] : [checksumFault(name, start + 2, stored, right)];
  if (isDiscovery(type) && optionsEnd < end) {
    faults.push({
      protocol: name,
      field: "options",
      offset: optionsEnd,
      what: `${end - optionsEnd} bytes that are no option`,
    });
  }
  return {
    header: {
      protocol: name,
      type,
      code: view.getUint8(start + 1),
      rest: view.getUint32(start + 4),
      fixed: bytes.slice(start + 8, fixedEnd),
      options,
      wrong: stored === right ? {} : { checksum: stored },
    },
    headerBytes: optionsEnd - start,
    end,
    next: null,
    faults,
  };
}

/** The options that are whole. A length of 0 ends them (RFC 4861 §4.6 discards such a packet). */
function parseOptions(bytes: Uint8Array, from: number, end: number): readonly NdOption[] {
  const options: NdOption[] = [];
  let at = from;
  while (at + 8 <= end && bytes[at + 1] > 0 && at + bytes[at + 1] * 8 <= end) {
    const next = at + bytes[at + 1] * 8;
    options.push({ type: bytes[at], body: bytes.slice(at + 2, next) });
    at = next;
  }
  return options;
}

function fields(header: Icmpv6Header): readonly Field[] {
  const rows: FieldRow[] = [
    ["type", 8],
    ["code", 8],
    ["checksum", 16, "checksum"],
    ...messageRows(header.type),
    ...header.options.flatMap((option, i) => optionRows(option, i)),
  ];
  return fieldTable(rows);
}

function messageRows(type: number): readonly FieldRow[] {
  if (type === types.echoRequest || type === types.echoReply)
    return [
      ["identifier", 16],
      ["sequence", 16],
    ];
  if (type === types.packetTooBig) return [["mtu", 32]];
  if (type === types.parameterProblem) return [["pointer", 32]];
  if (type === types.neighbourSolicitation)
    return [
      ["reserved", 32],
      ["target", "ipv6"],
    ];
  if (type === types.redirect)
    return [
      ["reserved", 32],
      ["target", "ipv6"],
      ["destination", "ipv6"],
    ];
  if (type === types.neighbourAdvertisement) {
    return [
      ["router", 1],
      ["solicited", 1],
      ["override", 1],
      ["reserved", 29],
      ["target", "ipv6"],
    ];
  }
  if (type !== types.routerAdvertisement) return [["rest", 32]];
  const flags: readonly FieldRow[] = [
    ["managed", 1],
    ["other", 1],
    ["reserved", 6],
    ["lifetime", 16],
  ];
  return [["hopLimit", 8], ...flags, ["reachableTime", 32], ["retransmitTimer", 32]];
}

/** Options are `option0.type`, `option0.body` and so on; a MAC address is `option0.mac`. */
function optionRows({ type, body }: NdOption, i: number): readonly FieldRow[] {
  const isMac = body.length === 6 && (type === ndOptionTypes.sourceLinkLayer || type === ndOptionTypes.targetLinkLayer);
  const last: FieldRow = isMac ? [`option${i}.mac`, "mac"] : [`option${i}.body`, body.length * 8, "bytes"];
  return [[`option${i}.type`, 8], [`option${i}.length`, 8, "length"], last];
}

/** Builds `rest` and `fixed` from the parts of a message that were named. */
function makeMessage(values: object): Icmpv6Header {
  const v = values as MessageParts;
  const options = [...(v.options ?? [])];
  if (v.sourceMac !== undefined) options.push(linkLayerOption("source", v.sourceMac));
  if (v.targetMac !== undefined) options.push(linkLayerOption("target", v.targetMac));
  if (v.mtu !== undefined && isDiscovery(v.type)) options.push(mtuOption(v.mtu));
  if (v.prefix !== undefined) options.push(prefixOption(v.prefix));
  const message = messageOf(v, options);
  const { code, rest, wrong } = v;
  return { ...message, code: code ?? message.code, rest: rest ?? message.rest, wrong: wrong ?? {} };
}

type MessageParts = { readonly type: number } & Partial<
  Pick<Icmpv6Header, "code" | "rest" | "options" | "wrong"> &
    Record<"identifier" | "sequence" | "mtu", number> &
    Record<"target" | "destination", Ipv6Address> &
    Record<"sourceMac" | "targetMac", Uint8Array> & { readonly prefix: Parameters<typeof prefixOption>[0] }
>;

function messageOf(v: MessageParts, options: readonly NdOption[]): Icmpv6Header {
  const target = v.target ?? (new Uint8Array(16) as Ipv6Address);
  if (v.type === types.neighbourSolicitation) return neighbourSolicitation({ target, options });
  if (v.type === types.neighbourAdvertisement) return neighbourAdvertisement({ ...v, target, options });
  if (v.type === types.routerAdvertisement) return routerAdvertisement({ ...v, options });
  if (v.type === types.redirect) {
    const fixed = Uint8Array.of(...target, ...(v.destination ?? new Uint8Array(16)));
    return icmpv6({ type: v.type, fixed, options });
  }
  if (isDiscovery(v.type)) return icmpv6({ type: v.type, options });
  return icmpv6({ type: v.type, rest: v.mtu ?? (v.identifier ?? 0) * 0x10000 + (v.sequence ?? 0) });
}

export const icmpv6Protocol: Protocol<Icmpv6Header> = {
  name,
  numbers: { ipProtocol: [ipProtocol] },
  // Errors quote the packet that caused them (RFC 4443 §2.1). The quote may be cut off, so reading ends before it.
  nextSpaces: ({ type }) => (type >= types.unreachable && type <= types.parameterProblem ? ["ipVersion"] : []),
  closed: ({ type }) => isDiscovery(type),
  headerBytes: lengthOf,
  emit,
  parse,
  fields,
  checksum: () => ({ algorithm: "internet", covers: "packet", pseudoHeader: true, zeroIsNone: false }),
  inputs: {
    type: input.needed(input.uint(8, icmpv6Types)),
    code: input.uint(8),
    rest: input.uint(32),
    identifier: input.uint(16),
    sequence: input.uint(16),
    target: input.ipv6,
    destination: input.ipv6,
    router: input.flag,
    solicited: input.flag,
    override: input.flag,
    hopLimit: input.uint(8),
    managed: input.flag,
    other: input.flag,
    lifetime: input.uint(16),
    reachableTime: input.uint(32),
    retransmitTimer: input.uint(32),
    sourceMac: input.mac,
    targetMac: input.mac,
    mtu: input.uint(32),
    prefix: input.object({ prefix: input.needed(input.ipv6), prefixBits: input.needed(input.uint(8)) }),
    options: input.list(input.object({ type: input.needed(input.uint(8)), body: input.needed(input.bytes) })),
    wrong: input.object({ checksum: input.uint(16) }),
  },
  make: makeMessage,
};
