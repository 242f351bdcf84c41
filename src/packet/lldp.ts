/**
 * LLDP (IEEE 802.1AB §8): TLVs of type (7 bits), length (9 bits) and value. Chassis (1), port (2) and time to live (3)
 * come first and are mandatory; a TLV of type 0 without value ends them.
 */

import { benchmark } from "./benchmark-addresses.js";
import { type Field, type FieldRow, fieldTable } from "./field.js";
import { input } from "./input.js";
import { type Fault, fits, type Parsed, type Place, type Protocol, tooShort, type Unparsed } from "./protocol.js";

export interface LldpTlv {
  readonly type: number;
  readonly value: Uint8Array;
}

export interface LldpHeader {
  readonly protocol: "lldp";
  /** Without the one that ends them. */
  readonly tlvs: readonly LldpTlv[];
  /** false, and there is none that ends them: wrong on purpose. */
  readonly ended: boolean;
}

export const lldpTypes = {
  chassis: 1,
  port: 2,
  timeToLive: 3,
  portDescription: 4,
  systemName: 5,
  systemDescription: 6,
  capabilities: 7,
  managementAddress: 8,
  organization: 127,
} as const;

const name = "lldp";
const mandatory = [lldpTypes.chassis, lldpTypes.port, lldpTypes.timeToLive];

const tlv = ({ type, value }: LldpTlv): LldpTlv => {
  fits(name, "tlv length", value.length, 9);
  return { type: fits(name, "tlv type", type, 7), value };
};

/** A text as value, e.g. of a system name. */
export const lldpText = (type: number, text: string): LldpTlv => tlv({ type, value: asciiBytes(text) });

/** What a station announces: chassis by MAC, port by interface name, seconds to live, and further TLVs. */
export const lldp = (fields: {
  chassisMac: Uint8Array;
  portName: string;
  timeToLive?: number;
  tlvs?: readonly LldpTlv[];
}): LldpHeader => {
  const seconds = fits(name, "timeToLive", fields.timeToLive ?? 120, 16);
  // Subtypes: 4 is a MAC address (Table 8-2), 5 an interface name (Table 8-3).
  return lldpOf([
    { type: lldpTypes.chassis, value: Uint8Array.of(4, ...fields.chassisMac) },
    { type: lldpTypes.port, value: Uint8Array.of(5, ...asciiBytes(fields.portName)) },
    { type: lldpTypes.timeToLive, value: Uint8Array.of(seconds >> 8, seconds & 0xff) },
    ...(fields.tlvs ?? []),
  ]);
};

/** Any TLVs, in any order. `ended` false leaves out the end TLV. */
export const lldpOf = (tlvs: readonly LldpTlv[], ended = true): LldpHeader => ({
  protocol: name,
  tlvs: tlvs.map(tlv),
  ended,
});

const asciiBytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0) & 0x7f);

const lengthOf = ({ tlvs, ended }: LldpHeader): number =>
  tlvs.reduce((sum, { value }) => sum + 2 + value.length, ended ? 2 : 0);

function emit(header: LldpHeader, { bytes, view, start }: Place): void {
  let at = start;
  for (const { type, value } of header.tlvs) {
    view.setUint16(at, (type << 9) | value.length);
    bytes.set(value, at + 2);
    at += 2 + value.length;
  }
  if (header.ended) view.setUint16(at, 0);
}

function parse({ bytes, view, start, end }: Unparsed): Parsed<LldpHeader> {
  if (end - start < 2) return tooShort(name, start, end, 2);
  const tlvs: LldpTlv[] = [];
  let at = start;
  let ended = false;
  while (!ended && at + 2 <= end) {
    const head = view.getUint16(at);
    const next = at + 2 + (head & 0x1ff);
    if (next > end) break;
    ended = head === 0;
    if (!ended) tlvs.push({ type: head >> 9, value: bytes.slice(at + 2, next) });
    at = next;
  }
  const header: LldpHeader = { protocol: name, tlvs, ended };
  return { header, headerBytes: at - start, end: at, next: null, faults: faultsOf(header, start, at) };
}

function faultsOf({ tlvs, ended }: LldpHeader, start: number, at: number): readonly Fault[] {
  const faults: Fault[] = [];
  if (!mandatory.every((type, i) => tlvs[i]?.type === type)) {
    faults.push({
      protocol: name,
      field: "tlvs",
      offset: start,
      what: "chassis, port, time to live are not the first",
    });
  }
  if (!ended) faults.push({ protocol: name, field: "tlvs", offset: at, what: "nothing ends them" });
  return faults;
}

/** TLVs are `tlv0.value` and so on; the chassis' MAC is `chassisMac`, the time to live `timeToLive`. */
function fields({ tlvs, ended }: LldpHeader): readonly Field[] {
  const rows = tlvs.flatMap((each, i): FieldRow[] => [
    [`tlv${i}.type`, 7],
    [`tlv${i}.length`, 9, "length"],
    ...valueRows(each, i),
  ]);
  return fieldTable(ended ? [...rows, ["end", 16, "constant"]] : rows);
}

function valueRows({ type, value }: LldpTlv, i: number): readonly FieldRow[] {
  if (value.length === 0) return [];
  if (i === 0 && type === lldpTypes.chassis && value.length === 7 && value[0] === 4) {
    return [
      ["chassisSubtype", 8],
      ["chassisMac", "mac"],
    ];
  }
  if (i === 2 && type === lldpTypes.timeToLive && value.length === 2) return [["timeToLive", 16]];
  return [[`tlv${i}.value`, value.length * 8, "bytes"]];
}

function makeUnit(values: object): LldpHeader {
  const v = values as Partial<Parameters<typeof lldp>[0]> & { systemName?: string; systemDescription?: string };
  const texts = [
    ...(v.systemName === undefined ? [] : [lldpText(lldpTypes.systemName, v.systemName)]),
    ...(v.systemDescription === undefined ? [] : [lldpText(lldpTypes.systemDescription, v.systemDescription)]),
  ];
  const tlvs = [...texts, ...(v.tlvs ?? []).map(({ type, value }) => ({ type, value: value ?? new Uint8Array(0) }))];
  return lldp({ chassisMac: benchmark.srcMac, portName: "eth0", ...v, tlvs });
}

export const lldpProtocol: Protocol<LldpHeader> = {
  name,
  numbers: { etherType: [0x88cc] },
  nextSpaces: () => [],
  closed: () => true,
  headerBytes: lengthOf,
  emit,
  parse,
  fields,
  inputs: {
    chassisMac: input.mac,
    portName: input.text,
    timeToLive: input.uint(16),
    systemName: input.text,
    systemDescription: input.text,
    tlvs: input.list(input.object({ type: input.needed(input.uint(7)), value: input.bytes })),
  },
  make: makeUnit,
};
