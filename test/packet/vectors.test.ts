/** Golden frames: what is built is what an independent tool built, and what is read is what was meant. */
import { describe, expect, it } from "vitest";
import { buildFrame, dissect, headersBytes } from "../../src/packet/index.js";
import { emitAgain } from "./emit-again.js";
import { vectors } from "./vectors.js";

describe.each(vectors)("$name", ({ hex, layers, payload }) => {
  const golden = new Uint8Array(Buffer.from(hex, "hex"));
  const body = typeof payload === "number" ? Uint8Array.from({ length: payload }, (_, i) => i) : payload;

  it("is built to the byte", () => {
    const built = buildFrame(layers, headersBytes(layers) + body.length, body);
    expect(Buffer.from(built).toString("hex")).toBe(hex);
  });

  it("is read as what it is, with nothing wrong", () => {
    const found = dissect(golden);
    expect(found.faults).toEqual([]);
    expect(found.layers.map(({ header }) => header.protocol)).toEqual(layers.map(({ protocol }) => protocol));
    expect(golden.slice(found.payload.start, found.payload.end)).toEqual(body);
    expect(found.trailerBytes).toBe(0);
  });

  it("is written again from what was read", () => {
    expect(emitAgain(golden, dissect(golden))).toEqual(golden);
  });
});
