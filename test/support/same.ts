/** Large values compared: nearly all the time of a test of them went into how vitest compares. Node's own comparison comes first. */
import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";

/** `expect(actual).toEqual(expected)`, whose answer it has in every case: equal by the stricter rule is equal by that one. */
export function expectEqual(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected);
}
