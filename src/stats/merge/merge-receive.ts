/**
 * The receiving halves of one trial's parts, as the one half that they were together. Each part accounts for the frames
 * that it sent itself. Frames of another part's (strayed.ts) are added last.
 */
import { mergeHistograms } from "../histogram.js";
import { knownReorderRuns } from "../reordering.js";
import { lostRangesKept } from "../sequence-table.js";
import type { SignedHistogramData } from "../signed-histogram.js";
import {
  type CorruptKinds,
  type FrameSample,
  frameSamplesKept,
  type ReceiveReport,
  type TransmitReport,
} from "../trial-report.js";
import { mergeExtents } from "./extents.js";
import { longestOf, mergeLostRanges } from "./lost-ranges.js";
import { mergeFlows, mergeStreams } from "./merge-streams.js";
import {
  addByQueue,
  clockBoundNs,
  distinctParts,
  type Inexact,
  type Merged,
  type MergePlan,
  type PlacedReport,
  queueOf,
  sumOver,
  timeOf,
  zeros,
} from "./part.js";
import { withStrayed } from "./strayed.js";

export type ReceivePart = PlacedReport<ReceiveReport>;
type Parts = readonly ReceivePart[];

/** `sent`: what all parts sent, merged. */
export function mergeReceive(plan: MergePlan, given: Parts, sent: TransmitReport): Merged<ReceiveReport> {
  const parts = distinctParts(plan, given);
  const rxQueues = parts.some(({ report }) => report.queues.length > 0) ? plan.queues : 0;
  const isManyStreams = parts.some(({ report }) => report.streams !== undefined);
  const streams = mergeStreams(plan, parts, rxQueues);
  const flows = mergeFlows(parts, rxQueues);
  const inWindow = inWindowOf(parts, sent);
  const silence = silenceOf(parts);
  const report: ReceiveReport = {
    ...byQueueOf(plan, parts, rxQueues),
    ...countsOf(parts),
    ...inWindow.fields,
    ...(isManyStreams ? rangesOfStreams(plan, parts, streams.streams) : rangesOfOne(plan, parts)),
    ...longestOf(isManyStreams ? streams.streams : parts.map(({ report: own }) => own)),
    ...histogramsOf(parts),
    ...timesOf(parts),
    ...silence.fields,
    firstCorrupt: samplesOf(parts, ({ firstCorrupt }) => firstCorrupt),
    firstForeign: samplesOf(parts, ({ firstForeign }) => firstForeign),
    ...(isManyStreams ? { streams: streams.streams } : {}),
    ...flows.fields,
    ...asFarAsKnown(parts),
  };
  const inexact = [...inWindow.inexact, ...silence.inexact, ...clockOf(parts), ...streams.inexact, ...flows.inexact];
  return withStrayed(plan, parts, sent, { report, inexact });
}

function byQueueOf(plan: MergePlan, parts: Parts, rxQueues: number) {
  const [packets, bytes, corruptByQueue] = [zeros(rxQueues), zeros(rxQueues), zeros(rxQueues)];
  const acceptedByQueue = zeros(plan.queues);
  for (const part of parts) {
    for (const own of part.report.queues) {
      packets[queueOf(part, own.queue)] += own.packets;
      bytes[queueOf(part, own.queue)] += own.bytes;
    }
    addByQueue(acceptedByQueue, part, part.report.acceptedByQueue);
    addByQueue(corruptByQueue, part, part.report.corruptByQueue);
  }
  const queues = packets.map((count, queue) => ({ queue, packets: count, bytes: bytes[queue] }));
  return { queues, acceptedByQueue, corruptByQueue };
}

function countsOf(parts: Parts) {
  const sum = (of: (report: ReceiveReport) => number): number => sumOver(parts, ({ report }) => of(report));
  return {
    received: sum(({ received }) => received),
    receivedBytes: sum(({ receivedBytes }) => receivedBytes),
    accepted: sum(({ accepted }) => accepted),
    duplicate: sum(({ duplicate }) => duplicate),
    reordered: sum(({ reordered }) => reordered),
    corrupt: sum(({ corrupt }) => corrupt),
    corruptKinds: kindsOf(parts.map(({ report }) => report.corruptKinds)),
    tooOld: sum(({ tooOld }) => tooOld),
    stale: sum(({ stale }) => stale),
    staleOfOthers: sum(({ staleOfOthers }) => staleOfOthers),
    foreign: sum(({ foreign }) => foreign),
    reorderExtent: mergeExtents(parts.map(({ report }) => report)),
    ...knownReorderRuns(parts.map(({ report }) => report)),
  };
}

const kindsOf = (kinds: readonly CorruptKinds[]): CorruptKinds => ({
  signature: sumOver(kinds, ({ signature }) => signature),
  padded: sumOver(kinds, ({ padded }) => padded),
  trimmed: sumOver(kinds, ({ trimmed }) => trimmed),
  payload: sumOver(kinds, ({ payload }) => payload),
});

/** A part's window is as long as its own sending. The union's is longer by the time that they began apart. */
function inWindowOf(
  parts: Parts,
  { window, windowNs, lastNs }: TransmitReport,
): { readonly fields: Pick<ReceiveReport, "inWindow">; readonly inexact: readonly Inexact[] } {
  if (parts.length === 1) return { fields: { inWindow: parts[0].report.inWindow }, inexact: [] };
  const known = parts.flatMap(({ report: { inWindow } }) => inWindow ?? []);
  if (known.length < parts.length) {
    const isNowhere = known.length === 0;
    return {
      fields: { inWindow: null },
      inexact: isNowhere ? [] : [{ field: "inWindow", reason: "not in every report" }],
    };
  }
  const overdueNs = window === undefined ? 0 : Math.max(0, lastNs - window.toNs);
  const inWindow = {
    frames: sumOver(known, ({ frames }) => frames),
    bytes: sumOver(known, ({ bytes }) => bytes),
    windowNs: windowNs + overdueNs,
  };
  return { fields: { inWindow }, inexact: [{ field: "inWindow", reason: "own windows" }] };
}

