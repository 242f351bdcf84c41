/** A plan as a program hands it over, which no compiler may have seen: each field is there, and of its kind. */
import { usageError } from "../errors.js";
import { checkPace } from "../stream/departures/loads.js";
import type { TrafficSpec } from "../stream/spec/traffic.js";
import { checkSize, checkTraffic } from "../stream/spec.js";
import { type FrameSize, meanFrameBytes, type Rate, ratePps } from "../units.js";
import type { RunPlan, TrialChoice } from "./plan.js";

interface Rule {
  readonly accepted: string;
  readonly fits: (value: unknown) => boolean;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const flag: Rule = { accepted: "true or false", fits: (value) => typeof value === "boolean" };
const number = (accepted: string, fits: (value: number) => boolean): Rule => ({
  accepted,
  fits: (value) => typeof value === "number" && fits(value),
});
const whole = (least: number, most = Number.MAX_SAFE_INTEGER): Rule =>
  number(
    most === Number.MAX_SAFE_INTEGER ? `a whole number from ${least}` : `a whole number from ${least} to ${most}`,
    (value) => Number.isSafeInteger(value) && value >= least && value <= most,
  );
const time = number("nanoseconds from 0", (value) => value >= 0);
const positive = number("a number above 0", (value) => value > 0);
const orNull = ({ accepted, fits }: Rule): Rule => ({
  accepted: `${accepted}, or null`,
  fits: (value) => value === null || fits(value),
});

const isSize = (value: unknown): boolean =>
  isObject(value) &&
  ((value["kind"] === "fixed" && typeof value["frameBytes"] === "number") ||
    (value["kind"] === "mix" && Array.isArray(value["parts"]) && value["parts"].every(isObject)));

const isDut = (value: unknown): boolean => {
  if (!isObject(value)) return false;
  if (value["kind"] === "external") return isObject(value["tx"]) && (value["rx"] === null || isObject(value["rx"]));
  return (value["kind"] === "embedded" || value["kind"] === "testpmd") && isObject(value["options"]);
};

/** What is needed of each field. Those that may be absent are checked where they are used. */
const rules = {
  sizes: {
    accepted: 'a list of at least one size, e.g. parseSizes("64,1518", "sizes")',
    fits: (value) => Array.isArray(value) && value.length > 0 && value.every(isSize),
  },
  dut: {
    accepted: '{ kind: "embedded", options: parseEmbeddedOptions("", "dut") }, or of kind external or testpmd',
    fits: isDut,
  },
  bidirectional: flag,
  yesThisInterface: flag,
  queues: whole(1, 8),
  stream: { accepted: "trafficOf(plainTraffic()), or the traffic of a profile", fits: isObject },
  trials: {
    accepted: '"default", or { rate, durationNs, count }',
    fits: (value) => value === "default" || isObject(value),
  },
  seed: whole(0),
  warmupNs: time,
  settleNs: orNull(time),
  repeat: whole(1),
  cores: {
    accepted: "a list of CPU numbers, or null",
    fits: (value) =>
      value === null || (Array.isArray(value) && value.every((cpu) => Number.isInteger(cpu) && cpu >= 0)),
  },
  busy: flag,
  integrity: flag,
  lineRateBps: orNull(positive),
  lossLimit: orNull(number("0 to 1", (value) => value >= 0 && value <= 1)),
  minRatePps: orNull(positive),
  startSequence: whole(0, 2 ** 48 - 1),
  commandLine: { accepted: "a text, for the result", fits: (value) => typeof value === "string" },
} as const satisfies Partial<Record<keyof RunPlan, Rule>>;

/** @throws PktgenError (2) that names the field, e.g. `plan.sizes`. */
export function checkPlan(plan: unknown): asserts plan is RunPlan {
  if (!isObject(plan))
    throw usageError("this is no plan", { where: "plan", accepted: "an object of RunPlan's fields" });
  for (const [name, { accepted, fits }] of Object.entries<Rule>(rules)) {
    const value = plan[name];
    if (fits(value)) continue;
    const what = value === undefined ? "is missing" : `can't be ${inWords(value)}`;
    throw usageError(`${name} ${what}`, { where: `plan.${name}`, accepted });
  }
  const { sizes, stream, incoming, trials, ownRates, lineRateBps, queues, workers = 1 } = plan as unknown as RunPlan;
  if (!whole(1, queues).fits(workers) || queues % workers !== 0) {
    throw usageError(`workers can't be ${inWords(workers)}`, {
      where: "plan.workers",
      accepted: `a divisor of the ${queues} queues`,
    });
  }
  checkStream(stream, sizes);
  if (incoming !== undefined) checkStream(incoming, sizes);
  if (trials === "default") return;
  checkTrials(trials, sizes, lineRateBps);
  // Streams at their own rates are checked one by one.
  if (ownRates === true) return;
  for (const size of sizes) {
    const pps = ratePps(trials.rate, meanFrameBytes(size), lineRateBps, "plan.trials.rate");
    checkPace(stream, size, pps, lineRateBps, "plan.trials.rate");
  }
}

function inWords(value: unknown): string {
  if (value === null || typeof value !== "object") return String(value);
  return Array.isArray(value) ? "that list" : "that object";
}

function checkStream(stream: TrafficSpec, sizes: readonly FrameSize[]): void {
  if (!Array.isArray(stream.streams)) {
    throw usageError("stream is no traffic", { where: "plan.stream", accepted: rules.stream.accepted });
  }
  checkTraffic(stream);
  for (const size of sizes) checkSize(stream, size, "plan.sizes");
}

function checkTrials(
  { rate, durationNs, count }: Exclude<TrialChoice, "default">,
  sizes: readonly FrameSize[],
  lineRateBps: number | null,
): void {
  if (!isRate(rate)) {
    throw usageError("the trials have no rate", { where: "plan.trials.rate", accepted: 'parseRate("10kpps", "rate")' });
  }
  for (const size of sizes) ratePps(rate, meanFrameBytes(size), lineRateBps, "plan.trials.rate");
  const isCount = whole(1).fits(count) && durationNs === null;
  const isTime = count === null && typeof durationNs === "number" && durationNs > 0;
  if (isCount || isTime) return;
  throw usageError("a trial ends after a time or after so many frames", {
    where: "plan.trials",
    accepted: "one of durationNs and count, the other null",
  });
}

function isRate(rate: unknown): rate is Rate {
  if (!isObject(rate)) return false;
  const amounts: Readonly<Record<string, string | undefined>> = {
    max: "kind",
    pps: "pps",
    bps: "bps",
    percent: "share",
  };
  const amount = amounts[String(rate["kind"])];
  return amount !== undefined && (amount === "kind" || positive.fits(rate[amount]));
}
