/** Makes a timeline for each stream, from what a trial and its streams ask for. */
import { usageError } from "../../errors.js";
import { seededRandom } from "../../random.js";
import { type FrameSize, fixedSize, minFrameBytes, ratePps } from "../../units.js";
import { meanBytes, sizeOrder } from "../spec/sizes.js";
import type { StreamSchedule, TrafficSpec, TrafficStream } from "../spec/traffic.js";
import { checkSchedulable } from "./schedule.js";
import { type RateStep, steppedTimeline } from "./steps.js";
import { Bursts, Continuous, Poisson, Ramp, type Timeline } from "./timeline.js";

/**
 * How the frames of all streams together leave. `lineRateBps` is what percentages of streams are of; absent or null:
 * the line is not known.
 */
export type StreamLoad = (
  | /** As fast as the peer takes them, in the order that the streams' rates or weights give. */
  { readonly kind: "max" }
  /** All streams together send `pps` frames a second; each stream has its share. */
  | { readonly kind: "paced"; readonly pps: number }
  /** Each at its own rate. */
  | { readonly kind: "own" }
  /** As paced, one rate after another. */
  | { readonly kind: "stepped"; readonly steps: readonly RateStep[] }
) & { readonly lineRateBps?: number | null };

/** Keeps this use of a seed apart from others. */
const substream = 0x706f;
/** What streams are spread by over their first gap: no two of many at the same moment. */
const goldenRatio = 0.618_033_988_749_895;
/** The scale of weights where nothing else gives one. Then only the order of streams counts. */
const nominalPps = 1000;
/** The line rate of streams whose rates are percentages of an unknown line. Again only their order counts. */
const nominalLineBps = 1e9;

/** Frames per second of each stream while it sends; of steps, in the first one. Throws usage errors for rates that cannot be. */
export function streamPps(spec: TrafficSpec, size: FrameSize, load: StreamLoad): readonly number[] {
  const { lineRateBps = null } = load;
  if (load.kind === "own") {
    return spec.streams.map((stream) => {
      if (stream.rate !== null) return ownPps(spec, stream, size, lineRateBps);
      throw usageError("the stream has no rate of its own", {
        where: `stream "${stream.name}"`,
        accepted: "rate: … for each stream, or --rate for all of them together",
      });
    });
  }
  const shares = sharesOf(spec, size, lineRateBps);
  const pps = load.kind === "paced" ? load.pps : load.kind === "stepped" ? load.steps[0].pps : null;
  if (pps === null) return shares;
  const sum = shares.reduce((total, share) => total + share, 0);
  return shares.map((share) => (share / sum) * pps);
}

/**
 * The shares of a common load, in frames per second: the streams' own rates if all have one, else their weights. A rate
 * in bits or percent becomes frames of the stream's own size. Percentages are shares of each other on any line. Mixed
 * with rates in other units, they need a known line rate.
 */
function sharesOf(spec: TrafficSpec, size: FrameSize, lineRateBps: number | null): readonly number[] {
  const { streams } = spec;
  const without = streams.find(({ rate }) => rate === null);
  if (without !== undefined) {
    const rated = streams.find(({ rate }) => rate !== null);
    if (rated === undefined) return streams.map(({ weight }) => weight * nominalPps);
    const what = `stream "${rated.name}" has a rate and this one has none, so that nobody can tell their shares of the load`;
    const accepted = "a rate for each stream; or for none, and weights";
    throw usageError(what, { where: `stream "${without.name}"`, accepted });
  }
  const percentOnly = streams.every(({ rate }) => rate?.kind === "percent");
  const line = lineRateBps ?? (percentOnly ? nominalLineBps : null);
  return streams.map((stream) => ownPps(spec, stream, size, line));
}

function ownPps(spec: TrafficSpec, stream: TrafficStream, size: FrameSize, lineRateBps: number | null): number {
  const { rate, name } = stream;
  const where = `stream "${name}" rate`;
  if (rate === null || rate.kind === "max") {
    throw usageError("a stream of many cannot have all there is", { where, accepted: "a rate, e.g. 10kpps" });
  }
  const pps = ratePps(rate, streamMeanBytes(spec, stream, size), lineRateBps, where);
  checkSchedulable(pps, where);
  return pps;
}