/** Of one stream; cut as a single receiver's list is. */
function rangesOfOne(plan: MergePlan, parts: Parts): Pick<ReceiveReport, "lostRanges" | "lostRangesComplete"> {
  const placed = parts.map((place) => ({
    place,
    ranges: { lostRanges: place.report.lostRanges, lostRangesMore: 0 },
  }));
  const { lostRanges, lostRangesMore } = mergeLostRanges(plan, placed, lostRangesKept);
  const areComplete = parts.every(({ report }) => report.lostRangesComplete);
  return { lostRanges, lostRangesComplete: areComplete && lostRangesMore === 0 };
}

/** Several streams have the same numbers: ranges over all of them would say nothing. */
function rangesOfStreams(
  { streams: count }: MergePlan,
  parts: Parts,
  streams: NonNullable<ReceiveReport["streams"]>,
): Pick<ReceiveReport, "lostRanges" | "lostRangesComplete"> {
  if (count > 1) return { lostRanges: [], lostRangesComplete: false };
  const { lostRanges, lostRangesMore } = streams[0];
  const areComplete = parts.every(({ report }) => report.lostRangesComplete);
  return { lostRanges, lostRangesComplete: areComplete && lostRangesMore === 0 };
}

function histogramsOf(parts: Parts): Pick<ReceiveReport, "latency" | "latencyIntended" | "ipdv" | "probeLatency"> {
  const reports = parts.map(({ report }) => report);
  const probeLatency = mergeHistograms(reports.map((report) => report.probeLatency));
  return {
    latency: mergeHistograms(reports.map(({ latency }) => latency)),
    latencyIntended: mergeHistograms(reports.map(({ latencyIntended }) => latencyIntended)),
    ipdv: mergeSigned(reports.map(({ ipdv }) => ipdv)),
    ...(probeLatency === null ? {} : { probeLatency }),
  };
}

function mergeSigned(parts: readonly (SignedHistogramData | null)[]): SignedHistogramData | null {
  const negative = mergeHistograms(parts.map((part) => part?.negative));
  const positive = mergeHistograms(parts.map((part) => part?.positive));
  return negative === null || positive === null ? null : { negative, positive };
}

function timesOf(parts: Parts): Pick<ReceiveReport, "firstArrivalNs" | "lastArrivalNs" | "lossUntilNs"> {
  const firsts = parts.filter(({ report }) => report.firstArrivalNs >= 0);
  const lasts = parts.filter(({ report }) => report.lastArrivalNs > 0);
  const first = Math.min(...firsts.map((part) => timeOf(part, part.report.firstArrivalNs)));
  return {
    firstArrivalNs: firsts.length === 0 ? -1 : first,
    lastArrivalNs: lasts.length === 0 ? 0 : Math.max(...lasts.map((part) => timeOf(part, part.report.lastArrivalNs))),
    lossUntilNs: lossUntilOf(parts),
  };
}

/** 0 and infinity are no times. */
function lossUntilOf(parts: Parts): number | null {
  const times = parts.map((part) => {
    const { lossUntilNs: ns } = part.report;
    return ns === null || ns === 0 ? ns : timeOf(part, ns);
  });
  return times.some((ns) => ns === null) ? null : Math.max(...times.map((ns) => ns ?? 0));
}

/** While one part heard nothing, another may have: only where one part heard everything, the silence is the trial's. */
function silenceOf(parts: Parts): { readonly fields: Pick<ReceiveReport, "silence">; readonly inexact: Inexact[] } {
  const hearers = parts.filter(({ report }) => report.lastArrivalNs > 0);
  if (hearers.length > 1) return { fields: { silence: null }, inexact: [{ field: "silence", reason: "each alone" }] };
  const silence = hearers[0]?.report.silence ?? null;
  if (silence === null) return { fields: { silence: null }, inexact: [] };
  const [part] = hearers;
  const moved = { fromNs: timeOf(part, silence.fromNs), toNs: timeOf(part, silence.toNs) };
  return { fields: { silence: moved }, inexact: [] };
}

function clockOf(parts: Parts): Inexact[] {
  const boundNs = clockBoundNs(parts);
  const field = (name: string): Inexact => ({ field: name, reason: "clocks", boundNs });
  return boundNs === 0 ? [] : ["firstArrivalNs", "lastArrivalNs", "lossUntilNs"].map(field);
}

const samplesOf = (parts: Parts, of: (report: ReceiveReport) => readonly FrameSample[]): FrameSample[] =>
  parts.flatMap(({ report }) => of(report)).slice(0, frameSamplesKept);

/** What only some receivers have. */
function asFarAsKnown(parts: Parts): Pick<ReceiveReport, "duplicateWindow" | "early"> {
  const windows = parts.flatMap(({ report: { duplicateWindow } }) => duplicateWindow ?? []);
  const early = parts.flatMap((part) => part.report.early ?? []);
  return {
    ...(windows.length === 0 ? {} : { duplicateWindow: Math.min(...windows) }),
    ...(early.length === 0 ? {} : { early: sumOver(early, (frames) => frames) }),
  };
}
