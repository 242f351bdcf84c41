/**
 * GTP-U (3GPP TS 29.281 §5), in UDP to port 2152. Behind a G-PDU's header stands an IP packet, known by its version:
 *
 *     0  version (3 bits, 1), protocol type (1), spare (1), E, S, PN   1  message type   2  length behind byte 8   4  TEID
 *     8  if E, S or PN is set: sequence (2), N-PDU (1), type of the next extension header (1)
 *    12  extension headers: length / 4, content, type of the next
 */
import { type Field, type FieldRow, fieldTable } from "./field.js";
import { input } from "./input.js";
import { ipVersionAt } from "./mpls.js";
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
import { tunnelPorts } from "./udp.js";

export interface GtpuExtension {
  /** 0x85: PDU session container (3GPP TS 38.415). */
  readonly type: number;
  /** 4 n − 2 bytes. */
  readonly content: Uint8Array;
}

export interface GtpuHeader {
  readonly protocol: "gtpu";
  /** 255 G-PDU, 1 and 2 echo, 26 error indication, 254 end marker. */
  readonly messageType: number;
  readonly teid: number;
  readonly sequence: number | null;
  readonly nPdu: number | null;
  readonly extensions: readonly GtpuExtension[];
  readonly spare: number;
  /** `sequence`, `nPdu`, `nextExtension`: the content of these bytes although their flags are not set. */
  readonly wrong: {
    readonly length?: number;
    readonly sequence?: number;
    readonly nPdu?: number;
    readonly nextExtension?: number;
  };
}

const name = "gtpu";
const mandatoryBytes = 8;
const gPdu = 255;

/** A G-PDU unless `messageType` says otherwise. */
export const gtpu = (fields: Pick<GtpuHeader, "teid"> & Partial<Omit<GtpuHeader, "protocol" | "teid">>): GtpuHeader => {
  for (const { type, content } of fields.extensions ?? []) {
    fits(name, "extension type", type, 8);
    fits(name, "extension length / 4", (content.length + 2) / 4, 8);
  }
  return {
    protocol: name,
    messageType: fits(name, "messageType", fields.messageType ?? gPdu, 8),
    teid: fits(name, "teid", fields.teid, 32),
    sequence: fields.sequence == null ? null : fits(name, "sequence", fields.sequence, 16),
    nPdu: fields.nPdu == null ? null : fits(name, "nPdu", fields.nPdu, 8),
    extensions: fields.extensions ?? [],
    spare: fits(name, "spare", fields.spare ?? 0, 1),
    wrong: fields.wrong ?? {},
  };
};

/**
 * The extension that a 5G network puts into each G-PDU: PDU session container, downlink (0) or uplink (1), and the QoS
 * flow.
 */
export const pduSession = (direction: "downlink" | "uplink", qosFlow: number): GtpuExtension => ({
  type: 0x85,
  content: Uint8Array.of(direction === "uplink" ? 0x10 : 0, fits(name, "qosFlow", qosFlow, 6)),
});

/** Each of the three flags brings all four bytes (TS 29.281 §5.1). */
const hasOptional = ({ sequence, nPdu, extensions, wrong }: GtpuHeader): boolean =>
  sequence !== null || nPdu !== null || extensions.length > 0 || wrong.nextExtension !== undefined;

const lengthOf = (header: GtpuHeader): number =>
  mandatoryBytes +
  (hasOptional(header) ? 4 : 0) +
  header.extensions.reduce((sum, { content }) => sum + 2 + content.length, 0);

function emit(header: GtpuHeader, { bytes, view, start, end }: Place): void {
  const { sequence, nPdu, extensions, wrong } = header;
  const extended = extensions.length > 0;
  const flags = (extended ? 4 : 0) | (sequence === null ? 0 : 2) | (nPdu === null ? 0 : 1);
  view.setUint8(start, 0x30 | (header.spare << 3) | flags);
  view.setUint8(start + 1, header.messageType);
  view.setUint16(start + 2, wrong.length ?? end - start - mandatoryBytes);
  view.setUint32(start + 4, header.teid);
  if (!hasOptional(header)) return;
  view.setUint16(start + 8, sequence ?? wrong.sequence ?? 0);
  view.setUint8(start + 10, nPdu ?? wrong.nPdu ?? 0);
  view.setUint8(start + 11, extended ? extensions[0].type : (wrong.nextExtension ?? 0));
  let at = start + 12;
  for (const [i, { content }] of extensions.entries()) {
    view.setUint8(at, (content.length + 2) / 4);
    bytes.set(content, at + 1);
    at += content.length + 2;
    view.setUint8(at - 1, extensions[i + 1]?.type ?? 0);
  }
}

