/** The fault stage of a forwarder delays, paces, freezes, pads and trims as asked. */
import { describe, expect, it } from "vitest";
import { FreezeGate, freezeAfterFrames } from "../../../src/engine/forward/freeze.js";
import { FaultMeter, frameBytes } from "./fault-rig.js";

describe("time", () => {
  it("delays each frame by exactly so much", () => {
    const bench = new FaultMeter({ delayNs: 50_000 });
    const arrivals: number[] = [];
    for (let i = 0; i < 300; i++) {
      bench.drainUntil(bench.nowNs + 7_000);
      arrivals.push(bench.nowNs);
      bench.in(1);
    }
    bench.drain();
    expect(bench.out.map(({ atNs }, i) => atNs - arrivals[i]!)).toEqual(arrivals.map(() => 50_000));
  });

  it("spaces frames by the rate, and drops exactly what the queue does not hold", () => {
    const service = { frameNs: 25_000, byteNs: 0, overheadBytes: 0 };
    const bench = new FaultMeter({ service, queueFrames: 10 });
    bench.in(100);
    bench.drain();
    // One is served at once, ten wait.
    expect(bench.out).toHaveLength(11);
    expect(bench.stage.injected().policed).toBe(89);
    expect(bench.out.map(({ atNs }) => atNs - 1_000_000)).toEqual(Array.from({ length: 11 }, (_, i) => 25_000 * i));
  });

  it("forwards at its rate when more comes", () => {
    const service = { frameNs: 25_000, byteNs: 0, overheadBytes: 0 };
    const bench = new FaultMeter({ service, queueFrames: 16 }).run(40_000, 12_500);
    expect(bench.out.length).toBeGreaterThanOrEqual(20_000);
    expect(bench.out.length).toBeLessThanOrEqual(20_017);
    expect(bench.stage.injected().policed).toBe(40_000 - bench.out.length);
  });

  it("takes longer for longer frames where the rate is in bits", () => {
    const service = { frameNs: 0, byteNs: 8, overheadBytes: 24 };
    const bench = new FaultMeter({ service });
    bench.in(3);
    bench.drain();
    expect(bench.out.map(({ atNs }) => atNs - 1_000_000)).toEqual([0, 8 * 84, 16 * 84]);
  });

  it("loses nothing at its own rate when its thread sleeps for longer than the queue lasts", () => {
    const service = { frameNs: 25_000, byteNs: 0, overheadBytes: 0 };
    const bench = new FaultMeter({ service, queueFrames: 8, delayNs: 0 });
    bench.in(0);
    // 200 frames in 5 ms, seen in two polls.
    bench.nowNs += 5_000_000;
    bench.in(120, 80);
    bench.nowNs += 3000;
    bench.in(80, 0);
    bench.drain();
    expect(bench.out).toHaveLength(200);
    expect(bench.stage.injected().policed).toBe(0);
  });

  it("divides the rate among the queues", () => {
    const service = { frameNs: 1000, byteNs: 0, overheadBytes: 0 };
    const bench = new FaultMeter({ service }, 1, 0, 4);
    bench.in(5);
    bench.drain();
    expect(bench.out.map(({ atNs }) => atNs - 1_000_000)).toEqual([0, 4000, 8000, 12_000, 16_000]);
  });
});

describe("length", () => {
  it("pads every frame with zeros", () => {
    const bench = new FaultMeter({ padBytes: 4 }).run(50);
    expect(bench.out.every(({ bytes, content }) => bytes === frameBytes + 4 && content.endsWith("00000000"))).toBe(
      true,
    );
    expect(bench.stage.injected().padded).toBe(50);
  });

  it("trims every frame, but not its Ethernet header", () => {
    expect(new FaultMeter({ trimBytes: 4 }).run(50).out.every(({ bytes }) => bytes === frameBytes - 4)).toBe(true);
    const bench = new FaultMeter({ trimBytes: 1000 }).run(1);
    expect(bench.out[0]!.bytes).toBe(14);
    expect(bench.stage.injected().trimmed).toBe(1);
  });
});

describe("a freeze", () => {
  it("lets exactly a thousand frames in, then stands for its time, once", () => {
    const gate = new FreezeGate(50_000);
    gate.took(600, 10);
    expect(gate.allowed()).toBe(freezeAfterFrames - 600);
    expect(gate.stands(11)).toBe(false);
    gate.took(400, 20);
    expect(gate.allowed()).toBe(0);
    expect(gate.stands(20)).toBe(true);
    expect(gate.stands(50_019)).toBe(true);
    expect(gate.stands(50_023)).toBe(false);
    expect(gate.totalNs()).toBe(50_003);
    gate.took(5000, 60_000);
    expect(gate.stands(60_000)).toBe(false);
    gate.reset();
    expect(gate.allowed()).toBe(freezeAfterFrames);
    expect(gate.totalNs()).toBe(0);
  });

  it("without a time never stands", () => {
    const gate = new FreezeGate(0);
    gate.took(5000, 1);
    expect(gate.stands(1)).toBe(false);
    expect(gate.allowed()).toBe(Number.POSITIVE_INFINITY);
  });
});
