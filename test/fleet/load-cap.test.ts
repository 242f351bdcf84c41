/** What an agent with a limit sends: never more than that, however the load is said. */
import { describe, expect, it } from "vitest";
import { checkCap } from "../../src/fleet/load-cap.js";
import { fleetPlan, fleetRequest } from "../support/fleet-rig.js";

const half = { index: 0, of: 2 };
const capped =
  (maxPps: number | null, request = {}, plan = {}) =>
  () =>
    checkCap({ ...fleetPlan, ...plan }, { ...fleetRequest, ...request }, half, maxPps);

describe("a limit of an agent", () => {
  it("is of its share", () => {
    expect(capped(50_000)).not.toThrow();
    expect(capped(49_999)).toThrow(/its share of 50kpps is more than it sends/);
    expect(capped(null, { pps: null })).not.toThrow();
  });

  it("is of the greatest step", () => {
    const steps = [
      { pps: 10_000, durationNs: 1e9 },
      { pps: 190_000, durationNs: 1e9 },
    ];
    expect(capped(94_000, { steps })).toThrow(/its share of 95kpps/);
  });

  it("is of what streams send at their own rates, whatever the request says", () => {
    const streams = fleetPlan.stream.streams.map((stream) => ({ ...stream, rate: { kind: "pps", pps: 1e6 } as const }));
    const plan = { ownRates: true, stream: { ...fleetPlan.stream, streams } };
    expect(capped(100, { pps: 1, count: null, durationNs: 1e9 }, plan)).toThrow(/its share of 500kpps/);
  });

  it("refuses what has none", () => expect(capped(1e9, { pps: null })).toThrow(/a trial at max has no limit/));
});
