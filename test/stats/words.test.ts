/** Numbers are written in words. */
import { expect, it } from "vitest";
import { framesWord, grouped, partOf, percentWord, rateWord, timeWord } from "../../src/stats/words.js";

it("groups thousands", () => {
  expect([0, 999, 1000, 1234567].map(grouped)).toEqual(["0", "999", "1,000", "1,234,567"]);
});

it("counts frames", () => {
  expect([framesWord(1), framesWord(0), framesWord(1e4), partOf(3, 1000)]).toEqual([
    "1 frame",
    "0 frames",
    "10,000 frames",
    "3 of 1,000 frames",
  ]);
});

it("shows as many digits of a rate as matter", () => {
  expect([999_000, 1e6, 12_345_678, 12, 0].map(rateWord)).toEqual([
    "999 kpps",
    "1 Mpps",
    "12.346 Mpps",
    "12 pps",
    "0 pps",
  ]);
});

it("shows shares and times", () => {
  expect([0.001, 0.00023456, 1].map(percentWord)).toEqual(["0.1 %", "0.02346 %", "100 %"]);
  expect([5, 1500, 5e7, 1.234e9].map(timeWord)).toEqual(["5 ns", "1.5 us", "50 ms", "1.23 s"]);
});
