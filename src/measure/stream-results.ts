/** The part of a trial that is told stream by stream. Pure. */
import type { Trial } from "../result/run-result.js";
import { ratesOf } from "../stats/rates.js";
import { reorderRunsOf } from "../stats/reordering.js";
import { smallBuckets } from "../stats/small-histograms.js";
import { type StreamReceive, streamHistogramsKept } from "../stats/trial-report.js";
import { framesWord, partOf } from "../stats/words.js";
import { evenQueues, gapsOf, outagesOf, type SentTraffic } from "./outages.js";

/** Stream by stream, where there are several. */
export function streamsOf(traffic: SentTraffic, rxPps: number): Pick<Trial, "streams" | "duplicateWindow"> {
  const { spec, report } = traffic;
  const { transmit, receive } = report;
  if (transmit.streams === undefined || receive.streams === undefined) return {};
  const { streams } = spec.stream;
  const [gaps, queues] = [gapsOf(traffic), evenQueues(traffic)];
  // What of a stream came back within the receive window is not counted: its frames have their share of all frames' rate.
  const receiveNs = rxPps > 0 ? (receive.received * 1e9) / rxPps : 0;
  return {
    streams: transmit.streams.map(({ sentBytes, ...sent }, k) => {
      const { acceptedBytes, samples, longestLost, reorderRuns, latencyBuckets, ...back } = receive.streams![k]!;
      const missing = Math.max(0, sent.sent - back.accepted);
      const loss = { missing, longestLost, gapNs: gaps[k], queues, windowNs: transmit.windowNs };
      const tx = ratesOf(sent.sent, sentBytes, transmit.windowNs);
      const rx = ratesOf(back.accepted, acceptedBytes, receiveNs);
      return {
        name: streams[k]!.name,
        ...sent,
        ...back,
        ...{ txPps: tx.pps, txBpsL1: tx.bpsL1, txBpsL2: tx.bpsL2 },
        ...{ rxPps: rx.pps, rxBpsL1: rx.bpsL1, rxBpsL2: rx.bpsL2 },
        ...reorderRunsOf(reorderRuns),
        lostRanges: back.lostRanges.map(([from, to]): [number, number] => [from, to]),
        latencyNs: back.latencyNs === null ? null : { ...back.latencyNs },
        ipdvNs: back.ipdvNs === null ? null : { ...back.ipdvNs },
        ...(streams.length > streamHistogramsKept ? {} : bucketsOf(latencyBuckets, samples)),
        queues: [...back.queues],
        missing,
        ...outagesOf(loss),
      };
    }),
    ...(receive.duplicateWindow === undefined ? {} : { duplicateWindow: receive.duplicateWindow }),
  };
}

/** Of several measurers they are in the samples. */
function bucketsOf(
  own: StreamReceive["latencyBuckets"],
  samples: StreamReceive["samples"],
): Pick<NonNullable<Trial["streams"]>[number], "latencyBuckets"> {
  const latency = samples?.latency ?? null;
  const buckets = latency === null ? own : smallBuckets(latency);
  return buckets === undefined ? {} : { latencyBuckets: buckets.map(([upToNs, frames]) => [upToNs, frames]) };
}

/** Ranges of a stream's lost numbers that a sentence has room for. */
const rangesInWords = 3;

function lostNumbers({ lostRanges, lostRangesMore }: NonNullable<Trial["streams"]>[number]): string {
  if (lostRanges.length === 0) return "";
  const shown = lostRanges.slice(0, rangesInWords).map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`));
  const more = lostRanges.length - shown.length + lostRangesMore;
  return ` (numbers ${shown.join(", ")}${more === 0 ? "" : `, and ${more} more ranges`})`;
}

/** How the streams fared, in a sentence: the table has no room for each. */
export function streamNotes(streams: NonNullable<Trial["streams"]>): string[] {
  if (streams.length === 0) return [];
  const ratio = (stream: (typeof streams)[number]): number => stream.missing / Math.max(1, stream.sent);
  const worst = streams.reduce((most, stream) => (ratio(stream) > ratio(most) ? stream : most));
  const lossy = streams.filter(({ missing }) => missing > 0).length;
  const loss =
    lossy === 0
      ? "no frame missing in any"
      : `frames missing in ${lossy}, most in "${worst.name}": ${partOf(worst.missing, worst.sent)}${lostNumbers(worst)}`;
  const count = `${streams.length} ${streams.length === 1 ? "stream" : "streams"}`;
  const mixed = streams.filter(({ reordered }) => reordered > 0);
  if (mixed.length === 0) return [`${count}: ${loss}`];
  const far = mixed.reduce((most, stream) => (extentOf(stream) > extentOf(most) ? stream : most));
  const extent = extentOf(far) === 0 ? "" : `, furthest in "${far.name}": ${framesWord(extentOf(far))}`;
  return [`${count}: ${loss}; reordered in ${mixed.length}${extent}`];
}

const extentOf = ({ reorderExtent }: NonNullable<Trial["streams"]>[number]): number => reorderExtent?.max ?? 0;
