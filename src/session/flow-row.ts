/**
 * What a sample says of one flow. The figures of all flows lie in one array, which a sample fills in one pass; a row is a
 * view of its part of it, so that nobody pays for figures that nobody asks for. What it says never changes.
 */
import { flowState } from "../engine/session/index.js";
import type { SmallSummary } from "../stats/small-histograms.js";
import type { TableFlow } from "./flow-table.js";
import type { FlowCounters, FlowState } from "./types.js";

/** Doubles of a row. Times: −1 where it never happened. */
export const rowCell = {
  ...{ state: 0, generation: 1, settled: 2, pps: 3 },
  ...{ sent: 4, sentBytes: 5, inRing: 6, intended: 7, late: 8, missed: 9, blocked: 10 },
  ...{ received: 11, receivedBytes: 12, elsewhere: 13, lost: 14, inFlight: 15 },
  ...{ duplicate: 16, reordered: 17, tooOld: 18, corrupt: 19, stale: 20 },
  ...{ firstSentNs: 21, lastSentNs: 22, firstReceivedNs: 23, lastReceivedNs: 24, startedNs: 25, stoppedNs: 26 },
  ...{ txPps: 27, rxPps: 28, txBpsL1: 29, rxBpsL1: 30 },
  /** Below the highest number that came; and the number after it (sampler.ts). */
  ...{ missing: 31, highest: 32 },
  /** NaN: nothing came that has a latency. */
  ...{ latencyMin: 33, latencyMean: 34, latencyP50: 35, latencyP90: 36, latencyP99: 37, latencyMax: 38 },
  /** Of its lanes the longest; and the lowest of the numbers after the highest that came of each. */
  ...{ outageNs: 39, lowest: 40 },
  /** 0: nothing was reordered, or no extent is known. */
  reorderExtentMax: 41,
  doubles: 42,
} as const;

const stateNames: Readonly<Record<number, FlowState>> = {
  [flowState.stopped]: "stopped",
  [flowState.running]: "running",
  [flowState.paused]: "paused",
};

/** Of a state's number. */
export const stateNamed = (state: number): FlowState => stateNames[state] ?? "stopped";

const figures = [
  ...["name", "from", "to", "state", "generation", "settled", "pps", "sent", "sentBytes", "inRing", "intended", "late"],
  ...["missed", "blocked", "received", "receivedBytes", "receivedAt", "elsewhere", "lost", "inFlight", "duplicate"],
  ...[
    "reordered",
    "reorderExtentMax",
    "outageNs",
    "tooOld",
    "corrupt",
    "stale",
    "latencyNs",
    "firstSentNs",
    "lastSentNs",
    "firstReceivedNs",
  ],
  ...["lastReceivedNs", "startedNs", "stoppedNs", "signed", "txPps", "rxPps", "txBpsL1", "rxBpsL1"],
] as readonly (keyof FlowCounters)[];

export class FlowRow implements FlowCounters {
  readonly #flow: TableFlow;
  readonly #cells: Float64Array;
  readonly #at: number;
  /** By port of `to`, where there are several. */
  readonly #receivedAt: Float64Array | null;

  constructor(flow: TableFlow, cells: Float64Array, at: number, receivedAt: Float64Array | null) {
    this.#flow = flow;
    this.#cells = cells;
    this.#at = at;
    this.#receivedAt = receivedAt;
  }

  get name(): string {
    return this.#flow.name;
  }

  get from(): string {
    return this.#flow.spec.from;
  }

  get to(): readonly string[] {
    return this.#flow.spec.to;
  }

  get signed(): boolean {
    return this.#flow.signed;
  }

  get state(): FlowState {
    return stateNamed(this.#cell(rowCell.state));
  }

  get settled(): boolean {
    return this.#cell(rowCell.settled) === 1;
  }

  get receivedAt(): FlowCounters["receivedAt"] {
    const frames = this.#receivedAt;
    return this.to.map((port, k) => ({ port, frames: frames === null ? this.received : frames[k]! }));
  }

  get latencyNs(): SmallSummary | null {
    const min = this.#cell(rowCell.latencyMin);
    // Of frames that another session sends, nobody here knows how long they took.
    if (Number.isNaN(min) || this.#flow.isAwaited) return null;
    return {
      min,
      mean: this.#cell(rowCell.latencyMean),
      p50: this.#cell(rowCell.latencyP50),
      p90: this.#cell(rowCell.latencyP90),
      p99: this.#cell(rowCell.latencyP99),
      max: this.#cell(rowCell.latencyMax),
    };
  }

  get generation(): number {
    return this.#cell(rowCell.generation);
  }

  get pps(): number | null {
    const pps = this.#cell(rowCell.pps);
    return Number.isFinite(pps) ? pps : null;
  }

  get sent(): number {
    return this.#cell(rowCell.sent);
  }

  get sentBytes(): number {
    return this.#cell(rowCell.sentBytes);
  }

  get inRing(): number {
    return this.#cell(rowCell.inRing);
  }

  get intended(): number {
    return this.#cell(rowCell.intended);
  }

  get late(): number {
    return this.#cell(rowCell.late);
  }

  get missed(): number {
    return this.#cell(rowCell.missed);
  }

  get blocked(): number {
    return this.#cell(rowCell.blocked);
  }

  get received(): number {
    return this.#cell(rowCell.received);
  }

  get receivedBytes(): number {
    return this.#cell(rowCell.receivedBytes);
  }

  get elsewhere(): number {
    return this.#cell(rowCell.elsewhere);
  }

  get lost(): number {
    return this.#cell(rowCell.lost);
  }

  get inFlight(): number {
    return this.#cell(rowCell.inFlight);
  }

  get duplicate(): number {
    return this.#cell(rowCell.duplicate);
  }

  get reordered(): number {
    return this.#cell(rowCell.reordered);
  }

  get reorderExtentMax(): number | null {
    return this.#cell(rowCell.reorderExtentMax) || null;
  }

  get outageNs(): number | null {
    const outageNs = this.#cell(rowCell.outageNs);
    return this.signed && !Number.isNaN(outageNs) ? outageNs : null;
  }

  get tooOld(): number {
    return this.#cell(rowCell.tooOld);
  }

  get corrupt(): number {
    return this.#cell(rowCell.corrupt);
  }

  get stale(): number {
    return this.#cell(rowCell.stale);
  }

  get txPps(): number {
    return this.#cell(rowCell.txPps);
  }

  get rxPps(): number {
    return this.#cell(rowCell.rxPps);
  }

  get txBpsL1(): number {
    return this.#cell(rowCell.txBpsL1);
  }

  get rxBpsL1(): number {
    return this.#cell(rowCell.rxBpsL1);
  }

  get firstSentNs(): number | null {
    return this.#time(rowCell.firstSentNs);
  }

  get lastSentNs(): number | null {
    return this.#time(rowCell.lastSentNs);
  }

  get firstReceivedNs(): number | null {
    return this.#time(rowCell.firstReceivedNs);
  }

  get lastReceivedNs(): number | null {
    return this.#time(rowCell.lastReceivedNs);
  }

  get startedNs(): number | null {
    return this.#time(rowCell.startedNs);
  }

  get stoppedNs(): number | null {
    return this.#time(rowCell.stoppedNs);
  }

  toJSON(): FlowCounters {
    return Object.fromEntries(figures.map((name) => [name, this[name]])) as unknown as FlowCounters;
  }

  #cell(which: number): number {
    return this.#cells[this.#at + which]!;
  }

  #time(which: number): number | null {
    const ns = this.#cell(which);
    return ns < 0 ? null : ns;
  }
}
