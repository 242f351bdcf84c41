/** What methods found, as sections (section.ts). A section without content is left out. */
import type { RunResult, SearchResult, Trial } from "../result/run-result.js";
import { type Cause, classOf } from "../stats/cause.js";
import type { ResultPart } from "../stats/run-verdict.js";
import { grouped, percentWord, rateWord, sharingWords, timeWord } from "../stats/words.js";
import { columnUnit, latencyFigure, microseconds, percent, scaled, sizeLabel } from "./figures.js";
import { recoverySection, recoverySentences, resetSection } from "./recovery-sections.js";
import { left, right, type Section } from "./section.js";
import { besideTrials } from "./sentences.js";

export function methodSections(result: RunResult): Section[] {
  return [
    results(result),
    lossCurves(result),
    backToBack(result),
    recoverySection(result),
    resetSection(result),
    latencies(result),
    probes(result),
    service(result),
    absorption(result),
    checks(result),
    soakIntervals(result),
    soakEvents(result),
    thresholds(result),
  ].filter(({ rows }) => rows.length > 0);
}

/** `≥ 1.5 Mpps` if something other than the device was the limit. If no load held, there is no rate. */
export function foundRate({ pps, limitedBy }: SearchResult): string {
  if (pps === 0) return limitedBy === "dut" ? "none held" : "no result";
  return `${limitedBy === "dut" ? "" : "≥ "}${rateWord(pps)}`;
}

const bytesOf = (frameBytes: number | string, trials: readonly Trial[]): number =>
  typeof frameBytes === "number"
    ? frameBytes
    : (trials.find((trial) => trial.frameBytes === frameBytes)?.meanFrameBytes ?? 0);

function results({ results: rows = [], trials }: RunResult): Section {
  const hasLine = rows.some(({ linePps }) => linePps !== undefined);
  const bpsL2 = ({ pps, frameBytes }: (typeof rows)[number]): number => pps * bytesOf(frameBytes, trials) * 8;
  const [bits, perBits] = columnUnit(rows.map(bpsL2), "bps");
  return {
    id: "results",
    title: "rates found",
    columns: [
      right("frame\nbytes"),
      left("goal"),
      right("rate"),
      right("fails at"),
      right(`layer 2\n${bits}`),
      ...(hasLine ? [right("of the line\n%")] : []),
      right("loss\n%"),
      left("limited by"),
      right("trials"),
    ],
    rows: rows.map((row) => [
      String(row.frameBytes),
      row.goal,
      foundRate(row),
      row.ppsUpper === null ? "-" : rateWord(row.ppsUpper),
      row.pps === 0 ? "-" : scaled(bpsL2(row), perBits),
      ...(hasLine ? [row.linePps === undefined || row.pps === 0 ? "-" : ofLine(row.pps / row.linePps)] : []),
      row.pps === 0 ? "-" : percent(row.lossRatio),
      row.endedBy === undefined ? row.limitedBy : `${row.limitedBy}: ${row.endedBy}`,
      String(row.trials ?? "-"),
    ]),
    note: "rate: the greatest load that held the goal, below every load that did not; ≥: the device may do more; goal: NDR, no frame lost or damaged; PDR, at most that share",
  };
}

/** Loads have six digits, so a share that close to the whole line is the whole line. */
const ofLine = (share: number): string => percent(share > 1 - 1e-5 ? 1 : share);

function lossCurves({ lossCurves: curves = [] }: RunResult): Section {
  return {
    id: "loss",
    title: "frame loss rate, RFC 2544 §26.3",
    columns: [right("frame\nbytes"), right("load\n%"), right("rate"), right("loss\n%")],
    rows: curves.flatMap(({ frameBytes, points }) =>
      points.map(({ share, pps, lossRatio }) => [
        String(frameBytes),
        String(Number((share * 100).toPrecision(4))),
        rateWord(pps),
        percent(lossRatio),
      ]),
    ),
    note: "100 %: the line's rate, or on a port without a line what the generator offers at most",
  };
}

