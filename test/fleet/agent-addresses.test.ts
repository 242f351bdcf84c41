/** Agents of one run that meet on one switch can be told apart there; what the run names stays as it is. */
import { describe, expect, it } from "vitest";
import { type Offer, planOf, toldPlans } from "../../src/fleet/part.js";
import { decodeWire, encodeWire } from "../../src/fleet/wire.js";
import { externalOf, neighbourStreams, respondersOf } from "../../src/measure/external.js";
import type { RunPlan } from "../../src/measure/plan.js";
import type { RunOptions } from "../../src/options/run-options.js";
import { planRun } from "../../src/options/run-plan.js";
import { buildFrame } from "../../src/packet/index.js";
import { parseProfile } from "../../src/profile/index.js";
import { addressEnds } from "../support/address-ends.js";

const offer: Offer = { ports: ["null:", "null:,queues=1"], allowPrograms: false, yesThisInterface: false };
const router = "02:00:00:00:00:aa";

const planFor = (options: RunOptions, yaml: string | null = null): RunPlan =>
  planRun(
    { dut: "external", tx: "null:", rx: "null:,queues=1", sizes: "256", ...options },
    yaml === null ? null : parseProfile(yaml, "p.yaml"),
    "pktgen-ts",
  );

/** What each agent sends: its part went over the wire, and its gateway answered. */
async function sentBy(agents: number, options: RunOptions, yaml: string | null = null) {
  const parts = toldPlans(planFor(options, yaml), agents);
  const plans = parts.map((part) => planOf(decodeWire(encodeWire(part)) as typeof part, offer));
  return Promise.all(
    plans.map(async (plan) => {
      const choice = externalOf(plan)!;
      const [forward] = await neighbourStreams(
        choice,
        plan.stream,
        respondersOf(choice, plan.stream),
        { resolve: async () => router },
        plan.bidirectional,
      );
      return forward;
    }),
  );
}

const endsBy = async (agents: number, options: RunOptions, yaml: string | null = null): Promise<object[][]> =>
  (await sentBy(agents, options, yaml)).map(addressEnds);

const [first, second] = [
  { srcMac: "02:00:00:00:00:01", dstMac: "02:00:00:00:00:02", src: "198.18.0.1", dst: "198.19.0.1" },
  { srcMac: "02:00:00:00:01:01", dstMac: "02:00:00:00:01:02", src: "198.18.0.2", dst: "198.19.0.2" },
];

describe("agents on one switch", () => {
  it("have their own addresses at both ends", async () => expect(await endsBy(2, {})).toEqual([[first], [second]]));

  it("have their own IPv6 addresses", async () =>
    expect(await endsBy(2, { ip: "6" })).toEqual([
      [{ ...first, src: "2001:2::1", dst: "2001:2:0:8000::1" }],
      [{ ...second, src: "2001:2::2", dst: "2001:2:0:8000::2" }],
    ]));

  it("keep what options name", async () => {
    const [srcMac, dstMac] = ["02:00:00:00:00:77", "02:00:00:00:00:88"];
    expect(await endsBy(2, { srcMac })).toEqual([[{ ...first, srcMac }], [{ ...second, srcMac }]]);
    expect(await endsBy(2, { dstMac })).toEqual([[{ ...first, dstMac }], [{ ...second, dstMac }]]);
  });

  it("keep what a profile names, plain or in streams", async () => {
    expect(await endsBy(2, {}, "ip: { dst: 198.19.0.7 }")).toEqual([
      [{ ...first, dst: "198.19.0.7" }],
      [{ ...second, dst: "198.19.0.7" }],
    ]);
    const streams = `sizes: 256
streams:
  - { name: a, packet: [ethernet, ipv4: { src: 198.18.0.1 }, udp] }
  - { name: b, packet: [ethernet: { dst: 02:00:00:00:00:88 }, ipv6, udp] }
`;
    const v6 = { src: "2001:2::2", dst: "2001:2:0:8000::2" };
    expect((await endsBy(2, {}, streams))[1]).toEqual([
      { ...second, src: "198.18.0.1" },
      { ...second, ...v6, dstMac: "02:00:00:00:00:88" },
    ]);
  });

  it("have blocks of source addresses that do not meet, where flows need several", async () => {
    const [, other] = await sentBy(2, { flows: "65536" });
    expect(other!.plain!.srcAddress).toBe("198.18.0.3");
    expect(() => toldPlans(planFor({ flows: "16777216" }), 128)).toThrow(
      expect.objectContaining({ exitCode: 2, message: expect.stringMatching(/no addresses for agent 128/) }),
    );
  });

  it("send what they are said to send", async () => {
    const [, other] = await sentBy(2, {});
    const frame = buildFrame(other!.streams[0]!.layers, 60);
    expect(Buffer.from(frame).subarray(0, 12).toString("hex")).toBe("020000000102020000000101");
  });

  it("of a built-in device each have one of their own, and the plan's addresses", () => {
    const plan = planRun({ sizes: "64" }, null, "pktgen-ts");
    expect(toldPlans(plan, 2).map((part) => part["stream"])).toEqual([plan.stream, plan.stream]);
  });
});

describe("agents whose ports have addresses", () => {
  const ports = { txAddress: "198.18.0.10/24,2001:2::10/64", rxAddress: "198.18.1.10/24", gateway: "198.18.0.1" };

  it("count up from the ones that are given, and ask the gateway", async () => {
    const plans = toldPlans(planFor(ports), 3).map((part) => planOf(part, offer));
    expect(plans.map((plan) => respondersOf(externalOf(plan)!, plan.stream))[2]).toEqual([
      { mac: "02:00:00:00:02:01", ipv4: ["198.18.0.12"], ipv6: ["2001:2::12"], vlan: null },
      { mac: "02:00:00:00:02:02", ipv4: ["198.18.1.12"], ipv6: [], vlan: null },
    ]);
    const [, , third] = await endsBy(3, ports);
    const expected = { srcMac: "02:00:00:00:02:01", dstMac: router, src: "198.18.0.12", dst: "198.18.1.12" };
    expect(third).toEqual([expected]);
    const stream = "sizes: 256\nstreams:\n  - { name: a, packet: [ethernet, ipv4, udp] }\n";
    expect((await endsBy(3, ports, stream))[2]).toEqual([expected]);
  });

  for (const [what, options, sentence] of [
    [
      "leave their network",
      { txAddress: "198.18.0.253/24" },
      /agent 4 would have 198.18.1.0, which is not in the netw/,
    ],
    [
      "meet those of the other port",
      { txAddress: "198.18.0.2/24", rxAddress: "198.18.0.4/24" },
      /198.18.0.4 would be two ports'/,
    ],
    ["meet the gateway", { txAddress: "198.18.0.2/24", gateway: "198.18.0.4" }, /198.18.0.4 is the gateway's/],
  ] as const) {
    it(`that ${what} are refused`, () =>
      expect(() => toldPlans(planFor(options), 4)).toThrow(
        expect.objectContaining({ exitCode: 2, message: expect.stringMatching(sentence) }),
      ));
  }
});
