/**
 * The sending half of a host that only receives: it sends nothing, and ends when the senders should have ended. Then
 * what comes late is waited for, as after frames of its own.
 */
import type { TransmitReport, TransmitWindow, TrialClock, TrialSpec } from "../loop/index.js";
import { TransmitAccount } from "./account.js";
import type { TransmitHalf } from "./half.js";
import type { LoadTurn } from "./load-turn.js";
import { ringPace, type TransmitQueue } from "./sender.js";

export class SilentTransmitter implements TransmitHalf {
  readonly account: TransmitAccount;
  readonly queues: readonly TransmitQueue[] = [];
  readonly #clock: TrialClock;
  /** A double in a typed array; trial-clock.ts says why. */
  readonly #endNs: Float64Array;

  constructor(spec: TrialSpec, clock: TrialClock) {
    this.#clock = clock;
    this.#endNs = Float64Array.of(plannedEndNs(spec));
    this.account = new TransmitAccount({ spec, clock, pace: ringPace, queues: [], pps: 0, slots: 0 });
  }

  attach(): void {}

  start(): void {}

  /** Its senders' load is not its own; their time is. */
  change({ addNs = 0 }: LoadTurn): void {
    this.#endNs[0] += addNs;
  }

  isWakeful(): boolean {
    return false;
  }

  step(): number {
    if (this.#clock.nowNs >= this.#endNs[0]) this.account.end(this.#clock.nowNs, null);
    return 0;
  }

  window(): TransmitWindow {
    return { fromNs: 0, toNs: this.account.endedNs, gapNs: 0 };
  }

  report(): TransmitReport {
    return { ...this.account.report([], { missed: 0, unsent: 0 }, this.window()), intended: 0, blocked: 0 };
  }
}

/** Infinity: until the senders say that they are done, e.g. because nobody knows how long so many frames take. */
function plannedEndNs({ count, wholeCount, load, durationNs }: TrialSpec): number {
  if (count === null) return durationNs;
  return load.kind === "paced" ? ((wholeCount ?? count) * 1e9) / load.pps : Number.POSITIVE_INFINITY;
}
