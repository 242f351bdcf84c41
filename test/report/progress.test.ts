/** The line that is shown while a trial runs. */
import { expect, it } from "vitest";
import { type Progress, progressText } from "../../src/report/index.js";

const progress: Progress = {
  trial: 2,
  trials: 4,
  frameBytes: 64,
  phase: "rate",
  stage: "",
  elapsedNs: 540_000_000,
  durationNs: 1e9,
  sent: 5_000_000,
  received: 4_999_000,
  lost: 0,
  rxPps: 5_123_456,
};

it("is one line with all that goes on", () => {
  expect(progressText(progress)).toBe(
    "trial 2 of 4  64 bytes, rate  0.5 of 1.0 s  sent 5,000,000  back 4,999,000  lost 0  5.1235 Mpps",
  );
});

it("says what it waits for, and needs no end", () => {
  expect(progressText({ ...progress, frameBytes: "imix", durationNs: null, stage: "settling" })).toBe(
    "trial 2 of 4  imix, rate  0.5 s  sent 5,000,000  back 4,999,000  lost 0  settling",
  );
});
