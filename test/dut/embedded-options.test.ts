/** The options of the embedded device, and what is refused. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { embeddedOptionTable, parseEmbeddedOptions } from "../../src/dut/index.js";
import { PktgenError } from "../../src/errors.js";

/** The error's one line. */
function refusal(text: string): string {
  try {
    parseEmbeddedOptions(text);
  } catch (error) {
    if (error instanceof PktgenError && error.exitCode === 2) return error.toLine();
    throw error;
  }
  throw new Error(`"${text}" was accepted`);
}

describe("options of the embedded device", () => {
  it("without any: no faults, io, auto", () => {
    expect(parseEmbeddedOptions("")).toEqual({
      faults: null,
      mode: "io",
      ring: "auto",
      size: null,
      threads: null,
      given: [],
    });
  });

  it("all that --help shows", () => {
    const text =
      "rate=40kpps,queue=128,delay=50us,loss=0.1%,duplicate=1%,reorder=1%,extent=5,corrupt=10,pad=4," +
      "freeze=50ms,mode=macswap,ring=packed,size=512,threads=2";
    expect(parseEmbeddedOptions(text)).toEqual({
      faults: {
        service: { frameNs: 25_000, byteNs: 0, overheadBytes: 0 },
        queueFrames: 128,
        delayNs: 50_000,
        loss: { kind: "ratio", ratio: 0.001 },
        duplicate: { kind: "ratio", ratio: 0.01 },
        reorder: { kind: "ratio", ratio: 0.01 },
        reorderExtent: 5,
        corrupt: { kind: "count", frames: 10 },
        padBytes: 4,
        trimBytes: 0,
        freezeNs: 50_000_000,
      },
      mode: "macswap",
      ring: "packed",
      size: 512,
      threads: 2,
      given: text.split(","),
    });
  });

  it("takes a number of frames for every fault that takes a share", () => {
    for (const name of ["loss", "duplicate", "reorder", "corrupt"] as const) {
      expect(parseEmbeddedOptions(`${name}=7`).faults?.[name]).toEqual({ kind: "count", frames: 7 });
      expect(parseEmbeddedOptions(`${name}=0.5`).faults?.[name]).toEqual({ kind: "ratio", ratio: 0.5 });
    }
  });

  it("puts no fault stage in the way of a fault of nothing, or of what is none", () => {
    for (const text of [
      "loss=0",
      "loss=0%",
      "corrupt=0",
      "delay=0",
      "pad=0",
      "rate=max",
      "queue=5,extent=2",
      "mode=mac",
    ]) {
      expect(parseEmbeddedOptions(text).faults).toBeNull();
    }
  });

  it("counts the FCS in bits per second, and the line's overhead at layer 1", () => {
    expect(parseEmbeddedOptions("rate=1Gbps").faults?.service).toEqual({ frameNs: 0, byteNs: 8, overheadBytes: 4 });
    expect(parseEmbeddedOptions("rate=1Gbps-l1").faults?.service).toEqual({ frameNs: 0, byteNs: 8, overheadBytes: 24 });
  });

  it.each([
    ["los=1%", 'the embedded device has no option "los"', "did you mean loss="],
    ["dely=5us", 'no option "dely"', "did you mean delay="],
    ["rates=1kpps", 'no option "rates"', "did you mean rate="],
    ["zebra=1", 'no option "zebra"', "accepted: rate, queue, delay"],
    ["loss", 'the option "loss" has no value', "accepted: loss=0.1%"],
    ["loss=", 'the option "loss" has no value', "accepted: loss=0.1%"],
    ["loss=1%,loss=2%", 'the option "loss" is given twice', "each option once"],
    ["loss=2", "", ""],
    ["loss=much", '"much" is neither a number of frames nor a share', "--dut loss"],
    ["loss=101%", '"101%" is neither', "--dut loss"],
    ["rate=fast", '"fast" is not a rate', "--dut rate"],
    ["rate=50%", '"50%" says no rate', "accepted: e.g. 40kpps"],
    ["delay=5", '"5" is not a duration', "--dut delay"],
    ["delay=11s", "the delay is too long", "up to 10s"],
    ["freeze=1min", "the freeze is too long", "up to 10s"],
    ["queue=0", '"0" is below 1', "--dut queue"],
    ["mode=flowgen", '"flowgen" is not one of its values', "io, mac, macswap, rxonly, txonly"],
    ["ring=round", '"round" is not one of its values', "auto, split, packed"],
    ["size=1000", "a ring of 1000 descriptors", "a power of two"],
    ["pad=4,trim=4", "pad and trim contradict each other", "one of them"],
    ["mode=rxonly,loss=1%", "mode=rxonly forwards nothing", "faults with mode=io"],
    ["constructor=1", 'no option "constructor"', "accepted: rate"],
    [",", 'no option ""', "accepted: rate"],
  ])("%s", (text, what, more) => {
    if (what === "") return expect(parseEmbeddedOptions(text).faults).not.toBeNull();
    const line = refusal(text);
    expect(line).toContain(what);
    expect(line).toContain(more);
  });

  it("takes each option's own example", () => {
    for (const [name, { example }] of Object.entries(embeddedOptionTable)) {
      expect(parseEmbeddedOptions(`${name}=${example}`).given).toEqual([`${name}=${example}`]);
    }
  });

  it("throws nothing but its own errors", () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(...Object.keys(embeddedOptionTable)).chain((name) => fc.string().map((v) => `${name}=${v}`)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 5 }), (pieces) => {
        try {
          parseEmbeddedOptions(pieces.join(","));
        } catch (error) {
          expect(error).toBeInstanceOf(PktgenError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
