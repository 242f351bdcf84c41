/** When the frames of a session's flows leave: from what a request says, and from the schedules of a profile's streams. */
import type { FlowLaw, FlowRate, FlowSpec } from "../../session/index.js";
import { poissonKey, streamMeanBytes, timelinesOf } from "../../stream/departures/loads.js";
import type { StreamSchedule, TrafficSpec } from "../../stream/spec/traffic.js";
import { type FrameSize, parseDuration, ratePps } from "../../units.js";
import type { FlowBody } from "../contract.js";
import { RequestRefusal } from "../refusal.js";

export type FlowTiming = Pick<FlowSpec, "duration" | "delayNs" | "law">;

type Asked = { readonly [key in "count" | "duration"]?: FlowBody[key] | undefined };
type OwnSchedule = Exclude<StreamSchedule, { readonly kind: "after" }>;

const invalid = (what: string, where: string, accepted: string): RequestRefusal =>
  new RequestRefusal("invalid", what, { where, accepted });

/** null: the request says nothing of it. */
export function lengthOf({ count, duration }: Asked): Required<Pick<FlowTiming, "duration">> | null {
  if (count !== undefined && duration !== undefined)
    throw invalid("count and duration contradict each other", "count", "one of them");
  if (count !== undefined) return { duration: { kind: "frames", frames: count } };
  if (duration === undefined) return null;
  if (duration === "forever") return { duration: { kind: "continuous" } };
  return { duration: { kind: "seconds", seconds: parseDuration(duration, "duration") / 1e9 } };
}

interface FlowLoad {
  readonly size: FrameSize;
  /** By stream. */
  readonly rates: readonly FlowRate[];
  readonly lineRateBps: number | null;
}

/**
 * By stream. A stream that comes after another begins so long after its start as the other takes by its schedule: they are
 * to be started together.
 */
export function flowTimes(flow: FlowBody, spec: TrafficSpec, load: FlowLoad): FlowTiming[] {
  const startsNs = spec.streams.some(({ schedule }) => schedule.kind === "after") ? chainedStarts(spec, load) : null;
  return spec.streams.map(({ schedule, name }, index) => {
    const own = schedule.kind === "after" ? schedule.schedule : schedule;
    const where = `stream "${name}" schedule`;
    const delayNs = startsNs?.[index] ?? own.startNs;
    const start = delayNs === null ? {} : { delayNs };
    return { ...start, ...timesOf(flow, own, where), ...lawOf(own, spec, index) };
  });
}

/** When the first slot of each stream is due, from the start of them all. */
function chainedStarts(spec: TrafficSpec, { size, rates, lineRateBps }: FlowLoad): number[] {
  const streams = spec.streams.map((stream, k) => {
    const rate = rates[k]!;
    const where = `stream "${stream.name}" rate`;
    if (rate.kind === "max")
      throw invalid("nobody knows when a stream at max ends, so nothing comes after it", where, "a rate");
    const pps = ratePps(rate, streamMeanBytes(spec, stream, size), lineRateBps, where);
    return { ...stream, rate: { kind: "pps", pps } as const };
  });
  const timelines = timelinesOf({ ...spec, streams }, size, { kind: "own", lineRateBps });
  return spec.streams.map(({ schedule }, k) => {
    if (schedule.kind !== "after") return schedule.kind === "continuous" ? timelines[k]!.dueNs(0) : schedule.startNs;
    const before = spec.streams.findIndex(({ name }) => name === schedule.stream);
    return timelines[before]!.endNs + (schedule.schedule.startNs ?? 0);
  });
}

function timesOf(flow: FlowBody, schedule: OwnSchedule, where: string): Pick<FlowTiming, "duration"> {
  const asked = lengthOf(flow);
  if (schedule.kind === "bursts") {
    if (asked !== null)
      throw invalid("the stream has bursts, which say how long it sends", "duration", `none: ${where}`);
    const { frames, bursts, gapNs } = schedule;
    return { duration: { kind: "bursts", frames, bursts, gapNs } };
  }
  const own = schedule.kind === "continuous" ? (schedule.frames ?? null) : null;
  return asked ?? (own === null ? {} : { duration: { kind: "frames", frames: own } });
}

function lawOf(schedule: OwnSchedule, spec: TrafficSpec, index: number): { readonly law?: FlowLaw } {
  if (schedule.kind === "poisson") return { law: { kind: "poisson", key: poissonKey(spec, index, schedule.seed) } };
  if (schedule.kind !== "ramp") return {};
  const { fromShare, toShare, rampNs } = schedule;
  return {
    law: { kind: "shape", pieces: [{ durationNs: rampNs, fromShare, toShare }], thenShare: toShare },
  };
}