/** @throws PktgenError (2) where the load, or a stream's share of it, is nothing that can be scheduled. Infinity: max. */
export function checkPace(
  spec: TrafficSpec,
  size: FrameSize,
  pps: number,
  lineRateBps: number | null,
  where: string,
): void {
  if (pps === Number.POSITIVE_INFINITY) return;
  checkSchedulable(pps, where);
  for (const share of streamPps(spec, size, { kind: "paced", pps, lineRateBps })) checkSchedulable(share, where);
}

/** The mean of a stream's frames with FCS, in a trial of this size. */
export const streamMeanBytes = (spec: TrafficSpec, { size, name }: TrafficStream, ofTrial: FrameSize): number =>
  meanBytes(sizeOrder(size ?? ofTrial, spec.seed, `stream "${name}" size`));

/** Frames per second that a trial of this length (null, Infinity: of any) offers: schedules have gaps and beginnings. */
export function offeredPps(spec: TrafficSpec, size: FrameSize, load: StreamLoad, durationNs: number | null): number {
  const timelines = timelinesOf(spec, size, load);
  if (durationNs === null || !Number.isFinite(durationNs)) {
    return streamPps(spec, size, load).reduce((sum, pps) => sum + pps, 0);
  }
  const frames = timelines.reduce((sum, timeline) => sum + timeline.dueBefore(durationNs, 0), 0);
  if (frames > 0) return (frames * 1e9) / durationNs;
  throw usageError("no stream sends a frame in that time", { where: "--duration", accepted: "a longer one" });
}

/** The sizes of streams that say their own, under a load, as one mix: for reports, and for the mean of all frames. */
export function ownSizes(spec: TrafficSpec, load: StreamLoad): FrameSize {
  const shares = new Map<number, number>();
  // Every stream has its own size, so the trial's size does not matter.
  const pps = streamPps(spec, fixedSize(minFrameBytes), load);
  for (const [stream, { name, size }] of spec.streams.entries()) {
    const { frameBytes, pattern } = sizeOrder(size!, spec.seed, `stream "${name}" size`);
    for (const variant of pattern) {
      const bytes = frameBytes[variant];
      shares.set(bytes, (shares.get(bytes) ?? 0) + pps[stream] / pattern.length);
    }
  }
  const sum = [...shares.values()].reduce((total, share) => total + share, 0);
  const parts = [...shares].map(([bytes, share]) => ({
    frameBytes: bytes,
    weight: Math.max(1, Math.round((share / sum) * 1e6)),
  }));
  return parts.length === 1
    ? { kind: "fixed", frameBytes: parts[0].frameBytes }
    : { kind: "mix", name: spec.name, parts };
}

/** Throws usage errors for a chain that is a circle, and for one that waits for a stream without an end. */
export function timelinesOf(spec: TrafficSpec, size: FrameSize, load: StreamLoad): readonly Timeline[] {
  const pps = streamPps(spec, size, load);
  const made = new Map<number, Timeline>();
  const make = (index: number, waiting: readonly number[]): Timeline => {
    const known = made.get(index);
    if (known !== undefined) return known;
    const stream = spec.streams[index];
    const { schedule } = stream;
    let timeline: Timeline;
    if (schedule.kind === "after") {
      const startNs = endOf(spec, index, schedule.stream, [...waiting, index], make);
      timeline = timelineOf(spec, index, schedule.schedule, pps[index], startNs);
    } else timeline = timelineOf(spec, index, schedule, pps[index], 0);
    made.set(index, timeline);
    return timeline;
  };
  const timelines = spec.streams.map((_, index) => make(index, []));
  return load.kind === "stepped" ? timelines.map((timeline) => steppedTimeline(timeline, load.steps)) : timelines;
}

