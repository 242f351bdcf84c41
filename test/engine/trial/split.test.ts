/** Shares of shares: threads of agents have together what one generator has alone. */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { TrialSpec } from "../../../src/engine/loop/trial-spec.js";
import { splitTrial } from "../../../src/engine/trial/split.js";
import { countOf, shareWithin } from "../../../src/stream/share.js";
import { fixedSize } from "../../../src/units.js";
import { plain } from "../../support/plain.js";
import { trafficSpec, trafficStream } from "../../support/traffic-specs.js";

const traffics = [plain(), trafficSpec([1, 2, 3].map((weight) => trafficStream({ name: `s${weight}`, weight })))];

const trial = (stream: TrialSpec["stream"], count: number | null, queues: number): TrialSpec => ({
  ...{ trial: 1, stream, size: fixedSize(128), queues, startSequence: 7, firstStream: 0 },
  load: { kind: "paced", pps: 100_000 },
  ...{ count, durationNs: 1e9, settleNs: 1e6, integrity: false, cooperative: true },
});

it("the threads of agents have the shares that as many generators would have, to the frame", () => {
  const some = fc.integer({ min: 1, max: 5 });
  const count = fc.option(fc.integer({ min: 0, max: 5_000 }));
  fc.assert(
    fc.property(fc.constantFrom(...traffics), count, some, some, some, (stream, frames, agents, threads, queues) => {
      const whole = trial(stream, frames, agents * threads * queues);
      const flat = splitTrial(whole, agents * threads);
      const nested = splitTrial(whole, agents).map((share) => splitTrial(share, threads));
      for (const [agent, parts] of nested.entries()) {
        for (const [thread, part] of parts.entries()) expect(part).toEqual(flat[agent + thread * agents]);
      }
      if (frames !== null) expect(flat.reduce((sum, share) => sum + share.count!, 0)).toBe(frames);
    }),
  );
});

it("a part of a share counts what its share has", () => {
  const share = { index: fc.nat(6), of: fc.constant(7) };
  const part = { index: fc.nat(3), of: fc.constant(4) };
  fc.assert(
    fc.property(fc.record(share), fc.record(part), fc.nat(10_000), (whole, inner, total) => {
      expect(countOf(total, shareWithin(whole, inner))).toBe(countOf(countOf(total, whole), inner));
    }),
  );
});
