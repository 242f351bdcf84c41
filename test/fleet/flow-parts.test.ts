/** What senders and receivers of different hosts are told: who has which address, and what cannot be done. */
import { describe, expect, it } from "vitest";
import { checkFlowPlan, flowParts } from "../../src/fleet/flow-work.js";
import { type Offer, planOf } from "../../src/fleet/part.js";
import { decodeWire, encodeWire } from "../../src/fleet/wire.js";
import { agentsOf, type FlowList } from "../../src/options/fleet-flows.js";
import type { RunOptions } from "../../src/options/run-options.js";
import { planRun } from "../../src/options/run-plan.js";
import { parseProfile } from "../../src/profile/index.js";
import { addressEnds } from "../support/address-ends.js";

const offer: Offer = { ports: ["null:"], allowPrograms: false, yesThisInterface: false };
const flowsOf = (...pairs: readonly [string, string][]): FlowList =>
  pairs.map(([from, to]) => ({ from: { agent: from, port: "null:" }, to: { agent: to, port: "null:" } }));
const planFor = (yaml: string | null, options: RunOptions = {}) => {
  const profile = yaml === null ? null : parseProfile(yaml, "p.yaml");
  return planRun({ dut: "external", tx: "null:", sizes: "256", ...options }, profile, "pktgen-ts");
};

/** By agent: what it sends, and the addresses of what comes in, which it announces. */
function toldOf(flows: FlowList, yaml: string | null = null) {
  const names = agentsOf(flows);
  const parts = flowParts(planFor(yaml), flows, names);
  const plans = parts.map((part) => planOf(decodeWire(encodeWire(part)) as typeof part, offer));
  return plans.map(({ stream, incoming = stream }) => ({ sent: addressEnds(stream), incoming: addressEnds(incoming) }));
}

const streams = `sizes: 256
streams:
  - { name: a, packet: [ethernet, ipv4, udp] }
  - { name: b, packet: [ethernet: { dst: 02:00:00:00:00:88 }, ipv6, udp] }
`;

describe("flows", () => {
  it("of two agents to each other: each announces the address that the other sends to", () => {
    for (const yaml of [null, streams]) {
      const [a, b] = toldOf(flowsOf(["a", "b"], ["b", "a"]), yaml);
      expect(a!.incoming).toEqual(b!.sent);
      expect(b!.incoming).toEqual(a!.sent);
      expect(a!.sent[0]).toMatchObject({ srcMac: "02:00:00:00:00:01", dstMac: "02:00:00:00:00:02" });
      expect(b!.sent[0]).toMatchObject({ srcMac: "02:00:00:00:01:01", dstMac: "02:00:00:00:01:02" });
    }
  });

  it("to one receiver go to one address, which it announces; what a profile names stays", () => {
    for (const yaml of [null, streams]) {
      const [first, second, hub] = toldOf(flowsOf(["a", "hub"], ["b", "hub"]), yaml);
      const to = { dstMac: "02:00:00:00:00:02", dst: "198.19.0.1" };
      for (const told of [first!.sent, second!.sent, hub!.incoming]) expect(told[0]).toMatchObject(to);
      expect(second!.sent[0]).toMatchObject({ srcMac: "02:00:00:00:01:01", src: "198.18.0.2" });
      if (yaml !== null)
        expect(second!.sent[1]).toMatchObject({ dstMac: "02:00:00:00:00:88", dst: "2001:2:0:8000::1" });
    }
  });

  it("have no addresses of ports", () => {
    const plan = planFor(null, { txAddress: "198.18.0.10/24" });
    expect(() => checkFlowPlan(plan)).toThrow(
      expect.objectContaining({ exitCode: 2, message: expect.stringMatching(/addresses of ports cannot be done/) }),
    );
  });
});
