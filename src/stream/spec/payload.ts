/** The payload: the bytes behind the headers of a stream's frames. */
import { fillPattern } from "../../packet/index.js";
import { seededRandom } from "../../random.js";
import type { Payload } from "./traffic.js";

/** Keeps this use of a seed apart from others. */
const substream = 0x7061;

/** `length` bytes of it; shorter ones are the beginning of longer ones. */
export function payloadBytes(payload: Payload, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  switch (payload.kind) {
    case "zero":
      return bytes;
    case "increment":
      fillPattern(bytes, 0, length);
      return bytes;
    case "random": {
      const random = seededRandom(payload.seed, substream);
      for (let i = 0; i < length; i++) bytes[i] = random.uint32() >>> 24;
      return bytes;
    }
    case "bytes":
      for (let i = 0; i < length; i++) bytes[i] = payload.bytes[i % payload.bytes.length];
      return bytes;
  }
}
