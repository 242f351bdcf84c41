/** From the options of `run` to its plan: everything validated at the door, in sentences that name the option. Pure. */
import { parseEmbeddedOptions } from "../dut/embedded/options.js";
import { parseTestpmdOptions } from "../dut/testpmd/options.js";
import { PktgenError, usageError } from "../errors.js";
import type { DutChoice, RunPlan, TrialChoice } from "../measure/plan.js";
import { liveUnrecorded, type RecordPlan } from "../measure/recorder.js";
import { usualWarmUpNs } from "../measure/warm-up.js";
import { didYouMean } from "../nearest.js";
import { parseMac } from "../packet/address.js";
import type { Profile } from "../profile/index.js";
import { checkPace, offeredPps, ownSizes, streamPps } from "../stream/departures/loads.js";
import { addressStreams } from "../stream/spec/addressing.js";
import type { TrafficSpec } from "../stream/spec/traffic.js";
import { checkStreams, isPlain, streamSpec, type Traffic } from "../stream/spec.js";
import {
  type FrameSize,
  meanFrameBytes,
  parseCount,
  parseDuration,
  parseDurationOrForever,
  parseLineRate,
  parseRate,
  parseRatio,
  parseSizes,
  type Rate,
  ratePps,
} from "../units.js";
import { addressingNotes } from "./addressing-notes.js";
import { externalDut, externalOptions, generatorPorts } from "./external-options.js";
import { parseCores, parseQueues, runIdOf, waitPeerOf } from "./option-values.js";
import { recordOf } from "./record-options.js";
import type { RunOptions } from "./run-options.js";
import { tolerancesOf } from "./tolerances.js";

const defaultDurationNs = 1e9;
/** A trial shorter than this settles before a thread that sleeps has woken. */
const leastSettleNs = 1e6;
const mostRepeats = 1_000;
const mostFlows = 2 ** 24;
/** Sequence numbers are unwrapped to 48 bits and more. */
const mostStartSequence = 2 ** 48 - 1;

const dutKinds = ["embedded", "external", "testpmd"] as const;

/** `undefined` where the option is not given. */
const given = <T>(text: string | undefined, parse: (text: string) => T): T | undefined =>
  text === undefined ? undefined : parse(text);

/** Devices that this program starts bring the ports to send on, and their counters. */
function refusePorts(options: RunOptions, kind: string, allowed: readonly string[] = []): void {
  const found = Object.entries(externalOptions).find(
    ([key]) => options[key as keyof RunOptions] !== undefined && !allowed.includes(key),
  );
  if (found === undefined) return;
  const hint = "add --dut external to use ports of your own";
  throw usageError(`the ${kind} device brings its own ports`, { where: found[1], accepted: "no ports with it", hint });
}

function embeddedDut(options: RunOptions, rest: string): DutChoice {
  refusePorts(options, "embedded");
  return { kind: "embedded", options: parseEmbeddedOptions(rest, "--dut") };
}

/** Where its first port is an interface or a NIC, the generator sends through a port of its own. */
function testpmdDut(options: RunOptions, rest: string, queues: number | undefined): DutChoice {
  const parsed = parseTestpmdOptions(rest, "--dut");
  const { kind } = parsed.port;
  refusePorts(options, "testpmd", kind === "vhost" ? [] : ["tx", "rx"]);
  const own = kind === "vhost" || (kind === "tap" && options.tx === undefined && options.rx === undefined);
  const ports = own ? null : generatorPorts(options, queues, `testpmd with port=${kind}`, "packet:veth0");
  return { kind: "testpmd", options: parsed, ports };
}

