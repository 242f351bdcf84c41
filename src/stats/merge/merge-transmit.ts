/** The sending halves of one trial's parts, as the one half that they were together. */
import { usageError } from "../../errors.js";
import { Histogram, mergeHistograms } from "../histogram.js";
import { type PacingData, pacingSummary } from "../pacing.js";
import type { StreamTransmit, TransmitQueueReport, TransmitReport, TransmitWindow } from "../trial-report.js";
import {
  clockBoundNs,
  distinctParts,
  type Inexact,
  type Merged,
  type MergePlan,
  ownStreamOf,
  type PlacedReport,
  queueOf,
  sumOver,
  timeOf,
} from "./part.js";

export type TransmitPart = PlacedReport<TransmitReport>;

/** The gravest first: what ended one part ended the trial as it was planned. */
const endings = ["peer gone", "stuck", "short", "stopped", null] as const;

/**
 * Counts, bytes, and when frames left are exact. `windowNs` is from the first slot of all to a gap of the whole schedule
 * after the last one.
 */
export function mergeTransmit(plan: MergePlan, given: readonly TransmitPart[]): Merged<TransmitReport> {
  const parts = distinctParts(plan, given);
  const sum = (of: (report: TransmitReport) => number): number => sumOver(parts, ({ report }) => of(report));
  const window = windowOf(parts);
  const pacing = pacingOf(parts);
  const blocked = blockedNsOf(parts);
  const report: TransmitReport = {
    queues: queuesOf(plan, parts),
    intended: sum(({ intended }) => intended),
    late: sum(({ late }) => late),
    missed: sum(({ missed }) => missed),
    blocked: sum((half) => half.blocked),
    blockedOwn: sum(({ blockedOwn }) => blockedOwn),
    blockedNs: blocked.ns,
    lastBlockedNs: lastBlockedOf(parts),
    ...timesOf(parts),
    ...window.fields,
    ...pacing.fields,
    cutShort: endings.find((ending) => parts.some(({ report: { cutShort } }) => cutShort === ending)) ?? null,
    ...streamsOf(plan, parts),
  };
  return { report, inexact: [...blocked.inexact, ...clockOf(parts), ...window.inexact, ...pacing.inexact] };
}

function queuesOf(plan: MergePlan, parts: readonly TransmitPart[]): TransmitQueueReport[] {
  const owners = new Map<number, string>();
  const none = { published: 0, outstanding: 0, bytes: 0, sentBytes: 0, carried: 0 };
  const queues = Array.from({ length: plan.queues }, (_, queue) => ({ queue, ...none }));
  for (const part of parts) {
    for (const own of part.report.queues) {
      const at = queueOf(part, own.queue);
      const owner = owners.get(at);
      if (own.published > 0 && owner !== undefined) {
        throw usageError(`queue ${at} of the trial is ${owner}'s as well`, { where: part.id });
      }
      if (own.published > 0) owners.set(at, part.id);
      for (const key of Object.keys(none) as (keyof typeof none)[]) queues[at][key] += own[key];
    }
  }
  return queues;
}

/** 0 and 0 where nothing left. */
function timesOf(parts: readonly TransmitPart[]): Pick<TransmitReport, "firstNs" | "lastNs"> {
  const senders = parts.filter(({ report }) => report.queues.some(({ published }) => published > 0));
  if (senders.length === 0) return { firstNs: 0, lastNs: 0 };
  return {
    firstNs: Math.min(...senders.map((part) => timeOf(part, part.report.firstNs))),
    lastNs: Math.max(...senders.map((part) => timeOf(part, part.report.lastNs))),
  };
}

const lastBlockedOf = (parts: readonly TransmitPart[]): number =>
  parts.reduce((latest, part) => {
    const { lastBlockedNs } = part.report;
    return lastBlockedNs < 0 ? latest : Math.max(latest, timeOf(part, lastBlockedNs));
  }, -1);

function clockOf(parts: readonly TransmitPart[]): Inexact[] {
  const boundNs = clockBoundNs(parts);
  const field = (name: string): Inexact => ({ field: name, reason: "clocks", boundNs });
  return boundNs === 0 ? [] : ["firstNs", "lastNs", "windowNs", "lastBlockedNs"].map(field);
}

/**
 * Rules about the load ask how much of it the peer held up. So a part's time counts by its share of the frames. Where all
 * parts were held up at once, that is the time itself.
 */
function blockedNsOf(parts: readonly TransmitPart[]): { readonly ns: number; readonly inexact: readonly Inexact[] } {
  const times = parts.map(({ report }) => report.blockedNs);
  if (times.every((ns) => ns === times[0])) return { ns: times[0], inexact: [] };
  const intended = sumOver(parts, ({ report }) => report.intended);
  const weighted = sumOver(parts, ({ report }) => report.blockedNs * report.intended);
  const ns = intended === 0 ? Math.max(...times) : weighted / intended;
  return { ns, inexact: [{ field: "blockedNs", reason: "shares of the load" }] };
}

