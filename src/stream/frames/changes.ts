/** Changes of fields as a spec has them → bits and numbers, checked. */
import { usageError } from "../../errors.js";
import { type FieldPlace, fieldPlace, numberOfBytes, parseIpv4, parseIpv6, parseMac } from "../../packet/index.js";
import { seededRandom } from "../../random.js";
import type { BitPlace, ChangeValue, Patch, ResolvedChange } from "../spec/modifier.js";
import type { FieldModifier, ModifierValue, TrafficSpec, TrafficStream } from "../spec/traffic.js";

/** Keeps this use of a seed apart from others. */
const substream = 0x6d6f;
const mostListValues = 1_000_000;
/** Of all streams together: some 32 MB on each queue. */
const mostListValuesInAll = 4_000_000;
const wordBits = 32;

/** Where the value goes: `bits` in all. In steps or by chance, only a field's last 32 bits can change. */
interface Target {
  readonly name: string;
  readonly bits: number;
  readonly kind: FieldPlace["kind"];
  /** Of value bits `from` … `from + 31`: their places. */
  places(from: number): readonly BitPlace[];
}

export interface Changes {
  readonly changes: readonly ResolvedChange[];
  readonly patches: readonly Patch[];
}

/** Throws at the list with which memory would be exceeded. */
export function checkListTotal({ streams }: TrafficSpec): void {
  let values = 0;
  for (const stream of streams) {
    for (const [k, { change }] of stream.fields.entries()) {
      if (change.kind !== "list") continue;
      values += change.values.length;
      if (values <= mostListValuesInAll) continue;
      throw usageError(`lists of more than ${mostListValuesInAll} values in all are too long for memory`, {
        where: `${changeWhere(stream, k)}.list`,
        accepted: "shorter lists, or ranges",
      });
    }
  }
}

export function resolveChanges(spec: TrafficSpec, index: number): Changes {
  const stream = spec.streams[index];
  const changes: ResolvedChange[] = [];
  const patches: Patch[] = [];
  const everies = everyOf(stream);
  for (const [k, field] of stream.fields.entries()) {
    const where = changeWhere(stream, k);
    const target = targetOf(stream, field, where);
    const sequence = {
      every: everies[k],
      period: checkedPeriod(field.period ?? null, where),
      perQueue: checkedPerQueue(field, where),
    };
    const own = field.change.kind === "random" ? field.change.seed : null;
    const random =
      own === null ? seededRandom(spec.seed, substream + 4096 * index + k + 1) : seededRandom(own, substream);
    for (const chunk of chunksOf(target, field, random.uint32(), where)) {
      changes.push({ name: target.name, field: k, ...chunk.change, ...sequence });
      patches.push(...chunk.patches);
    }
  }
  return { changes, patches };
}

/** Where in a spec a change is, for errors: `stream "a" fields[2]`, and further `.list[3]`. */
export const changeWhere = (stream: TrafficStream, k: number): string => `stream "${stream.name}" fields[${k}]`;

function targetOf(stream: TrafficStream, { target }: FieldModifier, where: string): Target {
  if ("field" in target) {
    const { path: name, bits, kind, frameBitOffset } = fieldPlace(stream.layers, target.field, `${where}.field`);
    const places = (from: number): BitPlace[] => {
      const width = Math.min(wordBits, bits - from);
      return [{ bitOffset: frameBitOffset + bits - from - width, bits: width, shift: 0 }];
    };
    return { name, bits, kind, places };
  }
  const { offset, mask, bytes } = target;
  const name = `bits ${offset}/0x${mask.toString(16)}`;
  if (!Number.isInteger(mask) || mask < 1 || mask >= 2 ** (bytes * 8) || !Number.isInteger(offset) || offset < 0) {
    const accepted = `an offset from 0, and a mask from 1 to 0x${(2 ** (bytes * 8) - 1).toString(16)}`;
    throw usageError(`${name} of ${bytes} bytes are no bits of a frame`, { where: `${where}.bits`, accepted });
  }
  const runs = runsOf(offset, mask, bytes);
  return { name, kind: "uint", bits: runs.reduce((sum, run) => sum + run.bits, 0), places: () => runs };
}

