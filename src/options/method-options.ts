/** The options that each method adds to those of `run`: one line each. Settings are made of them in `methods/`. */
import { usageError } from "../errors.js";
import type { SearchKind } from "../method/ndr.js";
import { rfc2544Tests } from "../method/rfc2544/settings.js";
import { parseDurationOrForever, parseRate, parseRatio } from "../units.js";
import { anyText, flag, type OptionTable, option, wordOf, writtenFile } from "./option.js";
import { count, duration, each, properShare } from "./option-values.js";

const searchKinds: readonly SearchKind[] = ["mlr", "bisection", "verified"];

/** What all searches take. */
export const searchOptions = {
  search: option(
    "--search <kind>",
    "mlr (MLRsearch, RFC 9971; default) | bisection | verified (with loss verification, TST 009)",
    wordOf(searchKinds, "is no search"),
  ),
  width: option(
    "--width <ratio>",
    "the bounds are so close in the end, as a share of the upper one",
    properShare(false),
  ),
  initialTrial: option(
    "--initial-trial <time>",
    "trials begin with this length (default: 1s, or the final length)",
    duration(),
  ),
  minLoad: option(
    "--min-load <rate>",
    "a device that loses frames here has no rate worth a number (default: 1kpps)",
    ppsOf,
  ),
  dutQueue: option(
    "--dut-queue <frames>",
    "frames that the device may hold; trials last until that many show (default: 1024, or the embedded device's own)",
    count(0, 1e9),
  ),
  maxTrials: option(
    "--max-trials <n>",
    "per size; then the search ends with what it has (default: 500)",
    count(1, 100_000),
  ),
  maxTime: option("--max-time <time>", "likewise, of all trials of a size together (default: none)", duration()),
} as const satisfies OptionTable;

export const ndrOptions = {
  pdr: option(
    "--pdr <ratios>",
    "tolerated loss of the partial drop rates, growing (default: 0.5%)",
    each(properShare(false)),
  ),
  trial: option("--trial <time>", "final length of a trial (default: 1s)", duration()),
  durationSum: option(
    "--duration-sum <time>",
    "trials of that length at one load, together (default: 21 of them)",
    duration(),
  ),
  exceed: option("--exceed <ratio>", "share of that time that may have more loss (default: 50%)", properShare(true)),
  quick: flag("--quick", "one trial for each load, none of which may lose more, and a width of 1%"),
} as const satisfies OptionTable;

const repetitions = count(1, 10_000);

export const rfc2544Options = {
  tests: option(
    "--tests <list>",
    "throughput,latency,loss,back-to-back,recovery,reset (default: all that the device allows)",
    each(wordOf(rfc2544Tests, "is no test", ",")),
  ),
  throughput: option(
    "--throughput <rate>",
    "as found before, for latency, recovery and reset without measuring it again",
    parseRate,
  ),
  quick: flag("--quick", "trials of 1s and few repetitions: a look, which the report names as not conforming"),
  trial: option("--trial <time>", "of throughput and frame loss (default: 60s)", duration()),
  latencyDuration: option("--latency-duration <time>", "of a latency trial (default: 120s)", duration()),
  latencyRepeats: option("--latency-repeats <n>", "latency trials of a size (default: 20)", repetitions),
  lossStep: option("--loss-step <ratio>", "of the frame loss curve (default: 10%)", properShare(false)),
  burstDuration: option("--burst-duration <time>", "the longest burst (default: 2s)", duration()),
  burstRepeats: option("--burst-repeats <n>", "searches for the longest burst without loss (default: 50)", repetitions),
  recoveryDuration: option(
    "--recovery-duration <time>",
    "of the overload, 110% of the throughput (default: 60s)",
    duration(),
  ),
  recoveryAfter: option(
    "--recovery-after <time>",
    "at half of it, in which the device recovers (default: 10s)",
    duration(),
  ),
  recoveryRepeats: option("--recovery-repeats <n>", "recovery trials of a size (default: 5)", repetitions),
  resetCommand: option(
    "--reset-command <cmd>",
    "resets an external device; a shell runs it in the middle of a reset trial (default: ours are ended and started anew)",
    shellCommand,
  ),
  resetWithin: option("--reset-within <time>", "a reset is waited for so long (default: 5min)", duration()),
  resetRepeats: option("--reset-repeats <n>", "resets (default: 3)", repetitions),
  learning: option(
    "--learning <frames>",
    "to the output port before each trial, from the addresses that test frames go to; then 2s (default: 4; none with --quick and the built-in device)",
    count(0, 10_000),
  ),
  restabilise: option(
    "--restabilise <time>",
    "between two trials; unless 0s, trials also wait for residual frames where all are back (default: 5s; none with --quick and the built-in device)",
    duration(0),
  ),
} as const satisfies OptionTable;

