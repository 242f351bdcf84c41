/** The command line that says the same as options that were given as texts. Pure. */
import { nameOf, type OptionTable } from "./option.js";
import type { OptionTexts } from "./option-texts.js";

/** Quoted so that a shell reads the same argument. */
export function shellWord(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

const argumentsOf = (name: string, text: string | true | readonly string[]): string[] => {
  if (text === true) return [name];
  if (typeof text !== "string") return text.flatMap((one) => argumentsOf(name, one));
  return text.startsWith("-") ? [`${name}=${text}`] : [name, text];
};

/** `pktgen-ts ndr --sizes 64 --quick` */
export const commandLineOf = (command: string, table: OptionTable, texts: OptionTexts): string =>
  [...["pktgen-ts", command], ...Object.entries(texts).flatMap(([key, text]) => argumentsOf(nameOf(table[key]!), text))]
    .map(shellWord)
    .join(" ");
