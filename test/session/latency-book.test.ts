/** A flow's latency, read while its frames come in. */
import { describe, expect, it } from "vitest";
import type { TableFlow } from "../../src/session/flow-table.js";
import { LatencyBook } from "../../src/session/latency-book.js";
import { InterleavedLanes } from "../support/interleaved-lanes.js";

const lanes = 2;
const flow = { slot: 0, ownLanes: [0, 1] } as unknown as TableFlow;

interface Read {
  readonly min: number;
  readonly mean: number;
  readonly max: number;
}

function readerOf(both: InterleavedLanes, percentiles: boolean): () => Read {
  const book = new LatencyBook(both.memory, percentiles);
  const cells = new Float64Array(6);
  return () => {
    book.write(flow, 1, cells, 0);
    return { min: cells[0]!, mean: cells[1]!, max: cells[5]! };
  };
}

const isSound = ({ min, mean, max }: Read): boolean => Number.isNaN(mean) || (min <= mean && mean <= max);

/** Runs of one frame, of few, which wait for others, and of many, which do not. */
const runs = Array.from({ length: 60 }, (_, k) => [1, 3, 40][k % 3]!);

describe.each([true, false])("with percentiles: %s", (percentiles) => {
  it("a mean is never outside of what came, wherever the loop is", () => {
    const both = new InterleavedLanes(lanes);
    const read = readerOf(both, percentiles);
    const reads: Read[] = [];
    both.whileNoting = () => reads.push(read());
    for (const [k, frames] of runs.entries()) both.take(k % lanes, frames, 10_000);
    expect(reads.length).toBeGreaterThan(runs.length);
    expect(reads.filter((one) => !isSound(one))).toEqual([]);
  });

  it("what the loop has done is seen by the next read, wherever it was at the one before", () => {
    for (let stop = 0; stop < 16; stop++) {
      const both = new InterleavedLanes(lanes);
      const read = readerOf(both, percentiles);
      both.take(0, 20, 1_000);
      let writes = 0;
      both.whileNoting = () => {
        if (writes++ === stop) read();
      };
      both.take(0, 20, 3_000);
      expect(read()).toEqual({ min: 1_000, mean: 2_000, max: 3_000 });
      expect(read()).toEqual({ min: 1_000, mean: 2_000, max: 3_000 });
    }
  });

  it("frames that come while a summary is read spoil neither it nor the next one", () => {
    for (const frames of [1, 3, 40]) {
      for (let look = 0; look < 60; look++) {
        const both = new InterleavedLanes(lanes);
        const read = readerOf(both, percentiles);
        both.take(0, 2, 10_000);
        both.take(1, 2, 10_000);
        let looks = 0;
        both.whileReading = () => {
          if (looks++ === look) both.take(look % lanes, frames, 10_000);
        };
        expect(read()).toEqual({ min: 10_000, mean: 10_000, max: 10_000 });
        both.whileReading = () => {};
        both.take(0, 4 + frames, 1_000);
        const fromThen = looks > look ? frames : 0;
        const slow = 4 + fromThen;
        const mean = (slow * 10_000 + (4 + frames) * 1_000) / (slow + 4 + frames);
        expect(read().mean).toBeCloseTo(mean, 6);
      }
    }
  });

  it("a loop that never rests is read all the same", () => {
    const both = new InterleavedLanes(lanes);
    const read = readerOf(both, percentiles);
    both.take(0, 1, 10_000);
    let isBusy = false;
    both.whileReading = () => {
      if (isBusy) return;
      isBusy = true;
      both.take(0, 1, 10_000);
      isBusy = false;
    };
    const reads = Array.from({ length: 50 }, read);
    expect(reads.filter((one) => !isSound(one))).toEqual([]);
    expect(reads.filter(({ mean }) => Number.isNaN(mean))).toEqual([]);
  });

  it("percentiles are there, or are no numbers", () => {
    const both = new InterleavedLanes(lanes);
    const cells = new Float64Array(6);
    both.take(0, 3, 1_000);
    new LatencyBook(both.memory, percentiles).write(flow, 1, cells, 0);
    expect([...cells.subarray(2, 5)]).toEqual(Array(3).fill(percentiles ? 1_000 : Number.NaN));
    expect(cells[1]).toBe(1_000);
  });
});
