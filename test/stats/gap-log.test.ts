/** The log of gaps says when a silence began and ended. */
import { describe, expect, it } from "vitest";
import { GapLog, latestOf } from "../../src/stats/gap-log.js";
import { LongestSilence } from "../../src/stats/silence.js";

describe("gaps", () => {
  it("know when the first frame behind a number had left, lane by lane", () => {
    const gaps = new GapLog();
    gaps.note(0, 10, 100);
    gaps.note(1, 10, 111);
    gaps.note(0, 20, 200);
    gaps.note(0, 30, 300);
    expect(gaps.departedBehind(0, 9)).toBe(100);
    expect(gaps.departedBehind(0, 10)).toBe(200);
    expect(gaps.departedBehind(0, 29)).toBe(300);
    expect(gaps.departedBehind(0, 30)).toBeNull();
    expect(gaps.departedBehind(1, 3)).toBe(111);
  });

  it("are the last 4,096", () => {
    const gaps = new GapLog();
    for (let k = 0; k < 10_000; k++) gaps.note(0, 2 * k, k);
    expect(gaps.departedBehind(0, 19_997)).toBe(9_999);
    expect(gaps.departedBehind(0, 0)).toBe(10_000 - 4_096);
  });

  it("of several lanes are as late as the latest, and unknown where one is", () => {
    expect(latestOf([0, 7, 3])).toBe(7);
    expect(latestOf([0, Number.POSITIVE_INFINITY, 3])).toBe(Number.POSITIVE_INFINITY);
    expect(latestOf([7, null])).toBeNull();
    expect(latestOf([])).toBe(0);
  });
});

describe("silence", () => {
  it("is the longest time between two arrivals", () => {
    const silence = new LongestSilence();
    expect(silence.longest()).toBeNull();
    silence.arrived(50);
    expect(silence.longest()).toBeNull();
    for (const ns of [60, 62, 90, 95, 110]) silence.arrived(ns);
    expect(silence.longest()).toEqual({ fromNs: 62, toNs: 90 });
  });
});