/** The runs of ones in a mask; the value's bits are dealt to them from the least significant on. */
function runsOf(offset: number, mask: number, bytes: number): readonly BitPlace[] {
  const runs: BitPlace[] = [];
  let shift = 0;
  for (let bit = 0; bit < bytes * 8; ) {
    let bits = 0;
    while (bit + bits < bytes * 8 && Math.floor(mask / 2 ** (bit + bits)) % 2 === 1) bits++;
    if (bits > 0) runs.push({ bitOffset: (offset + bytes) * 8 - bit - bits, bits, shift });
    shift += bits;
    bit += Math.max(1, bits);
  }
  return runs;
}

/** How many frames each value stays: 1, or as long as the field it comes after takes to go round. */
function everyOf(stream: TrafficStream): readonly number[] {
  const { fields } = stream;
  const roundOf = (k: number, seen: ReadonlySet<number>): number => {
    const field = fields[k];
    const where = `${changeWhere(stream, [...seen].at(-1)!)}.after`;
    if (field === undefined) throw usageError(`there is no field change ${k} to carry from`, { where });
    if (seen.has(k)) {
      const accepted = "a chain with a beginning";
      throw usageError("fields carry into each other in a circle", { where, accepted });
    }
    if (field.perQueue != null) {
      const accepted = "a field without perQueue";
      throw usageError("a field with a count for each queue carries into no other", { where, accepted });
    }
    const before = field.after == null ? 1 : roundOf(field.after, new Set([...seen, k]));
    const count = countIn(field, changeWhere(stream, k));
    if (!Number.isFinite(count)) {
      const accepted = "increment, decrement, list, or random with limit";
      throw usageError("a random field without limit never goes round, and carries into no other", { where, accepted });
    }
    return before * count;
  };
  return fields.map(({ after }, k) => (after == null ? 1 : roundOf(after, new Set([k]))));
}

function countIn({ change }: FieldModifier, where: string): number {
  if (change.kind === "list") return change.values.length;
  if (change.kind === "random") return change.limit ?? Number.POSITIVE_INFINITY;
  const kind = typeof change.min === "number" ? "uint" : change.min.includes(":") ? "text" : "ipv4";
  const [min, max] = (["min", "max"] as const).map((end) => {
    const [value, at] = [change[end], `${where}.${change.kind}.${end}`];
    return kind === "text" ? textNumber(value as string, at) : toBigInt(value, kind as FieldPlace["kind"], 64, at);
  });
  return Number((max - min) / BigInt(change.step)) + 1;
}

/** A MAC or an IPv6 address. */
const textNumber = (text: string, where: string): bigint =>
  numberOfBytes(/^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text) ? parseMac(text, where) : parseIpv6(text, where));

function toBigInt(value: ModifierValue, kind: FieldPlace["kind"], bits: number, where: string): bigint {
  if (typeof value === "string") {
    if (kind === "mac") return numberOfBytes(parseMac(value, where));
    if (kind === "ipv4") return numberOfBytes(parseIpv4(value, where));
    if (kind === "ipv6") return numberOfBytes(parseIpv6(value, where));
    if (!/^(?:0x[0-9a-f]+|\d+)$/i.test(value)) {
      throw usageError(`"${value}" is no number`, { where, accepted: "whole numbers, also 0x…" });
    }
    return toBigInt(Number(value), kind, bits, where);
  }
  if (!Number.isSafeInteger(value) || value < 0 || BigInt(value) >= 1n << BigInt(bits)) {
    const most = bits > 53 ? "an address as text" : `0 to ${2 ** bits - 1}`;
    throw usageError(`${value} does not fit into ${bits} bits`, { where, accepted: most });
  }
  return BigInt(value);
}

interface Chunk {
  readonly change: { readonly places: readonly BitPlace[]; readonly value: ChangeValue };
  readonly patches: readonly Patch[];
}

