/** The frames of a stream: its packet and its field engine → headers, payload, sizes and changes of a profile. */
import {
  type ChecksumPlace,
  checksumPlaces,
  type FieldPlace,
  fieldPlaces,
  formatIpv4,
  formatIpv6,
  formatMac,
  type Header,
  type Ipv4Address,
  type Ipv6Address,
  type MacAddress,
  numberOfBytes,
  parseMac,
} from "../../packet/index.js";
import { signatureBytes } from "../../stream/frames/signature.js";
import {
  type HeaderWords,
  headerStack,
  headersOfWords,
  hexOf,
  payloadOfBytes,
  takesWrong,
  withWrong,
} from "./headers.js";
import type { ChecksumFix, FieldEngine, Write } from "./instructions.js";
import type { Item, Notes } from "./item.js";
import type { Shape } from "./sequence.js";
import { type FrameSizes, fixedSizes, trimmedSizes } from "./sizes.js";
import { type BitChange, bitChanges } from "./writes.js";

/** Parts of a stream in a profile. */
export interface FramePart {
  readonly packet?: readonly unknown[];
  readonly frame?: string;
  readonly payload?: unknown;
  readonly size?: unknown;
  readonly fields?: readonly Readonly<Record<string, unknown>>[];
  readonly signed?: false;
}

/** Addresses that TRex takes from the port: words to put there, or null for what the run's options say. */
export interface PortMacs {
  readonly src: string | null;
  readonly dst: string | null;
}

export interface StreamPacket {
  readonly item: Item;
  /** Without FCS, as in the file. */
  readonly bytes: Uint8Array;
  /** The packet's own address is sent; else the port's. */
  readonly keepsSrc: boolean;
  readonly keepsDst: boolean;
}

const ethernetBytes = 14;

/** @throws PktgenError (2) where frames of a profile cannot have these bytes. */
export function frameOf(
  given: StreamPacket,
  engine: FieldEngine,
  ports: PortMacs,
  unsigned: boolean,
  notes: Notes,
): FramePart {
  const { item } = given;
  if (given.bytes.length < ethernetBytes) {
    throw item.error(`a packet of ${given.bytes.length} bytes is no Ethernet frame`, `${ethernetBytes} bytes and more`);
  }
  const sizes = engine.trim === null ? fixedSizes(given, notes) : trimmedSizes(given, engine, notes);
  const packet = new Uint8Array(sizes.longest);
  packet.set(given.bytes.subarray(0, sizes.longest));
  if (!given.keepsDst && ports.dst !== null) packet.set(parseMac(ports.dst), 0);
  if (!given.keepsSrc && ports.src !== null) packet.set(parseMac(ports.src), 6);
  const before = headerStack(packet);
  const lengths = before === null ? [] : followingLengths(engine, before.words, packet);
  const writes = engine.writes.filter((write) => !lengths.some((each) => each.write === write));
  const { changes, constants } = bitChanges(engine, writes, packet.length);
  const written = packet.slice();
  for (const { offset, bytes } of constants) written.set(bytes, offset);
  const stack = constants.length === 0 ? before : headerStack(written);
  if (stack === null) return rawPart(given, written, engine, changes, sizes, notes);
  const words = staleChecked({ words: stack.words, packet: written, engine, changes, sizes }, lengths, notes);
  const headers = headersOfWords(words);
  const said = withPortMacs(words, given, ports);
  const payload = written.slice(stack.headerBytes);
  const changed = fieldsOfChanges(changes, { headers, packet: written, keeps: keepsOf(given, ports) });
  return {
    packet: said.map(({ protocol, values }) => (Object.keys(values).length === 0 ? protocol : { [protocol]: values })),
    ...(payload.length === 0 ? {} : { payload: payloadOfBytes(payload) }),
    size: sizes.words,
    ...changed,
    ...signedPart(changes, sizes, unsigned, notes, item),
  };
}

