/**
 * Logical link control (IEEE 802.2 §3.2), behind an Ethernet header whose EtherType is a length (IEEE 802.3 §3.2.6):
 *
 *     0  destination SAP   1  source SAP   2  control: one byte (unnumbered), or two   3 or 4  payload
 */
import { type FieldRow, fieldTable } from "./field.js";
import { input, made } from "./input.js";
import { fits, type Parsed, type Place, type Protocol, tooShort, type Unparsed } from "./protocol.js";

export interface LlcHeader {
  readonly protocol: "llc";
  /** Only where they do not follow from the next layer: 0xaa is SNAP's. */
  readonly dsap: number | null;
  readonly ssap: number | null;
  /** 3: unnumbered information. */
  readonly control: number;
  /**
   * The second byte of the control field. The field has one unless its first byte ends in two ones. null: as the first
   * byte says.
   */
  readonly control2: number | null;
}

/** SAPs that are met: spanning tree, SNAP, NetBIOS, IS-IS. */
const saps = { spanningTree: 0x42, snap: 0xaa, netbios: 0xf0, isis: 0xfe } as const;

const isUnnumbered = (byte: number): boolean => (byte & 3) === 3;

export const llc = (fields: { dsap?: number; ssap?: number; control?: number; control2?: number } = {}): LlcHeader => ({
  protocol: "llc",
  dsap: fields.dsap === undefined ? null : fits("llc", "dsap", fields.dsap, 8),
  ssap: fields.ssap === undefined ? null : fits("llc", "ssap", fields.ssap, 8),
  control: fits("llc", "control", fields.control ?? 3, 8),
  control2: fields.control2 === undefined ? null : fits("llc", "control2", fields.control2, 8),
});

const isLong = ({ control, control2 }: LlcHeader): boolean => control2 !== null || !isUnnumbered(control);

function emit(header: LlcHeader, { view, start, next }: Place): void {
  view.setUint8(start, header.dsap ?? next ?? 0);
  view.setUint8(start + 1, header.ssap ?? next ?? 0);
  view.setUint8(start + 2, header.control);
  if (isLong(header)) view.setUint8(start + 3, header.control2 ?? 0);
}

function parse({ view, start, end }: Unparsed): Parsed<LlcHeader> {
  if (end - start < 3) return tooShort("llc", start, end, 3);
  const unnumbered = isUnnumbered(view.getUint8(start + 2));
  const headerBytes = unnumbered ? 3 : 4;
  if (end - start < headerBytes) return tooShort("llc", start, end, headerBytes);
  const dsap = view.getUint8(start);
  return {
    header: {
      protocol: "llc",
      dsap,
      ssap: view.getUint8(start + 1),
      control: view.getUint8(start + 2),
      control2: unnumbered ? null : view.getUint8(start + 3),
    },
    headerBytes,
    end,
    next: unnumbered ? { space: "llcSap", number: dsap } : null,
    faults: [],
  };
}

const rows: readonly FieldRow[] = [
  ["dsap", 8, "next"],
  ["ssap", 8, "next"],
  ["control", 8],
];
const shortTable = fieldTable(rows);
const longTable = fieldTable([...rows, ["control2", 8]]);

export const llcProtocol: Protocol<LlcHeader> = {
  name: "llc",
  numbers: { llc: [0] },
  nextSpaces: (header) => (isLong(header) ? [] : ["llcSap"]),
  headerBytes: (header) => (isLong(header) ? 4 : 3),
  emit,
  parse,
  fields: (header) => (isLong(header) ? longTable : shortTable),
  inputs: {
    dsap: input.uint(8, saps),
    ssap: input.uint(8, saps),
    control: input.uint(8),
    control2: input.uint(8),
  },
  make: made(llc),
};
