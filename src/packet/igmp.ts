/**
 * IGMP, versions 1 (RFC 1112), 2 (RFC 2236) and 3 (RFC 3376):
 *
 *     0  type   1  maximum response time   2  checksum   4  group
 *     8  query of version 3: flags (4), S, QRV   9  QQIC   10  number of sources   12  sources
 *
 * A report of version 3 has 4: reserved, 6: number of records, 8: records of type, auxiliary words, number of sources,
 * group, sources, auxiliary data.
 */
import { type Ipv4Address, ipv4From } from "./address.js";
import { type Field, type FieldRow, fieldTable } from "./field.js";
import { input } from "./input.js";
import {
  checksumFault,
  type Fault,
  fits,
  messageChecksum,
  type Parsed,
  type Place,
  type Protocol,
  tooShort,
  type Unparsed,
} from "./protocol.js";

export interface IgmpRecord {
  /** 1 include, 2 exclude, 3 change to include, 4 to exclude, 5 allow, 6 block. */
  readonly type: number;
  readonly group: Ipv4Address;
  readonly sources: readonly Ipv4Address[];
  /** Auxiliary data: a multiple of 4 bytes. No standard defines any. */
  readonly auxiliary: Uint8Array;
}

export interface IgmpHeader {
  readonly protocol: "igmp";
  readonly type: number;
  /** In tenths of a second (version 2); 0 in version 1. In other messages it is simply the second byte. */
  readonly maxResponse: number;
  /** In a report of version 3: its two reserved bytes, and zeros. */
  readonly group: Ipv4Address;
  /** Only in queries of version 3. */
  readonly query: {
    readonly flags: number;
    readonly interval: number;
    readonly sources: readonly Ipv4Address[];
  } | null;
  /** Only in reports of version 3. */
  readonly records: readonly IgmpRecord[] | null;
  readonly wrong: { readonly checksum?: number; readonly count?: number };
}

export const igmpTypes = { query: 0x11, report1: 0x12, report2: 0x16, leave: 0x17, report3: 0x22 } as const;

const name = "igmp";
const anyGroup = (): Ipv4Address => new Uint8Array(4) as Ipv4Address;

/** A message of version 1 or 2; a query by default, of all groups. */
export const igmp = (fields: {
  type?: number;
  maxResponse?: number;
  group?: Ipv4Address;
  query?: IgmpHeader["query"];
  wrong?: IgmpHeader["wrong"];
}): IgmpHeader => ({
  protocol: name,
  type: fits(name, "type", fields.type ?? igmpTypes.query, 8),
  maxResponse: fits(name, "maxResponse", fields.maxResponse ?? 0, 8),
  group: fields.group ?? anyGroup(),
  query: fields.query ?? null,
  records: null,
  wrong: fields.wrong ?? {},
});

/** A query of version 3 (RFC 3376 §4.1): robustness 0 to 7, interval as the code of §4.1.7. */
export const igmpQuery3 = (fields: {
  maxResponse?: number;
  group?: Ipv4Address;
  suppress?: boolean;
  robustness?: number;
  interval?: number;
  sources?: readonly Ipv4Address[];
}): IgmpHeader => {
  const robustness = fits(name, "robustness", fields.robustness ?? 2, 3);
  const query = {
    flags: (fields.suppress === true ? 8 : 0) | robustness,
    interval: fits(name, "interval", fields.interval ?? 125, 8),
    sources: fields.sources ?? [],
  };
  return igmp({ maxResponse: fields.maxResponse ?? 100, query, ...(fields.group ? { group: fields.group } : {}) });
};

/** A report of version 3 (RFC 3376 §4.2), to 224.0.0.22. */
export const igmpReport3 = (
  records: readonly (Pick<IgmpRecord, "type" | "group"> & Partial<IgmpRecord>)[],
): IgmpHeader => ({
  protocol: name,
  type: igmpTypes.report3,
  maxResponse: 0,
  group: anyGroup(),
  query: null,
  records: records.map((record) => ({
    type: fits(name, "record type", record.type, 8),
    group: record.group,
    sources: record.sources ?? [],
    auxiliary: record.auxiliary ?? new Uint8Array(0),
  })),
  wrong: {},
});

