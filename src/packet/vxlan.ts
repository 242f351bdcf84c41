/**
 * VXLAN (RFC 7348 §5), in UDP to port 4789; an Ethernet frame follows:
 *
 *     0  flags: 8 says that the VNI is valid   1  reserved   4  VNI (24 bits)   7  reserved   8
 */
import { fieldTable } from "./field.js";
import { input, made } from "./input.js";
import { type Fault, fits, type Parsed, type Place, type Protocol, tooShort, type Unparsed } from "./protocol.js";
import { tunnelPorts } from "./udp.js";

export interface VxlanHeader {
  readonly protocol: "vxlan";
  readonly flags: number;
  readonly vni: number;
  /** The three bytes behind the flags and the one behind the VNI; 0 unless an extension uses them. */
  readonly reserved: number;
  readonly reserved2: number;
}

const name = "vxlan";
const headerBytes = 8;
const vniIsValid = 8;
const table = fieldTable([
  ["flags", 8],
  ["reserved", 24],
  ["vni", 24],
  ["reserved2", 8],
]);

export const vxlan = (
  fields: Pick<VxlanHeader, "vni"> & Partial<Omit<VxlanHeader, "protocol" | "vni">>,
): VxlanHeader => ({
  protocol: name,
  flags: fits(name, "flags", fields.flags ?? vniIsValid, 8),
  vni: fits(name, "vni", fields.vni, 24),
  reserved: fits(name, "reserved", fields.reserved ?? 0, 24),
  reserved2: fits(name, "reserved2", fields.reserved2 ?? 0, 8),
});

function emit(header: VxlanHeader, { view, start }: Place): void {
  view.setUint32(start, header.flags * 2 ** 24 + header.reserved);
  view.setUint32(start + 4, header.vni * 2 ** 8 + header.reserved2);
}

function parse({ view, start, end }: Unparsed): Parsed<VxlanHeader> {
  if (end - start < headerBytes) return tooShort(name, start, end, headerBytes);
  const [first, second] = [view.getUint32(start), view.getUint32(start + 4)];
  const flags = first >>> 24;
  const faults: Fault[] = [];
  if ((flags & vniIsValid) === 0) {
    faults.push({ protocol: name, field: "flags", offset: start, what: "the flag of a valid VNI is not set" });
  }
  return {
    header: {
      protocol: name,
      flags,
      vni: second >>> 8,
      reserved: first & 0xffffff,
      reserved2: second & 0xff,
    },
    headerBytes,
    end,
    next: { space: "vxlan", number: 0 },
    faults,
  };
}

export const vxlanProtocol: Protocol<VxlanHeader> = {
  name,
  numbers: { udpPort: [tunnelPorts.vxlan] },
  nextSpaces: () => ["vxlan"],
  headerBytes: () => headerBytes,
  emit,
  parse,
  fields: () => table,
  inputs: {
    vni: input.needed(input.uint(24)),
    flags: input.uint(8),
    reserved: input.uint(24),
    reserved2: input.uint(8),
  },
  make: made(vxlan),
};
