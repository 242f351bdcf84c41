/** What a table cannot say: why a trial did not pass, and what to know about the figures. */
import type { RunResult, Trial } from "../result/run-result.js";
import { framesWord, grouped, rateWord, timeWord } from "../stats/words.js";
import { microseconds, outageWord, rowLabel, sizeLabel } from "./figures.js";

/** Lost ranges that are spelled out. */
const rangesShown = 5;

/** Reasons first, then notes; a note that several sizes share is said once. */
export function sentencesOf(result: RunResult): string[] {
  const { trials } = result;
  const reasons = trials
    .filter(({ verdict }) => verdict !== "pass")
    .map(
      (trial) =>
        `${nameOf([trial])}: ${trial.verdict.toUpperCase()}: ${[...trial.reasons, ...evidence(trial)].join("; ")}`,
    );
  return [
    ...reasons,
    ...shared(trials, notesOf),
    ...besideTrials(result),
    ...repeats(trials),
    ...queueing(trials),
    ...aboutLatency(trials),
  ];
}

/** Frames that an external device, or testpmd, counted and that belong to no trial. */
export function besideTrials({ besideTrials: beside, dut }: RunResult): string[] {
  if (beside === undefined || dut.kind === "embedded") return [];
  const parts = [
    [beside.learning, "for learning"],
    [beside.neighbours, "to neighbours"],
    [beside.probes, "in a search's probes"],
    [beside.warmUp, "for warming up"],
  ] as const;
  const said = parts.flatMap(([frames, what]) => (frames > 0 ? [`${framesWord(frames)} ${what}`] : []));
  return said.length === 0 ? [] : [`sent beside what the results are made of: ${said.join(", ")}`];
}

/** `2 sizes, 4 trials: 1,020,000 frames sent, …`, with what did not pass. */
export function verdictSentence({ trials, method }: RunResult): string {
  const sum = (key: "sent" | "accepted" | "lost"): number => trials.reduce((total, trial) => total + trial[key], 0);
  const open = trials.reduce((total, trial) => total + (trial.unaccounted ?? 0), 0);
  const traced = trials.length > 0 && trials.every(({ unaccounted }) => unaccounted !== null);
  const bad = (["invalid", "fail"] as const)
    .map((word) => ({ word, count: trials.filter(({ verdict }) => verdict === word).length }))
    .filter(({ count }) => count > 0)
    .map(({ word, count }) => `${badWords(word, count, trials.length, method !== undefined)}, `);
  const sizes = new Set(trials.map(sizeLabel)).size;
  return [
    `${counted(sizes, "size")}, ${counted(trials.length, "trial")}: ${bad.join("")}`,
    `${framesWord(sum("sent"))} sent, ${grouped(sum("accepted"))} accepted, ${grouped(sum("lost"))} lost`,
    traced ? `, ${grouped(open)} unaccounted for` : "",
  ].join("");
}

/** Trials that a method could not use are tried again. That makes nothing invalid, unless no try succeeds. */
function badWords(word: "invalid" | "fail", count: number, of: number, isMethod: boolean): string {
  if (word === "invalid" && isMethod) return `${counted(count, "attempt")} repeated, not used`;
  return `${count} of ${of} ${word === "fail" ? "failed" : "invalid"}`;
}

