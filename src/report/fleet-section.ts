/** Who of a fleet did what, for people: a row for each agent of each trial shown, then how the agents began. */
import type { RunResult, Trial } from "../result/run-result.js";
import { grouped, rateWord, timeWord } from "../stats/words.js";
import { terminalText } from "../terminal-text.js";
import { microseconds, rowLabel } from "./figures.js";
import { shownTrials, startsWords } from "./pair-section.js";
import { left, right, type Section } from "./section.js";

type FleetTrial = NonNullable<Trial["fleet"]>;
type Row = FleetTrial["agents"][number];

/** Those that are not as they should be first. */
const byTrouble = (a: Row, b: Row): number =>
  Number(b.verdict !== "pass") - Number(a.verdict !== "pass") || b.lost - a.lost;

function cellsOf(trial: Trial, fleet: FleetTrial, row: Row): string[] {
  const delay = (ns: number | undefined): string => (ns === undefined ? "-" : microseconds(ns));
  const remark = [...(fleet.limitedBy.includes(row.name) ? ["the limit"] : []), row.verdict.toUpperCase()].join(", ");
  return [
    ...[rowLabel(trial), trial.phase, terminalText(row.name), row.share],
    ...[row.sent, row.received, row.lost].map(grouped),
    ...[rateWord(row.txPps), rateWord(row.rxPps)],
    ...[delay(row.latencyNs?.p50), delay(row.latencyNs?.p99)],
    ...[timeWord(row.startLateNs), remark],
  ];
}

/** Nothing is known of their frames, and no figure stands in their place. */
const lostCells = (trial: Trial, agent: string): string[] => [
  ...[rowLabel(trial), trial.phase, terminalText(agent), "-"],
  ...Array.from({ length: 8 }, () => "not known"),
  "LOST",
];

/** `mostRows`: agents of each trial. No rows where there is no fleet. */
export function fleetSection(result: RunResult, mostRows: number): Section {
  // Where agents send to each other, the flows say it all (pair-section.ts).
  const trials = shownTrials(result, ({ fleet }) => fleet !== undefined && fleet.flows === undefined);
  const rows = trials.flatMap((trial) => {
    const { fleet } = trial as Trial & { fleet: FleetTrial };
    const agents = fleet.agents.toSorted(byTrouble).slice(0, mostRows);
    return [
      ...fleet.lost.map(({ agent }) => lostCells(trial, agent)),
      ...agents.map((row) => cellsOf(trial, fleet, row)),
    ];
  });
  const isCut = trials.some(({ fleet }) => (fleet?.agents.length ?? 0) > mostRows);
  return {
    id: "fleet",
    title: `agents of ${result.fleet?.address ?? "the fleet"}`,
    columns: [
      ...[right("frame\nbytes"), left("trial"), left("agent"), left("share")],
      ...[
        "sent\nframes",
        "received\nframes",
        "lost\nframes",
        "sent\nat",
        "back\nat",
        "p50\nµs",
        "p99\nµs",
        "began\nlate",
      ].map(right),
      left("alone"),
    ],
    rows,
    note: [
      startsWords(trials, result.fleet?.startWithinNs ?? 0),
      ...(isCut ? ["the JSON document has all agents"] : []),
    ].join("; "),
  };
}