/** No headers make these bytes: they are sent as they are, and their changes are bits. */
function rawPart(
  given: StreamPacket,
  packet: Uint8Array,
  engine: FieldEngine,
  changes: readonly BitChange[],
  sizes: FrameSizes,
  notes: Notes,
): FramePart {
  const [fix] = engine.fixes;
  if (fix !== undefined) throw fix.item.error("no checksum is kept in a packet of unknown headers", "known headers");
  if (sizes.isTrimmed) throw engine.trim!.item.error("a packet of unknown headers has one size", "known headers");
  if (!given.keepsSrc || !given.keepsDst) {
    notes.add(given.item, "the packet has unknown headers: its own MAC addresses are sent, not those of the port");
  }
  return { frame: hexOf(packet), ...fieldsOfChanges(changes, { headers: [], packet, keeps: () => true }) };
}

/** A signature would overwrite what changes near the end of the frame. */
function signedPart(
  changes: readonly BitChange[],
  { shortest }: FrameSizes,
  unsigned: boolean,
  notes: Notes,
  item: Item,
): { readonly signed?: false } {
  if (unsigned) return { signed: false };
  const last = Math.max(0, ...changes.map(({ offset, bytes }) => offset + bytes));
  if (last <= shortest - signatureBytes) return {};
  notes.add(item, "a change lies where the signature would be: frames are counted, without latency and order");
  return { signed: false };
}

/** A write that puts the size of the trimmed packet into a length field, which is filled in anyway. */
interface FollowingLength {
  readonly write: Write;
  readonly layer: number;
}

function followingLengths(
  { writes, trim }: FieldEngine,
  words: readonly HeaderWords[],
  packet: Uint8Array,
): readonly FollowingLength[] {
  if (trim === null) return [];
  const headers = headersOfWords(words);
  const places = fieldPlaces(headers);
  return writes.flatMap((write) => {
    const { variable, masked, offset, add, bigEndian } = write;
    const place = places.find(({ frameBitOffset, bits }) => frameBitOffset === offset * 8 && bits === 16);
    if (variable !== trim.variable || masked !== null || !bigEndian || place?.derived !== "length") return [];
    const isFilledIn = add === -BigInt(countedFrom(headers, places, place));
    return isFilledIn && packet.length > 0 ? [{ write, layer: place.layer }] : [];
  });
}

/** The byte from which on a length counts. */
function countedFrom(headers: readonly Header[], places: readonly FieldPlace[], { layer }: FieldPlace): number {
  const first = places.find((place) => place.layer === layer)!.frameBitOffset / 8;
  return headers[layer]!.protocol === "ipv6" ? first + 40 : first;
}

interface Written {
  readonly words: readonly HeaderWords[];
  /** Without FCS, at its longest. */
  readonly packet: Uint8Array;
  readonly engine: FieldEngine;
  readonly changes: readonly BitChange[];
  readonly sizes: FrameSizes;
}

/**
 * TRex makes right what its program names, and sends the packet's own lengths and checksums otherwise. Where such a one
 * would not stay right, it is written down as it is.
 */
function staleChecked(written: Written, lengths: readonly FollowingLength[], notes: Notes): readonly HeaderWords[] {
  const { packet, engine, sizes } = written;
  let words = written.words;
  const set = (layer: number, field: string, value: number): void => {
    words = words.map((word, i) =>
      i === layer && takesWrong(word.protocol, field) ? withWrong(word, field, value) : word,
    );
  };
  for (const layer of new Set(lengths.map((length) => length.layer)))
    words = words.map((w, i) => (i === layer ? lengthFollows(w) : w));
  const headers = headersOfWords(words);
  const places = fieldPlaces(headers);
  if (sizes.isTrimmed) {
    for (const place of places) {
      const follows = lengths.some(({ layer }) => layer === place.layer) || isWritten(place, written.changes);
      if (place.derived === "length" && place.bits === 16 && !follows) {
        set(place.layer, place.name, numberAt(packet, place.frameBitOffset / 8));
      }
    }
  }
  const sums = checksumPlaces(headersOfWords(words.map(withoutChecksum)), packet.length);
  for (const fix of engine.fixes) checkFix(fix, sums);
  for (const sum of sums) {
    const fixes = engine.fixes.filter(
      ({ l3, l4, kind }) =>
        (kind === "ipv4" ? l3 : (l4 ?? l3)) === sum.start || (kind === "hardware" && l3 === sum.start),
    );
    if (fixes.length > 0) {
      words = words.map((word, i) => (i === sum.layer ? withoutChecksum(word) : word));
      const late = written.changes.find(
        ({ write, offset }) => isCovered(offset * 8, sum) && fixes.every((fix) => fix.position < write.position),
      );
      if (late !== undefined) {
        notes.add(late.write.item, "TRex writes this after it made the checksum right; here the checksum is right");
      }
    } else if (isStale(sum, written, lengths) && sum.algorithm === "internet") {
      set(sum.layer, "checksum", numberAt(packet, sum.at));
    }
  }
  return words;
}

