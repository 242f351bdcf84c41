/** 4,096 flows of every kind, and commands by chance: the sums are right at each sample. `PKTGEN_SESSION_RUNS`: more of it. */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { FlowCounters, FlowSpec, SessionSnapshot } from "../../../src/session/types.js";
import { SessionSim, type SimDevice, simFlow } from "../../support/session-sim.js";

const runs = Number(process.env["PKTGEN_SESSION_RUNS"] ?? 1);
const flowCount = 4_096;
const mix = { kind: "mix", parts: [64, 128, 256].map((frameBytes) => ({ frameBytes, weight: 1 })) } as const;
const changing = [
  { target: { field: "udp.srcPort" }, change: { kind: "increment", min: 2000, max: 2999, step: 1 } },
] as const;
const ramp = { kind: "shape", pieces: [{ durationNs: 5e6, fromShare: 0, toShare: 2 }], thenShare: 1 } as const;

/** Frames that differ, sizes that differ, laws, counts, times, delays, two ways. */
function specOf(number: number): FlowSpec {
  const { frames, ...plain } = simFlow(`f${number}`, number, { rate: { kind: "pps", pps: 50 + (number % 400) } });
  const [from, to] = number % 2 === 0 ? ["p0", "p1"] : ["p2", "p3"];
  const kinds: readonly Partial<FlowSpec>[] = [
    {},
    { frames: { ...frames, fields: changing } as never },
    { frames: { ...frames, size: mix } as never },
    { law: ramp },
    { law: { kind: "poisson", key: number } },
    { duration: { kind: "frames", frames: 1 + (number % 5) } },
    { duration: { kind: "seconds", seconds: 0.002 } },
    { delayNs: (number % 7) * 100_000 },
  ];
  return { ...plain, frames, from, to: [to], ...kinds[(number >> 1) % kinds.length] };
}

const step = fc.record({
  kind: fc.constantFrom(
    "start",
    "start",
    "start",
    "stop",
    "pause",
    "resume",
    "rate",
    "max",
    "replace",
    "gone",
    "stall",
  ),
  first: fc.nat(flowCount - 1),
  count: fc.integer({ min: 1, max: 600 }),
  pps: fc.integer({ min: 10, max: 2_000 }),
  forNs: fc.integer({ min: 0, max: 400_000 }),
  loses: fc.boolean(),
  isStill: fc.boolean(),
});

/** Counters of a generation only grow. */
function checkSums({ flows, ports }: SessionSnapshot, before: Map<string, FlowCounters>): void {
  const wrong: unknown[] = [];
  const inRing = new Map<string, number>();
  for (const flow of flows) {
    const { name, from, generation, sent, received, lost, inFlight, intended, missed, blocked } = flow;
    inRing.set(from, (inRing.get(from) ?? 0) + flow.inRing);
    const last = before.get(name);
    const isSame = last !== undefined && last.generation === generation;
    const holds =
      sent === received + lost + inFlight &&
      intended === sent + flow.inRing + missed + blocked &&
      [sent, received, lost, inFlight, flow.inRing, missed, blocked].every((count) => count >= 0) &&
      flow.sentBytes >= 64 * sent &&
      flow.sentBytes <= 256 * sent &&
      (!isSame || (sent >= last.sent && received >= last.received && missed >= last.missed));
    if (!holds) wrong.push([JSON.stringify(flow), JSON.stringify(last)]);
    before.set(name, flow);
  }
  expect(wrong).toEqual([]);
  for (const port of ports) {
    expect(inRing.get(port.name) ?? 0).toBeLessThanOrEqual(port.inRing);
    expect(port.rxFrames).toBe(port.test + port.stale);
    expect([port.foreign, port.corrupt]).toEqual([0, 0]);
  }
}

it("4,096 flows: whatever is asked, in whatever order", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 15, maxLength: 25 }), (steps) => {
      const sim = new SessionSim(4, flowCount);
      sim.turnNs = 4_000;
      const names = Array.from({ length: flowCount }, (_, k) => `f${k}`);
      sim.add(...names.map((_, k) => specOf(k)));
      const before = new Map<string, FlowCounters>();
      let [n, came, loses] = [0, 0, false];
      const device: SimDevice = (_, port) => {
        if (loses && n++ % 5 === 0) return [];
        came++;
        return [port ^ 1];
      };
      sim.command("start", names.slice(0, 2_000));
      sim.settleCommands(device);
      for (const { kind, first, count, pps, forNs, loses: losesNow, isStill } of steps) {
        const some = names.slice(first, first + count);
        loses = losesNow;
        if (isStill) sim.still.add(2);
        else sim.still.delete(2);
        if (kind === "gone") sim.replug(0, 1, forNs, device);
        else if (kind === "stall") sim.nowNs += 300 * forNs;
        else if (kind === "replace") {
          const few = some.slice(0, 5);
          for (const name of few) sim.remove(name, device);
          sim.add(...few.map((name) => specOf(Number(name.slice(1)))));
          for (const name of few) before.delete(name);
        } else if (kind === "max") sim.command("rate", [names[first & ~0xf]!], Number.POSITIVE_INFINITY);
        else sim.command(kind, some, kind === "rate" ? pps : undefined);
        // Now and then in the middle of the commands.
        if (count % 3 > 0) sim.settleCommands(device);
        sim.run(forNs, device);
        checkSums(sim.snapshot(), before);
      }
      sim.still.clear();
      sim.settleCommands(device);
      sim.command("stop", names);
      sim.settleCommands(device);
      sim.quiet(device);
      const { ports, flows } = sim.snapshot();
      checkSums(sim.snapshot(), before);
      expect(flows.filter(({ settled, inRing, inFlight }) => !settled || inRing > 0 || inFlight > 0)).toEqual([]);
      expect(ports[1]!.rxFrames + ports[3]!.rxFrames).toBe(came);
      expect(ports[2]!.txFrames).toBe(sim.taken.filter(({ port }) => port === 2).length);
    }),
    { numRuns: runs, ...(runs === 1 ? { seed: 14 } : {}) },
  );
}, 600_000);
