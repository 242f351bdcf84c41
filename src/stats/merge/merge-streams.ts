/** What came back of each stream, from the parts of a trial. */
import { knownReorderRuns } from "../reordering.js";
import { rangesKeptOf } from "../sequence-table.js";
import { mergeSmall, type SmallData, smallSummary } from "../small-histograms.js";
import { type FlowReceive, flowsKept, type ReceiveReport, type StreamReceive } from "../trial-report.js";
import { mergeExtents } from "./extents.js";
import { longestOf, mergeLostRanges } from "./lost-ranges.js";
import {
  addByQueue,
  type Inexact,
  type MergePlan,
  ownStreamOf,
  type PartPlace,
  type PlacedReport,
  sumOver,
  zeros,
} from "./part.js";

interface OwnStream {
  readonly place: PartPlace;
  readonly own: StreamReceive;
}

/** `rxQueues`: receive queues of the whole trial. */
export function mergeStreams(
  plan: MergePlan,
  parts: readonly PlacedReport<ReceiveReport>[],
  rxQueues: number,
): { readonly streams: StreamReceive[]; readonly inexact: Inexact[] } {
  const inexact: Inexact[] = [];
  const streams = Array.from({ length: plan.streams }, (_, stream) => {
    const of = parts.flatMap((place): OwnStream[] => {
      const own = place.report.streams?.[ownStreamOf(place, stream)];
      return own === undefined ? [] : [{ place, own }];
    });
    const times = timesOf(of.map(({ own }) => own));
    inexact.push(...times.unknown.map((field): Inexact => ({ field, reason: "several receivers", stream })));
    return { ...countsOf(plan, of, rxQueues), ...times.fields };
  });
  return { streams, inexact };
}

function countsOf(plan: MergePlan, of: readonly OwnStream[], rxQueues: number) {
  const sum = (which: (one: StreamReceive) => number): number => sumOver(of, ({ own }) => which(own));
  const queues = zeros(rxQueues);
  for (const { place, own } of of) addByQueue(queues, place, own.queues);
  const placed = of.map(({ place, own }) => ({ place, ranges: own }));
  return {
    accepted: sum(({ accepted }) => accepted),
    acceptedBytes: sum(({ acceptedBytes }) => acceptedBytes),
    duplicate: sum(({ duplicate }) => duplicate),
    reordered: sum(({ reordered }) => reordered),
    tooOld: sum(({ tooOld }) => tooOld),
    corrupt: sum(({ corrupt }) => corrupt),
    ...mergeLostRanges(plan, placed, rangesKeptOf(plan.streams * plan.queues)),
    ...longestOf(of.map(({ own }) => own)),
    reorderExtent: mergeExtents(of.map(({ own }) => own)),
    ...knownReorderRuns(of.map(({ own }) => own)),
    queues,
  };
}

type TimeFields = Pick<StreamReceive, "latencyNs" | "ipdvNs" | "latencyBuckets" | "samples">;

/** Percentiles of one part are the stream's. Those of several are no percentile of anything, but their samples are. */
function timesOf(own: readonly StreamReceive[]): {
  readonly fields: TimeFields;
  readonly unknown: readonly ("streams.latencyNs" | "streams.ipdvNs")[];
} {
  const samples = own.flatMap((one) => one.samples ?? []);
  if (own.length > 0 && samples.length === own.length) {
    const latency = mergeSmall(samples.map((one): SmallData | null => one.latency));
    const ipdv = mergeSmall(samples.map((one): SmallData | null => one.ipdv));
    const fields = { latencyNs: smallSummary(latency), ipdvNs: smallSummary(ipdv), samples: { latency, ipdv } };
    return { fields, unknown: [] };
  }
  const latencies = own.flatMap(({ latencyNs }) => latencyNs ?? []);
  const variations = own.flatMap(({ ipdvNs }) => ipdvNs ?? []);
  const only = <T>(list: readonly T[]): T | null => (list.length === 1 ? list[0] : null);
  const buckets = latencies.length === 1 ? own.find(({ latencyNs }) => latencyNs !== null)?.latencyBuckets : undefined;
  return {
    fields: {
      ...{ latencyNs: only(latencies), ipdvNs: only(variations) },
      ...(buckets === undefined ? {} : { latencyBuckets: buckets }),
    },
    unknown: [
      ...(latencies.length > 1 ? (["streams.latencyNs"] as const) : []),
      ...(variations.length > 1 ? (["streams.ipdvNs"] as const) : []),
    ],
  };
}

/** Flows by the queue that they came out of: those that a part lists. */
export function mergeFlows(
  parts: readonly PlacedReport<ReceiveReport>[],
  rxQueues: number,
): { readonly fields: Pick<ReceiveReport, "flows">; readonly inexact: readonly Inexact[] } {
  const known = parts.filter(({ report }) => report.flows !== undefined);
  if (known.length === 0) return { fields: {}, inexact: [] };
  if (known.length < parts.length) return { fields: {}, inexact: [{ field: "flows", reason: "not in every report" }] };
  const flows = new Map<string, FlowReceive & { readonly queues: number[] }>();
  for (const part of known) {
    for (const { stream: own, flow, queues } of part.report.flows?.list ?? []) {
      const stream = part.streams?.[own] ?? own;
      const key = JSON.stringify([stream, flow]);
      const merged = flows.get(key) ?? { stream, flow, queues: zeros(rxQueues) };
      addByQueue(merged.queues, part, queues);
      flows.set(key, merged);
    }
  }
  const list = [...flows.values()].sort((a, b) => a.stream - b.stream);
  // The same traffic has the same list everywhere, cut at the same flow. Then nothing is unknown.
  const isSameEverywhere = known.every(({ report }) => report.flows?.list.length === list.length);
  const more = known.map(({ report }) => report.flows?.more ?? 0);
  if (isSameEverywhere) return { fields: { flows: { list, more: Math.max(...more) } }, inexact: [] };
  const beyond = Math.max(0, list.length - flowsKept) + more.reduce((sum, one) => sum + one, 0);
  const isCut = more.some((one) => one > 0);
  return {
    fields: { flows: { list: list.slice(0, flowsKept), more: beyond } },
    inexact: isCut ? [{ field: "flows", reason: "list cut" }] : [],
  };
}
