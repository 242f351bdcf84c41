/** Who of a fleet sent to whom, for people: a row for each flow of each trial shown, with the bound of its latencies. */
import type { RunResult, Trial } from "../result/run-result.js";
import { grouped, timeWord } from "../stats/words.js";
import { terminalText } from "../terminal-text.js";
import { boundedMicroseconds, microseconds, percent, rowLabel } from "./figures.js";
import { left, right, type Section } from "./section.js";

type FlowRow = NonNullable<NonNullable<Trial["fleet"]>["flows"]>[number];

/** Of a run all trials, of a method the last of each size and phase: a search has hundreds. */
export function shownTrials({ method, trials }: RunResult, isOne: (trial: Trial) => boolean): Trial[] {
  const some = trials.filter(isOne);
  if (method === undefined) return some;
  return [...new Map(some.map((trial) => [`${rowLabel(trial)} ${trial.phase}`, trial])).values()];
}

/** Those that lost the most first. */
const byTrouble = (a: FlowRow, b: FlowRow): number =>
  Number(b.verdict !== "pass") - Number(a.verdict !== "pass") || (b.lost ?? 0) - (a.lost ?? 0);

const known = (frames: number | null): string => (frames === null ? "not known" : grouped(frames));

function cellsOf(trial: Trial, row: FlowRow): string[] {
  const { latencyNs, pdvNs, clock } = row;
  const strayed = row.strayed.reduce((sum, { frames }) => sum + frames, 0);
  const latency = (key: "p50" | "p99" | "max"): string =>
    latencyNs === null ? "-" : boundedMicroseconds(latencyNs[key], clock.boundNs ?? 0, latencyNs.p50);
  return [
    ...[rowLabel(trial), trial.phase, terminalText(row.from), terminalText(row.to)],
    ...[row.sent, row.accepted, row.lost].map(known),
    row.lossRatio === null ? "-" : percent(row.lossRatio),
    ...[grouped(strayed), latency("p50"), latency("p99"), latency("max")],
    pdvNs === null ? "-" : microseconds(pdvNs.p99),
    row.verdict.toUpperCase(),
  ];
}

/** `mostRows`: flows of each trial. No rows where each agent received its own frames. */
export function pairSection(result: RunResult, mostRows: number): Section {
  const trials = shownTrials(result, ({ fleet }) => fleet?.flows !== undefined);
  const flowsOf = ({ fleet }: Trial): readonly FlowRow[] => fleet?.flows ?? [];
  const isCut = trials.some((trial) => flowsOf(trial).length > mostRows);
  return {
    id: "pairs",
    title: `flows of ${result.fleet?.address ?? "the fleet"}`,
    columns: [
      ...[right("frame\nbytes"), left("trial"), left("from"), left("to")],
      ...["sent\nframes", "accepted\nframes", "lost\nframes", "lost\n%", "strayed\nframes"].map(right),
      ...["p50\nµs", "p99\nµs", "max\nµs", "PDV p99\nµs"].map(right),
      left("alone"),
    ],
    rows: trials.flatMap((trial) =>
      flowsOf(trial)
        .toSorted(byTrouble)
        .slice(0, mostRows)
        .map((row) => cellsOf(trial, row)),
    ),
    note: [
      startsWords(trials, result.fleet?.startWithinNs ?? 0),
      ...clockWords(trials.flatMap(flowsOf)),
      ...(isCut ? ["the JSON document has all flows"] : []),
    ].join("; "),
  };
}

/** How the latencies' clocks were compared, way by way. */
function clockWords(rows: readonly FlowRow[]): string[] {
  const ways = [...new Set(rows.map(({ clock }) => clock.way))];
  return ways.map((way) => {
    const of = rows.filter(({ clock }) => clock.way === way);
    const [pairs, boundNs] = [of.length, Math.max(0, ...of.map(({ clock }) => clock.boundNs ?? 0))];
    const flows = `${pairs} ${pairs === 1 ? "flow" : "flows"}`;
    if (way === "same") return `${flows}: both ends read one clock`;
    const how = way === "udp" ? "by UDP between the agents" : "by messages over the fleet's server";
    return `${flows}: clocks compared ${how}, and a latency is wrong by ${timeWord(boundNs)} at most`;
  });
}

/** How exactly the agents of these trials began together. */
export function startsWords(trials: readonly Trial[], withinNs: number): string {
  const starts = trials.flatMap(({ fleet }) => fleet?.start ?? []);
  const widest = Math.max(0, ...starts.map(({ spreadNs }) => spreadNs));
  const bound = Math.max(0, ...starts.map(({ boundNs }) => boundNs));
  const clocks = bound === 0 ? "by one clock" : `give or take ${timeWord(bound)}`;
  return `all began within ${timeWord(widest)} of each other, ${clocks} (allowed: ${timeWord(withinNs)})`;
}
