/**
 * Messages as text: JSON, and tagged objects for what JSON has no words for. Numbers that are not finite, bytes, and
 * histograms (which are mostly empty) come out of it as they went in.
 */

/** A histogram or a list of bytes that says that it is longer is refused. */
const mostSlots = 1_000_000;

type Encoded =
  | { readonly $number: string }
  | { readonly $bytes: string }
  | { readonly $doubles: number; readonly used: readonly (readonly [slot: number, value: unknown])[] };

const tag = { number: "$number", bytes: "$bytes", doubles: "$doubles" } as const;

const encodedNumber = (value: number): unknown => (Number.isFinite(value) ? value : { $number: String(value) });

function encodedValue(_key: string, value: unknown): unknown {
  if (typeof value === "number") return encodedNumber(value);
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") } satisfies Encoded;
  if (!(value instanceof Float64Array)) return value;
  const used = [...value].flatMap((slot, i): [number, unknown][] => (slot === 0 ? [] : [[i, slot]]));
  return { $doubles: value.length, used } satisfies Encoded;
}

const numbers: Readonly<Record<string, number>> = {
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
  NaN: Number.NaN,
};

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

function decodedValue(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const tagged = value as Readonly<Record<string, unknown>>;
  if (typeof tagged[tag.number] === "string") return numbers[tagged[tag.number] as string] ?? Number.NaN;
  if (typeof tagged[tag.bytes] === "string") return new Uint8Array(Buffer.from(tagged[tag.bytes] as string, "base64"));
  return tag.doubles in tagged ? doublesOf(tagged[tag.doubles], tagged["used"]) : value;
}

export const encodeWire = (value: unknown): string => JSON.stringify(value, encodedValue);

/** The plain data that `encodeWire` had, not yet checked. Throws a SyntaxError. */
export const decodeWire = (text: string): unknown => JSON.parse(text, decodedValue) as unknown;
