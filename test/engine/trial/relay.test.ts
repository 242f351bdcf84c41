/** A relay that does things to frames, where only the clock moves: what is counted is what its log says. */
import { describe, expect, it } from "vitest";
import { fixedSize } from "../../../src/units.js";
import { baseOrder, echo, GeneratorSim } from "../../support/generator-sim.js";
import { accountOf, RelayDevice, rangesOf, relayCases } from "../../support/relay-plan.js";

const frames = 400;
const order = { size: fixedSize(128), count: frames, integrity: true } as const;

/** The frames of a run with another identity. */
function framesOfAnotherRun(): Uint8Array[] {
  const keeper = new RelayDevice({ steps: [] });
  new GeneratorSim().run({ ...order, trial: baseOrder.trial + 77 * 256 }, keeper.device);
  return keeper.kept;
}

describe("behind a relay that", () => {
  const others = framesOfAnotherRun();

  it.each(relayCases.map((each) => [each.name, each] as const))("%s, everything is counted as it says", (_, plan) => {
    const relay = new RelayDevice(plan, others);
    const { transmit, receive } = new GeneratorSim().run(order, relay.device);
    const expected = accountOf(relay.log());
    expect(expected.sent).toBe(frames);
    expect(transmit.queues[0]).toMatchObject({ published: frames, outstanding: 0 });
    expect(receive).toMatchObject({
      accepted: expected.accepted,
      duplicate: expected.duplicate,
      reordered: expected.reordered,
      stale: expected.inserted,
      foreign: expected.injected,
      tooOld: 0,
      lostRanges: rangesOf(expected.notAccepted),
      lostRangesComplete: true,
    });
    const { max, mean } = receive.reorderExtent ?? { max: 0, mean: 0 };
    expect(max).toBe(expected.extent?.max ?? 0);
    expect(mean).toBeCloseTo(expected.extent?.mean ?? 0, 9);
    const { signature, padded, trimmed, payload } = receive.corruptKinds;
    expect(signature + padded + trimmed + payload).toBe(expected.damaged);
  });

  it("stands still says nothing by itself: echo gives everything back", () => {
    expect(new GeneratorSim().run(order, echo).receive.accepted).toBe(frames);
  });
});
