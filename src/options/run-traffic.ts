/** From the options of `run` and a profile to what is sent. Pure. */
import { PktgenError, usageError } from "../errors.js";
import type { RunPlan } from "../measure/plan.js";
import type { Profile } from "../profile/index.js";
import { ownSizes, streamPps } from "../stream/departures/loads.js";
import { addressStreams } from "../stream/spec/addressing.js";
import type { TrafficSpec } from "../stream/spec/traffic.js";
import { checkStreams, plainTraffic, trafficOf } from "../stream/spec.js";
import { nameOf } from "./option.js";
import { findRunOption, type RunValues } from "./run-options.js";

/** What the options say about the traffic, over what the profile says. */
export function trafficOfRun(
  given: RunValues,
  profile: Profile | null,
  { seed, queues, lineRateBps }: Pick<RunPlan, "seed" | "queues" | "lineRateBps">,
): TrafficSpec {
  if (profile !== null && profile.traffic !== null) {
    return profileStreams(given, profile.file, { ...profile.traffic, seed }, lineRateBps);
  }
  const { sizes, ip, vlan, dstMac, srcMac } = given;
  const pinQueues = given.pinFlows === true ? queues : given.pinFlows;
  const flows = given.flows ?? (profile?.stream.flows === undefined ? pinQueues : undefined);
  const said = { sizes, ip, vlan, flows, pinQueues, dstMac, srcMac };
  const changes = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  try {
    return trafficOf(plainTraffic({ ...profile?.stream, ...changes, seed }));
  } catch (error) {
    if (!(error instanceof PktgenError)) throw error;
    const option = findRunOption(({ fields }) => fields?.includes(error.where ?? "") === true);
    const where = option === undefined ? {} : { where: nameOf(option) };
    throw usageError(error.message, { ...error.details, ...where, cause: error });
  }
}

/** A profile's streams say everything themselves, but for sizes and addresses where they have none. */
function profileStreams(given: RunValues, file: string, traffic: TrafficSpec, lineRateBps: number | null): TrafficSpec {
  if (given.frame !== undefined) checkFrameAlone(given);
  const plain = findRunOption((option, key) => option.plain === true && given[key] !== undefined);
  if (plain !== undefined) {
    const accepted = "without it, or a profile of plain traffic";
    throw usageError(`${file} has streams, which say that themselves`, { where: nameOf(plain), accepted });
  }
  const { sizes } = given;
  const sized = traffic.streams.filter(({ size }) => size !== null).length;
  if (sized > 0 && (sizes !== undefined || sized < traffic.streams.length)) {
    const what =
      sizes === undefined ? "some streams have a size and some have none" : "the streams have sizes of their own";
    throw usageError(`${file}: ${what}`, { where: "--sizes", accepted: "a size for each stream, or for none" });
  }
  const load = { kind: ownRates(given, traffic) === null ? "max" : "own", lineRateBps } as const;
  const spec = { ...traffic, sizes: sized > 0 ? [ownSizes(traffic, load)] : (sizes ?? traffic.sizes) };
  // Shares that cannot be told are refused before anything is opened.
  for (const size of spec.sizes) streamPps(spec, size, load);
  checkStreams(spec);
  return withMacs(given, spec);
}

/** Options that say what frames are have no say in a frame that is given. */
function checkFrameAlone(given: RunValues): void {
  const ofFrames: readonly string[] = ["sizes", "dstMac", "srcMac"];
  const other = findRunOption(
    (option, key) => given[key] !== undefined && (option.plain === true || ofFrames.includes(key)),
  );
  if (other === undefined) return;
  throw usageError("the frame is given, with all of its bytes", {
    where: nameOf(other),
    accepted: "--frame without it",
  });
}

/** Streams that leave a MAC address open have the options'. */
function withMacs({ dstMac, srcMac }: RunValues, spec: TrafficSpec): TrafficSpec {
  const always = (mac: string | null = null) => ({ 4: mac, 6: mac, other: mac });
  const none = { 4: null, 6: null };
  return addressStreams(spec, { srcMac: always(srcMac), dstMac: always(dstMac), src: none, dst: none });
}

/** Streams leave at their own rates where they have some, or schedules, and no other rate is asked for. */
export function ownRates(given: RunValues, stream: TrafficSpec): TrafficSpec | null {
  if (given.rate !== undefined) return null;
  const asks =
    stream.streams.some(({ rate }) => rate !== null) ||
    stream.streams.some(({ schedule }) => schedule.kind !== "continuous");
  return asks ? stream : null;
}
