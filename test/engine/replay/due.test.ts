/** The frames of a replay that are due, and the time of the next one. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PipeReader, PipeWriter, pipeBytesOf, pipeWord } from "../../../src/engine/pipe/frame-pipe.js";
import { DueFrames } from "../../../src/engine/replay/due.js";
import type { ReplayPace } from "../../../src/engine/replay/spec.js";
import { ringMemory } from "../../../src/memory.js";
import { everyNs, type FileFrame } from "../../support/replay-sim.js";

interface Case {
  readonly pace: ReplayPace;
  readonly loops?: number;
  readonly loopDelayNs?: number;
}

/** A pipe with these frames; `isWhole`: all of the capture is in it. */
function pipeOf(frames: readonly FileFrame[], isWhole: boolean): PipeReader {
  const [count, dataBytes] = [256, 128 * 1024];
  const memory = ringMemory(new ArrayBuffer(64 + pipeBytesOf(count, dataBytes)));
  const pipe = { offset: 64, frames: count, dataBytes, control: new SharedArrayBuffer(4 * pipeWord.words) };
  const writer = new PipeWriter(memory, pipe);
  for (const { timeNs, length = 60, port = 0, loop = 0 } of frames) {
    writer.place(length);
    writer.commit(timeNs, length, port, loop);
  }
  if (!isWhole) writer.waitForRoom();
  writer.end();
  return new PipeReader(memory, pipe);
}

/** When each frame is due, if each one leaves when it is due, or at `leftNs`. */
function dueTimes(frames: readonly FileFrame[], how: Case, leftNs?: number, isWhole = true): number[] {
  const due = new DueFrames(pipeOf(frames, isWhole), { loops: 1, loopDelayNs: 0, ...how });
  const times: number[] = [];
  while (due.look()) {
    times.push(due.dueNs);
    due.passed(1, leftNs ?? due.dueNs);
  }
  expect(due.isOver).toBe(true);
  return times;
}

const three: readonly FileFrame[] = [{ timeNs: 0 }, { timeNs: 1000, length: 500 }, { timeNs: 7000 }];

describe("when frames are due", () => {
  it.each<[string, Case, number[]]>([
    ["with the file's gaps", { pace: { kind: "original", speed: 1 } }, [0, 1000, 7000]],
    ["at twice the speed", { pace: { kind: "original", speed: 2 } }, [0, 500, 3500]],
    ["at a rate of frames", { pace: { kind: "pps", pps: 1e6 } }, [0, 1000, 2000]],
    ["at a rate of bits, layer 2", { pace: { kind: "bps", bps: 8e9, overheadBytes: 4 } }, [0, 64, 568]],
    ["at a rate of bits, layer 1", { pace: { kind: "bps", bps: 8e9, overheadBytes: 24 } }, [0, 84, 608]],
    [
      "loops follow one another",
      { pace: { kind: "original", speed: 1 }, loops: 2 },
      [0, 1000, 7000, 7000, 8000, 14000],
    ],
    [
      "loops follow after a delay",
      { pace: { kind: "original", speed: 7 }, loops: 2, loopDelayNs: 50 },
      [0, 1000 / 7, 1000, 1050, 1050 + 1000 / 7, 2050],
    ],
    [
      "at a rate the delay comes on top of the gap",
      { pace: { kind: "pps", pps: 1e6 }, loops: 2, loopDelayNs: 50 },
      [0, 1000, 2000, 3050, 4050, 5050],
    ],
  ])("%s", (_, how, times) => {
    expect(dueTimes(three, how)).toEqual(times);
  });

  const atOnce = Number.NEGATIVE_INFINITY;
  it.each<ReplayPace>([{ kind: "max" }, { kind: "one", timeoutNs: 1 }])(
    "at once at pace $kind; only a delay between loops has a time, from the last departure on",
    (pace) => {
      expect(dueTimes(three, { pace, loops: 2 }, 900)).toEqual(new Array(6).fill(atOnce));
      const delayed = dueTimes(three, { pace, loops: 2, loopDelayNs: 50 }, 900);
      expect(delayed).toEqual([atOnce, atOnce, atOnce, 950, 950, 950]);
    },
  );

  it("a late frame delays no other one: times follow from the file alone", () => {
    fc.assert(
      fc.property(fc.nat({ max: 1e9 }), (leftNs) => {
        const how: Case = { pace: { kind: "pps", pps: 1000 }, loops: 3 };
        expect(dueTimes(three, how, leftNs)).toEqual(dueTimes(three, how));
      }),
    );
  });

  it("loops that do not fit into the pipe come from it one by one, with the same times", () => {
    const loops = [0, 1, 2].flatMap((loop) => three.map((frame) => ({ ...frame, loop })));
    for (const pace of [{ kind: "original", speed: 1 } as const, { kind: "pps", pps: 1e6 } as const]) {
      const how: Case = { pace, loops: 3, loopDelayNs: 10 };
      expect(dueTimes(loops, how, undefined, false)).toEqual(dueTimes(three, how));
    }
  });

  it("times go on beyond 2^31 and 2^53 / 1000 ns", () => {
    const long = everyNs(3e12, 4);
    expect(dueTimes(long, { pace: { kind: "original", speed: 1 } })).toEqual([0, 3e12, 6e12, 9e12]);
  });

  it("a frame that was looked for is not passed over by looking again", () => {
    const due = new DueFrames(pipeOf(three, true), { pace: { kind: "pps", pps: 1e6 }, loops: 1, loopDelayNs: 0 });
    expect([due.look(), due.look(), due.dueNs]).toEqual([true, true, 0]);
    due.passed(1, 0);
    expect(due.frame).toBe(-1);
    expect([due.look(), due.dueNs]).toEqual([true, 1000]);
  });
});
