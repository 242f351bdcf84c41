/**
 * SCTP's DATA chunk (RFC 9260 §3.3.1), the last of its packet, with the payload behind it:
 *
 *     0  type (0)   1  flags   2  length   4  TSN   8  stream   10  stream sequence   12  payload protocol   16  data
 */
import { fieldTable } from "./field.js";
import { input, made } from "./input.js";
import {
  type Fault,
  fits,
  lengthFault,
  type Parsed,
  type Place,
  type Protocol,
  tooShort,
  type Unparsed,
} from "./protocol.js";

export interface SctpDataHeader {
  readonly protocol: "sctpData";
  /** Immediate 8, unordered 4, beginning 2, ending 1. */
  readonly flags: number;
  readonly tsn: number;
  readonly stream: number;
  readonly streamSequence: number;
  /** Payload protocol identifier; 0: none is named. */
  readonly payloadProtocol: number;
  readonly wrong: { readonly length?: number };
}

const name = "sctpData";
const headerBytes = 16;
const table = fieldTable([
  ["type", 8, "constant"],
  ["flags", 8],
  ["length", 16, "length"],
  ["tsn", 32],
  ["stream", 16],
  ["streamSequence", 16],
  ["payloadProtocol", 32],
]);

/**
 * A whole message by default, beginning and ending. A payload whose length is no multiple of four bytes lacks its
 * padding.
 */
export const sctpData = (fields: Partial<Omit<SctpDataHeader, "protocol">> = {}): SctpDataHeader => ({
  protocol: name,
  flags: fits(name, "flags", fields.flags ?? 3, 8),
  tsn: fits(name, "tsn", fields.tsn ?? 1, 32),
  stream: fits(name, "stream", fields.stream ?? 0, 16),
  streamSequence: fits(name, "streamSequence", fields.streamSequence ?? 0, 16),
  payloadProtocol: fits(name, "payloadProtocol", fields.payloadProtocol ?? 0, 32),
  wrong: fields.wrong ?? {},
});

function emit(header: SctpDataHeader, { view, start, end }: Place): void {
  view.setUint8(start, 0);
  view.setUint8(start + 1, header.flags);
  view.setUint16(start + 2, header.wrong.length ?? end - start);
  view.setUint32(start + 4, header.tsn);
  view.setUint16(start + 8, header.stream);
  view.setUint16(start + 10, header.streamSequence);
  view.setUint32(start + 12, header.payloadProtocol);
}

function parse({ view, start, end }: Unparsed): Parsed<SctpDataHeader> {
  if (end - start < headerBytes) return tooShort(name, start, end, headerBytes);
  const type = view.getUint8(start);
  if (type !== 0) {
    return { header: null, fault: { protocol: name, field: "type", offset: start, what: `${type}, expected 0` } };
  }
  const length = view.getUint16(start + 2);
  const lengthFits = length >= headerBytes && length <= end - start;
  const faults: Fault[] = lengthFits ? [] : [lengthFault(name, "length", start + 2, length, end - start)];
  return {
    header: {
      protocol: name,
      flags: view.getUint8(start + 1),
      tsn: view.getUint32(start + 4),
      stream: view.getUint16(start + 8),
      streamSequence: view.getUint16(start + 10),
      payloadProtocol: view.getUint32(start + 12),
      wrong: lengthFits ? {} : { length },
    },
    headerBytes,
    end: lengthFits ? start + length : end,
    next: null,
    faults,
  };
}

export const sctpDataProtocol: Protocol<SctpDataHeader> = {
  name,
  numbers: { sctpChunk: [0] },
  nextSpaces: () => [],
  headerBytes: () => headerBytes,
  emit,
  parse,
  fields: () => table,
  inputs: {
    flags: input.uint(8),
    tsn: input.uint(32),
    stream: input.uint(16),
    streamSequence: input.uint(16),
    payloadProtocol: input.uint(32),
    wrong: input.object({ length: input.uint(16) }),
  },
  make: made(sctpData),
};
