/** Compares two captures frame by frame: what is the same, and everything that is not. */

import { usageError } from "../../errors.js";
import { CaptureReader, captureFaultError } from "../../pcap/index.js";
import type { ComparedFile, CompareResult, Finding } from "../../result/compare-result.js";
import { type Cause, faultReason, judgedBy, notMeasured, type Reason } from "../../stats/cause.js";
import { Histogram } from "../../stats/histogram.js";
import { Aligner } from "./aligner.js";
import { annotate } from "./annotate.js";
import { fieldChanges, frameSummary } from "./changes.js";
import type { AlignedPair, FrameEntry } from "./entry.js";
import { LongestMissing } from "./longest-missing.js";
import type { ComparePlan } from "./plan.js";
import { ComparedSide } from "./side.js";

/** The most findings that are listed one by one. */
const mostFindings = 1000;

interface Counts {
  same: number;
  changed: number;
  missing: number;
  unexpected: number;
  reordered: number;
  mistimed: number;
}

class Comparison {
  readonly counts: Counts = { same: 0, changed: 0, missing: 0, unexpected: 0, reordered: 0, mistimed: 0 };
  readonly findings: Finding[] = [];
  readonly timeOff = new Histogram();
  readonly missing = new LongestMissing();
  leftOut = 0;
  readonly #plan: ComparePlan;
  /** The time between the first two frames that belong together. */
  #shiftNs = Number.NaN;

  constructor(plan: ComparePlan) {
    this.#plan = plan;
  }

  /** The common case: only place or time may differ. */
  sameFrame(expected: ComparedSide, actual: ComparedSide, reordered: boolean): void {
    this.counts.same++;
    const offNs = this.#offNs(expected.timeNs, actual.timeNs);
    const isLate = this.#isOff(offNs);
    if (!reordered && !isLate) return;
    this.#others(actual.entry(), expected.number, reordered, isLate, offNs);
  }

  pair({ expected, actual, reordered }: AlignedPair): void {
    if (expected === null) {
      this.counts.unexpected++;
      this.#tell("unexpected", null, actual, []);
    } else if (actual === null) {
      this.counts.missing++;
      this.missing.note(expected);
      this.#tell("missing", expected, null, []);
    } else this.#both(expected, actual, reordered);
  }

  #both(expected: FrameEntry, actual: FrameEntry, reordered: boolean): void {
    const isSame = expected.content === actual.content;
    if (isSame) this.counts.same++;
    else {
      this.counts.changed++;
      const isTold = this.findings.length < mostFindings;
      this.#tell("changed", expected, actual, isTold ? fieldChanges(expected, actual) : []);
    }
    const offNs = this.#offNs(expected.timeNs, actual.timeNs);
    this.#others(actual, expected.number, reordered, this.#isOff(offNs), offNs);
  }

  #others(actual: FrameEntry, expected: number, reordered: boolean, isOff: boolean, offNs: number): void {
    if (reordered) {
      this.counts.reordered++;
      if (this.#plan.order === "strict") this.#add("reordered", expected, actual.number, actual.bytes, [], null);
    }
    if (isOff) {
      this.counts.mistimed++;
      this.#add("mistimed", expected, actual.number, actual.bytes, [], offNs);
    }
  }

  #offNs(fileNs: number, actualNs: number): number {
    const expectedNs = fileNs / (this.#plan.speed ?? 1);
    if (Number.isNaN(this.#shiftNs)) this.#shiftNs = actualNs - expectedNs;
    const offNs = actualNs - expectedNs - this.#shiftNs;
    this.timeOff.record(Math.abs(offNs));
    return offNs;
  }

  #isOff(offNs: number): boolean {
    const { timingToleranceNs } = this.#plan;
    return timingToleranceNs !== null && Math.abs(offNs) > timingToleranceNs;
  }

  #tell(
    kind: Finding["kind"],
    expected: FrameEntry | null,
    actual: FrameEntry | null,
    changes: Finding["changes"],
  ): void {
    const bytes = (expected ?? actual)!.bytes;
    this.#add(kind, expected?.number ?? null, actual?.number ?? null, bytes, changes, null);
  }

  #add(
    kind: Finding["kind"],
    expected: number | null,
    actual: number | null,
    bytes: Uint8Array,
    changes: Finding["changes"],
    offByNs: number | null,
  ): void {
    if (this.findings.length >= mostFindings) {
      this.leftOut++;
      return;
    }
    this.findings.push({ kind, expected, actual, frame: frameSummary(bytes), changes, offByNs });
  }
}

/**
 * Rejects with a PktgenError for files that cannot be read at all (2). A cut file is compared as far as it goes. The
 * verdict is then invalid, since the rest is unknown.
 */
