/**
 * Messages as text: JSON, and tagged objects for what JSON has no words for. Numbers that are not finite, bytes, and
 * histograms (which are mostly empty) come out of it as they went in. Addresses that nobody gave stay such.
 */
import { unsaidAddress, unsaidName } from "../packet/index.js";

/** A histogram that says that it is longer is refused, and a message that says so of all of them together. */
const mostSlots = 1_000_000;
const mostSlotsOfMessage = 32 * mostSlots;

type Encoded =
  | { readonly $number: string }
  | { readonly $bytes: string }
  | { readonly $unsaid: string }
  | { readonly $doubles: number; readonly used: readonly (readonly [slot: number, value: unknown])[] };

const tag = { number: "$number", bytes: "$bytes", unsaid: "$unsaid", doubles: "$doubles" } as const;

/** A message that is text already: what goes out several times is written once. */
export class WireText {
  readonly text: string;

  constructor(value: unknown) {
    this.text = encodeWire(value);
  }
}

const encodedNumber = (value: number): unknown => (Number.isFinite(value) ? value : { $number: String(value) });

function encodedBytes(bytes: Uint8Array): Encoded {
  const name = unsaidName(bytes);
  return name === null ? { $bytes: Buffer.from(bytes).toString("base64") } : { $unsaid: name };
}

function encodedValue(_key: string, value: unknown): unknown {
  if (typeof value === "number") return encodedNumber(value);
  if (value instanceof Uint8Array) return encodedBytes(value);
  if (!(value instanceof Float64Array)) return value;
  return { $doubles: value.length, used: usedSlots(value) } satisfies Encoded;
}

/** Of thousands of slots, a few. */
function usedSlots(slots: Float64Array): [slot: number, value: number][] {
  const used: [number, number][] = [];
  for (let slot = 0; slot < slots.length; slot++) if (slots[slot] !== 0) used.push([slot, slots[slot]!]);
  return used;
}

const numbers: ReadonlyMap<unknown, number> = new Map([
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

function doublesOf(slots: unknown, used: unknown): Float64Array {
  const isLength = typeof slots === "number" && Number.isInteger(slots) && slots >= 0 && slots <= mostSlots;
  if (!isLength || !Array.isArray(used)) throw new SyntaxError("a histogram that is none");
  const doubles = new Float64Array(slots);
  for (const entry of used as unknown[]) {
    const [slot, value] = Array.isArray(entry) ? (entry as unknown[]) : [];
    const fits = typeof slot === "number" && Number.isInteger(slot) && slot >= 0 && slot < slots;
    if (!fits || typeof value !== "number") throw new SyntaxError("a histogram with a slot that it has not");
    doubles[slot] = value;
  }
  return doubles;
}

function unsaidOf(name: string): Uint8Array {
  const address = unsaidAddress(name);
  if (address === null) throw new SyntaxError(`an address that is none: ${name}`);
  return address;
}

function decodedValue(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const tagged = value as Readonly<Record<string, unknown>>;
  if (typeof tagged[tag.number] === "string") return numbers.get(tagged[tag.number]) ?? Number.NaN;
  if (typeof tagged[tag.bytes] === "string") return new Uint8Array(Buffer.from(tagged[tag.bytes] as string, "base64"));
  if (typeof tagged[tag.unsaid] === "string") return unsaidOf(tagged[tag.unsaid] as string);
  return Object.hasOwn(tagged, tag.doubles) ? doublesOf(tagged[tag.doubles], tagged["used"]) : value;
}

export const encodeWire = (value: unknown): string =>
  value instanceof WireText ? value.text : JSON.stringify(value, encodedValue);

/** The plain data that `encodeWire` had, not yet checked. Throws a SyntaxError. */
export function decodeWire(text: string): unknown {
  let slots = 0;
  return JSON.parse(text, (key, value) => {
    const decoded = decodedValue(key, value);
    if (decoded instanceof Float64Array) slots += decoded.length;
    if (slots > mostSlotsOfMessage) throw new SyntaxError("a message with histograms without end");
    return decoded;
  }) as unknown;
}