function parse({ bytes, view, start, end }: Unparsed): Parsed<GtpuHeader> {
  if (end - start < mandatoryBytes) return tooShort(name, start, end, mandatoryBytes);
  const first = view.getUint8(start);
  if (first >> 4 !== 3) {
    // Version 1 and protocol type GTP; GTP' and version 2 have other headers.
    const what = `version and protocol type 0x${(first >> 4).toString(16)}, expected 0x3`;
    return { header: null, fault: { protocol: name, field: "version", offset: start, what } };
  }
  const optional = (first & 7) !== 0;
  if (optional && end - start < 12) return tooShort(name, start, end, 12);
  const [extended, sequenced, numbered] = [4, 2, 1].map((bit) => (first & bit) !== 0);
  const firstType = optional ? view.getUint8(start + 11) : 0;
  const extensions = extended ? parseExtensions(bytes, start + 12, end, firstType) : [];
  if (extensions === null || (extended && extensions.length === 0)) {
    const what = "extension headers end beyond the packet, or are none";
    return { header: null, fault: { protocol: name, field: "extensions", offset: start + 11, what } };
  }
  const length = view.getUint16(start + 2);
  const there = end - start - mandatoryBytes;
  const messageType = view.getUint8(start + 1);
  const [sequence, nPdu] = optional ? [view.getUint16(start + 8), view.getUint8(start + 10)] : [0, 0];
  const least = (optional ? 4 : 0) + extensions.reduce((sum, { content }) => sum + 2 + content.length, 0);
  const lengthFits = length >= least && length <= there;
  const faults: Fault[] = lengthFits ? [] : [lengthFault(name, "length", start + 2, length, there)];
  const header: GtpuHeader = {
    protocol: name,
    messageType,
    teid: view.getUint32(start + 4),
    sequence: sequenced ? sequence : null,
    nPdu: numbered ? nPdu : null,
    extensions,
    spare: (first >> 3) & 1,
    wrong: {
      ...(lengthFits ? {} : { length }),
      ...(sequenced || sequence === 0 ? {} : { sequence }),
      ...(numbered || nPdu === 0 ? {} : { nPdu }),
      ...(extended || firstType === 0 ? {} : { nextExtension: firstType }),
    },
  };
  const headerBytes = lengthOf(header);
  const packetEnd = lengthFits ? start + mandatoryBytes + length : end;
  const next = messageType === gPdu ? ipVersionAt(view, start + headerBytes, packetEnd) : null;
  return { header, headerBytes, end: packetEnd, next, faults };
}

/** null where an extension has no length or is not complete. */
function parseExtensions(bytes: Uint8Array, from: number, end: number, first: number): readonly GtpuExtension[] | null {
  const extensions: GtpuExtension[] = [];
  let at = from;
  let type = first;
  while (type !== 0) {
    const next = at < end ? at + bytes[at] * 4 : at;
    if (next === at || next > end) return null;
    extensions.push({ type, content: bytes.slice(at + 1, next - 1) });
    type = bytes[next - 1];
    at = next;
  }
  return extensions;
}

function fields(header: GtpuHeader): readonly Field[] {
  const rows: FieldRow[] = [
    ["version", 3, "constant"],
    ["protocolType", 1, "constant"],
    ["spare", 1],
    ["flags", 3, "constant"],
    ["messageType", 8],
    ["length", 16, "length"],
    ["teid", 32],
  ];
  if (hasOptional(header)) rows.push(["sequence", 16], ["nPdu", 8], ["nextExtension", 8, "next"]);
  const extensions = header.extensions.flatMap(({ content }, i): FieldRow[] => [
    [`extension${i}.length`, 8, "length"],
    [`extension${i}.content`, content.length * 8, "bytes"],
    [`extension${i}.next`, 8, "next"],
  ]);
  return fieldTable([...rows, ...extensions]);
}

function makePacket(values: object): GtpuHeader {
  const v = values as Parameters<typeof gtpu>[0] & {
    pduSession?: { direction: "downlink" | "uplink"; qosFlow: number };
  };
  const session = v.pduSession === undefined ? [] : [pduSession(v.pduSession.direction, v.pduSession.qosFlow)];
  return gtpu({ ...v, extensions: [...session, ...(v.extensions ?? [])] });
}

export const gtpuProtocol: Protocol<GtpuHeader> = {
  name,
  numbers: { udpPort: [tunnelPorts.gtpu] },
  nextSpaces: ({ messageType }) => (messageType === gPdu ? ["ipVersion"] : []),
  headerBytes: lengthOf,
  emit,
  parse,
  fields,
  inputs: {
    teid: input.needed(input.uint(32)),
    messageType: input.uint(8, { echoRequest: 1, echoResponse: 2, errorIndication: 26, endMarker: 254, gPdu }),
    sequence: input.uint(16),
    nPdu: input.uint(8),
    spare: input.uint(1),
    extensions: input.list(input.object({ type: input.needed(input.uint(8)), content: input.needed(input.bytes) })),
    pduSession: input.object({
      direction: input.needed(input.choice("downlink", "uplink")),
      qosFlow: input.needed(input.uint(6)),
    }),
    wrong: input.object({ length: input.uint(16) }),
  },
  make: makePacket,
};
