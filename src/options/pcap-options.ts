/** The options of `pcap`: one line each. */
import { parseRate, parseSizes } from "../units.js";
import { captureFile, flag, list, type OptionTable, option, type TextsOf } from "./option.js";
import { count, duration } from "./option-values.js";
import { profileRootOption } from "./profile-option.js";

export const pcapOptions = {
  json: flag("--json", "of info: as JSON"),
  output: option("-o, --output <file>", "of a profile: the capture to write (nanosecond pcap)", captureFile),
  count: option("--count <n>", "frames of all streams together (default: 1000)", count()),
  duration: option("--duration <time>", "instead: what is due within that time", duration()),
  rate: option("--rate <rate>", "of all streams together (default: each at its own; without those 1Mpps)", parseRate),
  sizes: option("--sizes <size>", "for streams without a size of their own (the first counts)", parseSizes),
  seed: option("--seed <n>", "everything random is repeatable (default: 1)", count(0)),
  set: list("--set <name=value>", "a parameter of the profile; may be repeated"),
  profileRoot: profileRootOption,
} as const satisfies OptionTable;

export type PcapOptions = TextsOf<typeof pcapOptions>;