/** A checksum is made right only of a header that is known. */
function checkFix({ item, kind, l3, l4 }: ChecksumFix, sums: readonly ChecksumPlace[]): void {
  const wanted = kind === "ipv4" ? [l3] : [l3, l4];
  if (sums.some(({ start }) => wanted.includes(start))) return;
  throw item.error(
    "no header with a checksum begins there",
    `the bytes ${sums.map(({ start }) => start).join(", ") || "of a known header"}`,
  );
}

/** Does anything that it covers change from frame to frame? */
const isStale = (sum: ChecksumPlace, { sizes, changes }: Written, lengths: readonly FollowingLength[]): boolean =>
  changesIn(sum, changes) ||
  (sizes.isTrimmed && (sum.end > sizes.shortest || lengths.some(({ write }) => isCovered(write.offset * 8, sum))));

const numberAt = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

function lengthFollows(word: HeaderWords): HeaderWords {
  const {
    totalLength: _,
    length: __,
    payloadLength: ___,
    ...wrong
  } = (word.values.wrong ?? {}) as Record<string, unknown>;
  return withWrongs(word, wrong);
}

function withoutChecksum(word: HeaderWords): HeaderWords {
  const { checksum: _, ...wrong } = (word.values.wrong ?? {}) as Record<string, unknown>;
  return withWrongs(word, wrong);
}

function withWrongs({ protocol, values }: HeaderWords, wrong: Readonly<Record<string, unknown>>): HeaderWords {
  const { wrong: _, ...others } = values;
  return { protocol, values: Object.keys(wrong).length === 0 ? others : { ...others, wrong } };
}

const bitsOfChange = ({ offset, bytes, mask }: BitChange): readonly number[] =>
  Array.from({ length: bytes * 8 }, (_, bit) => bit)
    .filter((bit) => Math.floor(mask / 2 ** bit) % 2 === 1)
    .map((bit) => (offset + bytes) * 8 - 1 - bit);

const isWritten = ({ frameBitOffset, bits }: FieldPlace, changes: readonly BitChange[]): boolean =>
  changes.some((change) => bitsOfChange(change).some((bit) => bit >= frameBitOffset && bit < frameBitOffset + bits));

const isCovered = (bit: number, { start, end, at, pseudo }: ChecksumPlace): boolean => {
  const byte = bit >> 3;
  if (byte === at || byte === at + 1) return false;
  return [{ start, end }, ...(pseudo?.ranges ?? [])].some((range) => byte >= range.start && byte < range.end);
};

const changesIn = (sum: ChecksumPlace, changes: readonly BitChange[]): boolean =>
  changes.some((change) => bitsOfChange(change).some((bit) => isCovered(bit, sum)));

/** Addresses of the outermost Ethernet header, as flags of the stream say. */
function withPortMacs(
  words: readonly HeaderWords[],
  { keepsSrc, keepsDst }: StreamPacket,
  ports: PortMacs,
): readonly HeaderWords[] {
  const [first, ...others] = words;
  if (first?.protocol !== "ethernet") return words;
  const { src, dst, ...rest } = first.values;
  const own = (kept: boolean, mac: unknown, port: string | null, name: string): object =>
    kept || port !== null ? { [name]: mac } : {};
  const values = { ...own(keepsDst, dst, ports.dst, "dst"), ...own(keepsSrc, src, ports.src, "src"), ...rest };
  return [{ protocol: "ethernet", values }, ...others];
}