function backToBack({ backToBack: rows = [] }: RunResult): Section {
  return {
    id: "back-to-back",
    title: "back-to-back frames, RFC 2544 §26.4, RFC 9004",
    columns: [
      ...["frame\nbytes", "at", "mean\nframes", "least\nframes", "most\nframes", "std. dev.\nframes"].map(right),
      ...["repeats", "buffer,\nimplied", "buffer,\ncorrected"].map(right),
    ],
    rows: rows.map((row) => [
      String(row.frameBytes),
      rateWord(row.pps),
      `${row.limitedBy === "time" ? "≥ " : ""}${grouped(Math.round(row.meanFrames))}`,
      grouped(row.minFrames),
      grouped(row.maxFrames),
      grouped(Math.round(row.stddevFrames)),
      String(row.bursts.length),
      timeWord(row.impliedBufferNs),
      row.correctedBufferNs === null ? "-" : timeWord(row.correctedBufferNs),
    ]),
    note: "≥: the longest burst that was tried came back whole",
  };
}

/** Trials whose latency is a figure: those at a load chosen for it. */
export const latencyTrials = ({ trials }: RunResult): Trial[] =>
  trials.filter(
    ({ phase, latencyNs, verdict, untimely }) =>
      latencyNs !== null && verdict === "pass" && untimely === undefined && phase.startsWith("latency"),
  );

function latencies(result: RunResult): Section {
  return {
    id: "latency",
    title: "latency and delay variation, µs",
    columns: [
      ...[right("frame\nbytes"), left("load"), right("rate")],
      ...["min", "p50", "p90", "p99", "p99.9", "p99.99", "p99.999", "max"].map(right),
      ...["PDV\np99.9", "IPDV\np99"].map(right),
    ],
    rows: latencyTrials(result).map((trial) => {
      const { latencyNs, pdvNs, ipdvNs } = trial;
      const figure = (ns: number | undefined): string => (ns === undefined ? "-" : microseconds(ns));
      const latency = (ns: number | undefined): string => latencyFigure(trial, ns);
      return [
        sizeLabel(trial),
        trial.phase.replace(/^latency ?/, "") || "throughput",
        rateWord(trial.requested.pps ?? 0),
        ...[latencyNs?.min, latencyNs?.p50, latencyNs?.p90, latencyNs?.p99].map(latency),
        ...[latencyNs?.p99_9, latencyNs?.p99_99, latencyNs?.p99_999, latencyNs?.max].map(latency),
        figure(pdvNs?.p99_9),
        figure(ipdvNs?.p99),
      ];
    }),
    note: `software, from publishing a frame to seeing it, not RFC 1242${floorWords(result)}`,
  };
}

function probes(result: RunResult): Section {
  return {
    id: "probe",
    title: "the probe beside the load, µs",
    columns: [
      ...[right("frame\nbytes"), left("load"), right("probe"), right("sent\nframes"), right("lost\nframes")],
      ...["min", "p50", "p90", "p99", "p99.9", "p99.99", "max", "PDV\np99.9"].map(right),
    ],
    rows: latencyTrials(result).flatMap((trial) => {
      const { probe } = trial;
      if (probe === undefined) return [];
      const { latencyNs, pdvNs } = probe;
      const figure = (ns: number | undefined): string => (ns === undefined ? "-" : microseconds(ns));
      return [
        [
          ...[sizeLabel(trial), trial.phase.replace(/^latency ?/, ""), rateWord(probe.pps)],
          ...[grouped(probe.sent), grouped(probe.missing)],
          ...[latencyNs?.min, latencyNs?.p50, latencyNs?.p90, latencyNs?.p99].map(figure),
          ...[latencyNs?.p99_9, latencyNs?.p99_99, latencyNs?.max, pdvNs?.p99_9].map(figure),
        ],
      ];
    }),
    note: "a stream of its own between the load's frames; the table above has all frames, the probe's among them",
  };
}

