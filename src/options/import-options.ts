/** The options of `import`: one line each. */
import { formatMac, parseMac } from "../packet/address.js";
import { flag, type OptionTable, option, type TextsOf, writtenFile } from "./option.js";

const macText = (text: string, where: string): string => formatMac(parseMac(text, where));

export const importOptions = {
  output: option("-o, --output <file>", "the profile to write (default: it is printed)", writtenFile),
  srcMac: option("--src-mac <mac>", "where a stream has its port's address (default: as a run says)", macText),
  dstMac: option("--dst-mac <mac>", "where a stream has its port's destination (default: as a run says)", macText),
  unsigned: flag("--unsigned", "frames exactly as in the file: without a signature they have no latency and order"),
} as const satisfies OptionTable;

export type ImportOptions = TextsOf<typeof importOptions>;
