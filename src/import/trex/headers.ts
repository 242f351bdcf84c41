/** A packet's bytes → its headers in the words of a profile, so that the same bytes are made of them again. */
import {
  buildFrame,
  dissect,
  type FieldValue,
  fieldsOf,
  formatIpv4,
  formatIpv6,
  formatMac,
  type Header,
  headerOf,
  headersBytes,
  type Input,
  type Ipv4Address,
  type Ipv6Address,
  inputsOf,
  type MacAddress,
  type ProtocolName,
  readField,
} from "../../packet/index.js";

/** The inputs of one header, as a profile has them. */
export interface HeaderWords {
  readonly protocol: ProtocolName;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface HeaderStack {
  readonly words: readonly HeaderWords[];
  readonly headers: readonly Header[];
  readonly headerBytes: number;
}

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");

/** `frame`: without FCS. null: no headers make these bytes. */
export function headerStack(frame: Uint8Array): HeaderStack | null {
  const layers = dissect(frame).layers.map(({ header }) => header);
  for (let count = layers.length; count > 0; count--) {
    const stack = rebuilt(layers.slice(0, count), frame);
    if (stack !== null) return stack;
  }
  return null;
}

/** The headers of words, with the place of each. */
export const headersOfWords = (words: readonly HeaderWords[]): readonly Header[] =>
  words.map(({ protocol, values }) => headerOf(protocol, values));

/** A value of `wrong` more: a length or a checksum that is not filled in. */
export function withWrong({ protocol, values }: HeaderWords, field: string, value: number): HeaderWords {
  return { protocol, values: { ...values, wrong: { ...(values.wrong as object | undefined), [field]: value } } };
}

/** Has it a length or checksum of this name that can be set? */
export function takesWrong(protocol: ProtocolName, field: string): boolean {
  const { wrong } = inputsOf(protocol);
  return wrong?.kind === "object" && Object.hasOwn(wrong.of, field);
}

function rebuilt(layers: readonly Header[], frame: Uint8Array): HeaderStack | null {
  try {
    let words = wordsOf(layers, frame);
    // What follows from other bytes may differ: each is set once.
    for (let round = 0; round < 4; round++) {
      const headers = headersOfWords(words);
      const bytes = buildFrame(headers, frame.length, frame.slice(headersBytes(headers)));
      if (bytes.every((byte, i) => byte === frame[i])) return { words, headers, headerBytes: headersBytes(headers) };
      words = repaired(words, headers, bytes, frame);
    }
    return null;
  } catch {
    return null; // headers that were read need not be ones that can be built
  }
}

function wordsOf(layers: readonly Header[], frame: Uint8Array): readonly HeaderWords[] {
  return layers.map((header, i) => {
    const start = headersBytes(layers.slice(0, i));
    const inputs = inputsOf(header.protocol);
    const values: Record<string, unknown> = {};
    for (const field of fieldsOf(header)) {
      const input = inputs[field.name];
      if (input !== undefined && field.derived === null)
        values[field.name] = inWords(input, readField(frame, start, field));
    }
    if (header.protocol === "vlan" && header.tpid !== 0x8100) values.tpid = header.tpid;
    return shortened({ protocol: header.protocol, values });
  });
}

function inWords(input: Input, value: FieldValue): unknown {
  if (typeof value === "number") return input.kind === "flag" ? value === 1 : value;
  if (input.kind === "mac") return formatMac(value as MacAddress);
  if (input.kind === "ipv4") return formatIpv4(value as Ipv4Address);
  return input.kind === "ipv6" ? formatIpv6(value as Ipv6Address) : hexOf(value);
}

/** Without what is as in any header of this kind. Addresses and ports stay, since options may change those not given. */
function shortened({ protocol, values }: HeaderWords): HeaderWords {
  const whole = JSON.stringify(headerOf(protocol, values));
  const kept = Object.entries(values).filter(([name]) => {
    const kind = inputsOf(protocol)[name]?.kind;
    if (kind === "mac" || kind === "ipv4" || kind === "ipv6" || /port/i.test(name)) return true;
    const { [name]: _, ...others } = values;
    try {
      return JSON.stringify(headerOf(protocol, others)) !== whole;
    } catch {
      return true; // it is needed
    }
  });
  return { protocol, values: Object.fromEntries(kept) };
}

/** Sets the fields that are filled in and came out otherwise. */
function repaired(
  words: readonly HeaderWords[],
  headers: readonly Header[],
  bytes: Uint8Array,
  frame: Uint8Array,
): readonly HeaderWords[] {
  return words.map((word, i) => {
    const start = headersBytes(headers.slice(0, i));
    let changed = word;
    for (const field of fieldsOf(headers[i])) {
      const [is, should] = [readField(bytes, start, field), readField(frame, start, field)];
      if (typeof should !== "number" || is === should) continue;
      const input = inputsOf(word.protocol)[field.name];
      if (takesWrong(word.protocol, field.name)) changed = withWrong(changed, field.name, should);
      else if (input !== undefined) changed = withValue(changed, field.name, inWords(input, should));
    }
    return changed;
  });
}

const withValue = ({ protocol, values }: HeaderWords, name: string, value: unknown): HeaderWords => ({
  protocol,
  values: { ...values, [name]: value },
});

/** Bytes as a payload of a profile has them: what repeats, once. */
export function payloadOfBytes(bytes: Uint8Array): unknown {
  if (bytes.every((byte) => byte === 0)) return "zero";
  if (bytes.every((byte, i) => byte === (i & 0xff))) return "increment";
  const unit = bytes.slice(0, unitBytes(bytes));
  const text = String.fromCharCode(...unit.slice(0, 64));
  return unit.length <= 64 && /^[!-~]+$/.test(text) ? { text } : { hex: hexOf(unit) };
}

/** The shortest beginning that, repeated, makes all of it (the failure function of Knuth, Morris and Pratt). */
function unitBytes(bytes: Uint8Array): number {
  const borders = new Uint32Array(bytes.length + 1);
  for (let i = 1, border = 0; i < bytes.length; i++) {
    while (border > 0 && bytes[i] !== bytes[border]) border = borders[border]!;
    if (bytes[i] === bytes[border]) border++;
    borders[i + 1] = border;
  }
  return bytes.length - borders[bytes.length]!;
}

export { hexOf };