const recordBytes = ({ sources, auxiliary }: IgmpRecord): number => 8 + sources.length * 4 + auxiliary.length;

function lengthOf({ query, records }: IgmpHeader): number {
  const sources = query === null ? 0 : 4 + query.sources.length * 4;
  return 8 + sources + (records ?? []).reduce((sum, record) => sum + recordBytes(record), 0);
}

function emit(header: IgmpHeader, place: Place): void {
  const { bytes, view, start, end } = place;
  view.setUint8(start, header.type);
  view.setUint8(start + 1, header.maxResponse);
  view.setUint16(start + 2, 0);
  bytes.set(header.group, start + 4);
  if (header.query !== null) {
    view.setUint8(start + 8, header.query.flags);
    view.setUint8(start + 9, header.query.interval);
    view.setUint16(start + 10, header.wrong.count ?? header.query.sources.length);
    putAddresses(bytes, start + 12, header.query.sources);
  }
  if (header.records !== null) {
    view.setUint16(start + 6, header.wrong.count ?? header.records.length);
    emitRecords(bytes, view, start + 8, header.records);
  }
  view.setUint16(start + 2, header.wrong.checksum ?? messageChecksum(place, end, null, 0));
}

function emitRecords(bytes: Uint8Array, view: DataView, from: number, records: readonly IgmpRecord[]): void {
  let at = from;
  for (const record of records) {
    view.setUint8(at, record.type);
    view.setUint8(at + 1, record.auxiliary.length / 4);
    view.setUint16(at + 2, record.sources.length);
    bytes.set(record.group, at + 4);
    putAddresses(bytes, at + 8, record.sources);
    bytes.set(record.auxiliary, at + 8 + record.sources.length * 4);
    at += recordBytes(record);
  }
}

function putAddresses(bytes: Uint8Array, at: number, addresses: readonly Ipv4Address[]): void {
  for (const [i, address] of addresses.entries()) bytes.set(address, at + i * 4);
}

const addressesFrom = (bytes: Uint8Array, at: number, count: number): readonly Ipv4Address[] =>
  Array.from({ length: count }, (_, i) => ipv4From(bytes, at + i * 4));

function parse(place: Unparsed): Parsed<IgmpHeader> {
  const { bytes, view, start, end } = place;
  if (end - start < 8) return tooShort(name, start, end, 8);
  const type = view.getUint8(start);
  const stored = view.getUint16(start + 2);
  const right = messageChecksum(place, end, null, stored);
  const faults: Fault[] = stored === right ? [] : [checksumFault(name, start + 2, stored, right)];
  // A query of 8 bytes is of version 1 or 2, one of 12 and more of version 3 (RFC 3376 §7.1).
  const isQuery3 = type === igmpTypes.query && end - start >= 12;
  const isReport3 = type === igmpTypes.report3;
  const countAt = isQuery3 ? start + 10 : start + 6;
  const count = isQuery3 || isReport3 ? view.getUint16(countAt) : 0;
  const sources = isQuery3 ? addressesFrom(bytes, start + 12, Math.min(count, Math.floor((end - start - 12) / 4))) : [];
  const query = isQuery3 ? { flags: view.getUint8(start + 8), interval: view.getUint8(start + 9), sources } : null;
  const records = isReport3 ? parseRecords(bytes, view, start + 8, end, count) : null;
  const found = isQuery3 ? sources.length : (records?.length ?? 0);
  if (found !== count) {
    faults.push({ protocol: name, field: "count", offset: countAt, what: `${count}, but ${found} are there` });
  }
  const header: IgmpHeader = {
    protocol: name,
    type,
    maxResponse: view.getUint8(start + 1),
    group: isReport3 ? reservedOf(bytes, start + 4) : ipv4From(bytes, start + 4),
    query,
    records,
    wrong: { ...(stored === right ? {} : { checksum: stored }), ...(found === count ? {} : { count }) },
  };
  return { header, headerBytes: lengthOf(header), end, next: null, faults };
}

