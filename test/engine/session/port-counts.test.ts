/** What ports of a session count as sent and as received, at every moment. */
import { expect, it } from "vitest";
import { defaultPlainTraffic, layersOf } from "../../../src/stream/spec.js";
import { simpleImix } from "../../../src/units.js";
import { SessionSim, simFlow } from "../../support/session-sim.js";

it.each([1, 2])(
  "what came in at a port was sent by its peer, also before the loop looks what was taken, with %i parts",
  (parts) => {
    const sim = new SessionSim(2, 16, 256, 1, parts === 1 ? [0, 0] : [0, 1]);
    const rate = { kind: "pps", pps: 200_000 } as const;
    const frames = { kind: "stream", layers: layersOf(defaultPlainTraffic, 1), size: simpleImix } as const;
    sim.add(simFlow("plain", 0, { rate }), simFlow("sizes", 1, { rate, frames }));
    sim.settleCommands();
    sim.command("start", ["plain", "sizes"]);
    let before = 0;
    for (let k = 0; k < 400; k++) {
      sim.run(20_000);
      const [tx, rx] = sim.snapshot().ports;
      expect(tx!.txFrames).toBeGreaterThanOrEqual(rx!.rxFrames);
      expect(tx!.txBytes - rx!.rxBytes).toBeGreaterThanOrEqual((tx!.txFrames - rx!.rxFrames) * 64);
      expect(tx!.inRing).toBeGreaterThanOrEqual(0);
      before = Math.max(before, rx!.rxFrames);
    }
    expect(before).toBeGreaterThan(1000);
    sim.command("stop", ["plain", "sizes"]);
    sim.quiet();
    const [tx, rx] = sim.snapshot().ports;
    expect([tx!.txFrames, tx!.txBytes, tx!.inRing]).toEqual([rx!.rxFrames, rx!.rxBytes, 0]);
  },
);
