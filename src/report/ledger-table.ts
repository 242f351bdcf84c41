/** The ledger by hop: frames sent, handed on by each hop, come back, and without explanation. */
import type { Trial } from "../result/run-result.js";
import { grouped } from "../stats/words.js";
import { rowLabel } from "./figures.js";
import { type Column, colorsFor, grid } from "./grid.js";
import type { ReportOptions } from "./report.js";

/** Nothing where no hop has counters. */
export function ledgerLines(trials: readonly Trial[], options: ReportOptions): string[] {
  const counted = trials.filter(({ hops }) => hops.length > 0);
  const names = [...new Set(counted.flatMap(({ hops }) => hops.map(({ name }) => name)))];
  if (names.length === 0) return [];
  const heads = ["sent", ...names, "received", "unaccounted"];
  const columns: Column[] = [
    { head: "bytes", align: "right" },
    { head: "frames", align: "left" },
    ...heads.map((head): Column => ({ head, align: "right" })),
  ];
  const rows = counted.flatMap((trial) => rowsOf(trial, names, options));
  const title = { title: "ledger: frames that each hop handed on", columns };
  return grid([title], rows, options);
}

/** The chain, and below it what hops dropped or duplicated, if anything. */
function rowsOf(trial: Trial, names: readonly string[], options: ReportOptions): string[][] {
  const colors = colorsFor(options);
  const byName = new Map(trial.hops.map((hop) => [hop.name, hop]));
  const perHop = (key: "tx" | "dropped" | "duplicated"): number[] => names.map((name) => byName.get(name)?.[key] ?? 0);
  const { unaccounted } = trial;
  const figure = unaccounted === null ? "-" : grouped(unaccounted);
  const chain = [
    rowLabel(trial),
    trial.phase,
    grouped(trial.sent),
    ...perHop("tx").map(grouped),
    grouped(trial.received),
    unaccounted !== null && unaccounted > 0 ? colors.red(figure) : figure,
  ];
  const below = (["dropped", "duplicated"] as const)
    .map((key) => ({ key, counts: perHop(key) }))
    .filter(({ counts }) => counts.some((count) => count > 0))
    .map(({ key, counts }) => ["", `  ${key}`, "", ...counts.map(grouped), "", ""]);
  return [chain, ...below, ...foreignRow(trial, names.length)];
}

/** Interfaces count everything: frames in and out of the device that are not the trial's. */
function foreignRow({ foreign, foreignSent = 0 }: Trial, hops: number): string[][] {
  if (foreign === 0 && foreignSent === 0) return [];
  return [["", "  foreign", grouped(foreignSent), ...Array.from({ length: hops }, () => ""), grouped(foreign), ""]];
}
