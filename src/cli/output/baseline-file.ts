/** Thresholds and baseline of a run: read and checked before anything is measured, judged and written after. */
import { usageError } from "../../errors.js";
import type { Baseline } from "../../method/judge/baseline.js";
import type { KnownSetup } from "../../options/known-setup.js";
import type { RunOptions } from "../../options/run-options.js";
import type { ThresholdSpec } from "../../profile/threshold.js";
import type { Method, RunResult, Threshold } from "../../result/run-result.js";
import { isReadError, mostDocumentBytes, readInputText, unreadableBecause } from "../../sys/input-file.js";
import { checkResultFiles, writeResultFile } from "./result-file.js";

type BaselineOptions = Pick<RunOptions, "threshold" | "baseline" | "updateBaseline">;

export interface JudgedBy {
  /** The result with what was wanted and found, and the verdict that follows. */
  judge(result: RunResult): RunResult;
  /** null: written, or nothing was to be; else why not, in a sentence. */
  update(result: RunResult): string | null;
}

function readBaseline(path: string, isNew: boolean): Baseline | null {
  const where = "--baseline";
  const accepted = "a file that --update-baseline made";
  let text: string;
  try {
    text = readInputText(path, { mostBytes: mostDocumentBytes });
  } catch (error) {
    if (!isReadError(error)) throw error;
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    if (isMissing && isNew) return null;
    const hint = isMissing ? "add --update-baseline to make it" : "choose another file";
    throw usageError(`${path} ${unreadableBecause(error)}`, { where, accepted, hint, cause: error });
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw usageError(`${path} is no JSON`, { where, accepted, cause });
  }
  if (isBaseline(document)) return document;
  throw usageError(`${path} is no baseline of this version`, { where, accepted });
}

const isRecordOf = (value: unknown, isOne: (one: unknown) => boolean): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(isOne);

/** The file may have been edited, or belong to another program. */
function isBaseline(document: unknown): document is Baseline {
  const { format, setup, figures } = (document ?? {}) as Partial<Record<string, unknown>>;
  const isSamples = (samples: unknown): boolean => Array.isArray(samples) && samples.every(Number.isFinite);
  const isText = (value: unknown): boolean => typeof value === "string";
  return format === "pktgen-ts baseline 1" && isRecordOf(setup, isText) && isRecordOf(figures, isSamples);
}

/** `testpmd DPDK 22.11.11, ring=packed` → without the version, which is known later. */
function deviceWords(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const comma = text.indexOf(", ");
  const [kind] = text.split(/[ ,]/);
  return comma < 0 ? (kind ?? "") : `${kind}${text.slice(comma)}`;
}

/** Without the settle time, which an open lab decides. */
const settingsWords = (settings: Method["settings"]): string => JSON.stringify({ ...settings, settleNs: null });

function settingsOf(text: string): string {
  try {
    return settingsWords(JSON.parse(text) as Method["settings"]);
  } catch {
    return text;
  }
}

/** The first thing that differs; null: as far as is known, nothing does. */
function otherSetup({ setup }: Baseline, known: KnownSetup, traffic: string): string | null {
  const { method, dut, dutOptions } = known;
  const pairs: readonly (readonly [there: string | undefined, here: string])[] = [
    [setup["cpu"], `${known.cpu}, ${known.cores} cores`],
    [deviceWords(setup["device under test"]), `${dut}${dutOptions === "" ? "" : `, ${dutOptions}`}`],
    [setup["method"], method === null ? "run" : `${method.name}, ${method.preset}`],
    [setup["traffic"], traffic],
    [setup["queues"] === undefined ? undefined : `queues ${setup["queues"]}`, `queues ${known.queues}`],
  ];
  for (const [there, here] of pairs) if (there !== undefined && there !== here) return `${there} there, ${here} here`;
  const [there, here] = [setup["settings"], method === null ? undefined : settingsWords(method.settings)];
  if (there === undefined || here === undefined || settingsOf(there) === here) return null;
  return `settings ${settingsOf(there)} there, ${here} here`;
}

function refuseOtherSetup(baseline: Baseline, path: string, known: KnownSetup, traffic: string): void {
  const what = otherSetup(baseline, known, traffic);
  if (what === null) return;
  throw usageError(`${path} is the baseline of another setup: ${what}`, {
    where: "--baseline",
    accepted: "a baseline of this machine and device",
    hint: "choose another file, and add --update-baseline to begin it",
  });
}

/** Throws a usage error for a threshold, or a file, that cannot be. */
export async function useBaseline(
  options: BaselineOptions,
  ofProfile: readonly ThresholdSpec[],
  known: () => KnownSetup,
): Promise<JudgedBy> {
  const { threshold = [], baseline: path, updateBaseline = false } = options;
  if (path === undefined && updateBaseline) {
    throw usageError("which one?", { where: "--update-baseline", accepted: "--baseline FILE beside it" });
  }
  const [thresholds, method, { wantedThresholds }, { trafficWords }] = await Promise.all([
    import("../../method/judge/thresholds.js"),
    import("../../method/judge/baseline.js"),
    import("../../options/threshold-names.js"),
    import("../../measure/traffic-words.js"),
  ]);
  const { method: about, sizes } = known();
  const specs = wantedThresholds(threshold, ofProfile, about, sizes);
  const file = path === undefined ? null : { option: "--baseline", path };
  const before = file === null ? null : readBaseline(file.path, updateBaseline);
  if (before !== null && file !== null) {
    const now = known();
    refuseOtherSetup(before, file.path, now, trafficWords(now.stream));
  }
  if (file !== null && updateBaseline) checkResultFiles([file]);
  return {
    judge: (result) => {
      const rows: Threshold[] = thresholds.judgeThresholds(specs, result);
      if (before !== null) {
        const differs = method.setupDifferences(before, result);
        if (differs.length > 0) rows.push(...differs.map(differenceRow));
        else rows.push(...method.compareWithBaseline(before, result));
      }
      return thresholds.withThresholds(result, rows);
    },
    update: (result) => {
      if (file === null || !updateBaseline) return null;
      // What failed must not be what the next run is compared with.
      if (result.verdict !== "pass") return notUpdated(file.path, result.verdict);
      writeResultFile(file, `${JSON.stringify(method.updatedBaseline(before, result), null, 2)}\n`);
      return null;
    },
  };
}

const notUpdated = (path: string, verdict: string): string =>
  `${path} was not updated: this run is no pass (${verdict}); where it is what is wanted from now on, begin another file`;

const differenceRow = (sentence: string): Threshold => ({
  what: "baseline",
  wanted: "a baseline of this setup",
  found: sentence,
  verdict: "invalid",
});
