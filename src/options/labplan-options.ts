/** The options of `plan`: one line each. Their texts become an order in `labplan-order.ts`. */
import { parseLineRate, parseRate, parseRatio, parseSizes } from "../units.js";
import { anyText, flag, type OptionTable, option, type TextsOf, writtenFile } from "./option.js";
import { count, duration, each, runId } from "./option-values.js";
import { recordOptions } from "./record-options.js";

export const labplanOptions = {
  case: option("--case <list>", "cases by number, e.g. 2 (default: all)", each(count())),
  sizes: option("--sizes <list>", "frame sizes with FCS instead of the plan's, e.g. 64,1518", parseSizes),
  rate: option("--rate <rate>", "instead of the plan's, e.g. 20kpps, or max for one second each", parseRate),
  count: option("--count <n>", "frames of each size instead of the plan's", count()),
  duration: option("--duration <time>", "time for each size instead of the plan's count", duration()),
  warmup: option(
    "--warmup <time>",
    "the generator's own code runs so long each time it has connected, and nothing is sent (default: 750ms)",
    duration(0),
  ),
  dut: option(
    "--dut <list>",
    "container=auto|podman|docker|none, huge=on|off, program=PATH: override the plan's own",
    anyText,
  ),
  results: option("--results <folder>", "where evidence goes (default: pktgen-ts-results/<plan>-<time>)", anyText),
  expected: option("--expected <file>", "expected Mpps by case, size and descriptors; less than that fails", anyText),
  tolerance: option("--tolerance <ratio>", "how much less still passes (default: 2%)", parseRatio),
  updateExpected: flag(
    "--update-expected",
    "write what was measured to the file of --expected instead of judging by it",
  ),
  lineRate: option(
    "--line-rate <rate>",
    "speed to take percentages of in the DPDK Test Suite's table, e.g. 10Gbps",
    parseLineRate,
  ),
  runId: option("--run-id <n>", "what frames say which run they are of by (default: by chance; result: runId)", runId),
  json: option("--json <file>", "the whole result as one document; - for standard output", writtenFile),
  dtsJson: option(
    "--dts-json <file>",
    "throughput in the DPDK Test Suite's own form; - for standard output",
    writtenFile,
  ),
  yesThisInterface: flag(
    "--yes-this-interface",
    "send also on an interface that carries the default route or an SSH connection",
  ),
  dryRun: flag("--dry-run", "print the steps and command lines, and do nothing"),
  ...recordOptions,
} as const satisfies OptionTable;

export type LabplanOptions = TextsOf<typeof labplanOptions>;
