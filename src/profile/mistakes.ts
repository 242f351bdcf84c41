/**
 * Several mistakes of one file at once. The error that is thrown is the first in the order of the text; it knows the
 * others.
 */
import { PktgenError } from "../errors.js";

/** Mistakes listed of one file. */
export const mostListed = 50;

/** All mistakes that an error stands for, in the order of the text. Most errors stand only for themselves. */
export function mistakesOf(error: PktgenError): readonly PktgenError[] {
  const { cause } = error;
  return cause instanceof AggregateError ? (cause.errors as PktgenError[]) : [error];
}

/** What each step gives. All are tried: where some fail, their mistakes are thrown together. */
export function together<T extends readonly (() => unknown)[]>(
  ...steps: T
): { readonly [K in keyof T]: ReturnType<T[K]> } {
  const mistakes: PktgenError[] = [];
  const results = steps.map((step) => {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof PktgenError)) throw error;
      mistakes.push(...mistakesOf(error));
      return null;
    }
  });
  if (mistakes.length > 0) throw joined(mistakes);
  return results as { readonly [K in keyof T]: ReturnType<T[K]> };
}

/** As `together`, of one step for each element. */
export const eachOf = <T, R>(list: readonly T[], step: (each: T, index: number) => R): readonly R[] =>
  together(...list.map((each, i) => () => step(each, i)));

/** One error for all of them; of one, that one itself. */
export function joined(mistakes: readonly PktgenError[]): PktgenError {
  const sorted = mistakes.toSorted(byPlace);
  const [first] = sorted;
  if (first === undefined) throw new Error("no mistake to throw");
  if (sorted.length === 1) return first;
  const all = new AggregateError(sorted.slice(0, mostListed));
  return new PktgenError(first.exitCode, first.message, { ...first.details, cause: all });
}

/** `file:line:column` → line and column; of another place, the end. */
function placeOf({ where = "" }: PktgenError): readonly [number, number] {
  const match = /:(\d+):(\d+)$/.exec(where);
  return match === null ? [Number.POSITIVE_INFINITY, 0] : [Number(match[1]), Number(match[2])];
}

/** Stable: mistakes at one place, and mistakes of other files, stay in the order in which they were found. */
function byPlace(a: PktgenError, b: PktgenError): number {
  const fileOf = ({ where = "" }: PktgenError): string => where.replace(/:\d+:\d+$/, "");
  if (fileOf(a) !== fileOf(b)) return 0;
  const [[lineA, columnA], [lineB, columnB]] = [placeOf(a), placeOf(b)];
  return lineA === lineB ? columnA - columnB : lineA - lineB;
}