function chunksOf(target: Target, { change }: FieldModifier, key: number, where: string): readonly Chunk[] {
  const at = `${where}.${change.kind}`;
  const number = (value: ModifierValue, end: string): bigint => toBigInt(value, target.kind, target.bits, at + end);
  if (change.kind === "list") {
    checkList(change.values, at);
    return listChunks(
      target,
      change.values.map((value, i) => number(value, `[${i}]`)),
    );
  }
  const [min, max] = [number(change.min, ".min"), number(change.max, ".max")];
  const range = `${change.min} to ${change.max}`;
  if (max < min) throw usageError(`${range} is no range`, { where: at, accepted: "min up to max" });
  if (min >> 32n !== max >> 32n) {
    const accepted = "a range within the last 32 bits of the field";
    throw usageError(`${range} is too long`, { where: at, accepted });
  }
  const low = Number(BigInt.asUintN(wordBits, min));
  const start =
    change.kind === "random" || change.start === undefined ? null : Number(number(change.start, ".start") - min);
  const count = Number(max - min) + 1;
  return [
    {
      change: { places: target.places(0), value: changeValue(change, low, count, key, start, at) },
      patches: upper(target, min),
    },
  ];
}

function changeValue(
  change: Exclude<FieldModifier["change"], { kind: "list" }>,
  low: number,
  range: number,
  key: number,
  start: number | null,
  where: string,
): ChangeValue {
  if (change.kind === "random") {
    const { limit } = change;
    if (limit !== null && !(Number.isInteger(limit) && limit >= 1 && limit <= 2 ** 31)) {
      throw usageError(`a limit of ${limit} values`, { where: `${where}.limit`, accepted: "1 to 2147483648" });
    }
    return { kind: "random", min: low, range, key, limit };
  }
  const { step, kind } = change;
  if (!Number.isInteger(step) || step < 1 || step > 0xffff_ffff) {
    throw usageError(`steps of ${step}`, { where: `${where}.step`, accepted: "whole numbers from 1" });
  }
  const count = Math.floor((range - 1) / step) + 1;
  const up = kind === "increment";
  const ends = up ? { first: low, step } : { first: low + range - 1, step: -step };
  return {
    kind: "steps",
    ...ends,
    count,
    phase: start === null ? 0 : phaseOf(up ? start : range - 1 - start, step, count, where),
  };
}

/** `from`: what the first value is away from the end where the steps begin. */
function phaseOf(from: number, step: number, count: number, where: string): number {
  if (from >= 0 && from % step === 0 && from / step < count) return from / step;
  throw usageError("it starts at none of its steps", {
    where: `${where}.start`,
    accepted: "a value that a step comes to",
  });
}

/** The bits of a wide field above its last 32, which are the same in all frames. */
function upper(target: Target, value: bigint): readonly Patch[] {
  const patches: Patch[] = [];
  for (let from = wordBits; from < target.bits; from += wordBits) {
    const word = Number(BigInt.asUintN(wordBits, value >> BigInt(from)));
    patches.push(...target.places(from).map(({ bitOffset, bits }) => ({ bitOffset, bits, value: word })));
  }
  return patches;
}

function checkList(values: readonly ModifierValue[], where: string): void {
  if (values.length === 0) throw usageError("the list is empty", { where, accepted: "at least one value" });
  if (values.length > mostListValues) {
    const accepted = `up to ${mostListValues}, or a range`;
    throw usageError(`a list of ${values.length} values is too long for memory`, { where, accepted });
  }
}

function listChunks(target: Target, values: readonly bigint[]): readonly Chunk[] {
  const chunks: Chunk[] = [];
  for (let from = 0; from < target.bits; from += wordBits) {
    const words = values.map((value) => Number(BigInt.asUintN(wordBits, value >> BigInt(from))));
    chunks.push({ change: { places: target.places(from), value: { kind: "list", values: words } }, patches: [] });
  }
  return chunks;
}

function checkedPeriod(period: number | null, where: string): number | null {
  if (period === null || (Number.isSafeInteger(period) && period >= 1)) return period;
  throw usageError(`a period of ${period} frames`, { where: `${where}.period`, accepted: "whole numbers from 1" });
}

function checkedPerQueue(field: FieldModifier, where: string): readonly number[] | null {
  const counts = field.perQueue ?? null;
  if (counts === null) return null;
  const whole = counts.length >= 1 && counts.every((count) => Number.isInteger(count) && count >= 1);
  const sum = counts.reduce((total, count) => total + count, 0);
  if (whole && field.after == null && field.period == null && sum <= countIn(field, where)) return counts;
  const accepted = "a count from 1 for each queue, together no more than the field has values, without after or period";
  throw usageError(`counts of ${counts.join(", ")} per queue`, { where: `${where}.perQueue`, accepted });
}
