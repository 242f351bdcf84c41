/** Messages as bytes: text, compressed where it is long. What is compressed says so by its first two bytes. */
import { gunzipSync, gzipSync } from "node:zlib";
import { environmentError, type PktgenError } from "../../errors.js";
import { decodeWire, encodeWire } from "../wire.js";

const compressFromBytes = 64 * 1024;
/** What a small message may grow to, so that a hostile one fills no memory. */
const mostBytes = 256 * 1024 * 1024;

const isCompressed = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** `serverTakesBytes`: what is longer than that is compressed as well. */
export function packPayload(data: unknown, serverTakesBytes: number): Uint8Array {
  const text = Buffer.from(encodeWire(data));
  return text.length < Math.min(compressFromBytes, serverTakesBytes) ? text : gzipSync(text, { level: 1 });
}

export const tooLong = (bytes: number, serverTakesBytes: number): PktgenError =>
  environmentError(`a message of ${bytes} bytes is longer than the server takes (${serverTakesBytes})`, {
    hint: "raise max_payload in the server's configuration, or use fewer streams",
  });

/** Throws an Error where it is no message. */
export function unpackPayload(bytes: Uint8Array): unknown {
  const text = isCompressed(bytes) ? gunzipSync(bytes, { maxOutputLength: mostBytes }) : bytes;
  return decodeWire(Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString("utf8"));
}
