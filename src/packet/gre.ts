/**
 * GRE (RFC 2784), with key and sequence number (RFC 2890):
 *
 *     0  checksum present (1 bit), 0, key present (1), sequence present (1), reserved (9), version (3)
 *     2  protocol (EtherType)   then, as present: checksum (2), reserved (2); key (4); sequence (4)
 */
import { type Field, type FieldRow, fieldTable } from "./field.js";
import { input, made } from "./input.js";
import {
  checksumFault,
  fits,
  messageChecksum,
  type Parsed,
  type Place,
  type Protocol,
  tooShort,
  type Unparsed,
} from "./protocol.js";

export interface GreHeader {
  readonly protocol: "gre";
  /** True: a checksum over header and payload is there. */
  readonly checksummed: boolean;
  readonly key: number | null;
  readonly sequence: number | null;
  /** The nine bits before the version. */
  readonly reserved: number;
  /** The two bytes behind the checksum. */
  readonly reserved2: number;
  /** Only where it does not follow from the next layer. */
  readonly etherType: number | null;
  readonly wrong: { readonly checksum?: number };
}

const name = "gre";
const present = { checksum: 0x8000, routing: 0x4000, key: 0x2000, sequence: 0x1000 } as const;

export const gre = (fields: Partial<Omit<GreHeader, "protocol">> = {}): GreHeader => ({
  protocol: name,
  checksummed: fields.checksummed ?? false,
  key: fields.key == null ? null : fits(name, "key", fields.key, 32),
  sequence: fields.sequence == null ? null : fits(name, "sequence", fields.sequence, 32),
  reserved: fits(name, "reserved", fields.reserved ?? 0, 9),
  reserved2: fits(name, "reserved2", fields.reserved2 ?? 0, 16),
  etherType: fields.etherType == null ? null : fits(name, "etherType", fields.etherType, 16),
  wrong: fields.wrong ?? {},
});

const lengthOf = ({ checksummed, key, sequence }: GreHeader): number =>
  4 + (checksummed ? 4 : 0) + (key === null ? 0 : 4) + (sequence === null ? 0 : 4);

function emit(header: GreHeader, place: Place): void {
  const { view, start, end, next } = place;
  const flags =
    (header.checksummed ? present.checksum : 0) |
    (header.key === null ? 0 : present.key) |
    (header.sequence === null ? 0 : present.sequence);
  view.setUint16(start, flags | (header.reserved << 3));
  view.setUint16(start + 2, header.etherType ?? next ?? 0);
  let at = start + 4;
  if (header.checksummed) {
    view.setUint32(at, header.reserved2);
    at += 4;
  }
  if (header.key !== null) {
    view.setUint32(at, header.key);
    at += 4;
  }
  if (header.sequence !== null) view.setUint32(at, header.sequence);
  if (header.checksummed) view.setUint16(start + 4, header.wrong.checksum ?? messageChecksum(place, end, null, 0));
}

function parse(place: Unparsed): Parsed<GreHeader> {
  const { view, start, end } = place;
  if (end - start < 4) return tooShort(name, start, end, 4);
  const flags = view.getUint16(start);
  if ((flags & 7) !== 0 || (flags & present.routing) !== 0) {
    // Version 1 is PPTP's (RFC 2637); routing was taken out by RFC 2784. Both have other headers.
    const what = (flags & 7) === 0 ? "routing is present" : `version ${flags & 7}, expected 0`;
    return { header: null, fault: { protocol: name, field: "flags", offset: start, what } };
  }
  const [checksummed, keyed, sequenced] = [present.checksum, present.key, present.sequence].map(
    (bit) => (flags & bit) !== 0,
  );
  const headerBytes = 4 + [checksummed, keyed, sequenced].filter(Boolean).length * 4;
  if (end - start < headerBytes) return tooShort(name, start, end, headerBytes);
  const keyAt = start + (checksummed ? 8 : 4);
  const etherType = view.getUint16(start + 2);
  const stored = checksummed ? view.getUint16(start + 4) : 0;
  const right = checksummed ? messageChecksum(place, end, null, stored) : 0;
  return {
    header: {
      protocol: name,
      checksummed,
      key: keyed ? view.getUint32(keyAt) : null,
      sequence: sequenced ? view.getUint32(keyAt + (keyed ? 4 : 0)) : null,
      reserved: (flags >> 3) & 0x1ff,
      reserved2: checksummed ? view.getUint16(start + 6) : 0,
      etherType,
      wrong: stored === right ? {} : { checksum: stored },
    },
    headerBytes,
    end,
    next: { space: "etherType", number: etherType },
    faults: stored === right ? [] : [checksumFault(name, start + 4, stored, right)],
  };
}

function fields({ checksummed, key, sequence }: GreHeader): readonly Field[] {
  const rows: FieldRow[] = [
    ["flags", 4, "constant"],
    ["reserved", 9],
    ["version", 3, "constant"],
    ["etherType", 16, "next"],
  ];
  if (checksummed) rows.push(["checksum", 16, "checksum"], ["reserved2", 16]);
  if (key !== null) rows.push(["key", 32]);
  if (sequence !== null) rows.push(["sequence", 32]);
  return fieldTable(rows);
}

export const greProtocol: Protocol<GreHeader> = {
  name,
  numbers: { ipProtocol: [47] },
  nextSpaces: () => ["etherType"],
  headerBytes: lengthOf,
  emit,
  parse,
  fields,
  checksum: ({ checksummed }) =>
    checksummed ? { algorithm: "internet", covers: "packet", pseudoHeader: false, zeroIsNone: false } : null,
  inputs: {
    checksummed: input.flag,
    key: input.uint(32),
    sequence: input.uint(32),
    reserved: input.uint(9),
    reserved2: input.uint(16),
    etherType: input.uint(16),
    wrong: input.object({ checksum: input.uint(16) }),
  },
  make: made(gre),
};
