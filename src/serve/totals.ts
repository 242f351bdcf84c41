/** What a server counted since it began: of trials that have ended, so that every number is exact. */
import type { Trial } from "../result/run-result.js";
import type { RunInfo } from "./contract.js";

const counted = ["sent", "received", "lost", "corrupt", "duplicate", "reordered"] as const;
export type Counted = (typeof counted)[number];

export class Totals {
  readonly frames: Record<Counted, number> = { sent: 0, received: 0, lost: 0, corrupt: 0, duplicate: 0, reordered: 0 };
  unaccounted = 0;
  /** By verdict. */
  readonly trials = { pass: 0, fail: 0, invalid: 0 };
  readonly runs = { pass: 0, fail: 0, invalid: 0, none: 0 };
  /** By status of the answer. */
  readonly requests = new Map<number, number>();
  /** The last trial that has one: quantile and seconds. */
  latency: readonly (readonly [quantile: string, seconds: number])[] = [];

  trial(trial: Trial): void {
    for (const name of counted) this.frames[name] += trial[name];
    this.unaccounted += trial.unaccounted ?? 0;
    this.trials[trial.verdict]++;
    const { latencyNs } = trial;
    if (latencyNs === null) return;
    const { p50, p90, p99, p99_9, max } = latencyNs;
    const quantiles = [
      ["0.5", p50],
      ["0.9", p90],
      ["0.99", p99],
      ["0.999", p99_9],
      ["1", max],
    ] as const;
    this.latency = quantiles.map(([quantile, ns]) => [quantile, ns / 1e9]);
  }

  run({ verdict }: RunInfo): void {
    this.runs[verdict ?? "none"]++;
  }

  request(status: number): void {
    this.requests.set(status, (this.requests.get(status) ?? 0) + 1);
  }
}
