/**
 * Loss as a time, as RFC 6412 derives it from loss: frames that did not come back whole ÷ the rate at which they were
 * sent. And the outage, the longest time of it at one go: the longest run of numbers of which none came back whole (a
 * loss period of RFC 3357), times the gap between them. Where a stream leaves on several queues, each has its own
 * numbers, and the queue with the longest run counts. A frame that came late closes the run that it was missing in, as
 * long as it is told from a duplicate (65,536 numbers of a stream, fewer of many streams); a duplicate changes nothing.
 * A figure whose gap is not known is left out. Pure.
 */
import type { TrialReport, TrialSpec } from "../engine/loop/index.js";
import { streamPps } from "../stream/departures/loads.js";
import type { StreamSchedule } from "../stream/spec/traffic.js";

export interface Outages {
  /** Of all frames that did not come back whole. Absent: the gap is not known. */
  readonly lossDurationNs?: number;
  /** Of the longest run of them. Absent: runs or gaps are not known, or frames carry no numbers. */
  readonly outageNs?: number;
}

export interface LossOfStream {
  /** Frames that did not come back whole: lost or damaged. */
  readonly missing: number;
  /** Frames of the longest run of them on one queue; undefined: not known. */
  readonly longestLost: number | undefined;
  /** Between two of its frames; undefined: not known. */
  readonly gapNs: number | undefined;
  /** Queues that sent as much as each other; undefined: they did not. */
  readonly queues: number | undefined;
  /** The time in which frames were sent. */
  readonly windowNs: number;
}

/** Where nothing is missing, both are 0, whatever the gap is. */
export function outagesOf({ missing, longestLost, gapNs, queues, windowNs }: LossOfStream): Outages {
  const lasted = (frames: number | undefined): number | undefined => {
    if (frames === undefined || frames === 0) return frames;
    return gapNs === undefined ? undefined : Math.round(Math.min(windowNs, frames * gapNs));
  };
  const lossDurationNs = lasted(missing);
  const isUneven = queues === undefined && longestLost !== 0;
  const outageNs = longestLost === undefined || isUneven ? undefined : lasted(longestLost * (queues ?? 1));
  return {
    ...(lossDurationNs === undefined ? {} : { lossDurationNs }),
    ...(outageNs === undefined ? {} : { outageNs }),
  };
}

/** What gaps follow from. */
export interface SentTraffic {
  readonly spec: TrialSpec;
  readonly report: TrialReport;
  /** What somebody did to the load while it ran. */
  readonly changes?: readonly unknown[];
}

/** It sends for a part of the trial, or with gaps that differ. */
const isScheduled = (schedule: StreamSchedule): boolean =>
  schedule.kind !== "continuous" || Boolean(schedule.startNs) || schedule.frames != null;

export const hasSchedules = ({ stream }: TrialSpec): boolean =>
  stream.streams.some(({ schedule }) => isScheduled(schedule));

/**
 * The gap between two frames of each stream. It is the mean one of the trial: of a load that changes, times are as long
 * as at its mean. A stream with a schedule sends for a part of the trial only: it has the gap of its own rate, where all
 * its frames left at that rate.
 */
export function gapsOf({ spec, report: { transmit }, changes = [] }: SentTraffic): (number | undefined)[] {
  const { stream, size, load } = spec;
  const isSteady = (load.kind === "paced" || load.kind === "own") && changes.length === 0;
  const pps = isSteady && hasSchedules(spec) ? streamPps(stream, size, load) : null;
  return stream.streams.map(({ schedule }, k) => {
    const sent = transmit.streams?.[k];
    if (sent === undefined || sent.sent === 0) return undefined;
    if (!isScheduled(schedule)) return transmit.windowNs / sent.sent;
    const own = schedule.kind === "after" ? schedule.schedule : schedule;
    // One frame alone has no gap.
    const isWhole = sent.sent > 1 && sent.missed + sent.blocked === 0;
    return pps !== null && own.kind === "continuous" && isWhole ? 1e9 / pps[k] : undefined;
  });
}

/** Queues whose counts differ by a larger share sent unequally. */
const unevenShare = 0.001;

/** How many queues there are, if all sent as much, but for a frame of each stream; else undefined: their gaps differ. */
export function evenQueues({ spec, report: { transmit } }: SentTraffic): number | undefined {
  const sent = transmit.queues.map(({ published, outstanding }) => published - outstanding);
  const most = Math.max(0, ...sent);
  const apart = most - Math.min(most, ...sent);
  return apart <= Math.max(spec.stream.streams.length, most * unevenShare) ? spec.queues : undefined;
}
