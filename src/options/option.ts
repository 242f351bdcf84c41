/** An option is one line of a table: its flags, its help, its reader, and who else takes it. Pure. */
import { usageError } from "../errors.js";
import { didYouMean } from "../nearest.js";

/** Turns a text into a value. Throws a usage error that names the option, which is `where`. */
export type Reader<Value> = (text: string, where: string) => Value;

/** What an option's line says in addition to flags, help and reader. */
export interface Marks {
  /** `send` and `receive` take it, too: both sides must say the same. */
  readonly shared?: true;
  /** Methods decide it by themselves. */
  readonly decided?: true;
  /** It needs ports of the user's own. */
  readonly external?: true;
  /** Streams of a profile say it by themselves. */
  readonly plain?: true;
  /** Fields of plain traffic that it sets: an error about one of them names this option. */
  readonly fields?: readonly string[];
}

/** `Text`: what the command line hands over. `Value`: what the reader makes of it. */
export interface Option<Text, Value> extends Marks {
  /** As help shows them, e.g. `--queues <n>`. */
  readonly flags: string;
  readonly means: string;
  readonly read: (text: Text, where: string) => Value;
  /** It may be given again; the texts are collected. */
  readonly repeats?: true;
}

/** The key is the long name in camelCase. */
export type OptionTable = Readonly<Record<string, Option<never, unknown>>>;

/** Heading of help → its options. Without a heading: "". */
export type OptionGroups = Readonly<Record<string, OptionTable>>;

/** What was given, as text. */
export type TextsOf<Table> = {
  readonly [K in keyof Table]?: Table[K] extends Option<infer Text, unknown> ? Text : never;
};

/** What was given, read. */
export type OptionsOf<Table> = {
  readonly [K in keyof Table]?: Table[K] extends Option<never, infer Value> ? Value : never;
};

/** An option with a value. */
export const option = <Value>(
  flags: string,
  means: string,
  read: Reader<Value>,
  marks: Marks = {},
): Option<string, Value> => ({ flags, means, read, ...marks });

/** An option without a value. */
export const flag = (flags: string, means: string, marks: Marks = {}): Option<boolean, boolean> => ({
  ...{ flags, means, ...marks },
  read: (isGiven) => isGiven,
});

/** An option that may be given again, or that takes several words. */
export const list = (
  flags: string,
  means: string,
  marks: Marks = {},
): Option<readonly string[], readonly string[]> => ({
  ...{ flags, means, ...marks },
  read: (texts) => texts,
  repeats: true,
});

/** An option whose value may be left out; then it is true. */
export const optional = <Value>(
  flags: string,
  means: string,
  read: Reader<Value>,
  marks: Marks = {},
): Option<string | boolean, Value | true> => ({
  ...{ flags, means, ...marks },
  read: (text, where) => (typeof text === "string" ? read(text, where) : true),
});

/** `--queues <n>` → `--queues`. */
export const nameOf = ({ flags }: Pick<Option<never, unknown>, "flags">): string => /--[\w-]+/.exec(flags)![0];

/** Reads what was given, in the table's order. Throws a usage error for the first text that its reader refuses. */
export function readOptions<Table extends OptionTable>(table: Table, texts: TextsOf<Table>): OptionsOf<Table> {
  const values: Partial<Record<keyof Table, unknown>> = {};
  for (const key of Object.keys(table) as (keyof Table & string)[]) {
    const text = texts[key];
    if (text !== undefined) values[key] = table[key].read(text as never, nameOf(table[key]));
  }
  return values as OptionsOf<Table>;
}

/** The groups with those options only. */
export const onlyThose = (
  groups: OptionGroups,
  isOne: (option: Option<never, unknown>, key: string) => boolean,
): OptionGroups =>
  Object.fromEntries(
    Object.entries(groups).map(([heading, table]) => [
      heading,
      Object.fromEntries(Object.entries(table).filter(([key, each]) => isOne(each, key))),
    ]),
  );

/** Any text. */
export const anyText: Reader<string> = (text) => text;

/** The path of a file that is written at the end. `resultFiles` finds options by this reader. */
export const writtenFile: Reader<string> = (path) => path;

/** The path of a capture that is written while frames pass. */
export const captureFile: Reader<string> = (path) => path;

/** One of a few words. `unknown`: what the error says of another one. */
export const wordOf =
  <const Word extends string>(words: readonly Word[], unknown = "is not known", separator = ", "): Reader<Word> =>
  (text, where) => {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    throw usageError(`"${text}" ${unknown}`, { where, accepted: words.join(separator), ...didYouMean(text, words) });
  };

/** A file that a result goes to. */
export interface ResultFile {
  /** As in `--json`, for messages. */
  readonly option: string;
  readonly path: string;
}

/** The files that were asked for, in the table's order, each with its option's key. */
export function resultFiles<Table extends OptionTable>(
  table: Table,
  texts: TextsOf<Table>,
  read: Reader<string> = writtenFile,
): (ResultFile & { readonly key: keyof Table & string })[] {
  return (Object.keys(table) as (keyof Table & string)[]).flatMap((key) => {
    const path = texts[key];
    const isFile = table[key].read === read && path !== undefined;
    return isFile ? [{ key, option: nameOf(table[key]), path: path as string }] : [];
  });
}