function floorWords({ trials }: RunResult): string {
  const floors = trials.flatMap(({ generatorFloorNs }) => (generatorFloorNs === undefined ? [] : [generatorFloorNs]));
  return floors.length === 0
    ? ""
    : `; the generator's own share, through a direct loop, is ${microseconds(Math.min(...floors))} µs`;
}

function service({ service: steps = [] }: RunResult): Section {
  return {
    id: "service",
    title: "service activation, ITU-T Y.1564",
    columns: [
      left("step"),
      ...["offered", "came back", "loss\n%", "delay, mean\nµs", "variation, p99.9\nµs"].map(right),
      left("verdict"),
    ],
    rows: steps.map(({ step, pps, rxPps, lossRatio, delayNs, delayVariationNs, verdict }) => [
      step,
      rateWord(pps),
      rateWord(rxPps),
      percent(lossRatio),
      delayNs === null ? "-" : microseconds(delayNs),
      delayVariationNs === null ? "-" : microseconds(delayVariationNs),
      verdict.toUpperCase(),
    ]),
  };
}

function absorption({ absorption: rows = [] }: RunResult): Section {
  return {
    id: "absorption",
    title: "what the queues absorb",
    columns: [right("frame\nbytes"), left("kind"), ...["rate", "frames", "came back", "lost", "lost\n%"].map(right)],
    rows: rows.map(({ frameBytes, kind, pps, frames, absorbed, lost, lossRatio }) => [
      String(frameBytes),
      kind,
      rateWord(pps),
      grouped(frames),
      grouped(absorbed),
      grouped(lost),
      percent(lossRatio),
    ]),
  };
}

/** Only those that did not pass: what passed has its figures in the tables above. */
function checks({ checks: rows = [] }: RunResult): Section {
  return {
    id: "checks",
    title: "asked for, and not passed",
    columns: [left("what"), left("verdict"), left("why")],
    rows: rows
      .filter(({ verdict }) => verdict !== "pass")
      .map(({ what, verdict, reasons }) => [what, verdict.toUpperCase(), reasons.join("; ")]),
  };
}

/** Rows of the soak's table; the whole list is in the JSON document. */
const soakRows = 24;

function soakIntervals({ soak }: RunResult): Section {
  const intervals = soak?.intervals ?? [];
  const each = Math.ceil(intervals.length / soakRows) || 1;
  const rows = Array.from({ length: Math.ceil(intervals.length / each) }, (_, i) =>
    intervals.slice(i * each, (i + 1) * each),
  );
  return {
    id: "soak",
    title: soak === undefined ? "" : `soak of ${timeWord(soak.elapsedNs)} at ${rateWord(soak.pps)}`,
    columns: ["from", "for", "sent", "received", "lost", "rate back"].map(right),
    rows: rows.map((group) => {
      const sum = (key: "durationNs" | "sent" | "received" | "lost"): number =>
        group.reduce((total, one) => total + one[key], 0);
      const durationNs = sum("durationNs");
      return [
        timeWord(group[0].startNs),
        timeWord(durationNs),
        ...[sum("sent"), sum("received"), sum("lost")].map(grouped),
        rateWord(durationNs > 0 ? (sum("received") * 1e9) / durationNs : 0),
      ];
    }),
    note: `sending pauses between pieces for the settle time${soak !== undefined && soak.resumed > 0 ? `; taken up again ${soak.resumed} times` : ""}`,
  };
}

const eventRows = 50;

function soakEvents({ soak }: RunResult): Section {
  const events = soak?.events ?? [];
  const left_ = events.length - eventRows + (soak?.eventsLeftOut ?? 0);
  return {
    id: "events",
    title: "spells of loss",
    columns: [left("at (UTC)"), right("after"), right("for"), right("lost\nframes")],
    rows: events
      .slice(0, eventRows)
      .map(({ at, startNs, durationNs, lost }) => [at, timeWord(startNs), timeWord(durationNs), grouped(lost)]),
    ...(left_ > 0 ? { note: `and ${grouped(left_)} more` } : {}),
  };
}

