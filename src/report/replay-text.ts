/** A replay as people read it. */

import type { ReplayedPort, ReplayResult } from "../result/replay-result.js";
import { grouped, percentWord, rateWord } from "../stats/words.js";
import { terminalText } from "../terminal-text.js";
import { formatNs } from "../units.js";
import { comparisonLines } from "./compare-text.js";

const byQueue = (frames: readonly number[]): string =>
  frames.length > 1 ? ` (by queue: ${frames.map((n) => grouped(n)).join(", ")})` : "";

const isLookedAt = ({ receives, received }: ReplayedPort): boolean => receives || received > 0;

const portCounts = (port: ReplayedPort): string =>
  [
    ...(port.sends ? [`sent ${grouped(port.sent)}${byQueue(port.handedOverByQueue)}`] : []),
    ...(isLookedAt(port) ? [`received ${grouped(port.received)}`] : []),
    ...(port.untaken > 0 ? [`${grouped(port.untaken)} never taken`] : []),
  ].join(", ");

export function renderReplay(result: ReplayResult, most?: number): string {
  const { source, gapOffNs: gaps } = result;
  const odd = [
    [source.filtered, "left out by the filter"],
    [source.cutPadded, "cut by the capture, padded with zeros"],
    [source.cutSkipped, "cut by the capture, left out"],
    [source.tooShort, "too short for an Ethernet header, left out"],
    [source.notEthernet, "not Ethernet, left out"],
    [source.tooLong, "cut by the capture, and longer by its word than any frame is, left out"],
    [source.backwards, "with a time before the frame before, sent with that one"],
    [result.tooLong, "too long for the port's buffers (--max-frame), left out"],
    [result.unanswered, "after which nothing came back in time"],
  ] as const;
  return [
    `${terminalText(result.file)}: ${grouped(source.perLoop)} frames a loop, ${formatNs(source.spanNs)}; ${result.pace}`,
    ...odd.filter(([n]) => n > 0).map(([n, what]) => `  ${grouped(n)} ${what}`),
    `sent ${grouped(result.sent)}${result.intended === null ? "" : ` of ${grouped(result.intended)}`} in ${formatNs(result.durationNs)}${result.txPps === null ? "" : `, ${rateWord(result.txPps)}`}, ${grouped(result.loops)} ${result.loops === 1 ? "loop" : "loops"}${result.ports.some(isLookedAt) ? `; received ${grouped(result.received)}` : ""}`,
    ...result.ports.map((port) => `  ${port.port}: ${portCounts(port)}`),
    ...(gaps === null
      ? []
      : [
          `gaps off by ${formatNs(gaps.p50)} (median), ${formatNs(gaps.p99)} (99 %), ${formatNs(gaps.max)} (most); within 1 µs ${percentWord(gaps.within1us)}, 10 µs ${percentWord(gaps.within10us)}, 100 µs ${percentWord(gaps.within100us)}; self-observed`,
          `late ${grouped(result.late)}, by ${formatNs(result.lagMaxNs)} at most`,
        ]),
    ...(result.blockedNs > 0 ? [`the peer had no room for ${formatNs(result.blockedNs)}`] : []),
    ...result.recorded.map(
      ({ file, frames, missed, failure }) =>
        `recorded ${grouped(frames)} frames in ${file}${missed > 0 ? `, ${grouped(missed)} missed` : ""}${failure === null ? "" : `; ${failure}`}`,
    ),
    ...result.notes,
    ...(result.comparison === null ? [] : ["", ...comparisonLines(result.comparison, most)]),
    "",
    `${result.verdict.toUpperCase()}${result.reasons.length === 0 ? "" : `: ${result.reasons.join("; ")}`}`,
    "",
  ].join("\n");
}
