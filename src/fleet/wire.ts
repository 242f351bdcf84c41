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

const tag = { number: "$number", doubles: "$doubles" } as const;

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

/** null: it is none. */
function numberOf(value: unknown): number | null {
  const text = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[tag.number] : undefined;
  return typeof text === "string" ? (numbers.get(text) ?? Number.NaN) : null;
}

function doublesOf(slots: unknown, used: unknown): Float64Array {
  const isLength = typeof slots === "number" && Number.isInteger(slots) && slots >= 0 && slots <= mostSlots;
  if (!isLength || !Array.isArray(used)) throw new SyntaxError("a histogram that is none");
  const doubles = new Float64Array(slots);
  for (const entry of used as unknown[]) {
    const [slot, value] = Array.isArray(entry) ? (entry as unknown[]) : [];
    const fits = typeof slot === "number" && Number.isInteger(slot) && slot >= 0 && slot < slots;
    const number = typeof value === "number" ? value : numberOf(value);
    if (!fits || number === null) throw new SyntaxError("a histogram with a slot that it has not");
    doubles[slot] = number;
  }
  return doubles;
}

function unsaidOf(name: string): Uint8Array {
  const address = unsaidAddress(name);
  if (address === null) throw new SyntaxError(`an address that is none: ${name}`);
  return address;
}

export const encodeWire = (value: unknown): string =>
  value instanceof WireText ? value.text : JSON.stringify(value, encodedValue);

/**
 * The plain data that `encodeWire` had, not yet checked. Throws a SyntaxError. The values of a histogram are as many as
 * those of all the rest: a look at each of them, as JSON.parse offers it, took most of the time.
 */
export const decodeWire = (text: string): unknown => new Decoding().of(JSON.parse(text));

class Decoding {
  /** Of all histograms. */
  #slots = 0;

  of(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return this.#list(value);
    const tagged = value as Record<string, unknown>;
    const number = numberOf(value);
    if (number !== null) return number;
    const { $bytes: bytes, $unsaid: unsaid } = tagged;
    if (typeof bytes === "string") return new Uint8Array(Buffer.from(bytes, "base64"));
    if (typeof unsaid === "string") return unsaidOf(unsaid);
    if (Object.hasOwn(tagged, tag.doubles)) return this.#doubles(tagged);
    for (const key of Object.keys(tagged)) {
      const before = tagged[key];
      if (typeof before !== "object" || before === null) continue;
      const after = this.of(before);
      // JSON.parse made each of them the object's own, whatever its name is.
      if (after !== before) tagged[key] = after;
    }
    return value;
  }

  #list(list: unknown[]): unknown[] {
    for (let k = 0; k < list.length; k++) {
      if (typeof list[k] === "object") list[k] = this.of(list[k]);
    }
    return list;
  }

  #doubles(tagged: Readonly<Record<string, unknown>>): Float64Array {
    const doubles = doublesOf(tagged[tag.doubles], tagged["used"]);
    this.#slots += doubles.length;
    if (this.#slots > mostSlotsOfMessage) throw new SyntaxError("a message with histograms without end");
    return doubles;
  }
}
