/**
 * SCTP (RFC 9260 §3): the common header, and the chunks before the first chunk with data (sctp-data.ts). Each chunk is
 * padded to a multiple of four bytes:
 *
 *     0  source port   2  destination port   4  verification tag   8  CRC-32C, least significant byte first   12  chunks
 *     chunk: 0  type   1  flags   2  length, without padding   4  value
 */

import { benchmark } from "./benchmark-addresses.js";
import { crc32cWithout } from "./crc32c.js";
import { type Field, type FieldRow, fieldTable } from "./field.js";
import { input } from "./input.js";
import { type Fault, fits, type Parsed, type Place, type Protocol, tooShort, type Unparsed } from "./protocol.js";

export interface SctpChunk {
  readonly type: number;
  readonly flags: number;
  readonly value: Uint8Array;
  /** The bytes behind the value up to a multiple of four. The chunk's length does not count them. */
  readonly padding: Uint8Array;
}

export interface SctpHeader {
  readonly protocol: "sctp";
  readonly srcPort: number;
  readonly dstPort: number;
  readonly verificationTag: number;
  readonly chunks: readonly SctpChunk[];
  readonly wrong: { readonly checksum?: number };
}

export const sctpChunkTypes = {
  data: 0,
  init: 1,
  initAck: 2,
  sack: 3,
  heartbeat: 4,
  heartbeatAck: 5,
  abort: 6,
  shutdown: 7,
  cookieEcho: 10,
  cookieAck: 11,
} as const;

const name = "sctp";
const commonBytes = 12;
const head: readonly FieldRow[] = [
  ["srcPort", 16],
  ["dstPort", 16],
  ["verificationTag", 32],
  ["checksum", 32, "checksum"],
];

/** Any chunk except data, which is a layer. */
export const sctpChunk = (type: number, value: ArrayLike<number> = [], flags = 0): SctpChunk => {
  fits(name, "chunk length", value.length + 4, 16);
  return {
    type: fits(name, "chunk type", type, 8),
    flags: fits(name, "chunk flags", flags, 8),
    value: Uint8Array.from(Array.from(value)),
    padding: new Uint8Array((4 - (value.length % 4)) % 4),
  };
};

/** RFC 9260 §3.3.2. The answer has the same form, followed by a cookie. */
export function sctpInit(fields: {
  initiateTag: number;
  receiverWindow?: number;
  outboundStreams?: number;
  inboundStreams?: number;
  initialTsn?: number;
}): SctpChunk {
  const value = new Uint8Array(16);
  const view = new DataView(value.buffer);
  view.setUint32(0, fits(name, "initiateTag", fields.initiateTag, 32));
  view.setUint32(4, fits(name, "receiverWindow", fields.receiverWindow ?? 65_536, 32));
  view.setUint16(8, fits(name, "outboundStreams", fields.outboundStreams ?? 10, 16));
  view.setUint16(10, fits(name, "inboundStreams", fields.inboundStreams ?? 10, 16));
  view.setUint32(12, fits(name, "initialTsn", fields.initialTsn ?? fields.initiateTag, 32));
  return sctpChunk(sctpChunkTypes.init, value);
}

export const sctp = (
  fields: Pick<SctpHeader, "srcPort" | "dstPort"> & Partial<Omit<SctpHeader, "protocol" | "srcPort" | "dstPort">>,
): SctpHeader => ({
  protocol: name,
  srcPort: fits(name, "srcPort", fields.srcPort, 16),
  dstPort: fits(name, "dstPort", fields.dstPort, 16),
  verificationTag: fits(name, "verificationTag", fields.verificationTag ?? 0, 32),
  chunks: fields.chunks ?? [],
  wrong: fields.wrong ?? {},
});

const chunkBytes = ({ value, padding }: SctpChunk): number => 4 + value.length + padding.length;

const lengthOf = ({ chunks }: SctpHeader): number =>
  chunks.reduce((sum, chunk) => sum + chunkBytes(chunk), commonBytes);

function emit(header: SctpHeader, { bytes, view, start, end }: Place): void {
  view.setUint16(start, header.srcPort);
  view.setUint16(start + 2, header.dstPort);
  view.setUint32(start + 4, header.verificationTag);
  let at = start + commonBytes;
  for (const chunk of header.chunks) {
    view.setUint8(at, chunk.type);
    view.setUint8(at + 1, chunk.flags);
    view.setUint16(at + 2, 4 + chunk.value.length);
    bytes.set(chunk.value, at + 4);
    bytes.set(chunk.padding, at + 4 + chunk.value.length);
    at += chunkBytes(chunk);
  }
  const checksum = header.wrong.checksum ?? sctpChecksum(bytes, start, end);
  view.setUint32(start + 8, checksum);
}

/** The four bytes of a CRC as they stand in the packet, as a number. */
/** Where the checksum is in the header. */
export const sctpChecksumOffset = 8;

/** The right checksum of the packet in bytes[start … end). The bytes in its place do not matter. */
export const sctpChecksum = (bytes: Uint8Array, start: number, end: number): number =>
  swapped(crc32cWithout(bytes, start, end, start + sctpChecksumOffset));

