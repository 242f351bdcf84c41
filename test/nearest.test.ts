/** The word that a mistyped one stands for, and words that are nothing of the kind. */
import { describe, expect, it } from "vitest";
import { didYouMean, nearest } from "../src/nearest.js";

const names = ["sizes", "rate", "duration"];

describe("the nearest word", () => {
  it.each([
    ["szies", "sizes"],
    ["Size", "sizes"],
    ["durations", "duration"],
    ["x", null],
    ["colour", null],
    ["ratexxxx", null],
  ])("%s: %s", (word, meant) => expect(nearest(word, names)).toBe(meant));

  it("a word of megabytes is near to none, however it begins", () => {
    expect(didYouMean(`sizes${"s".repeat(20_000_000)}`, names)).toEqual({});
  });
});
