/** How evenly frames leave: the gaps between departures against the gap asked for. Constant memory, hot. */
import { Histogram, type HistogramData } from "./histogram.js";

/** A gap below this share of the target belongs to a burst. */
const burstShare = 0.1;

/** Doubles in one typed array, as they are written per frame. */
const cell = {
  gaps: 0,
  within64: 1,
  within128: 2,
  within256: 3,
  within512: 4,
  bursts: 5,
  lagMax: 6,
  last: 7,
  /** 1 while the last gap was a burst's. */
  inBurst: 8,
  target: 9,
  count: 10,
} as const;

export interface PacingSummary {
  /** The gap asked for. */
  readonly targetNs: number;
  /** Shares of the gaps that are at most this far from the target. */
  readonly within64ns: number;
  readonly within128ns: number;
  readonly within256ns: number;
  readonly within512ns: number;
  /** Runs of two or more frames with all gaps below a tenth of the target, counted once each. */
  readonly bursts: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
  readonly p99_99Ns: number;
  readonly maxNs: number;
  /** The most that a frame left after its slot. */
  readonly lagMaxNs: number;
  /** Whose clock measured it. */
  readonly observer: string;
  /**
   * Gaps up to so many ns and above the bucket before, without empty ones, at most 8 per doubling. Absent: several
   * measurers sent. Each one knows the gaps between its own frames, and nobody those between the frames of all.
   */
  readonly buckets?: [upToNs: number, gaps: number][];
}

/** What was counted, as plain data: of one measurer, or of several with the same target. */
export interface PacingData {
  readonly targetNs: number;
  /** Gaps within 64, 128, 256 and 512 ns of the target. */
  readonly within: readonly [number, number, number, number];
  readonly bursts: number;
  readonly lagMaxNs: number;
  readonly gaps: HistogramData;
}

export class GapRecorder {
  readonly #cells = new Float64Array(cell.count);
  readonly #gaps = new Histogram();

  constructor(targetGapNs: number) {
    this.reset(targetGapNs);
  }

  /** Forgets everything; the gap before the next departure is not one. */
  reset(targetGapNs: number): void {
    this.#cells.fill(0);
    this.#cells[cell.target] = targetGapNs;
    this.#cells[cell.last] = Number.NaN;
    this.#gaps.reset();
  }

  /** A frame left at `nowNs`; its slot was at `scheduledNs`. Frames of one burst may share a time: gaps of 0. */
  departed(nowNs: number, scheduledNs: number): void {
    const cells = this.#cells;
    const lag = nowNs - scheduledNs;
    if (lag > cells[cell.lagMax]) cells[cell.lagMax] = lag;
    const gap = nowNs - cells[cell.last];
    cells[cell.last] = nowNs;
    this.#count(gap);
  }

  /**
   * As `departed`, for a frame that left `lagNs` after its slot, where the slot is one target gap behind the one
   * before. It takes whole ns, because a number with a fraction would need an object on the heap.
   */
  departedLate(lagNs: number): void {
    const cells = this.#cells;
    if (lagNs > cells[cell.lagMax]) cells[cell.lagMax] = lagNs;
    const gap = cells[cell.target] + lagNs - cells[cell.last];
    cells[cell.last] = lagNs;
    this.#count(gap);
  }

  #count(between: number): void {
    const cells = this.#cells;
    // Only the first departure has no gap: its predecessor is NaN.
    if (Number.isNaN(between)) return;
    // Of streams that catch up, frames of different ones may be reckoned to leave before each other: they left at once.
    const gap = Math.max(0, between);
    cells[cell.gaps] += 1;
    this.#gaps.record(gap);
    const target = cells[cell.target];
    const off = Math.abs(gap - target);
    if (off <= 512) {
      cells[cell.within512] += 1;
      if (off <= 256) cells[cell.within256] += 1;
      if (off <= 128) cells[cell.within128] += 1;
      if (off <= 64) cells[cell.within64] += 1;
    }
    if (gap < target * burstShare) {
      if (cells[cell.inBurst] === 0) cells[cell.bursts] += 1;
      cells[cell.inBurst] = 1;
    } else {
      cells[cell.inBurst] = 0;
    }
  }

  /** Null with fewer than two departures. */
  summary(observer: string): PacingSummary | null {
    const summary = pacingSummary(this.toData(), observer);
    return summary === null ? null : { ...summary, buckets: this.#gaps.coarseBuckets() };
  }

  toData(): PacingData {
    const cells = this.#cells;
    return {
      targetNs: cells[cell.target],
      within: [cells[cell.within64], cells[cell.within128], cells[cell.within256], cells[cell.within512]],
      bursts: cells[cell.bursts],
      lagMaxNs: cells[cell.lagMax],
      gaps: this.#gaps.toData(),
    };
  }
}

/** Null without a gap. */
export function pacingSummary({ targetNs, within, bursts, lagMaxNs, gaps }: PacingData, observer: string) {
  const histogram = new Histogram(gaps);
  const { count } = histogram;
  if (count === 0) return null;
  const [within64ns, within128ns, within256ns, within512ns] = within.map((frames) => frames / count);
  return {
    ...{ targetNs, within64ns, within128ns, within256ns, within512ns, bursts },
    p50Ns: histogram.percentile(0.5),
    p99Ns: histogram.percentile(0.99),
    p99_99Ns: histogram.percentile(0.9999),
    maxNs: histogram.max,
    ...{ lagMaxNs, observer },
  } satisfies PacingSummary;
}
