/** Bytes without a known header: a whole frame, or the rest behind any header. Nothing can follow. */
import { type Field, fieldTable } from "./field.js";
import { input, made } from "./input.js";
import type { Protocol } from "./protocol.js";

export interface RawHeader {
  readonly protocol: "raw";
  readonly bytes: Uint8Array;
}

const name = "raw";

export const raw = (bytes: Uint8Array): RawHeader => ({ protocol: name, bytes });

const fields = ({ bytes }: RawHeader): readonly Field[] =>
  bytes.length === 0 ? [] : fieldTable([["bytes", bytes.length * 8, "bytes"]]);

export const rawProtocol: Protocol<RawHeader> = {
  name,
  numbers: {},
  anywhere: true,
  nextSpaces: () => [],
  headerBytes: ({ bytes }) => bytes.length,
  emit: ({ bytes: content }, { bytes, start }) => bytes.set(content, start),
  parse: ({ bytes, start, end }) => ({
    header: { protocol: name, bytes: bytes.slice(start, end) },
    headerBytes: end - start,
    end,
    next: null,
    faults: [],
  }),
  fields,
  inputs: {
    bytes: input.needed(input.bytes),
  },
  make: made(({ bytes }: { bytes: Uint8Array }) => raw(bytes)),
};
