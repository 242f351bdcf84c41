/**
 * The messages of the Open Traffic Generator's models, as text that is read once:
 *
 *     FlowSize                                            a message, and its fields
 *       1 choice enum fixed|increment = fixed             number, name, type, default; an enum's values count from 1
 *       2 fixed uint32 = 64 12..65535                     least and most
 *       3 names string[] required                         any number of them; at least one is needed
 *       4 lags refused[]: there are no LAGs               refused wherever it is given, and why
 *       5 media enum copper unused: it has its own        accepted, with a warning that says so
 *       6 src_port pattern 16 random = 0                  a field of a header: see `patternFields`
 *       7 checksum checksum 16
 *
 * `choice` says which of the fields that it names is meant. A pattern is `mac`, `ipv4`, `ipv6` or a number of bits, and then:
 * `auto@4` or `auto@8`, the number of its own `auto`; `dhcp`, an `auto` that asks a server for an address; `random`;
 * `untagged`, which has no metric tags.
 */
export type ScalarKind =
  | "string"
  | "mac"
  | "ipv4"
  | "ipv6"
  | "hex"
  | "bool"
  | "uint32"
  | "int32"
  | "uint64"
  | "float"
  | "double";

export type FieldType =
  | { readonly kind: "scalar"; readonly scalar: ScalarKind }
  | { readonly kind: "enum"; readonly names: readonly string[] }
  | { readonly kind: "message"; readonly message: string }
  | { readonly kind: "refused"; readonly why: string };

export interface SchemaField {
  readonly number: number;
  readonly name: string;
  readonly type: FieldType;
  readonly isList: boolean;
  readonly isRequired: boolean;
  /** Why it has no effect; null: it has one. */
  readonly unused: string | null;
  readonly byDefault: string | number | boolean | null;
  readonly least: number | null;
  readonly most: number | null;
}

/** What a header's field can be: `bits` of a number or of an address. */
export interface PatternFacts {
  readonly kind: "uint" | "mac" | "ipv4" | "ipv6";
  readonly bits: number;
  readonly isAuto: boolean;
  readonly byDefault: string | number;
}

export interface SchemaMessage {
  readonly name: string;
  readonly fields: readonly SchemaField[];
  readonly byName: ReadonlyMap<string, SchemaField>;
  readonly byNumber: ReadonlyMap<number, SchemaField>;
  /** null: it is no pattern. */
  readonly pattern: PatternFacts | null;
}

const scalars: readonly string[] = [
  ...["string", "mac", "ipv4", "ipv6", "hex", "bool", "uint32", "int32", "uint64", "float", "double"],
];

const messageOf = (
  name: string,
  fields: readonly SchemaField[],
  pattern: PatternFacts | null = null,
): SchemaMessage => ({
  name,
  fields: fields.toSorted((a, b) => a.number - b.number),
  byName: new Map(fields.map((field) => [field.name, field])),
  byNumber: new Map(fields.map((field) => [field.number, field])),
  pattern,
});

const plain = { isList: false, isRequired: false, unused: null, byDefault: null, least: null, most: null } as const;

const scalarField = (
  number: number,
  name: string,
  scalar: ScalarKind,
  more: Partial<SchemaField> = {},
): SchemaField => ({ ...plain, number, name, type: { kind: "scalar", scalar }, ...more });

const enumField = (number: number, name: string, names: readonly string[], byDefault: string): SchemaField => ({
  ...plain,
  number,
  name,
  type: { kind: "enum", names },
  byDefault,
});

const partField = (number: number, name: string, message: string): SchemaField => ({
  ...plain,
  number,
  name,
  type: { kind: "message", message },
});

const refusedField = (number: number, name: string, why: string, isList = false): SchemaField => ({
  ...plain,
  ...{ number, name, isList },
  type: { kind: "refused", why },
});

const addressBits: Readonly<Record<string, number>> = { mac: 48, ipv4: 32, ipv6: 128 };
const zeros: Readonly<Record<string, string>> = { mac: "00:00:00:00:00:00", ipv4: "0.0.0.0", ipv6: "::" };
const ones: Readonly<Record<string, string>> = {
  mac: "ff:ff:ff:ff:ff:ff",
  ipv4: "255.255.255.255",
  ipv6: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
};
const oneStep: Readonly<Record<string, string>> = { mac: "00:00:00:00:00:01", ipv4: "0.0.0.1", ipv6: "::1" };
const choices = ["auto", "value", "values", "increment", "decrement", "random"];

/** The words behind `pattern`. */
interface PatternWords {
  readonly base: string;
  readonly flags: readonly string[];
  readonly given: string | null;
}

function patternWords(words: readonly string[]): PatternWords {
  const at = words.indexOf("=");
  const [base = "", ...flags] = at < 0 ? words : words.slice(0, at);
  return { base, flags, given: at < 0 ? null : words[at + 1]! };
}

