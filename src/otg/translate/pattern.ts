/** The values of a header's field over the frames of a flow, and the changes of bits that they are. */

import { numberOfBytes, parseIpv4, parseIpv6, parseMac } from "../../packet/index.js";
import { drawnByChance } from "../../random.js";
import type { FieldModifier } from "../../stream/index.js";
import type { Counter, Pattern } from "../model.js";
import { invalid } from "../refusal.js";
import type { PatternFacts } from "../schema/index.js";

export type FieldValues =
  | { readonly kind: "constant"; readonly value: bigint }
  | { readonly kind: "list"; readonly values: readonly bigint[] }
  /** `first`, then `step` further on each frame, `count` values, and again. */
  | { readonly kind: "steps"; readonly first: bigint; readonly step: bigint; readonly count: number }
  | {
      readonly kind: "random";
      readonly min: bigint;
      readonly max: bigint;
      readonly seed: number;
      readonly count: number;
    };

const wordBits = 32;
/** A counter that comes round its field's end becomes a list, up to this length. */
const mostListed = 65_536;
const seeds = 2 ** 32;

const parsers: Readonly<Record<"mac" | "ipv4" | "ipv6", (text: string) => Uint8Array>> = {
  mac: parseMac,
  ipv4: parseIpv4,
  ipv6: parseIpv6,
};

/** An address, or a number, as a number. */
export function numberOf(kind: PatternFacts["kind"], value: number | string): bigint {
  if (kind === "uint") return BigInt(value);
  return numberOfBytes(parsers[kind](String(value)));
}

export const constantOf = (value: bigint): FieldValues => ({ kind: "constant", value });

export function listOf(values: readonly bigint[]): FieldValues {
  const isOne = values.every((value) => value === values[0]);
  return isOne ? constantOf(values[0]!) : { kind: "list", values };
}

function counted(facts: PatternFacts, { start, step, count }: Counter, sign: 1n | -1n, path: string): FieldValues {
  const [first, by] = [numberOf(facts.kind, start), sign * numberOf(facts.kind, step)];
  if (count === 1 || by === 0n) return constantOf(first);
  const last = first + by * BigInt(count - 1);
  const isWhole = last >= 0n && last < 1n << BigInt(facts.bits);
  const staysInWord = first >> BigInt(wordBits) === last >> BigInt(wordBits);
  if (isWhole && staysInWord) return { kind: "steps", first, step: by, count };
  if (count > mostListed) {
    throw invalid(`${path}.count: ${count} values come round the field's end; accepted: up to ${mostListed} that do`);
  }
  return listOf(Array.from({ length: count }, (_, i) => BigInt.asUintN(facts.bits, first + by * BigInt(i))));
}

/** null: it is computed. @throws OtgRefusal */
export function valuesOf(facts: PatternFacts, pattern: Pattern, path: string): FieldValues | null {
  const number = (value: number | string): bigint => numberOf(facts.kind, value);
  switch (pattern.choice) {
    case "value":
      return constantOf(number(pattern.value!));
    case "values": {
      const values = pattern.values ?? [];
      return values.length === 0 ? constantOf(number(facts.byDefault)) : listOf(values.map(number));
    }
    case "increment":
      return counted(facts, pattern.increment!, 1n, `${path}.increment`);
    case "decrement":
      return counted(facts, pattern.decrement!, -1n, `${path}.decrement`);
    case "random": {
      const { min, max, seed, count } = pattern.random!;
      const [low, high] = [number(min), number(max)];
      if (low > high) throw invalid(`${path}.random: ${min} to ${max} is no range; accepted: min up to max`);
      return { kind: "random", min: low, max: high, seed: seed === 0 ? drawnByChance(seeds) : seed, count };
    }
    default:
      return null;
  }
}

/** The value of frame 0. */
export function firstOf(values: FieldValues): bigint {
  switch (values.kind) {
    case "constant":
      return values.value;
    case "list":
      return values.values[0]!;
    case "steps":
      return values.first;
    case "random":
      return values.min;
  }
}

/** `bits` (up to 32) from bit `at` of the frame on. */
function targetAt(at: number, bits: number): FieldModifier["target"] {
  const offset = at >> 3;
  const span = Math.ceil((at + bits) / 8) - offset;
  const bytes = span > 2 ? 4 : (span as 1 | 2);
  const behind = bytes * 8 - (at - offset * 8) - bits;
  return { offset, mask: (2 ** bits - 1) * 2 ** behind, bytes };
}

interface Word {
  readonly at: number;
  readonly bits: number;
  /** Of the value: its bits from here on. */
  readonly from: number;
}

/** The last 32 bits first. */
function wordsAt(at: number, bits: number): readonly Word[] {
  const words: Word[] = [];
  for (let from = 0; from < bits; from += wordBits) {
    const width = Math.min(wordBits, bits - from);
    words.push({ at: at + bits - from - width, bits: width, from });
  }
  return words;
}

const wordOf = (value: bigint, { from, bits }: Word): number => Number(BigInt.asUintN(bits, value >> BigInt(from)));

function listModifiers(at: number, bits: number, values: readonly bigint[]): readonly FieldModifier[] {
  return wordsAt(at, bits).flatMap((word): FieldModifier[] => {
    const list = values.map((value) => wordOf(value, word));
    if (values.length > 1 && list.every((one) => one === list[0])) return [];
    return [{ target: targetAt(word.at, word.bits), change: { kind: "list", values: list } }];
  });
}

/** What writes them into `bits` at bit `at` of the frame. A part of a wide field that stays has to be there already. */
export function modifiersOf(at: number, bits: number, values: FieldValues): readonly FieldModifier[] {
  const [word] = wordsAt(at, bits) as [Word];
  const target = targetAt(word.at, word.bits);
  switch (values.kind) {
    case "constant":
      return listModifiers(at, bits, [values.value]);
    case "list":
      return listModifiers(at, bits, values.values);
    case "steps": {
      const { first, step, count } = values;
      const ends = [wordOf(first, word), wordOf(first + step * BigInt(count - 1), word)];
      const [min, max] = [Math.min(...ends), Math.max(...ends)];
      const kind = step > 0n ? "increment" : "decrement";
      return [{ target, change: { kind, min, max, step: Number(step > 0n ? step : -step) } }];
    }
    case "random": {
      const { min, max, seed, count } = values;
      return [
        { target, change: { kind: "random", min: wordOf(min, word), max: wordOf(max, word), seed, limit: count } },
      ];
    }
  }
}
