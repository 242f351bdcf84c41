/** An agent's clock that is set between two trials: its offset is found anew. */
import { expect, it } from "vitest";
import { LocalHub } from "../../src/fleet/local-bus.js";
import { fleetRig, fleetRequest as request } from "../support/fleet-rig.js";
import { simulatedAgent } from "../support/simulated-agents.js";

const { benchOn, keep } = fleetRig();
const hostNs = (): number => Number(process.hrtime.bigint());

/** A run over two agents, of which the second one reads this clock. */
async function benchWith(nowNs: () => number) {
  const hub = new LocalHub();
  keep(await simulatedAgent(keep(hub.connect()), "a1"));
  keep(await simulatedAgent(keep(hub.connect()), "a2", {}, { clock: { id: "another host", nowNs } }));
  return benchOn(keep(hub.connect()), { names: ["a1", "a2"], startWithinNs: 1e9 });
}

it("a clock that is set between two trials is compared anew", async () => {
  let aheadNs = 5e12;
  const bench = await benchWith(() => hostNs() + aheadNs);
  for (const index of [0, 1]) {
    const trials = await bench.trial(request, index);
    expect(trials[0]).toMatchObject({ verdict: "pass", sent: 1_000, fleet: { lost: [], left: [] } });
    const clock = (await bench.document(trials, new Date(0))).fleet!.agents[1]!.clock!;
    expect(Math.abs(clock.offsetNs - aheadNs)).toBeLessThanOrEqual(clock.boundNs + 1);
    aheadNs += 3e9;
  }
});