function dutOf(options: RunOptions, profile: Profile | null, queues: number | undefined): DutChoice {
  const text = options.dut ?? "embedded";
  const comma = text.indexOf(",");
  const kind = comma < 0 ? text : text.slice(0, comma);
  const rest = comma < 0 ? "" : text.slice(comma + 1);
  if (kind === "embedded" || kind === "testpmd") {
    return kind === "embedded" ? embeddedDut(options, rest) : testpmdDut(options, rest, queues);
  }
  const accepted = "embedded[,option=value…], testpmd[,option=value…], external";
  if (kind !== "external") {
    const hint = didYouMean(kind, dutKinds);
    throw usageError(`unknown device under test "${kind}"`, { where: "--dut", accepted, ...hint });
  }
  if (comma >= 0) throw usageError(`external has no options, but "${rest}" is given`, { where: "--dut", accepted });
  return externalDut(options, profile, queues);
}

function trialsOf(options: RunOptions): TrialChoice {
  const { rate, duration, count } = options;
  if (rate === undefined && duration === undefined && count === undefined) return "default";
  if (duration !== undefined && count !== undefined) {
    const accepted = "one of them: a trial ends after a time or after so many frames";
    throw usageError("--count and --duration contradict each other", { where: "--count", accepted });
  }
  return {
    rate: given(rate, (text) => parseRate(text, "--rate")) ?? { kind: "max" },
    durationNs:
      count === undefined
        ? (given(duration, (text) => parseDurationOrForever(text, "--duration")) ?? defaultDurationNs)
        : null,
    count: given(count, (text) => parseCount(text, "--count")) ?? null,
  };
}

/** The options' names for the fields that a stream's errors name. */
const streamOptions: Readonly<Record<string, string>> = {
  vlan: "--vlan",
  flows: "--flows",
  srcPort: "--flows",
  pinQueues: "--pin-flows",
  srcAddress: "--ip",
  dstAddress: "--ip",
  dstMac: "--dst-mac",
  srcMac: "--src-mac",
};

function ipVersion(text: string): 4 | 6 {
  if (text === "4") return 4;
  if (text === "6") return 6;
  throw usageError(`"${text}" is no IP version`, { where: "--ip", accepted: "4, 6" });
}

function macText(text: string, where: string): string {
  parseMac(text, where);
  return text;
}

/** What the options say about the stream, over what the profile says. */
function streamOf(
  options: RunOptions,
  profile: Profile | null,
  { seed, queues, lineRateBps }: Pick<RunPlan, "seed" | "queues" | "lineRateBps">,
): Traffic {
  if (profile !== null && profile.traffic !== null) {
    return profileStreams(options, profile.file, { ...profile.traffic, seed }, lineRateBps);
  }
  const flows = given(options.flows, (text) => parseCount(text, "--flows", 1, mostFlows));
  const { pinFlows } = options;
  const pinQueues = pinFlows === true ? queues : given(pinFlows, (text) => parseCount(text, "--pin-flows", 1));
  const said = {
    sizes: given(options.sizes, (text) => parseSizes(text, "--sizes")),
    ip: given(options.ip, ipVersion),
    vlan: given(options.vlan, (text) => parseCount(text, "--vlan", 0, 4094)),
    flows: flows ?? (profile?.stream.flows === undefined ? pinQueues : undefined),
    pinQueues,
    dstMac: given(options.dstMac, (text) => macText(text, "--dst-mac")),
    srcMac: given(options.srcMac, (text) => macText(text, "--src-mac")),
  };
  const changes = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  try {
    return streamSpec({ ...profile?.stream, ...changes, seed });
  } catch (error) {
    if (!(error instanceof PktgenError)) throw error;
    const where = streamOptions[error.where ?? ""] ?? error.where;
    const { message, accepted, hint } = error;
    throw usageError(message, {
      ...(where === undefined ? {} : { where }),
      ...(accepted === undefined ? {} : { accepted }),
      ...(hint === undefined ? {} : { hint }),
      cause: error,
    });
  }
}