function thresholds({ thresholds: rows = [] }: RunResult): Section {
  return {
    id: "thresholds",
    title: "what was wanted",
    columns: [left("what"), left("wanted"), left("found"), left("verdict")],
    rows: rows.map(({ what, wanted, found, verdict }) => [what, wanted, found, verdict.toUpperCase()]),
  };
}

/** What one should know of how it was measured, a sentence each. */
export function methodSentences(result: RunResult): string[] {
  const { method, trials, service = [], searchPath = [] } = result;
  if (method === undefined) return [];
  const said: string[] = [];
  if (method.deviations.length > 0) {
    said.push(
      method.name === "ndr"
        ? `trials are not those of RFC 2544, which RFC 9971 asks to say: ${method.deviations.join("; ")}`
        : `${method.preset} preset, not conforming to ${method.name === "y1564" ? "Y.1564" : "RFC 2544"}: ${method.deviations.join("; ")}`,
    );
  }
  for (const { frames, unusable } of result.absorption ?? []) {
    if (unusable !== undefined) said.push(`${grouped(frames)} frames: INVALID: ${unusable}`);
  }
  for (const { step, verdict, reasons } of service) {
    if (reasons.length > 0) said.push(`${step}: ${verdict.toUpperCase()}: ${reasons.join("; ")}`);
  }
  said.push(...recoverySentences(result));
  const unused = searchPath.filter(({ outcome }) => outcome !== "measured").length;
  if (unused > 0)
    said.push(
      `${unused} of ${searchPath.length} trials of the search were not used, since the generator fell short or the machine was disturbed`,
    );
  for (const trial of latencyTrials(result).filter(({ corrupt, lost }) => corrupt + lost > 0)) {
    said.push(
      `${sizeLabel(trial)} bytes, ${trial.phase}: latencies are of the ${grouped(trial.accepted)} frames that came back`,
    );
  }
  const more = trials.filter(({ duplicate }) => duplicate > 0);
  if (more.length > 0)
    said.push(
      `in ${more.length} trials more frames came back than were sent: duplicates are not counted as received well`,
    );
  const foreign = trials.reduce((sum, trial) => sum + trial.foreign, 0);
  if (foreign > 0) said.push(`${grouped(foreign)} frames that were not ours arrived, and are in no figure`);
  const lost = trials.filter(({ unaccounted }) => (unaccounted ?? 0) > 0);
  if (lost.length > 0)
    said.push(`in ${lost.length} trials the device's counters left frames unaccounted for; these were not used`);
  said.push(...besideTrials(result));
  if (result.sharing !== undefined) said.push(sharingWords(result.sharing));
  return said;
}

/** Reasons of the run that none of these sentences has: those of rows that have a sentence are said. */
export function unsaidReasons({ reasons = [], causes = [], about = [], ...rows }: RunResult): string[] {
  const { service = [], recovery = [], resets = [] } = rows;
  const isCutOff = [...service, ...recovery, ...resets].some((row) => row.causes?.includes("interrupted"));
  const isSaid = (part: ResultPart | undefined, cause: Cause): boolean => {
    if (part === "absorption") return classOf(cause) !== "device";
    if (part === "run") return cause === "interrupted" && isCutOff;
    return part === "service" || part === "recovery" || part === "resets";
  };
  return reasons.filter((_, i) => !isSaid(about[i], causes[i] ?? "fault"));
}

/** `64 bytes at 1.2 Mpps: 0.3 % lost`, for a progress line. */
export function trialLine(trial: Trial, index: number): string {
  const { requested, lossRatio, verdict, reasons, phase } = trial;
  const rate = requested.pps === null ? "max" : rateWord(requested.pps);
  const size = typeof trial.frameBytes === "number" ? `${trial.frameBytes} bytes` : trial.frameBytes;
  const outcome = verdict === "invalid" ? `not used: ${reasons[0] ?? "invalid"}` : `${percentWord(lossRatio)} lost`;
  return `trial ${index}  ${size}, ${phase} at ${rate}, ${timeWord(trial.durationNs)}: ${outcome}`;
}
