/**
 * Checks a message that a client sent, and makes its normal form: names as the models have them, numbers as numbers, and
 * in each object that has one the `choice` that is meant. Whatever is wrong is told with its path, all of it at once.
 */
import { didYouMean } from "../../nearest.js";
import { parseIpv4, parseIpv6, parseMac } from "../../packet/index.js";
import { messageNamed, type SchemaField, type SchemaMessage } from "../schema/index.js";

export type Value = Readonly<Record<string, unknown>>;

/** What was found while a message was read. */
export interface OtgFindings {
  readonly errors: string[];
  readonly warnings: string[];
}

const mostErrors = 50;
/** Elements of a list: what a client sends is not to fill the memory. */
export const mostElements = 65_536;
const longestWord = 64;

export function note(found: OtgFindings, path: string, what: string): void {
  if (found.errors.length < mostErrors) found.errors.push(`${path === "" ? "body" : path}: ${what}`);
}

export const isValue = (value: unknown): value is Value =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

const isNothing = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.length === 0);

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
};

const parsers = { mac: parseMac, ipv4: parseIpv4, ipv6: parseIpv6 } as const;
const addressWords = { mac: "MAC address", ipv4: "IPv4 address", ipv6: "IPv6 address" } as const;

/** `flows[2].rate` */
export const inside = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`);

function readAddress(kind: keyof typeof parsers, value: unknown, path: string, found: OtgFindings): unknown {
  try {
    if (typeof value === "string") {
      parsers[kind](value);
      return value;
    }
  } catch {
    // It is told below, as for other types.
  }
  note(found, path, `${shown(value)} is no ${addressWords[kind]}`);
  return value;
}

const wholeMost = { uint32: 2 ** 32 - 1, int32: 2 ** 31 - 1, uint64: Number.MAX_SAFE_INTEGER } as const;

function readNumber(field: SchemaField, scalar: string, value: unknown, path: string, found: OtgFindings): unknown {
  const isText = typeof value === "string" && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value);
  const number = typeof value === "number" || isText ? Number(value) : Number.NaN;
  const isWhole = scalar in wholeMost;
  const least = field.least ?? (scalar === "int32" ? -(2 ** 31) : isWhole ? 0 : Number.NEGATIVE_INFINITY);
  const most = field.most ?? (isWhole ? wholeMost[scalar as keyof typeof wholeMost] : Number.MAX_VALUE);
  if (Number.isFinite(number) && number >= least && number <= most && (!isWhole || Number.isInteger(number))) {
    return number;
  }
  const range = `${Number.isFinite(least) ? least : "-1e308"} to ${most}`;
  note(found, path, `${shown(value)} is not accepted; accepted: ${isWhole ? "whole numbers " : ""}${range}`);
  return value;
}

function readScalar(field: SchemaField, scalar: string, value: unknown, path: string, found: OtgFindings): unknown {
  switch (scalar) {
    case "mac":
    case "ipv4":
    case "ipv6":
      return readAddress(scalar, value, path, found);
    case "string":
      if (typeof value !== "string") note(found, path, `${shown(value)} is no text`);
      return value;
    case "hex":
      if (typeof value === "string" && /^(0x)?[0-9a-f]*$/i.test(value)) return value;
      note(found, path, `${shown(value)} is not accepted; accepted: hex digits`);
      return value;
    case "bool":
      if (typeof value !== "boolean") note(found, path, `${shown(value)} is not accepted; accepted: true, false`);
      return value;
    default:
      return readNumber(field, scalar, value, path, found);
  }
}

function readOne(field: SchemaField, value: unknown, path: string, found: OtgFindings): unknown {
  const { type } = field;
  switch (type.kind) {
    case "refused":
      note(found, path, `not supported: ${type.why}`);
      return undefined;
    case "message":
      return readOtg(type.message, value, path, found);
    case "enum":
      if (typeof value === "string" && type.names.includes(value)) return value;
      note(found, path, `${shown(value)} is not accepted; accepted: ${type.names.join(", ")}`);
      return value;
    case "scalar":
      return readScalar(field, type.scalar, value, path, found);
  }
}

function readField(field: SchemaField, value: unknown, path: string, found: OtgFindings): unknown {
  if (!field.isList) return readOne(field, value, path, found);
  if (field.type.kind === "refused") return readOne(field, value, path, found);
  if (!Array.isArray(value)) note(found, path, `${shown(value)} is no list`);
  else if (value.length > mostElements)
    note(found, path, `${value.length} elements are too many; accepted: up to ${mostElements}`);
  else return value.map((one, k) => readOne(field, one, `${path}[${k}]`, found));
  return undefined;
}

const branchesOf = (message: SchemaMessage): readonly string[] => {
  const choice = message.byName.get("choice");
  return choice?.type.kind === "enum" ? choice.type.names : [];
};

/** The choice that is meant: as given, or of the one branch that is there, or the default. */
function chosenIn(message: SchemaMessage, value: Value, path: string, found: OtgFindings): string | null {
  const choice = message.byName.get("choice");
  if (choice === undefined) return null;
  const branches = branchesOf(message);
  const present = branches.filter((name) => message.byName.has(name) && !isNothing(value[name]));
  const given = value["choice"] ?? (present.length === 1 ? present[0] : null) ?? choice.byDefault;
  if (typeof given !== "string" || !branches.includes(given)) {
    if (given !== null) {
      note(found, inside(path, "choice"), `${shown(given)} is not accepted; accepted: ${branches.join(", ")}`);
    } else if (choice.isRequired) note(found, inside(path, "choice"), "is needed");
    return null;
  }
  if (message.pattern !== null && !message.byName.has(given)) {
    note(found, inside(path, "choice"), `this field has no ${given}`);
  }
  for (const other of present) {
    if (other !== given) note(found, inside(path, other), `choice is ${given}, so this would have no effect`);
  }
  const refused = message.byName.get(given)?.type;
  if (refused?.kind === "refused" && !present.includes(given)) {
    note(found, inside(path, given), `not supported: ${refused.why}`);
  }
  return given;
}

const isUsual = (field: SchemaField, value: unknown): boolean => {
  if (typeof value === "boolean") return value === (field.byDefault ?? false);
  if (typeof field.byDefault === "string" && value === field.byDefault) return true;
  if (typeof field.byDefault === "number") return Number(value) === field.byDefault;
  return isValue(value) ? Object.keys(value).length === 0 : isNothing(value);
};

/** The normal form; nothing is left in it that has no effect. Mistakes go to `found`. */
export function readOtg(name: string, value: unknown, path: string, found: OtgFindings): Value {
  const message = messageNamed(name);
  if (!isValue(value)) {
    note(found, path, `${shown(value)} is no object`);
    return {};
  }
  for (const key of Object.keys(value)) {
    if (found.errors.length >= mostErrors) break;
    if (message.byName.has(key)) continue;
    const word = key.slice(0, longestWord);
    const { hint } = didYouMean(word, [...message.byName.keys()]);
    note(found, inside(path, word), `there is no such field${hint === undefined ? "" : `; ${hint}`}`);
  }
  const chosen = chosenIn(message, value, path, found);
  const read: Record<string, unknown> = chosen === null ? {} : { choice: chosen };
  for (const field of message.fields) {
    if (field.name === "choice") continue;
    const given = value[field.name];
    const at = inside(path, field.name);
    if (given === undefined || given === null || (field.isList && isNothing(given))) {
      if (field.isRequired) note(found, at, "is needed");
      continue;
    }
    if (field.unused !== null && !isUsual(field, given)) found.warnings.push(`${at} is not used: ${field.unused}`);
    const result = readField(field, given, at, found);
    if (result !== undefined) read[field.name] = result;
  }
  return read;
}

/** A message of the normal form with the defaults of whatever is not said. Absent parts stay absent, but for the chosen one. */
export function withDefaults(name: string, value: Value): Value {
  const message = messageNamed(name);
  const branches = branchesOf(message);
  const chosen = value["choice"] ?? message.byName.get("choice")?.byDefault ?? null;
  const filled: Record<string, unknown> = chosen === null ? {} : { choice: chosen };
  for (const field of message.fields) {
    const isBranch = branches.includes(field.name);
    if (field.name === "choice" || (isBranch && field.name !== chosen)) continue;
    const given = value[field.name];
    const result = given === undefined ? defaultIn(field, isBranch) : filledField(field, given);
    if (result !== undefined) filled[field.name] = result;
  }
  return filled;
}

function defaultIn(field: SchemaField, isBranch: boolean): unknown {
  if (field.isList) return field.type.kind === "refused" ? undefined : [];
  if (field.type.kind === "message") return isBranch ? withDefaults(field.type.message, {}) : undefined;
  return field.byDefault ?? undefined;
}

function filledField(field: SchemaField, given: unknown): unknown {
  if (field.type.kind !== "message") return given;
  const { message } = field.type;
  if (Array.isArray(given)) return given.map((one) => withDefaults(message, one as Value));
  return withDefaults(message, given as Value);
}