/** Is the address a known one? Only then it can be written as a whole. */
const keepsOf =
  ({ keepsSrc, keepsDst }: StreamPacket, ports: PortMacs) =>
  (path: string): boolean =>
    path === "ethernet.src"
      ? keepsSrc || ports.src !== null
      : path === "ethernet.dst"
        ? keepsDst || ports.dst !== null
        : true;

interface Around {
  readonly headers: readonly Header[];
  readonly packet: Uint8Array;
  readonly keeps: (path: string) => boolean;
}

function fieldsOfChanges(changes: readonly BitChange[], around: Around): Pick<FramePart, "fields"> {
  if (changes.length === 0) return {};
  const places = around.headers.length === 0 ? [] : fieldPlaces(around.headers);
  const fields = changes.map((change) => {
    const others = changes.filter((each) => each !== change);
    const place = placeOf(change, places, others, around.keeps);
    const { carrier, period } = change;
    return {
      ...(place === null
        ? { bits: { offset: change.offset, mask: change.mask, bytes: change.bytes } }
        : { field: place.path }),
      ...changeWords(change.shape, place === null ? (value) => Number(value) : wordsAt(place, change, around.packet)),
      ...(carrier === null ? {} : { after: changes.findIndex(({ carries }) => carries === carrier) }),
      ...(period === null ? {} : { period }),
    };
  });
  return { fields };
}

/** The field that a change is of: the whole of it, or the last bytes of an address. null: bits. */
function placeOf(
  change: BitChange,
  places: readonly FieldPlace[],
  others: readonly BitChange[],
  keeps: (path: string) => boolean,
): FieldPlace | null {
  const bits = bitsOfChange(change);
  const [from, to] = [Math.min(...bits), Math.max(...bits) + 1];
  if (to - from !== bits.length) return null;
  const place = places.find(({ frameBitOffset: start, bits: width }) => start <= from && to <= start + width);
  if (place === undefined || place.kind === "bytes" || place.derived === "constant") return null;
  const end = place.frameBitOffset + place.bits;
  if (from === place.frameBitOffset && to === end && place.bits <= 32) return place;
  const isAddress = place.kind === "mac" || place.kind === "ipv6" || place.kind === "ipv4";
  return isAddress && to === end && keeps(place.path) && !isWritten(place, others) ? place : null;
}

/** Values in the field's notation; of an address, its other bytes are those of the packet. */
function wordsAt(
  place: FieldPlace,
  { bytes, mask }: BitChange,
  packet: Uint8Array,
): (value: bigint) => number | string {
  if (place.kind === "uint") return (value) => Number(value);
  const start = place.frameBitOffset / 8;
  const own = packet.slice(start, start + place.bits / 8);
  const kept = BigInt(2 ** (bytes * 8) - 1) ^ BigInt(mask);
  return (value) => {
    const address = own.slice();
    const low = address.subarray(address.length - bytes);
    const word = numberOfBytes(low);
    const next = (word & kept) | value;
    low.set(Array.from({ length: bytes }, (_, i) => Number((next >> BigInt(8 * (bytes - 1 - i))) & 0xffn)));
    if (place.kind === "mac") return formatMac(address as MacAddress);
    return place.kind === "ipv4" ? formatIpv4(address as Ipv4Address) : formatIpv6(address as Ipv6Address);
  };
}

function changeWords(shape: Shape, word: (value: bigint) => number | string): Readonly<Record<string, unknown>> {
  if (shape.kind === "list") return { list: shape.values.map(word) };
  if (shape.kind === "random") {
    const { min, max, seed, limit } = shape;
    const more = { ...(seed === null ? {} : { seed }), ...(limit === null ? {} : { limit }) };
    return { random: { min: word(min), max: word(max), ...more } };
  }
  const { first, step, count, phase } = shape;
  const last = first + step * (count - 1n);
  const size = step < 0n ? -step : step;
  const ends = step < 0n ? { min: word(last), max: word(first) } : { min: word(first), max: word(last) };
  const more = {
    ...(size === 1n ? {} : { step: Number(size) }),
    ...(phase === 0n ? {} : { start: word(first + step * phase) }),
  };
  return { [step < 0n ? "decrement" : "increment"]: { ...ends, ...more } };
}
