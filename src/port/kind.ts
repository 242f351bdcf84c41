/**
 * A kind of port as data: its target, its options, and how both become a spec. Parser, errors and `pktgen-ts ports` read
 * it. Each kind has one in its folder's spec.ts; kinds.ts lists them.
 */
import { usageError } from "../errors.js";
import { type ListOption, OptionList, type ValuesOf } from "../option-list.js";

/** What the specs of all kinds have. */
export interface AnyPortSpec {
  /** The text it came from. */
  readonly text: string;
  readonly kind: string;
  /** Queue pairs. */
  readonly queues: number;
}

export interface PortOption {
  readonly name: string;
  readonly default: string;
  /** In words, for errors and help. */
  readonly accepted: string;
  readonly meaning: string;
}

export interface PortKind<Spec extends AnyPortSpec = AnyPortSpec> {
  readonly name: Spec["kind"];
  /** What comes after the colon; empty: nothing may. */
  readonly target: string;
  readonly summary: string;
  readonly options: readonly PortOption[];
  /** What the target is, for the error where it is missing. */
  readonly targetMeaning?: string;
  /**
   * For ports on a network interface that only they send on. counted: the interface counts every frame that we send.
   * uncounted: it may miss some.
   */
  readonly ownInterface?: "counted" | "uncounted";
  /** From the target and `name=value` parts to the spec; throws usage errors. */
  readonly read: (text: string, target: string, parts: readonly string[]) => Spec;
}

/** A row of a kind's table of options: all of a PortOption but its name, and how its value is read. */
export interface PortOptionRow<T> extends ListOption<T>, Omit<PortOption, "name"> {}

type Rows = Readonly<Record<string, PortOptionRow<unknown>>>;

interface KindDefinition<Spec extends AnyPortSpec, Table extends Rows>
  extends Omit<PortKind<Spec>, "options" | "read"> {
  readonly options: Table;
  /** `values`: of all options, with the defaults of those that were not given. */
  readonly read: (text: string, target: string, values: ValuesOf<Table>) => Spec;
}

/** A kind from its table of options. */
export function portKind<Spec extends AnyPortSpec, Table extends Rows>({
  options,
  read,
  ...kind
}: KindDefinition<Spec, Table>): PortKind<Spec> {
  const list = new OptionList<PortOptionRow<unknown>, Table>(options, {
    unknown: (name) => `unknown option "${name}" of a ${kind.name} port`,
    meant: (name) => name,
    noValue: (name, { accepted }) => ({ what: `${name} has no value`, accepted }),
    givenTwice: (name, { accepted }) => ({ what: `${name} is given twice`, accepted }),
    whereOf: (where) => where,
    refusesEmpty: false,
  });
  const defaults = (text: string): ValuesOf<Table> =>
    Object.fromEntries(
      Object.entries(options).map(([name, row]) => [name, row.parse(row.default, text, name)]),
    ) as ValuesOf<Table>;
  return {
    ...kind,
    options: Object.entries(options).map(([name, { default: byDefault, accepted, meaning }]) => ({
      name,
      default: byDefault,
      accepted,
      meaning,
    })),
    read: (text, target, parts) => read(text, target, { ...defaults(text), ...list.parse(parts, text) }),
  };
}

const wordsOr = (words: readonly string[]): string =>
  words.length === 1 ? words[0]! : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;

/** One of these words; the first is the default unless another is named. */
export function wordOption<const T extends string>(
  words: readonly T[],
  meaning: string,
  byDefault: NoInfer<T> = words[0]!,
): PortOptionRow<T> {
  const accepted = wordsOr(words);
  const parse = (text: string, where: string, name: string): T => {
    const found = words.find((word) => word === text);
    if (found === undefined) throw usageError(`${name} is "${text}"`, { where, accepted });
    return found;
  };
  return { default: byDefault, accepted, meaning, parse };
}

export function onOffOption(byDefault: "on" | "off", meaning: string): PortOptionRow<boolean> {
  const { parse, ...row } = wordOption(["on", "off"], meaning, byDefault);
  return { ...row, parse: (...text) => parse(...text) === "on" };
}

export interface IntegerRange {
  readonly least: number;
  readonly most: number;
  readonly default: number;
  /** Default: the range. */
  readonly accepted?: string;
}

export function integerOption(range: IntegerRange, meaning: string): PortOptionRow<number> {
  const { least, most } = range;
  const accepted = range.accepted ?? (least === most ? String(least) : `${least} to ${most}`);
  const parse = (text: string, where: string, name: string): number => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(number >= least && number <= most)) throw usageError(`${name} is "${text}"`, { where, accepted });
    return number;
  };
  return { default: String(range.default), accepted, meaning, parse };
}

const maxQueues = 8;
/** How long a ring can be. */
export const ringSizes = { least: 4, most: 32_768, default: 1024 } as const;
const powerOfTwoSizes = `${ringSizes.least} to ${ringSizes.most}, a power of two`;

export const queuesOption = (meaning = "queue pairs"): PortOptionRow<number> =>
  integerOption({ least: 1, most: maxQueues, default: 1 }, meaning);

/** For ports behind a library that has one queue. */
export const oneQueueOption = integerOption({ least: 1, most: 1, default: 1 }, "queue pairs");

/** Refuses a size that is no power of two. */
export function checkPowerOfTwo(size: number, where: string, accepted: string): number {
  if ((size & (size - 1)) === 0) return size;
  throw usageError(`size is ${size}, which is not a power of two`, { where, accepted });
}

/** Of a ring whose size must be a power of two. */
export function powerOfTwoOption(meaning: string, byDefault: number = ringSizes.default): PortOptionRow<number> {
  const { parse, ...row } = integerOption({ ...ringSizes, default: byDefault, accepted: powerOfTwoSizes }, meaning);
  return { ...row, parse: (text, where, name) => checkPowerOfTwo(parse(text, where, name), where, row.accepted) };
}

/** For ports behind a library. */
export const bridgeSizeOption = powerOfTwoOption("frames between the loop and the library, each way");

/** For ports on interfaces. */
export const netnsOption: PortOptionRow<string | null> = {
  default: "",
  accepted: "a name of `ip netns`, or the path of a namespace",
  meaning: "network namespace that the interface is in; without, that of this process",
  parse: (text) => (text === "" ? null : text),
};