interface Fields<K extends keyof TransmitReport> {
  readonly fields: Pick<TransmitReport, K>;
  readonly inexact: readonly Inexact[];
}

function windowOf(parts: readonly TransmitPart[]): Fields<"windowNs" | "window"> {
  if (parts.length === 1) {
    const [part] = parts;
    const { windowNs, window } = part.report;
    return { fields: { windowNs, ...(window === undefined ? {} : { window: moved(part, window) }) }, inexact: [] };
  }
  const known = parts.flatMap((part) => {
    const { window, intended } = part.report;
    return window === undefined ? [] : [{ isIdle: intended === 0, window: moved(part, window) }];
  });
  if (known.length < parts.length) {
    const windowNs = Math.max(...parts.map(({ report }) => report.windowNs));
    return { fields: { windowNs }, inexact: [{ field: "windowNs", reason: "not in every report" }] };
  }
  const active = known.filter(({ isIdle }) => !isIdle);
  const gapNs = gapOf(known.map(({ window }) => window.gapNs));
  const window = unionOf(
    (active.length > 0 ? active : known).map((one) => one.window),
    gapNs,
  );
  return { fields: { windowNs: Math.max(1, window.toNs - window.fromNs), window }, inexact: [] };
}

const moved = (part: TransmitPart, { fromNs, toNs, gapNs }: TransmitWindow): TransmitWindow => ({
  fromNs: timeOf(part, fromNs),
  toNs: timeOf(part, toNs),
  gapNs,
});

function unionOf(windows: readonly TransmitWindow[], gapNs: number): TransmitWindow {
  const fromNs = Math.min(...windows.map((window) => window.fromNs));
  const lastSlotNs = Math.max(...windows.map((window) => window.toNs - window.gapNs));
  return { fromNs, toNs: lastSlotNs + gapNs, gapNs };
}

/** Rates add up, those of idle parts as well: a gap of all is shorter than each one's. 0: one ends with no slot. */
const gapOf = (gaps: readonly number[]): number =>
  gaps.some((gapNs) => gapNs === 0) ? 0 : 1 / sumOver(gaps, (gapNs) => 1 / gapNs);

function pacingOf(parts: readonly TransmitPart[]): Fields<"pacing" | "pacingData"> {
  const paced = parts.filter(({ report }) => report.pacing !== null || report.pacingData !== undefined);
  if (paced.length === 0) return { fields: { pacing: null }, inexact: [] };
  const known = paced.flatMap(({ report: { pacingData } }) => (pacingData === undefined ? [] : [pacingData]));
  if (paced.length === 1) {
    const { pacing, pacingData } = paced[0].report;
    return { fields: { pacing, ...(pacingData === undefined ? {} : { pacingData }) }, inexact: [] };
  }
  const unknown = (reason: Inexact["reason"]): Fields<"pacing"> => ({
    fields: { pacing: null },
    inexact: [{ field: "pacing", reason }],
  });
  if (known.length < paced.length) return unknown("not in every report");
  if (known.some(({ targetNs }) => targetNs !== known[0].targetNs)) return unknown("targets differ");
  const pacingData = mergePacing(known);
  const pacing = pacingSummary(pacingData, "self");
  return { fields: { pacing, pacingData }, inexact: [{ field: "pacing", reason: "per measurer" }] };
}

function mergePacing(parts: readonly PacingData[]): PacingData {
  const within = (at: number): number => sumOver(parts, (part) => part.within[at]);
  return {
    targetNs: parts[0].targetNs,
    within: [within(0), within(1), within(2), within(3)],
    bursts: sumOver(parts, ({ bursts }) => bursts),
    lagMaxNs: Math.max(...parts.map(({ lagMaxNs }) => lagMaxNs)),
    gaps: mergeHistograms(parts.map(({ gaps }) => gaps)) ?? new Histogram().toData(),
  };
}

function streamsOf(plan: MergePlan, parts: readonly TransmitPart[]): Pick<TransmitReport, "streams"> {
  if (parts.every(({ report }) => report.streams === undefined)) return {};
  const streams = Array.from({ length: plan.streams }, (_, stream) => {
    const own = parts.flatMap((part) => part.report.streams?.[ownStreamOf(part, stream)] ?? []);
    const sum = (of: (one: StreamTransmit) => number): number => sumOver(own, of);
    return {
      sent: sum(({ sent }) => sent),
      sentBytes: sum(({ sentBytes }) => sentBytes),
      late: sum(({ late }) => late),
      missed: sum(({ missed }) => missed),
      blocked: sum(({ blocked }) => blocked),
    };
  });
  return { streams };
}
