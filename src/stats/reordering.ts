/**
 * Frames out of order (RFC 4737): how far, and in what runs. A run of reordered frames is a run of arrivals each of which
 * has a lower number than one before it. What lies between two such runs is a reordering-free run (§4.6). Duplicates are
 * no arrivals. Each lane has runs of its own, and its last run ends with the trial.
 */

/**
 * Reordering extent (RFC 4737 §4.2.1): how many accepted frames earlier the first frame with a greater number
 * arrived. Extents are unknown for frames of gaps older than the last 1,024.
 */
export interface ReorderExtent {
  readonly max: number;
  readonly mean: number;
  readonly unknown: number;
}

/** Runs of one kind. */
export interface RunFigures {
  readonly count: number;
  /** In all of them together. */
  readonly frames: number;
  /** In the longest. */
  readonly max: number;
}

export interface ReorderRuns {
  readonly reordered: RunFigures;
  readonly free: RunFigures;
}

/**
 * Doubles of a lane. `lastAt`: which accepted frame of the lane was the last one out of order; 0: none was. `runs`: as many
 * as there are runs of reordered frames, since a run of frames in order comes before each.
 */
const cell = { lastAt: 0, length: 1, runs: 2, longest: 3, freeLongest: 4, count: 5 } as const;

export class ReorderRunCounter {
  readonly #cells: Float64Array;

  constructor(lanes: number) {
    this.#cells = new Float64Array(lanes * cell.count);
  }

  reset(lane: number): void {
    this.#cells.fill(0, lane * cell.count, (lane + 1) * cell.count);
  }

  /** The `at`-th accepted frame of a lane, from 1, was out of order. Constant work; nothing is done for frames in order. */
  note(lane: number, at: number): void {
    const cells = this.#cells;
    const row = lane * cell.count;
    const between = at - cells[row + cell.lastAt] - 1;
    let length = 1;
    if (between === 0) length += cells[row + cell.length];
    else {
      cells[row + cell.runs] += 1;
      if (between > cells[row + cell.freeLongest]) cells[row + cell.freeLongest] = between;
    }
    if (length > cells[row + cell.longest]) cells[row + cell.longest] = length;
    cells[row + cell.length] = length;
    cells[row + cell.lastAt] = at;
  }

  /** Of several lanes together. `acceptedOf`, `reorderedOf`: frames of a lane so far. */
  of(
    lanes: readonly number[],
    acceptedOf: (lane: number) => number,
    reorderedOf: (lane: number) => number,
  ): ReorderRuns {
    return mergeReorderRuns(lanes.map((lane) => this.#ofLane(lane, acceptedOf(lane), reorderedOf(lane))));
  }

  #ofLane(lane: number, accepted: number, reordered: number): ReorderRuns {
    const at = (which: number): number => this.#cells[lane * cell.count + which];
    const last = accepted - at(cell.lastAt);
    return {
      reordered: { count: at(cell.runs), frames: reordered, max: at(cell.longest) },
      free: {
        count: at(cell.runs) + (last > 0 ? 1 : 0),
        frames: accepted - reordered,
        max: Math.max(at(cell.freeLongest), last),
      },
    };
  }
}

const together = (all: readonly RunFigures[]): RunFigures => ({
  count: all.reduce((sum, { count }) => sum + count, 0),
  frames: all.reduce((sum, { frames }) => sum + frames, 0),
  max: all.reduce((most, { max }) => Math.max(most, max), 0),
});

/** Of lanes, streams or parts that have no lane in common. */
export const mergeReorderRuns = (parts: readonly ReorderRuns[]): ReorderRuns => ({
  reordered: together(parts.map(({ reordered }) => reordered)),
  free: together(parts.map(({ free }) => free)),
});

/** The same where one of them may not know its runs: then nobody knows them all. */
export function knownReorderRuns(parts: readonly { readonly reorderRuns?: ReorderRuns | undefined }[]): {
  readonly reorderRuns?: ReorderRuns;
} {
  const known = parts.flatMap(({ reorderRuns }) => reorderRuns ?? []);
  return known.length < parts.length ? {} : { reorderRuns: mergeReorderRuns(known) };
}

/** As a result has them; both null where nothing was reordered, none where they are not known. */
export function reorderRunsOf(runs: ReorderRuns | undefined) {
  if (runs === undefined) return {};
  const { reordered, free } = runs;
  if (reordered.count === 0) return { reorderedRuns: null, reorderingFreeRuns: null };
  return { reorderedRuns: withMean(reordered), reorderingFreeRuns: withMean(free) };
}

const withMean = ({ count, frames, max }: RunFigures) => ({ count, mean: frames / count, max });