/** A report's two reserved bytes, without the number of records behind them. */
const reservedOf = (bytes: Uint8Array, at: number): Ipv4Address =>
  Uint8Array.of(bytes[at], bytes[at + 1], 0, 0) as Ipv4Address;

/** The records that are whole. */
function parseRecords(
  bytes: Uint8Array,
  view: DataView,
  from: number,
  end: number,
  count: number,
): readonly IgmpRecord[] {
  const records: IgmpRecord[] = [];
  let at = from;
  while (records.length < count && at + 8 <= end) {
    const [auxiliaryBytes, sources] = [view.getUint8(at + 1) * 4, view.getUint16(at + 2)];
    const next = at + 8 + sources * 4 + auxiliaryBytes;
    if (next > end) break;
    records.push({
      type: view.getUint8(at),
      group: ipv4From(bytes, at + 4),
      sources: addressesFrom(bytes, at + 8, sources),
      auxiliary: bytes.slice(next - auxiliaryBytes, next),
    });
    at = next;
  }
  return records;
}

function fields({ query, records }: IgmpHeader): readonly Field[] {
  const head: FieldRow[] = [
    ["type", 8],
    ["maxResponse", 8],
    ["checksum", 16, "checksum"],
  ];
  if (records !== null) {
    return fieldTable([...head, ["reserved", 16], ["count", 16, "length"], ...records.flatMap(recordRows)]);
  }
  if (query === null) return fieldTable([...head, ["group", "ipv4"]]);
  const sources = query.sources.map((_, i): FieldRow => [`source${i}`, "ipv4"]);
  return fieldTable([
    ...head,
    ["group", "ipv4"],
    ["queryFlags", 8],
    ["interval", 8],
    ["count", 16, "length"],
    ...sources,
  ]);
}

function recordRows({ sources, auxiliary }: IgmpRecord, i: number): readonly FieldRow[] {
  const record = `record${i}`;
  const tail: FieldRow[] = auxiliary.length === 0 ? [] : [[`${record}.auxiliary`, auxiliary.length * 8, "bytes"]];
  return [
    [`${record}.type`, 8],
    [`${record}.auxiliaryLength`, 8, "length"],
    [`${record}.sources`, 16, "length"],
    [`${record}.group`, "ipv4"],
    ...sources.map((_, k): FieldRow => [`${record}.source${k}`, "ipv4"]),
    ...tail,
  ];
}

const recordTypes = { include: 1, exclude: 2, changeToInclude: 3, changeToExclude: 4, allow: 5, block: 6 } as const;

/** Records make a report of version 3. Sources, or `version: 3`, make a query of version 3. */
function makeMessage(values: object): IgmpHeader {
  const v = values as Parameters<typeof igmp>[0] &
    Parameters<typeof igmpQuery3>[0] & { version?: number; records?: Parameters<typeof igmpReport3>[0] };
  const wrong = v.wrong ?? {};
  if (v.records !== undefined) return { ...igmpReport3(v.records), wrong };
  return v.version === 3 || v.sources !== undefined ? { ...igmpQuery3(v), wrong } : igmp(v);
}

export const igmpProtocol: Protocol<IgmpHeader> = {
  name,
  numbers: { ipProtocol: [2] },
  nextSpaces: () => [],
  closed: () => true,
  headerBytes: lengthOf,
  emit,
  parse,
  fields,
  checksum: () => ({ algorithm: "internet", covers: "packet", pseudoHeader: false, zeroIsNone: false }),
  inputs: {
    type: input.uint(8, igmpTypes),
    version: input.uint(2),
    maxResponse: input.uint(8),
    group: input.ipv4,
    suppress: input.flag,
    robustness: input.uint(3),
    interval: input.uint(8),
    sources: input.list(input.ipv4),
    records: input.list(
      input.object({
        type: input.needed(input.uint(8, recordTypes)),
        group: input.needed(input.ipv4),
        sources: input.list(input.ipv4),
        auxiliary: input.bytes,
      }),
    ),
    wrong: input.object({ checksum: input.uint(16), count: input.uint(16) }),
  },
  make: makeMessage,
};