/** The messages of a pattern: itself, its counter, its chance, and its tags. */
function patternMessages(name: string, { base, flags, given }: PatternWords): readonly SchemaMessage[] {
  const isAddress = base in addressBits;
  const bits = isAddress ? addressBits[base]! : Number(base);
  const scalar: ScalarKind = isAddress ? (base as ScalarKind) : bits > 32 ? "uint64" : "uint32";
  const range = isAddress ? {} : { least: 0, most: 2 ** bits - 1 };
  const byDefault = isAddress ? (given ?? zeros[base]!) : Number(given ?? 0);
  const ownAuto = flags.find((flag) => flag.startsWith("auto@"));
  const behind = ownAuto === "auto@4" ? 6 : 5;
  const isTagged = !flags.includes("untagged");
  const fields = [
    enumField(1, "choice", choices, ownAuto === undefined ? "value" : "auto"),
    scalarField(2, "value", scalar, { ...range, byDefault }),
    scalarField(3, "values", scalar, { ...range, isList: true }),
    ...(ownAuto === undefined ? [] : [scalarField(Number(ownAuto.slice(5)), "auto", scalar, range)]),
    partField(behind, "increment", `${name}.counter`),
    partField(behind + 1, "decrement", `${name}.counter`),
    ...(isTagged ? [{ ...partField(behind + 2, "metric_tags", `${name}.tag`), isList: true }] : []),
    ...(flags.includes("dhcp") ? [refusedField(8, "auto", "addresses are given, not asked for")] : []),
    ...(flags.includes("random") ? [partField(flags.includes("dhcp") ? 9 : 8, "random", `${name}.random`)] : []),
  ];
  const ends = { least: isAddress ? zeros[base]! : 0, most: isAddress ? ones[base]! : 2 ** bits - 1 };
  const counter = [
    scalarField(1, "start", scalar, { ...range, byDefault }),
    scalarField(2, "step", scalar, { ...range, byDefault: isAddress ? oneStep[base]! : 1 }),
    scalarField(3, "count", scalar === "uint64" ? "uint64" : "uint32", { byDefault: 1, least: 1 }),
  ];
  const random = [
    scalarField(1, "min", scalar, { ...range, byDefault: ends.least }),
    scalarField(2, "max", scalar, { ...range, byDefault: ends.most }),
    scalarField(3, "seed", "uint32", { byDefault: 1 }),
    scalarField(4, "count", "uint32", { byDefault: 1, least: 1 }),
  ];
  const tag = [
    { ...scalarField(1, "name", "string"), isRequired: true },
    scalarField(2, "offset", "uint32", { byDefault: 0 }),
    scalarField(3, "length", "uint32", { byDefault: bits, least: 1 }),
  ];
  const kind = isAddress ? (base as PatternFacts["kind"]) : "uint";
  return [
    messageOf(name, fields, { kind, bits, isAuto: ownAuto !== undefined, byDefault }),
    messageOf(`${name}.counter`, counter),
    ...(flags.includes("random") ? [messageOf(`${name}.random`, random)] : []),
    ...(isTagged ? [messageOf(`${name}.tag`, tag)] : []),
  ];
}

function checksumMessage(name: string, bits: number): SchemaMessage {
  return messageOf(name, [
    enumField(1, "choice", ["generated", "custom"], "generated"),
    enumField(2, "generated", ["good", "bad"], "good"),
    scalarField(3, "custom", "uint32", { least: 0, most: 2 ** bits - 1 }),
  ]);
}

function defaultOf(text: string, type: FieldType): SchemaField["byDefault"] {
  if (type.kind === "enum") return text;
  const scalar = type.kind === "scalar" ? type.scalar : "string";
  if (scalar === "bool") return text === "true";
  return ["string", "mac", "ipv4", "ipv6", "hex"].includes(scalar) ? text : Number(text);
}

const linePattern =
  /^ {2}(\d+) (\w+) (?:refused(\[\])?: (.+)|(enum )?([\w|]+?)(\[\])?(?: = (\S+))?(?: (\d+)\.\.(\d*))?( required)?(?: unused: (.+))?)$/;

function fieldOf(line: string): SchemaField {
  const match = linePattern.exec(line);
  if (match === null) throw new Error(`no field: ${line}`);
  const [, number, name, refusedList, why, isEnum, word, list, given, least, most, required, unused] = match;
  if (why !== undefined) return refusedField(Number(number), name!, why, refusedList !== undefined);
  const type: FieldType =
    isEnum !== undefined
      ? { kind: "enum", names: word!.split("|") }
      : scalars.includes(word!)
        ? { kind: "scalar", scalar: word as ScalarKind }
        : { kind: "message", message: word! };
  return {
    ...{ number: Number(number), name: name!, type, isList: list !== undefined, isRequired: required !== undefined },
    unused: unused ?? null,
    byDefault: given === undefined ? null : defaultOf(given, type),
    least: least === undefined ? null : Number(least),
    most: most === undefined || most === "" ? null : Number(most),
  };
}

/** A line of a header's field: its own message, and the field that has it. */
function patternLine(owner: string, line: string): { field: SchemaField; messages: readonly SchemaMessage[] } | null {
  const [text = "", unused = null] = line.split(" unused: ");
  const [number, name, word, ...rest] = text.trim().split(" ");
  if (word !== "pattern" && word !== "checksum") return null;
  const own = `${owner}.${name}`;
  const isRequired = rest.at(-1) === "required";
  const words = isRequired ? rest.slice(0, -1) : rest;
  const messages =
    word === "checksum" ? [checksumMessage(own, Number(words[0]))] : patternMessages(own, patternWords(words));
  return { field: { ...partField(Number(number), name!, own), isRequired, unused }, messages };
}

/** @throws Error: the text is not of this notation. */
export function readMessages(text: string): readonly SchemaMessage[] {
  return text
    .trim()
    .split("\n\n")
    .flatMap((block) => {
      const [name = "", ...lines] = block.split("\n");
      const parts: SchemaMessage[] = [];
      const fields = lines.map((line) => {
        const pattern = patternLine(name, line);
        if (pattern === null) return fieldOf(line);
        parts.push(...pattern.messages);
        return pattern.field;
      });
      return [messageOf(name, fields), ...parts];
    });
}
