/**
 * The subnetwork access protocol (IEEE 802 §9.2, RFC 1042), behind LLC's SAP 0xaa:
 *
 *     0  organisation (3 bytes)   3  its protocol: with organisation 0 an EtherType (2)   5  payload
 */
import { fieldTable } from "./field.js";
import { input, made } from "./input.js";
import { fits, type Parsed, type Place, type Protocol, tooShort, type Unparsed } from "./protocol.js";

export interface SnapHeader {
  readonly protocol: "snap";
  readonly oui: number;
  /** Only where it does not follow from the next layer. */
  readonly etherType: number | null;
}

const headerBytes = 5;
const table = fieldTable([
  ["oui", 24],
  ["etherType", 16, "next"],
]);

export const snap = (fields: { oui?: number; etherType?: number } = {}): SnapHeader => ({
  protocol: "snap",
  oui: fits("snap", "oui", fields.oui ?? 0, 24),
  etherType: fields.etherType === undefined ? null : fits("snap", "etherType", fields.etherType, 16),
});

function emit(header: SnapHeader, { view, start, next }: Place): void {
  view.setUint8(start, header.oui >> 16);
  view.setUint16(start + 1, header.oui & 0xffff);
  view.setUint16(start + 3, header.etherType ?? next ?? 0);
}

function parse({ view, start, end }: Unparsed): Parsed<SnapHeader> {
  if (end - start < headerBytes) return tooShort("snap", start, end, headerBytes);
  const oui = view.getUint8(start) * 2 ** 16 + view.getUint16(start + 1);
  const etherType = view.getUint16(start + 3);
  return {
    header: { protocol: "snap", oui, etherType },
    headerBytes,
    end,
    next: oui === 0 ? { space: "etherType", number: etherType } : null,
    faults: [],
  };
}

export const snapProtocol: Protocol<SnapHeader> = {
  name: "snap",
  numbers: { llcSap: [0xaa] },
  nextSpaces: ({ oui }) => (oui === 0 ? ["etherType"] : []),
  headerBytes: () => headerBytes,
  emit,
  parse,
  fields: () => table,
  inputs: {
    oui: input.uint(24),
    etherType: input.uint(16),
  },
  make: made(snap),
};
