/** What lies behind the headers. Where there is room, its last bytes are the signature. */
import { readBytes } from "../../packet/index.js";
import type { Payload as Bytes } from "../../stream/index.js";
import { maxFrameBytes } from "../../units.js";
import type { OtgPayload } from "../model.js";
import { invalid } from "../refusal.js";

const words = 65_536;

const wordBytes = (wordAt: (k: number) => number): Uint8Array =>
  Uint8Array.from({ length: 2 * words }, (_, i) => (i % 2 === 0 ? wordAt(i >> 1) >> 8 : wordAt(i >> 1)) & 0xff);

const made = new Map<string, Uint8Array>();

/** All words, one after the other. Flows share them: they are made once. */
function wordsOf(choice: "increment_word" | "decrement_word"): Uint8Array {
  const bytes = made.get(choice) ?? wordBytes(choice === "increment_word" ? (k) => k : (k) => words - 1 - k);
  made.set(choice, bytes);
  return bytes;
}

/** @throws OtgRefusal */
export function payloadOf(payload: OtgPayload | undefined, path: string): Bytes {
  switch (payload?.choice) {
    case "increment_byte":
      return { kind: "increment" };
    case "decrement_byte":
      return { kind: "bytes", bytes: Uint8Array.from({ length: 256 }, (_, i) => 255 - i) };
    case "increment_word":
    case "decrement_word":
      return { kind: "bytes", bytes: wordsOf(payload.choice) };
    default: {
      const { pattern, repeat } = payload?.fixed ?? { pattern: "00", repeat: true };
      const bytes = readBytes(pattern);
      if (bytes === null || bytes.length === 0) {
        throw invalid(
          `${path}.fixed.pattern: "${pattern.slice(0, 40)}" is not accepted; accepted: pairs of hex digits`,
        );
      }
      if (repeat) return { kind: "bytes", bytes };
      const padded = new Uint8Array(Math.max(maxFrameBytes, bytes.length));
      padded.set(bytes);
      return { kind: "bytes", bytes: padded };
    }
  }
}
