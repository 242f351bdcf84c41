/**
 * A VLAN tag (IEEE 802.1Q §9.6), after the EtherType 0x8100 (customer) or 0x88a8 (service, IEEE 802.1ad) that announces it:
 *
 *     0  priority (3 bits) | drop eligible (1) | VLAN id (12)   2  EtherType (2)   4  payload
 */
import { usageError } from "../errors.js";
import { fieldTable } from "./field.js";
import { input, made } from "./input.js";
import { fits, type Parsed, type Place, type Protocol, tooShort, type Unparsed } from "./protocol.js";

export interface VlanHeader {
  readonly protocol: "vlan";
  /** The EtherType that announces this tag. */
  readonly tpid: Tpid;
  readonly priority: number;
  readonly dropEligible: boolean;
  readonly id: number;
  /** Only where it does not follow from the next layer. */
  readonly etherType: number | null;
}

/** 0x8100 customer tag, 0x88a8 service tag (802.1ad), 0x9100 the older number for QinQ. */
export type Tpid = 0x8100 | 0x88a8 | 0x9100;

const headerBytes = 4;
const table = fieldTable([
  ["priority", 3],
  ["dropEligible", 1],
  ["id", 12],
  ["etherType", 16, "next"],
]);

const tpids = { customer: 0x8100, service: 0x88a8, qinq: 0x9100 } as const;

const otherTpid = "for any other number, set etherType of the header before the tag";

/** True if this EtherType announces a tag. */
export const announcesTag = (etherType: number): boolean =>
  etherType === tpids.customer || etherType === tpids.service || etherType === tpids.qinq;

/** Number of VLAN tags right behind the Ethernet header of the frame at `offset`. Tags inside a tunnel do not count. */
export function leadingTags(view: DataView, offset: number, bytes: number): number {
  let tags = 0;
  for (let at = 12; at + 4 <= bytes && announcesTag(view.getUint16(offset + at)); at += 4) tags++;
  return tags;
}

/**
 * Only a receiver that was told the number knows a tag announced by any other. Such a number belongs to the outer
 * header.
 */
function checkedTpid(tpid: number): Tpid {
  if (Object.values<number>(tpids).includes(tpid)) return tpid as Tpid;
  throw usageError(`0x${tpid.toString(16)} announces no VLAN tag`, {
    where: "vlan.tpid",
    accepted: "customer (0x8100), service (0x88a8), qinq (0x9100)",
    hint: otherTpid,
  });
}

export const vlan = (fields: {
  id: number;
  priority?: number;
  dropEligible?: boolean;
  tpid?: Tpid;
  etherType?: number;
}): VlanHeader => ({
  protocol: "vlan",
  tpid: checkedTpid(fields.tpid ?? 0x8100),
  priority: fits("vlan", "priority", fields.priority ?? 0, 3),
  dropEligible: fields.dropEligible ?? false,
  id: fits("vlan", "id", fields.id, 12),
  etherType: fields.etherType === undefined ? null : fits("vlan", "etherType", fields.etherType, 16),
});

function emit(header: VlanHeader, { view, start, next }: Place): void {
  view.setUint16(start, (header.priority << 13) | (header.dropEligible ? 0x1000 : 0) | header.id);
  view.setUint16(start + 2, header.etherType ?? next ?? 0);
}

function parse({ view, start, end }: Unparsed, number: number | null): Parsed<VlanHeader> {
  if (end - start < headerBytes) return tooShort("vlan", start, end, headerBytes);
  const control = view.getUint16(start);
  const etherType = view.getUint16(start + 2);
  return {
    header: {
      protocol: "vlan",
      tpid: number === 0x88a8 || number === 0x9100 ? number : 0x8100,
      priority: control >> 13,
      dropEligible: (control & 0x1000) !== 0,
      id: control & 0xfff,
      etherType,
    },
    headerBytes,
    end,
    next: { space: "etherType", number: etherType },
    faults: [],
  };
}

export const vlanProtocol: Protocol<VlanHeader> = {
  name: "vlan",
  numbers: { etherType: [0x8100, 0x88a8, 0x9100] },
  numberOf: (header) => header.tpid,
  nextSpaces: () => ["etherType"],
  headerBytes: () => headerBytes,
  emit,
  parse,
  fields: () => table,
  inputs: {
    id: input.needed(input.uint(12)),
    priority: input.uint(3),
    dropEligible: input.flag,
    etherType: input.uint(16),
    tpid: input.named(16, tpids, otherTpid),
  },
  make: made(vlan),
};