export async function compareCaptures(plan: ComparePlan): Promise<CompareResult> {
  using expectedReader = await CaptureReader.open(plan.expected);
  using actualReader = await CaptureReader.open(plan.actual);
  for (const { path, fileBytes } of [expectedReader, actualReader]) {
    if (plan.annotated === null || fileBytes !== null) continue;
    throw usageError("a pipe is read once, and an annotated capture reads both files again", {
      where: path,
      accepted: "a file, for --annotated",
    });
  }
  const comparison = new Comparison(plan);
  const expected = new ComparedSide(expectedReader, plan);
  const actual = new ComparedSide(actualReader, plan);
  await align(expected, actual, comparison);
  const result = resultOf(plan, expected, actual, comparison);
  if (plan.annotated !== null) await annotate(plan.annotated, plan, actualReader.interfaces, result);
  return result;
}

async function align(expected: ComparedSide, actual: ComparedSide, comparison: Comparison): Promise<void> {
  const aligner = new Aligner((pair) => comparison.pair(pair));
  const goOn = async (side: ComparedSide): Promise<boolean> => {
    while (!side.advance()) if (!(await side.refill())) return false;
    return true;
  };
  let hasExpected = await goOn(expected);
  let hasActual = await goOn(actual);
  while (hasExpected || hasActual) {
    if (hasExpected && hasActual && expected.key === actual.key && expected.content === actual.content) {
      comparison.sameFrame(expected, actual, aligner.matchNext(expected.number, actual.number));
      // There is something to wait for only where a batch has ended.
      hasExpected = expected.advance() || (await goOn(expected));
      hasActual = actual.advance() || (await goOn(actual));
      continue;
    }
    const side = !hasActual ? "expected" : !hasExpected ? "actual" : aligner.next;
    if (side === "expected") {
      aligner.add(side, expected.entry());
      hasExpected = expected.advance() || (await goOn(expected));
    } else {
      aligner.add(side, actual.entry());
      hasActual = actual.advance() || (await goOn(actual));
    }
  }
  aligner.finish();
}

const fileOf = (side: ComparedSide): ComparedFile => {
  const { reader, frames, filtered, notEthernet, cut } = side;
  const fault = reader.fault === null ? null : captureFaultError(reader.path, reader.fault, reader.frames).toLine();
  return { file: reader.path, format: reader.format, frames, filtered, notEthernet, cut, fault };
};

function resultOf(
  plan: ComparePlan,
  expected: ComparedSide,
  actual: ComparedSide,
  comparison: Comparison,
): CompareResult {
  const { counts, findings, timeOff } = comparison;
  const files = { expected: fileOf(expected), actual: fileOf(actual) };
  const faults = [files.expected, files.actual].flatMap(({ fault }) => (fault === null ? [] : [faultReason(fault)]));
  const nothing = notMeasured("there is nothing to compare with: no frame is expected");
  const invalid = expected.frames === 0 ? [...faults, nothing] : faults;
  const failed = failuresOf(plan, counts);
  const hasTimes = timeOff.count > 1;
  return {
    tool: plan.tool,
    command: plan.commandLine,
    ...files,
    by: plan.by,
    masks: plan.masks,
    order: plan.order,
    timingToleranceNs: plan.timingToleranceNs,
    ...counts,
    ...outageOf(plan, expected, comparison),
    timeOffNs: hasTimes ? { p50: timeOff.percentile(0.5), p99: timeOff.percentile(0.99), max: timeOff.max } : null,
    findings,
    findingsLeftOut: comparison.leftOut,
    notes: notesOf(plan, expected, actual),
    ...judgedBy(invalid.length > 0 ? "invalid" : failed.length > 0 ? "fail" : "pass", [...invalid, ...failed]),
  };
}

/** Nothing where the expected times are not those at which frames were sent. */
function outageOf({ speed }: ComparePlan, expected: ComparedSide, { missing }: Comparison): { outageNs?: number } {
  if (speed === null || expected.reader.untimed > 0) return {};
  return { outageNs: Math.round(missing.longestNs / speed) };
}

function notesOf({ speed }: ComparePlan, expected: ComparedSide, actual: ComparedSide): string[] {
  const cut = [expected, actual].flatMap((side) => (side.cut > 0 ? [`${side.cut} of ${side.reader.path}`] : []));
  const notes =
    speed === 1 || speed === null ? [] : [`expected times are those of the file at ${speed} times its speed`];
  if (cut.length > 0) notes.push(`what captures cut off frames was not compared: ${cut.join(", ")}`);
  if (expected.reader.untimed + actual.reader.untimed > 0) {
    notes.push("frames without a time of their own have that of the frame before");
  }
  return notes;
}

function failuresOf(plan: ComparePlan, counts: Counts): Reason[] {
  const reordered = plan.order === "strict" ? counts.reordered : 0;
  const kinds: readonly (readonly [frames: number, cause: Cause, what: string])[] = [
    [counts.missing, "lost", "missing"],
    [counts.unexpected, "not intact", "unexpected"],
    [counts.changed, "corrupt", "changed"],
    [reordered, "not intact", "out of order"],
    [counts.mistimed, "check", "off by more than the tolerance"],
  ];
  return kinds
    .filter(([frames]) => frames > 0)
    .map(([frames, cause, what]) => ({ cause, text: `${frames} ${frames === 1 ? "frame" : "frames"} ${what}` }));
}
