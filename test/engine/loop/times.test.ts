/** Times that pass 2^31 are no fields of what a loop runs: trial-clock.ts says what that would cost. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const rooms = ["loop", "neighbour", "receive", "transmit", "trial"];
/** Durations of a single step, far below 2^31 ns. */
const short = new Set(["#readNs", "#stepsPerNs"]);

it.each(rooms)("in engine/%s no private field that changes holds a time", (room) => {
  const folder = new URL(`../../../src/engine/${room}/`, import.meta.url);
  const fields = readdirSync(folder).flatMap((file) =>
    [...readFileSync(new URL(file, folder), "utf8").matchAll(/^ {2}(#\w*Ns)\b(?: = |: number)/gm)].map(
      ([, field]) => `${file} ${field}`,
    ),
  );
  expect(fields.filter((field) => !short.has(field.split(" ")[1]!))).toEqual([]);
});
