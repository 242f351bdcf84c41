/**
 * Lists of options, `name=value,name=value,…`, as ports and devices under test take them. A list checks the names, that
 * each is given once, and that each has a value. The option's own `parse` reads the value.
 */
import { usageError } from "./errors.js";
import { nearest } from "./nearest.js";

/** One option of a list. */
export interface ListOption<T> {
  /** From the text behind the equals sign to the value. Throws a usage error at `where`. */
  readonly parse: (text: string, where: string, name: string) => T;
}

/** The values of a table of options, by name. */
export type ValuesOf<Table> = { readonly [Name in keyof Table]: Table[Name] extends ListOption<infer T> ? T : never };

export interface Complaint {
  readonly what: string;
  readonly accepted: string;
}

/** How the errors of a list are worded. */
export interface OptionWords<Option> {
  readonly unknown: (name: string) => string;
  /** The nearest option, as the hint shows it. */
  readonly meant: (name: string, option: Option) => string;
  readonly noValue: (name: string, option: Option) => Complaint;
  readonly givenTwice: (name: string, option: Option) => Complaint;
  /** Where an error about the value is. */
  readonly whereOf: (where: string, name: string) => string;
  /** `name=` counts as no value. */
  readonly refusesEmpty: boolean;
}

export class OptionList<Option extends ListOption<unknown>, Table extends Readonly<Record<string, Option>>> {
  readonly #table: Table;
  readonly #words: OptionWords<Option>;

  constructor(table: Table, words: OptionWords<Option>) {
    this.#table = table;
    this.#words = words;
  }

  /**
   * The values of what `parts` give.
   * @throws PktgenError (2): an unknown name (with the nearest one), no value, given twice, a value that is refused.
   */
  parse(parts: readonly string[], where: string): Partial<ValuesOf<Table>> {
    const values: Record<string, unknown> = {};
    for (const part of parts) {
      const equals = part.indexOf("=");
      const name = equals < 0 ? part : part.slice(0, equals);
      const option = this.#optionOf(name, where);
      const { noValue, givenTwice, whereOf, refusesEmpty } = this.#words;
      if (equals < 0 || (refusesEmpty && equals === part.length - 1)) throw complain(noValue(name, option), where);
      if (Object.hasOwn(values, name)) throw complain(givenTwice(name, option), where);
      values[name] = option.parse(part.slice(equals + 1), whereOf(where, name), name);
    }
    return values as Partial<ValuesOf<Table>>;
  }

  #optionOf(name: string, where: string): Option {
    const { unknown, meant } = this.#words;
    if (Object.hasOwn(this.#table, name)) return this.#table[name]!;
    const names = Object.keys(this.#table);
    const near = nearest(name, names);
    const hint = near === null ? {} : { hint: `did you mean ${meant(near, this.#table[near]!)}?` };
    throw usageError(unknown(name), { where, accepted: names.join(", "), ...hint });
  }
}

const complain = ({ what, accepted }: Complaint, where: string): ReturnType<typeof usageError> =>
  usageError(what, { where, accepted });

/** Splits at commas that no backslash precedes; `\,` stands for a comma. */
export function splitAtCommas(text: string): string[] {
  const parts = [""];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\" && text[i + 1] === ",") {
      parts[parts.length - 1] += ",";
      i++;
    } else if (text[i] === ",") {
      parts.push("");
    } else {
      parts[parts.length - 1] += text[i];
    }
  }
  return parts;
}
