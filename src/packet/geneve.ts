/**
 * Geneve (RFC 8926 §3.4), in UDP to port 6081:
 *
 *     0  version (2 bits), options length / 4 (6)   1  control (1), critical (1), reserved (6)   2  protocol (EtherType)
 *     4  VNI (24 bits)   7  reserved   8  options
 */
import { type Field, fieldTable } from "./field.js";
import { input, made } from "./input.js";
import { type Fault, fits, type Parsed, type Place, type Protocol, tooShort, type Unparsed } from "./protocol.js";
import { tunnelPorts } from "./udp.js";

export interface GeneveHeader {
  readonly protocol: "geneve";
  readonly version: number;
  readonly control: boolean;
  readonly critical: boolean;
  readonly vni: number;
  /** Raw; a multiple of 4 bytes, at most 252. `geneveOption` makes one. */
  readonly options: Uint8Array;
  readonly reserved: number;
  readonly reserved2: number;
  /** Only where it does not follow from the next layer. */
  readonly etherType: number | null;
  /** `optionsLength` is in words of 4 bytes. */
  readonly wrong: { readonly optionsLength?: number };
}

const name = "geneve";
const minimumBytes = 8;
const table = fieldTable([
  ["version", 2],
  ["optionsLength", 6, "length"],
  ["control", 1],
  ["critical", 1],
  ["reserved", 6],
  ["etherType", 16, "next"],
  ["vni", 24],
  ["reserved2", 8],
]);

export const geneve = (
  fields: Pick<GeneveHeader, "vni"> & Partial<Omit<GeneveHeader, "protocol" | "vni">>,
): GeneveHeader => {
  const options = fields.options ?? new Uint8Array(0);
  fits(name, "options length / 4", options.length / 4, 6);
  return {
    protocol: name,
    version: fits(name, "version", fields.version ?? 0, 2),
    control: fields.control ?? false,
    critical: fields.critical ?? false,
    vni: fits(name, "vni", fields.vni, 24),
    options,
    reserved: fits(name, "reserved", fields.reserved ?? 0, 6),
    reserved2: fits(name, "reserved2", fields.reserved2 ?? 0, 8),
    etherType: fields.etherType == null ? null : fits(name, "etherType", fields.etherType, 16),
    wrong: fields.wrong ?? {},
  };
};

/** One option (RFC 8926 §3.5): its class, type (128 and above are critical), and a multiple of 4 bytes, at most 124. */
export function geneveOption(optionClass: number, type: number, data: Uint8Array): Uint8Array {
  const option = new Uint8Array(4 + data.length);
  const view = new DataView(option.buffer);
  view.setUint16(0, fits(name, "option class", optionClass, 16));
  view.setUint8(2, fits(name, "option type", type, 8));
  view.setUint8(3, fits(name, "option length / 4", data.length / 4, 5));
  option.set(data, 4);
  return option;
}

const lengthOf = ({ options }: GeneveHeader): number => minimumBytes + options.length;

function emit(header: GeneveHeader, { bytes, view, start, next }: Place): void {
  view.setUint8(start, (header.version << 6) | (header.wrong.optionsLength ?? header.options.length / 4));
  view.setUint8(start + 1, (header.control ? 0x80 : 0) | (header.critical ? 0x40 : 0) | header.reserved);
  view.setUint16(start + 2, header.etherType ?? next ?? 0);
  view.setUint32(start + 4, header.vni * 2 ** 8 + header.reserved2);
  bytes.set(header.options, start + minimumBytes);
}

function parse({ bytes, view, start, end }: Unparsed): Parsed<GeneveHeader> {
  if (end - start < minimumBytes) return tooShort(name, start, end, minimumBytes);
  const first = view.getUint8(start);
  const headerBytes = minimumBytes + (first & 0x3f) * 4;
  if (end - start < headerBytes) return tooShort(name, start, end, headerBytes);
  const version = first >> 6;
  const flags = view.getUint8(start + 1);
  const etherType = view.getUint16(start + 2);
  const second = view.getUint32(start + 4);
  const faults: Fault[] =
    version === 0 ? [] : [{ protocol: name, field: "version", offset: start, what: `${version}, expected 0` }];
  return {
    header: {
      protocol: name,
      version,
      control: (flags & 0x80) !== 0,
      critical: (flags & 0x40) !== 0,
      vni: second >>> 8,
      options: bytes.slice(start + minimumBytes, start + headerBytes),
      reserved: flags & 0x3f,
      reserved2: second & 0xff,
      etherType,
      wrong: {},
    },
    headerBytes,
    end,
    next: { space: "etherType", number: etherType },
    faults,
  };
}

function fields({ options }: GeneveHeader): readonly Field[] {
  if (options.length === 0) return table;
  return [...table, ...fieldTable([["options", options.length * 8, "bytes"]], minimumBytes * 8)];
}

export const geneveProtocol: Protocol<GeneveHeader> = {
  name,
  numbers: { udpPort: [tunnelPorts.geneve] },
  nextSpaces: () => ["etherType"],
  headerBytes: lengthOf,
  emit,
  parse,
  fields,
  inputs: {
    vni: input.needed(input.uint(24)),
    version: input.uint(2),
    control: input.flag,
    critical: input.flag,
    options: input.bytes,
    reserved: input.uint(6),
    reserved2: input.uint(8),
    etherType: input.uint(16),
    wrong: input.object({ optionsLength: input.uint(6) }),
  },
  make: made(geneve),
};