const swapped = (crc: number): number =>
  (((crc & 0xff) << 24) | ((crc & 0xff00) << 8) | ((crc >>> 8) & 0xff00) | (crc >>> 24)) >>> 0;

function parse({ bytes, view, start, end }: Unparsed): Parsed<SctpHeader> {
  if (end - start < commonBytes) return tooShort(name, start, end, commonBytes);
  const stored = view.getUint32(start + 8);
  const right = sctpChecksum(bytes, start, end);
  const chunks = parseChunks(bytes, view, start + commonBytes, end);
  const header: SctpHeader = {
    protocol: name,
    srcPort: view.getUint16(start),
    dstPort: view.getUint16(start + 2),
    verificationTag: view.getUint32(start + 4),
    chunks,
    wrong: stored === right ? {} : { checksum: stored },
  };
  const headerBytes = lengthOf(header);
  const left = end - start - headerBytes;
  const isData = left >= 4 && view.getUint8(start + headerBytes) === sctpChunkTypes.data;
  const faults: Fault[] = [];
  if (stored !== right) {
    const what = `0x${stored.toString(16).padStart(8, "0")}, expected 0x${right.toString(16).padStart(8, "0")}`;
    faults.push({ protocol: name, field: "checksum", offset: start + 8, what });
  }
  if (left > 0 && !isData) {
    faults.push({
      protocol: name,
      field: "chunks",
      offset: start + headerBytes,
      what: `${left} bytes that are no chunk`,
    });
  }
  return {
    header,
    headerBytes,
    end,
    next: isData ? { space: "sctpChunk", number: sctpChunkTypes.data } : null,
    faults,
  };
}

/** The chunks up to the first data chunk, as long as they are whole. The last one may lack its padding. */
function parseChunks(bytes: Uint8Array, view: DataView, from: number, end: number): readonly SctpChunk[] {
  const chunks: SctpChunk[] = [];
  let at = from;
  while (at + 4 <= end && view.getUint8(at) !== sctpChunkTypes.data) {
    const length = view.getUint16(at + 2);
    if (length < 4 || at + length > end) break;
    const next = Math.min(at + length + ((4 - (length % 4)) % 4), end);
    chunks.push({
      type: view.getUint8(at),
      flags: view.getUint8(at + 1),
      value: bytes.slice(at + 4, at + length),
      padding: bytes.slice(at + length, next),
    });
    at = next;
  }
  return chunks;
}

const fields = ({ chunks }: SctpHeader): readonly Field[] => fieldTable([...head, ...chunks.flatMap(chunkRows)]);

function chunkRows({ value, padding }: SctpChunk, i: number): readonly FieldRow[] {
  const bytesRow = (what: string, length: number): FieldRow[] =>
    length === 0 ? [] : [[`chunk${i}.${what}`, length * 8, "bytes"]];
  return [
    [`chunk${i}.type`, 8],
    [`chunk${i}.flags`, 8],
    [`chunk${i}.length`, 16, "length"],
    ...bytesRow("value", value.length),
    ...bytesRow("padding", padding.length),
  ];
}

type ChunkParts = {
  readonly type: number;
  readonly value?: Uint8Array;
  readonly flags?: number;
  /** Instead of the zeros up to a multiple of four bytes. */
  readonly padding?: Uint8Array;
};

function makePacket(values: object): SctpHeader {
  const v = values as Partial<Omit<SctpHeader, "chunks">> & {
    chunks?: readonly ChunkParts[];
    init?: Parameters<typeof sctpInit>[0];
  };
  const chunks = (v.chunks ?? []).map(({ type, value, flags, padding }) => {
    const chunk = sctpChunk(type, value, flags);
    return padding === undefined ? chunk : { ...chunk, padding };
  });
  const { srcPort, dstPort } = benchmark;
  return sctp({ srcPort, dstPort, ...v, chunks: v.init === undefined ? chunks : [sctpInit(v.init), ...chunks] });
}

export const sctpProtocol: Protocol<SctpHeader> = {
  name,
  numbers: { ipProtocol: [132] },
  nextSpaces: () => ["sctpChunk"],
  closed: () => true,
  headerBytes: lengthOf,
  emit,
  parse,
  fields,
  checksum: () => ({ algorithm: "crc32c", covers: "packet", pseudoHeader: false, zeroIsNone: false }),
  inputs: {
    srcPort: input.uint(16),
    dstPort: input.uint(16),
    verificationTag: input.uint(32),
    chunks: input.list(
      input.object({
        type: input.needed(input.uint(8, sctpChunkTypes)),
        value: input.bytes,
        flags: input.uint(8),
        padding: input.bytes,
      }),
    ),
    init: input.object({
      initiateTag: input.needed(input.uint(32)),
      receiverWindow: input.uint(32),
      outboundStreams: input.uint(16),
      inboundStreams: input.uint(16),
      initialTsn: input.uint(32),
    }),
    wrong: input.object({ checksum: input.uint(32) }),
  },
  make: makePacket,
};
