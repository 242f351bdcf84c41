/** Golden frames: what is built is what an independent tool built, and what is read is what was meant. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { buildFrame, dissect, headersBytes } from "../../src/packet/index.js";
import { missing, scapyPython, skips } from "../support/probe.js";
import { emitAgain } from "./emit-again.js";
import { vectors } from "./vectors.js";

describe.each(vectors)("$name", ({ hex, layers, payloadBytes }) => {
  const golden = new Uint8Array(Buffer.from(hex, "hex"));

  it("is built to the byte", () => {
    expect(Buffer.from(buildFrame(layers, headersBytes(layers) + payloadBytes)).toString("hex")).toBe(hex);
  });

  it("is read as what it is, with nothing wrong", () => {
    const found = dissect(golden);
    expect(found.faults).toEqual([]);
    expect(found.layers.map(({ header }) => header.protocol)).toEqual(layers.map(({ protocol }) => protocol));
    expect(found.payload.end - found.payload.start).toBe(payloadBytes);
    expect(found.trailerBytes).toBe(0);
  });

  it("is written again from what was read", () => {
    expect(Buffer.from(emitAgain(golden, dissect(golden))).toString("hex")).toBe(hex);
  });
});

const noScapy = missing("scapy");

const scapySkip = noScapy === null ? "" : ` (skipped: ${noScapy})`;

it.skipIf(skips(noScapy))(`scapy still makes the golden bytes${scapySkip}`, () => {
  const run = spawnSync(scapyPython, [new URL("./vectors.py", import.meta.url).pathname], { encoding: "utf8" });
  expect(run.stderr).toBe("");
  expect(JSON.parse(run.stdout)).toEqual(JSON.parse(readFileSync(new URL("./vectors.json", import.meta.url), "utf8")));
});