function endOf(
  spec: TrafficSpec,
  index: number,
  name: string,
  waiting: readonly number[],
  make: (index: number, waiting: readonly number[]) => Timeline,
): number {
  const where = `stream "${spec.streams[index].name}"`;
  const before = spec.streams.findIndex((stream) => stream.name === name);
  const names = spec.streams.map((stream) => stream.name);
  if (before < 0) {
    throw usageError(`there is no stream "${name}" to come after`, { where, accepted: names.slice(0, 20).join(", ") });
  }
  if (waiting.includes(before)) {
    const circle = [...waiting.slice(waiting.indexOf(before)), before].map((stream) => names[stream]).join(" → ");
    throw usageError(`the chain goes round in a circle: ${circle}`, { where, accepted: "a chain with a beginning" });
  }
  const { endNs } = make(before, waiting);
  if (Number.isFinite(endNs)) return endNs;
  throw usageError(`stream "${name}" never ends, so nothing comes after it`, {
    where,
    accepted: "a stream with a number of frames or bursts",
  });
}

function timelineOf(
  spec: TrafficSpec,
  index: number,
  schedule: Exclude<StreamSchedule, { kind: "after" }>,
  pps: number,
  fromNs: number,
): Timeline {
  checkSchedule(schedule, `stream "${spec.streams[index].name}" schedule`);
  switch (schedule.kind) {
    case "continuous": {
      const spread = spec.streams.length > 1 && fromNs === 0 ? ((index * goldenRatio) % 1) * (1e9 / pps) : 0;
      return new Continuous(pps, Math.floor(fromNs + (schedule.startNs ?? spread)), schedule.frames ?? Infinity);
    }
    case "bursts": {
      const { startNs, frames, bursts, gapNs } = schedule;
      return new Bursts(pps, fromNs + startNs, frames, bursts ?? Infinity, gapNs);
    }
    case "ramp": {
      const { startNs, fromShare, toShare, rampNs } = schedule;
      return new Ramp(fromNs + startNs, pps * fromShare, pps * toShare, rampNs);
    }
    case "poisson":
      return new Poisson(pps, fromNs + schedule.startNs, poissonKey(spec, index, schedule.seed));
  }
}

/** What decides the arrivals of a stream; `seed` null: its spec's, each stream its own. */
export function poissonKey(spec: TrafficSpec, index: number, seed: number | null): number {
  const random = seed === null ? seededRandom(spec.seed, substream + 1 + index) : seededRandom(seed, substream);
  return random.uint32();
}

/** Throws a usage error for numbers that no schedule has. */
export function checkSchedule(given: StreamSchedule, where: string): void {
  const schedule = given.kind === "after" ? given.schedule : given;
  const check = (what: string, value: number | null | undefined, least: number): void => {
    if (value == null || (value >= least && value <= Number.MAX_SAFE_INTEGER && (least === 0 || value % 1 === 0)))
      return;
    throw usageError(`${what} cannot be ${value}`, {
      where,
      accepted: least === 0 ? "from 0" : "whole numbers from 1",
    });
  };
  check("the start", schedule.startNs, 0);
  if (schedule.kind === "continuous") check("frames", schedule.frames, 1);
  if (schedule.kind === "bursts") {
    check("frames", schedule.frames, 1);
    check("bursts", schedule.bursts, 1);
    check("the gap", schedule.gapNs, 0);
  }
  if (schedule.kind === "ramp") {
    check("the ramp", schedule.rampNs, 1);
    check("a share", schedule.fromShare, 0);
    check("a share", schedule.toShare, 0);
    if (schedule.fromShare + schedule.toShare === 0) {
      throw usageError("a ramp from nothing to nothing sends nothing", { where, accepted: "a share above 0" });
    }
  }
}

/** One stream that sends without a break from the start on: what the transmitter of a single stream does. */
export function isSimple({ streams }: TrafficSpec): boolean {
  const [{ schedule }] = streams;
  return streams.length === 1 && schedule.kind === "continuous" && !schedule.startNs && schedule.frames == null;
}
