/**
 * A VLAN tag (IEEE 802.1Q §9.6), after the EtherType 0x8100 (customer) or 0x88a8 (service) that announces it:
 *
 *     0  priority (3 bits) | drop eligible (1) | VLAN id (12)   2  EtherType (2)   4  payload
 */
import { fits, type Parsed, type Place, type Protocol, tooShort } from "./protocol.js";

export interface VlanHeader {
  readonly protocol: "vlan";
  /** The EtherType that announces this tag. */
  readonly tpid: 0x8100 | 0x88a8;
  readonly priority: number;
  readonly dropEligible: boolean;
  readonly id: number;
  /** Only where it does not follow from the next layer. */
  readonly etherType: number | null;
}

const headerBytes = 4;

export const vlan = (fields: {
  id: number;
  priority?: number;
  dropEligible?: boolean;
  tpid?: 0x8100 | 0x88a8;
  etherType?: number;
}): VlanHeader => ({
  protocol: "vlan",
  tpid: fields.tpid ?? 0x8100,
  priority: fits("vlan", "priority", fields.priority ?? 0, 3),
  dropEligible: fields.dropEligible ?? false,
  id: fits("vlan", "id", fields.id, 12),
  etherType: fields.etherType === undefined ? null : fits("vlan", "etherType", fields.etherType, 16),
});

function emit(header: VlanHeader, { view, start, next }: Place): void {
  view.setUint16(start, (header.priority << 13) | (header.dropEligible ? 0x1000 : 0) | header.id);
  view.setUint16(start + 2, header.etherType ?? next ?? 0);
}

function parse({ view, start, end }: Omit<Place, "next">, number: number | null): Parsed<VlanHeader> {
  if (end - start < headerBytes) return tooShort("vlan", start, end, headerBytes);
  const control = view.getUint16(start);
  const etherType = view.getUint16(start + 2);
  return {
    header: {
      protocol: "vlan",
      tpid: number === 0x88a8 ? 0x88a8 : 0x8100,
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
  numbers: { etherType: [0x8100, 0x88a8] },
  numberOf: (header) => header.tpid,
  nextSpace: "etherType",
  headerBytes: () => headerBytes,
  emit,
  parse,
};
