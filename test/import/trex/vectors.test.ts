/** Each instruction of the field engine makes the frames that scapy says (vectors.py). */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { framesOf, imported, stream } from "./samples.js";

interface Case {
  readonly packet: string;
  readonly program: readonly Readonly<Record<string, unknown>>[];
  readonly frames: readonly string[];
}

const cases = JSON.parse(readFileSync(new URL("vectors.json", import.meta.url), "utf8")) as Record<string, Case>;

describe("frames of TRex's field engine", () => {
  it.each(Object.entries(cases))("%s", (_, { packet, program, frames }) => {
    const { text } = imported([stream({ packet: { binary: packet, meta: "" } }, program)], { unsigned: true });
    expect(framesOf(text, frames.length).map(({ hex }) => hex)).toEqual(frames);
  });
});