export const latencyOptions = {
  loads: option("--loads <shares>", "of the reference rate (default: 10%,50%,90%,100%)", loadShares),
  reference: option(
    "--reference <rate>",
    "what 100% is (default: each size's NDR, searched for quickly first)",
    parseRate,
  ),
  trialDuration: option("--trial-duration <time>", "at each load (default: 10s)", duration()),
  repeats: option("--repeats <n>", "trials at each load (default: 1)", count(1, 1_000)),
  probe: option(
    "--probe <rate>",
    "a stream beside the load, on top of it, whose latency is reported by itself, e.g. 1kpps",
    parseRate,
  ),
} as const satisfies OptionTable;

export const serviceOptions = {
  cir: option("--cir <rate>", "committed information rate, e.g. 100Mbps or 50kpps", parseRate),
  eir: option("--eir <rate>", "excess information rate on top of it (default: none)", parseRate),
  steps: option("--steps <shares>", "of the CIR, growing (default: 25%,50%,75%,100%)", stepShares),
  stepDuration: option("--step-duration <time>", "of each step (default: 10s)", duration()),
  performance: option("--performance <time>", "of the performance test at CIR (default: 15min)", duration()),
  policing: flag("--policing", "traffic above CIR + EIR must be dropped"),
} as const satisfies OptionTable;

export const promiseOptions = {
  flr: option("--flr <ratio>", "frame loss ratio that the service promises (default: 0)", parseRatio),
  ftd: option("--ftd <time>", "mean frame transfer delay that it promises", duration()),
  ifdv: option("--ifdv <time>", "delay variation that it promises, of 99.9 % of frames", duration()),
} as const satisfies OptionTable;

export const burstOptions = {
  load: option("--load <rate>", "of a burst's frames, or of the last step of a ramp (default: 1Mpps)", parseRate),
  frames: option(
    "--frames <list>",
    "lengths of the bursts, growing (default: 64,128,256,512,1024,2048,4096)",
    growingCounts,
  ),
  ramp: flag("--ramp", "a ramp of load instead of bursts"),
  steps: option("--steps <n>", "of the ramp (default: 10)", count(1, 1_000)),
  stepDuration: option("--step-duration <time>", "of each step of the ramp (default: 1s)", duration()),
} as const satisfies OptionTable;

export const soakOptions = {
  load: option("--load <rate>", "frames per second, or a share of --line-rate (default: 10kpps)", parseRate),
  for: option("--for <time>", "so long, or forever (until Ctrl-C; default: 1h)", parseDurationOrForever),
  piece: option(
    "--piece <time>",
    "sending goes in pieces of this length, with the settle time between (default: 10s)",
    duration(1e6),
  ),
  state: option("--state <file>", "the result so far as JSON, written anew after each piece", writtenFile),
  resume: option("--resume <file>", "takes up the report of such a file, or of an earlier --json", anyText),
} as const satisfies OptionTable;

/** A rate that is the same in frames for every size. */
function ppsOf(text: string, where: string): number {
  const rate = parseRate(text, where);
  if (rate.kind === "pps") return rate.pps;
  throw usageError(`"${text}" is not in frames per second`, { where, accepted: "e.g. 1kpps" });
}

function shellCommand(text: string, where: string): string {
  if (text.trim() !== "") return text;
  throw usageError("the command is empty", { where, accepted: "a command that a shell can run" });
}

function loadShares(text: string, where: string): number[] {
  const shares = each(parseRatio)(text, where);
  if (shares.every((share) => share > 0)) return shares;
  throw usageError("a load of 0 sends nothing", { where, accepted: "shares above 0, e.g. 10%,50%,100%" });
}

function stepShares(text: string, where: string): number[] {
  const steps = each(parseRatio)(text, where);
  const falls = steps.some((share, i) => share <= (steps[i - 1] ?? 0));
  if (!falls && steps.at(-1) === 1) return steps;
  const what = falls ? "the steps do not grow" : "the last step is not the whole CIR";
  throw usageError(what, { where, accepted: "growing shares that end with 100%, e.g. 25%,50%,75%,100%" });
}

function growingCounts(text: string, where: string): number[] {
  const frames = each(count())(text, where);
  if (frames.every((length, i) => length > (frames[i - 1] ?? 0))) return frames;
  throw usageError("the bursts do not grow", { where, accepted: "growing counts, e.g. 64,256,1024" });
}
