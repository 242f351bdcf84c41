/** Bytes of frames of several sizes: as many as adding them up gives, and never those of half a look. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { flowCell } from "../../src/engine/session/session-memory.js";
import { SizeSums } from "../../src/session/size-sums.js";
import { bufferBytesOf } from "../../src/stream/frames/program.js";
import type { FrameVariant } from "../../src/stream/index.js";
import { SessionSim, simFlow } from "../support/session-sim.js";

it("are those that one by one have", () => {
  const sums = new SizeSums();
  const variants = [60, 124, 1514].map((bufferBytes) => ({ bufferBytes }) as FrameVariant);
  const pattern = fc.array(fc.nat(2), { minLength: 1, maxLength: 300 }).map((each) => Uint16Array.from(each));
  fc.assert(
    fc.property(pattern, fc.array(fc.nat(2_000), { minLength: 1, maxLength: 10 }), (each, counts) => {
      const sizes = { variants, pattern: each };
      for (const frames of counts) expect(sums.of(sizes, frames)).toBe(bufferBytesOf(sizes, 0, 1, frames));
    }),
  );
});

it("are of the frames that count as sent, whatever else of a frame was not written yet", () => {
  const sim = new SessionSim();
  const sizes = [64, 128, 1024];
  const parts = sizes.map((frameBytes) => ({ frameBytes, weight: 1 }));
  const frames = { ...simFlow("", 1).frames, size: { kind: "mix", parts } } as never;
  sim.add(simFlow("a", 1, { frames, duration: { kind: "frames", frames: 7 } }));
  sim.command("start", ["a"]);
  sim.quiet();
  const { slot, compiled } = sim.flows.get("a")!;
  const { pattern, variants } = compiled.program;
  for (let published = 7; published < 20; published++) {
    // A frame is placed: of all that is noted of it, its number is the first.
    sim.memory.flows[slot * flowCell.doubles + flowCell.published] = published;
    const { sent, sentBytes } = sim.counters("a");
    const bytes = Array.from({ length: sent }, (_, k) => variants[pattern[k % pattern.length]!]!.bufferBytes + 4);
    expect(sentBytes).toBe(bytes.reduce((sum, each) => sum + each, 0));
  }
});
