/**
 * The result of a method whose coordinator was lost. A method decides by what its trials came to, and by nothing else. So
 * it is gone through again, on the trials that are kept: it asks for the same ones in the same order, and what it had
 * found when they end is its result.
 */
import type { Bench } from "../measure/bench.js";
import type { MeasureRequest } from "../measure/measurer.js";
import { methodCommands } from "../options/measuring-commands.js";
import { goThroughAgain, type MethodEntry } from "../options/methods/method.js";
import type { RunOptions } from "../options/run-options.js";
import type { RunResult, Trial } from "../result/run-result.js";
import { type Reason, withReasons } from "../stats/cause.js";
import { frameSizeName } from "../units.js";
import type { OpenedRun } from "./run-journal.js";

/** A trial of the run; a result for each direction. */
export interface KeptMeasurement {
  readonly request: MeasureRequest;
  readonly trials: readonly Trial[];
}

const isMethod = (name: string): name is keyof typeof methodCommands => Object.hasOwn(methodCommands, name);

/** `ended`: why no trial followed. null: the run is none of a method, or this version goes another way than the run went. */
export async function methodResult(
  { method, plan, settleNs, frame }: OpenedRun,
  kept: readonly KeptMeasurement[],
  ended: Reason,
): Promise<RunResult | null> {
  if (method === undefined || !isMethod(method.name)) return null;
  const entry = (await methodCommands[method.name].entry()) as MethodEntry<RunOptions, unknown>;
  const bench = new KeptBench(settleNs, frame, kept, ended);
  const result = await goThroughAgain(entry, method.texts as RunOptions, plan, async () => bench);
  return bench.isTheSameWay ? result : null;
}

const wordOf = ({ size, phase, rateText, pps, durationNs, count }: MeasureRequest): string =>
  [frameSizeName(size), phase, rateText, pps, durationNs, count].join(" ");

/** Gives the trials that are kept, one after the other. */
class KeptBench implements Bench {
  readonly beside = { warmUp: 0, learning: 0, probes: 0 };
  readonly settleNs: number;
  readonly #frame: OpenedRun["frame"];
  readonly #kept: readonly KeptMeasurement[];
  readonly #endedBy: Reason;
  /** Stand for a trial that was never run. */
  readonly #unrun = new Set<Trial>();
  #next = 0;
  isTheSameWay = true;

  constructor(settleNs: number, frame: OpenedRun["frame"], kept: readonly KeptMeasurement[], endedBy: Reason) {
    this.settleNs = settleNs;
    this.#frame = frame;
    this.#kept = kept;
    this.#endedBy = endedBy;
  }

  async warmUp(): Promise<void> {}

  async learn(): Promise<void> {}

  async trial(request: MeasureRequest): Promise<readonly Trial[]> {
    const kept = this.#kept[this.#next++];
    if (kept === undefined) return this.#noTrial();
    if (wordOf(kept.request) !== wordOf(request)) this.isTheSameWay = false;
    return kept.trials;
  }

  /** A method goes on until it is told that nothing follows, and that its last trial says nothing. */
  #noTrial(): readonly Trial[] {
    const last = this.#kept.at(-1)!.trials;
    const unrun = last.map((trial) => withReasons(trial, "invalid", [this.#endedBy]));
    for (const trial of unrun) this.#unrun.add(trial);
    return unrun;
  }

  async ended(): Promise<Reason | null> {
    return this.#next > this.#kept.length ? this.#endedBy : null;
  }

  async document(trials: readonly Trial[]): Promise<Omit<RunResult, "verdict">> {
    return { ...this.#frame, trials: trials.slice(0, trials.length - this.#unrun.size) };
  }

  advised(result: RunResult): RunResult {
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
