/**
 * PPPoE (RFC 2516 §4), discovery (EtherType 0x8863) and session (0x8864):
 *
 *     0  version, type (4 bits each, 1)   1  code   2  session   4  length of what follows   6  tags, or PPP (ppp.ts)
 *     tag: 0  type   2  length   4  value
 */
import { type Field, type FieldRow, fieldTable } from "./field.js";
import { input } from "./input.js";
import {
  type Fault,
  fits,
  lengthFault,
  type Parsed,
  type Place,
  type Protocol,
  tooShort,
  type Unparsed,
} from "./protocol.js";

export interface PppoeTag {
  readonly type: number;
  readonly value: Uint8Array;
}

export interface PppoeHeader {
  readonly protocol: "pppoe";
  readonly stage: "discovery" | "session";
  /** Discovery: 0x09 PADI, 0x07 PADO, 0x19 PADR, 0x65 PADS, 0xa7 PADT; session: 0. */
  readonly code: number;
  readonly sessionId: number;
  /** Only in discovery. */
  readonly tags: readonly PppoeTag[];
  readonly wrong: { readonly length?: number; readonly versionAndType?: number };
}

export const pppoeCodes = { padi: 0x09, pado: 0x07, padr: 0x19, pads: 0x65, padt: 0xa7 } as const;

const name = "pppoe";
const fixedBytes = 6;
const etherTypes = { discovery: 0x8863, session: 0x8864 } as const;
const head: readonly FieldRow[] = [
  ["version", 4, "constant"],
  ["type", 4, "constant"],
  ["code", 8],
  ["sessionId", 16],
  ["length", 16, "length"],
];

/** A session's header; PPP follows. */
export const pppoe = (fields: { sessionId: number; code?: number; wrong?: PppoeHeader["wrong"] }): PppoeHeader => ({
  protocol: name,
  stage: "session",
  code: fits(name, "code", fields.code ?? 0, 8),
  sessionId: fits(name, "sessionId", fields.sessionId, 16),
  tags: [],
  wrong: fields.wrong ?? {},
});

/** A discovery packet (RFC 2516 §5); tag types are in Appendix A, e.g. 0x0101 service name, 0x0103 host-uniq. */
export const pppoeDiscovery = (fields: {
  code: number;
  sessionId?: number;
  tags?: readonly PppoeTag[];
  wrong?: PppoeHeader["wrong"];
}): PppoeHeader => ({
  protocol: name,
  stage: "discovery",
  code: fits(name, "code", fields.code, 8),
  sessionId: fits(name, "sessionId", fields.sessionId ?? 0, 16),
  tags: (fields.tags ?? []).map(({ type, value }) => {
    fits(name, "tag length", value.length, 16);
    return { type: fits(name, "tag type", type, 16), value };
  }),
  wrong: fields.wrong ?? {},
});

const lengthOf = ({ tags }: PppoeHeader): number => tags.reduce((sum, { value }) => sum + 4 + value.length, fixedBytes);

function emit(header: PppoeHeader, { bytes, view, start, end }: Place): void {
  view.setUint8(start, header.wrong.versionAndType ?? 0x11);
  view.setUint8(start + 1, header.code);
  view.setUint16(start + 2, header.sessionId);
  view.setUint16(start + 4, header.wrong.length ?? end - start - fixedBytes);
  let at = start + fixedBytes;
  for (const { type, value } of header.tags) {
    view.setUint16(at, type);
    view.setUint16(at + 2, value.length);
    bytes.set(value, at + 4);
    at += 4 + value.length;
  }
}

function parse({ bytes, view, start, end }: Unparsed, number: number | null): Parsed<PppoeHeader> {
  if (end - start < fixedBytes) return tooShort(name, start, end, fixedBytes);
  const stage = number === etherTypes.discovery ? "discovery" : "session";
  const versionAndType = view.getUint8(start);
  const length = view.getUint16(start + 4);
  const lengthFits = length <= end - start - fixedBytes;
  const packetEnd = lengthFits ? start + fixedBytes + length : end;
  const faults: Fault[] = lengthFits ? [] : [lengthFault(name, "length", start + 4, length, end - start - fixedBytes)];
  if (versionAndType !== 0x11) {
    const what = `0x${versionAndType.toString(16).padStart(2, "0")}, expected 0x11`;
    faults.push({ protocol: name, field: "version", offset: start, what });
  }
  const code = view.getUint8(start + 1);
  const header: PppoeHeader = {
    protocol: name,
    stage,
    code,
    sessionId: view.getUint16(start + 2),
    tags: stage === "discovery" ? parseTags(bytes, view, start + fixedBytes, packetEnd) : [],
    wrong: { ...(lengthFits ? {} : { length }), ...(versionAndType === 0x11 ? {} : { versionAndType }) },
  };
  const headerBytes = lengthOf(header);
  const next = stage === "session" && code === 0 ? ({ space: "pppoe", number: 0 } as const) : null;
  return { header, headerBytes, end: packetEnd, next, faults };
}

/** The tags that are whole. */
function parseTags(bytes: Uint8Array, view: DataView, from: number, end: number): readonly PppoeTag[] {
  const tags: PppoeTag[] = [];
  let at = from;
  while (at + 4 <= end) {
    const next = at + 4 + view.getUint16(at + 2);
    if (next > end) break;
    tags.push({ type: view.getUint16(at), value: bytes.slice(at + 4, next) });
    at = next;
  }
  return tags;
}

function fields({ tags }: PppoeHeader): readonly Field[] {
  const rows = tags.flatMap(({ value }, i): FieldRow[] => [
    [`tag${i}.type`, 16],
    [`tag${i}.length`, 16, "length"],
    ...(value.length === 0 ? [] : [[`tag${i}.value`, value.length * 8, "bytes"] as const]),
  ]);
  return fieldTable([...head, ...rows]);
}

/** Tags, or a code other than 0, make a packet of discovery. */
function makePacket(values: object): PppoeHeader {
  const v = values as Partial<Omit<PppoeHeader, "tags">> & { tags?: readonly { type: number; value?: Uint8Array }[] };
  const tags = (v.tags ?? []).map(({ type, value }) => ({ type, value: value ?? new Uint8Array(0) }));
  const discovery = (v.code ?? 0) !== 0 || tags.length > 0;
  return discovery ? pppoeDiscovery({ code: 0, ...v, tags }) : pppoe({ sessionId: 1, ...v });
}

export const pppoeProtocol: Protocol<PppoeHeader> = {
  name,
  numbers: { etherType: [etherTypes.session, etherTypes.discovery] },
  numberOf: ({ stage }) => etherTypes[stage],
  nextSpaces: ({ stage }) => (stage === "session" ? ["pppoe"] : []),
  closed: ({ stage }) => stage === "discovery",
  headerBytes: lengthOf,
  emit,
  parse,
  fields,
  inputs: {
    sessionId: input.uint(16),
    code: input.uint(8, pppoeCodes),
    tags: input.list(input.object({ type: input.needed(input.uint(16)), value: input.bytes })),
    wrong: input.object({ length: input.uint(16), versionAndType: input.uint(8) }),
  },
  make: makePacket,
};