/** A profile's streams say everything themselves, but for sizes and addresses where they have none. */
function profileStreams(
  options: RunOptions,
  file: string,
  traffic: TrafficSpec,
  lineRateBps: number | null,
): TrafficSpec {
  const plain = (["ip", "vlan", "flows", "pinFlows"] as const).find((name) => options[name] !== undefined);
  if (plain !== undefined) {
    const option = `--${plain.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const accepted = "without it, or a profile of plain traffic";
    throw usageError(`${file} has streams, which say that themselves`, { where: option, accepted });
  }
  const sizes = given(options.sizes, (text) => parseSizes(text, "--sizes"));
  const sized = traffic.streams.filter(({ size }) => size !== null).length;
  if (sized > 0 && (sizes !== undefined || sized < traffic.streams.length)) {
    const what =
      sizes === undefined ? "some streams have a size and some have none" : "the streams have sizes of their own";
    throw usageError(`${file}: ${what}`, { where: "--sizes", accepted: "a size for each stream, or for none" });
  }
  const load = { kind: ownRates(options, traffic) === null ? "max" : "own", lineRateBps } as const;
  const spec = { ...traffic, sizes: sized > 0 ? [ownSizes(traffic, load)] : (sizes ?? traffic.sizes) };
  // Shares that cannot be told are refused before anything is opened.
  for (const size of spec.sizes) streamPps(spec, size, load);
  checkStreams(spec);
  return withMacs(options, spec);
}

/** Streams that leave a MAC address open have the options'. */
function withMacs({ dstMac, srcMac }: RunOptions, spec: TrafficSpec): TrafficSpec {
  const mac = (text: string | undefined, where: string) => {
    const said = given(text, (value) => macText(value, where)) ?? null;
    return { 4: said, 6: said, other: said };
  };
  const none = { 4: null, 6: null };
  const macs = { dstMac: mac(dstMac, "--dst-mac"), srcMac: mac(srcMac, "--src-mac") };
  return addressStreams(spec, { ...macs, src: none, dst: none });
}

/** Streams leave at their own rates where they have some, or schedules, and no other rate is asked for. */
function ownRates(options: RunOptions, stream: Traffic): TrafficSpec | null {
  if (isPlain(stream) || options.rate !== undefined) return null;
  const asks =
    stream.streams.some(({ rate }) => rate !== null) ||
    stream.streams.some(({ schedule }) => schedule.kind !== "continuous");
  return asks ? stream : null;
}

/** The trials of streams at their own rates, with what they come to together in the first; each size can be offered. */
function ownTrials(options: RunOptions, spec: TrafficSpec, lineRateBps: number | null): TrialChoice {
  const asked = trialsOf(options);
  const { durationNs, count } = asked === "default" ? { durationNs: defaultDurationNs, count: null } : asked;
  const [pps] = spec.sizes.map((size) => offeredPps(spec, size, { kind: "own", lineRateBps }, durationNs));
  return { rate: { kind: "pps", pps: pps! }, durationNs, count };
}

/** Rates are checked for each size and stream here, before anything is opened. */
function checkRates(
  trials: TrialChoice,
  {
    sizes,
    stream,
    ownRates,
    repeat,
    lineRateBps,
  }: Pick<RunPlan, "sizes" | "stream" | "ownRates" | "repeat" | "lineRateBps">,
): void {
  if (trials === "default") return;
  for (const size of sizes) {
    const pps = ratePps(trials.rate, meanFrameBytes(size), lineRateBps);
    if (ownRates !== true) checkPace(isPlain(stream) ? null : stream, size, pps, lineRateBps, "--rate");
  }
  if (trials.durationNs === Number.POSITIVE_INFINITY && sizes.length * repeat > 1) {
    const what = `forever never comes to an end, and ${sizes.length * repeat} trials are asked for`;
    throw usageError(what, { where: "--duration", accepted: "forever with one size, e.g. --sizes 64" });
  }
}

/** In frames per second; bits per second mean another rate for each size, so they need a single one. */
function minRatePps(text: string, sizes: readonly FrameSize[], lineRateBps: number | null): number {
  const where = "--min-rate";
  const rate: Rate = parseRate(text, where);
  if (rate.kind === "pps") return rate.pps;
  if (rate.kind !== "max" && sizes.length === 1) return ratePps(rate, meanFrameBytes(sizes[0]!), lineRateBps, where);
  const what = rate.kind === "max" ? "max is no least rate" : `"${text}" is another rate in frames for each size`;
  throw usageError(what, { where, accepted: "frames per second, e.g. 1Mpps; or one size only" });
}

/** Two directions need an external device behind two ports. */
function bidirectionalOf({ bidirectional }: RunOptions, dut: DutChoice): boolean {
  if (bidirectional !== true) return false;
  if (dut.kind === "external" && dut.rx !== null) return true;
  const what =
    dut.kind === "external"
      ? "two directions need two ports"
      : `the ${dut.kind} device has one port for both directions`;
  throw usageError(what, { where: "--bidirectional", accepted: "with --dut external, --tx and another --rx" });
}

/** Queue pairs in use: as asked, else as many as the ports have. */
function queuesOf(asked: number | undefined, dut: DutChoice): number {
  if (asked !== undefined) return asked;
  if (dut.kind !== "external") return 1;
  return Math.min(dut.tx.queues, dut.rx?.queues ?? dut.tx.queues);
}

/** Which captures are made of the run. */
function recordOfRun(options: RunOptions, dut: DutChoice): RecordPlan {
  if (options.recordTx !== undefined && dut.kind === "external" && dut.tx.kind === "xdp" && dut.tx.tx === "live") {
    throw liveUnrecorded();
  }
  return recordOf(options);
}

/** Throws a usage error (2) for the first option that cannot be. */
export function planRun(options: RunOptions, profile: Profile | null, commandLine: string): RunPlan {
  const asked = given(options.queues, (text) => parseQueues(text, "--queues"));
  const dut = dutOf(options, profile, asked);
  const seed = given(options.seed, (text) => parseCount(text, "--seed", 0)) ?? 1;
  const queues = queuesOf(asked, dut);
  const lineRateBps = given(options.lineRate, (text) => parseLineRate(text, "--line-rate")) ?? null;
  const stream = streamOf(options, profile, { seed, queues, lineRateBps });
  const repeat = given(options.repeat, (text) => parseCount(text, "--repeat", 1, mostRepeats)) ?? 1;
  const own = ownRates(options, stream);
  const trials = own === null ? trialsOf(options) : ownTrials(options, own, lineRateBps);
  const bidirectional = bidirectionalOf(options, dut);
  const addressing = addressingNotes(dut, profile?.traffic ?? stream, {
    dstMac: options.dstMac,
    srcMac: options.srcMac,
    bidirectional,
  });
  const notes = [...(profile?.notes ?? []), ...addressing];
  checkRates(trials, { sizes: stream.sizes, stream, ownRates: own !== null, repeat, lineRateBps });
  const tolerances = tolerancesOf(options);
  return {
    sizes: stream.sizes,
    dut,
    bidirectional,
    yesThisInterface: options.yesThisInterface === true,
    ...waitPeerOf(options),
    record: recordOfRun(options, dut),
    queues,
    stream,
    ownRates: own !== null,
    trials,
    seed,
    runId: runIdOf(options.runId),
    warmupNs: given(options.warmup, (text) => parseDuration(text, "--warmup", 0)) ?? usualWarmUpNs,
    settleNs: given(options.settle, (text) => parseDuration(text, "--settle", leastSettleNs)) ?? null,
    repeat,
    cores: given(options.cores, (text) => parseCores(text, "--cores")) ?? null,
    busy: options.busy === true,
    integrity: options.integrity === true,
    lineRateBps,
    lossLimit: given(options.loss, (text) => parseRatio(text, "--loss")) ?? null,
    ...(tolerances === undefined ? {} : { tolerances }),
    minRatePps: given(options.minRate, (text) => minRatePps(text, stream.sizes, lineRateBps)) ?? null,
    startSequence:
      given(options.startSequence, (text) => parseCount(text, "--start-sequence", 0, mostStartSequence)) ?? 0,
    ...(notes.length === 0 ? {} : { notes }),
    ...(profile === null || profile.thresholds.length === 0 ? {} : { thresholds: profile.thresholds }),
    commandLine,
  };
}
