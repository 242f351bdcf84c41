/**
 * An MPLS label stack entry (RFC 3032 §2.1; traffic class: RFC 5462). Each entry is a layer. Behind the last entry
 * stands an IP packet, known by its version alone:
 *
 *     0  label (20 bits) | traffic class (3) | bottom of stack (1) | TTL (8)   4
 */
import { fieldTable } from "./field.js";
import { input, made } from "./input.js";
import { fits, type Parsed, type Place, type Protocol, tooShort, type Unparsed } from "./protocol.js";

export interface MplsHeader {
  readonly protocol: "mpls";
  readonly label: number;
  readonly trafficClass: number;
  /** Only where it does not follow from the next layer. It is true unless the next layer is another label. */
  readonly bottom: boolean | null;
  readonly ttl: number;
}

const name = "mpls";
const headerBytes = 4;
const table = fieldTable([
  ["label", 20],
  ["trafficClass", 3],
  ["bottom", 1, "next"],
  ["ttl", 8],
]);

/** Labels 0 to 15 have special meanings (RFC 3032 §2.1). */
export const mpls = (
  fields: Pick<MplsHeader, "label"> & Partial<Omit<MplsHeader, "protocol" | "label">>,
): MplsHeader => ({
  protocol: name,
  label: fits(name, "label", fields.label, 20),
  trafficClass: fits(name, "trafficClass", fields.trafficClass ?? 0, 3),
  bottom: fields.bottom ?? null,
  ttl: fits(name, "ttl", fields.ttl ?? 64, 8),
});

function emit(header: MplsHeader, { view, start, nextSpace }: Place): void {
  const bottom = header.bottom ?? nextSpace !== "mpls";
  const upper = header.label * 2 ** 12 + header.trafficClass * 2 ** 9;
  view.setUint32(start, upper + (bottom ? 256 : 0) + header.ttl);
}

function parse({ view, start, end }: Unparsed): Parsed<MplsHeader> {
  if (end - start < headerBytes) return tooShort(name, start, end, headerBytes);
  const entry = view.getUint32(start);
  const bottom = (entry & 0x100) !== 0;
  return {
    header: {
      protocol: name,
      label: entry >>> 12,
      trafficClass: (entry >>> 9) & 7,
      bottom,
      ttl: entry & 0xff,
    },
    headerBytes,
    end,
    next: bottom ? ipVersionAt(view, start + headerBytes, end) : { space: "mpls", number: 0 },
    faults: [],
  };
}

/** For headers that do not name what they carry: an IP packet by its version; anything else is unknown. */
export const ipVersionAt = (
  view: DataView,
  at: number,
  end: number,
): { readonly space: "ipVersion"; readonly number: number } | null =>
  at < end ? { space: "ipVersion", number: view.getUint8(at) >> 4 } : null;

export const mplsProtocol: Protocol<MplsHeader> = {
  name,
  numbers: { etherType: [0x8847, 0x8848], mpls: [0] },
  nextSpaces: ({ bottom }) => (bottom === true ? ["ipVersion"] : ["mpls", "ipVersion"]),
  headerBytes: () => headerBytes,
  emit,
  parse,
  fields: () => table,
  inputs: {
    label: input.needed(input.uint(20)),
    trafficClass: input.uint(3),
    bottom: input.flag,
    ttl: input.uint(8),
  },
  make: made(mpls),
};
