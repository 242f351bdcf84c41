/**
 * Stream by stream, for people: what each lost, how late it came, and at which rate. If there are many, the worst come
 * first.
 */
import type { RunResult, Trial } from "../result/run-result.js";
import { grouped, rateWord } from "../stats/words.js";
import { terminalText } from "../terminal-text.js";
import { microseconds, outageWord, percent, rowLabel } from "./figures.js";
import { left, right, type Section } from "./section.js";

type Stream = NonNullable<Trial["streams"]>[number];

/** Phases of methods whose trials are figures. Trials of a search are only steps towards a figure. */
const ofFigures = /^(latency|service|soak)/;

/** Trials whose streams are shown: all trials of a run, the last usable one of each phase and size of a method. */
function shownTrials({ method, trials }: RunResult): Trial[] {
  const several = trials.filter(({ streams }) => (streams?.length ?? 0) > 1);
  if (method === undefined) return several;
  const usable = several.filter(({ verdict, phase }) => verdict !== "invalid" && ofFigures.test(phase));
  return [...new Map(usable.map((trial) => [`${rowLabel(trial)} ${trial.phase}`, trial])).values()];
}

const missingShare = ({ missing, sent }: Stream): number => missing / Math.max(1, sent);

/** Loss first, then damage, disorder and delay. */
const byHarm = (a: Stream, b: Stream): number =>
  missingShare(b) - missingShare(a) ||
  b.corrupt - a.corrupt ||
  b.reordered - a.reordered ||
  (b.latencyNs?.p99 ?? 0) - (a.latencyNs?.p99 ?? 0);

/** No rows where no trial has several streams. `mostRows`: of each trial. */
export function streamsSection(result: RunResult, mostRows: number): Section {
  const trials = shownTrials(result);
  const isOne = trials.length === 1;
  const most = Math.max(0, ...trials.map(({ streams }) => streams!.length));
  const isCut = most > mostRows;
  return {
    id: "streams",
    title: isCut ? `streams: the worst ${mostRows} of ${grouped(most)}` : "streams",
    columns: [
      ...(isOne ? [] : [left("frame bytes,\nphase")]),
      left("stream"),
      ...[
        "sent",
        "accepted",
        "lost",
        "lost\n%",
        "outage",
        "reordered",
        "corrupt",
        "p50\nµs",
        "p99\nµs",
        "rate back",
      ].map(right),
    ],
    rows: trials.flatMap((trial) => {
      const streams = trial.streams!;
      const shown = isCut ? streams.toSorted(byHarm).slice(0, mostRows) : streams;
      return shown.map((stream, i) => [
        ...(isOne ? [] : [i === 0 ? `${rowLabel(trial)}, ${trial.phase}` : ""]),
        ...cellsOf(stream),
      ]);
    }),
    note: noteOf(trials, most - mostRows),
  };
}

function cellsOf(stream: Stream): string[] {
  const { name, sent, accepted, missing, reordered, corrupt, latencyNs, rxPps } = stream;
  return [
    terminalText(name),
    ...[sent, accepted, missing].map(grouped),
    percent(missingShare(stream)),
    outageWord(stream),
    ...[reordered, corrupt].map(grouped),
    ...[latencyNs?.p50, latencyNs?.p99].map((ns) => (ns === undefined ? "-" : microseconds(ns))),
    rateWord(rxPps),
  ];
}

function noteOf(trials: readonly Trial[], hidden: number): string {
  const words =
    "accepted: came back whole, each number once; lost: did not, the corrupt ones among them; outage: the longest time in which none of a stream came back whole";
  const atMax = trials.some(({ requested }) => requested.pps === null);
  const more = hidden > 0 ? `; and ${grouped(hidden)} more, none of them worse (--streams-csv, --json)` : "";
  return `${words}${atMax ? "; latency at max is that of full rings and queues" : ""}${more}`;
}
