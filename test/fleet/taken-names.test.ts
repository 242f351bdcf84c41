/** Two agents that announce one name: the second is refused, and is told of the first. */
import { describe, expect, it } from "vitest";
import { LocalHub } from "../../src/fleet/local-bus.js";
import { protocolVersion } from "../../src/fleet/protocol.js";
import { failureOf, fleetRig } from "../support/fleet-rig.js";
import { simulatedAgent } from "../support/simulated-agents.js";

const { fleetOf, keep } = fleetRig();

describe("a name", () => {
  it("that another agent has is refused, with the host of that one and since when it is there", async () => {
    const { hub, agents } = await fleetOf([{}]);
    const failure = await failureOf(simulatedAgent(keep(hub.connect()), "a1"));
    expect(failure).toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(/^the name a1 is taken: an agent at host \S+ has it since \d{4}-\d\d-\d\dT/),
    });
    // The first one has heard of nothing.
    expect(await Promise.race([agents[0]!.taken, Promise.resolve("free")])).toBe("free");
  });

  it("that is free again can be had", async () => {
    const { hub, agents } = await fleetOf([{}]);
    await agents[0]![Symbol.asyncDispose]();
    keep(await simulatedAgent(keep(hub.connect()), "a1"));
  });

  for (const [when, since, ends] of [
    ["earlier", "2001-01-01T00:00:00.000Z", true],
    ["later", "9999-01-01T00:00:00.000Z", false],
  ] as const) {
    it(`that another agent turns out to have, which began ${when}: ${ends ? "this one" : "that one"} ends`, async () => {
      const hub = new LocalHub();
      const agent = keep(await simulatedAgent(keep(hub.connect()), "a1"));
      const other = { v: protocolVersion, from: "a1", incarnation: "other", host: "elsewhere", since };
      const bus = keep(hub.connect());
      let heard = 0;
      await bus.subscribe("beat.a1", () => void heard++);
      bus.publish("beat.a1", { ...other, run: null, trial: null, progress: null });
      const taken = await Promise.race([agent.taken, untilHeard(() => heard >= 2)]);
      expect(taken?.message ?? null).toEqual(
        ends ? `the name a1 is taken: an agent at host elsewhere has it since ${since}` : null,
      );
    });
  }
});

/** Its own beat comes behind the other's. */
async function untilHeard(isHeard: () => boolean): Promise<null> {
  while (!isHeard()) await new Promise((resolve) => setTimeout(resolve, 20));
  return null;
}