/** Which frames it was about. */
function evidence(trial: Trial): string[] {
  const found: string[] = [];
  const { lostRanges, corruptKinds } = trial;
  if (lostRanges.length > 0) {
    const ranges = lostRanges.slice(0, rangesShown).map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`));
    found.push(`numbers not seen: ${ranges.join(", ")}${lostRanges.length > rangesShown ? ", ..." : ""}`);
  }
  const kinds = Object.entries({
    "with a wrong signature": corruptKinds.signature,
    padded: corruptKinds.padded,
    trimmed: corruptKinds.trimmed,
    "with a wrong payload": corruptKinds.payload,
  }).filter(([, count]) => count > 0);
  if (kinds.length > 0) found.push(`corrupt: ${kinds.map(([kind, count]) => `${grouped(count)} ${kind}`).join(", ")}`);
  return found;
}

function notesOf(trial: Trial): string[] {
  const notes = [...trial.notes];
  const done = Object.entries(trial.injected ?? {}).flatMap(([what, count = 0]) =>
    count > 0 ? [`${what} ${grouped(count)}`] : [],
  );
  notes.push(...outageNote(trial));
  if (done.length > 0) notes.push(`on purpose, the DUT: ${done.join(", ")}`);
  return notes;
}

/** At a set rate, loss is a time. At max it says how far the device is overloaded. */
export function outageNote({ lossDurationNs = 0, requested, ...trial }: Trial): string[] {
  if (lossDurationNs === 0 || requested.pps === null) return [];
  const longest = trial.outageNs === undefined ? "" : `, the longest outage ${outageWord(trial)}`;
  return [`loss as a time (RFC 6412): ${timeWord(lossDurationNs)} in all${longest}`];
}

/** `64, 1518 bytes, rate: …`: sentences with the trials that they hold for. */
function shared(trials: readonly Trial[], of: (trial: Trial) => string[]): string[] {
  const holders = new Map<string, Trial[]>();
  for (const trial of trials) {
    for (const note of of(trial)) {
      const list = holders.get(note) ?? [];
      holders.set(note, list);
      list.push(trial);
    }
  }
  return [...holders].map(([note, list]) => (list.length === trials.length ? note : `${nameOf(list)}: ${note}`));
}

/** Minimum, median and maximum of trials that were repeated. */
function repeats(trials: readonly Trial[]): string[] {
  const groups = new Map<string, Trial[]>();
  for (const trial of trials) {
    const list = groups.get(nameOf([trial])) ?? [];
    groups.set(nameOf([trial]), list);
    list.push(trial);
  }
  return [...groups]
    .filter(([, list]) => list.length > 1)
    .map(([name, list]) => {
      const rates = list.map(({ rxPps }) => rxPps).sort((a, b) => a - b);
      const last = rates.length - 1;
      const median = (rates[Math.floor(last / 2)] + rates[Math.ceil(last / 2)]) / 2;
      const [least, middle, most] = [rates[0], median, rates[last]].map(rateWord);
      return `${name}, ${list.length} trials: ${least} least, ${middle} median, ${most} most received`;
    });
}

/** The sentence that replaces a latency at max, where rings and queues are full (Little's law). */
function queueing(trials: readonly Trial[]): string[] {
  const sizes = trials.flatMap((trial) => {
    const { latencyNs, queueingNs, inFlightFrames } = trial;
    if (latencyNs !== null || queueingNs === null || inFlightFrames === null) return [];
    return [`${microseconds(queueingNs)} µs (${framesWord(Math.round(inFlightFrames))}) at ${rowLabel(trial)}`];
  });
  if (sizes.length === 0) return [];
  return [`in flight at max: ${sizes.join(", ")}; that is full rings and queues, no latency of the DUT`];
}

function aboutLatency(trials: readonly Trial[]): string[] {
  const measured = trials.filter(({ latencyNs }) => latencyNs !== null);
  if (measured.length === 0) return [];
  const slept = measured.some(({ latencyNs }) => latencyNs?.kind === "slept");
  const floors = measured.flatMap(({ generatorFloorNs }) => (generatorFloorNs === undefined ? [] : [generatorFloorNs]));
  const floor = floors.length === 0 ? "" : `; the generator's own share is ${microseconds(Math.min(...floors))} µs`;
  return [
    `latency: software, from publishing a frame to seeing it, not RFC 1242${slept ? "; the generator slept between polls" : ""}${floor}`,
  ];
}

/** `64, 128 bytes, rate` */
function nameOf(trials: readonly Trial[]): string {
  const phases = [...new Set(trials.map(({ phase }) => phase))].join(" and ");
  const sizes = [...new Set(trials.map(sizeLabel))];
  const unit = trials.every(({ frameBytes }) => typeof frameBytes === "number") ? " bytes" : "";
  const directions = new Set(trials.map(({ direction }) => direction));
  const [direction] = directions;
  const way = directions.size === 1 && direction !== undefined ? `, ${direction}` : "";
  return `${sizes.join(", ")}${unit}, ${phases}${way}`;
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
