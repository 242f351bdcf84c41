/** What streams of a profile leave open is filled in from a port's addresses and gateways, as of plain traffic. */
import { describe, expect, it } from "vitest";
import { externalOf, neighbourStreams, respondersOf } from "../../src/measure/external.js";
import type { RunPlan } from "../../src/measure/plan.js";
import type { RunOptions } from "../../src/options/run-options.js";
import { planRun } from "../../src/options/run-plan.js";
import { dissect } from "../../src/packet/index.js";
import { parseProfile } from "../../src/profile/index.js";
import type { TrafficSpec, TrafficStream } from "../../src/stream/spec/traffic.js";
import { addressEnds, endsOf } from "../support/address-ends.js";

const router4 = "02:00:00:00:00:aa";
const router6 = "02:00:00:00:00:66";
const back4 = "02:00:00:00:00:bb";
/** What the ports have for themselves: `null:` has no interface that would say. */
const [here, there] = ["02:00:00:00:00:01", "02:00:00:00:00:02"];

const external: RunOptions = {
  dut: "external",
  tx: "null:",
  rx: "null:,queues=1",
  txAddress: "198.18.0.2/24",
  gateway: "198.18.0.1",
  rxAddress: "198.18.1.2/24",
  rxGateway: "198.18.1.1",
  bidirectional: true,
  sizes: "256",
};

const planOf = (yaml: string | null, options: RunOptions = {}): RunPlan =>
  planRun({ ...external, ...options }, yaml === null ? null : parseProfile(yaml, "p.yaml"), "pktgen-ts");

/** Asked: `port target`. */
async function addressed(plan: RunPlan, asked: string[] = []): Promise<readonly [TrafficSpec, TrafficSpec]> {
  const choice = externalOf(plan)!;
  const resolve = async (port: number, target: string): Promise<string> => {
    asked.push(`${port} ${target}`);
    return target.includes(":") ? router6 : port === 0 ? router4 : back4;
  };
  return neighbourStreams(choice, plan.stream, respondersOf(choice, plan.stream), { resolve }, plan.bidirectional);
}

const oneStream = (packet: string, more = ""): string =>
  `sizes: 256\nstreams:\n  - { name: a, packet: ${packet}${more} }\n`;

describe("a stream that says no address", () => {
  it("is addressed as plain traffic is, in both directions", async () => {
    const [forward, reverse] = await addressed(planOf(oneStream("[ethernet, ipv4, tcp]")));
    const [plainForward, plainReverse] = await addressed(planOf(null));
    expect(addressEnds(forward)).toEqual([{ srcMac: here, dstMac: router4, src: "198.18.0.2", dst: "198.18.1.2" }]);
    expect(addressEnds(reverse)).toEqual([{ srcMac: there, dstMac: back4, src: "198.18.1.2", dst: "198.18.0.2" }]);
    expect(addressEnds(forward)).toEqual(addressEnds(plainForward));
    expect(addressEnds(reverse)).toEqual(addressEnds(plainReverse));
  });

  it("goes to the other port where there is no gateway", async () => {
    const without = { gateway: undefined, rxGateway: undefined };
    const [forward, reverse] = await addressed(
      planOf(oneStream("[ethernet, ipv4, udp]"), without as unknown as RunOptions),
    );
    expect(addressEnds(forward)).toMatchObject([{ srcMac: here, dstMac: there }]);
    expect(addressEnds(reverse)).toMatchObject([{ srcMac: there, dstMac: here }]);
  });

  it("has the address of its IP version, and one gateway serves both", async () => {
    const yaml = `${oneStream("[ethernet, ipv6, udp]")}  - { name: b, packet: [ethernet, ipv4, udp] }\n`;
    const both = { txAddress: "198.18.0.2/24,2001:2::2/64", rxAddress: "198.18.1.2/24,2001:2:0:1::2/64" };
    const asked: string[] = [];
    const [forward] = await addressed(planOf(yaml, both), asked);
    expect(addressEnds(forward)).toEqual([
      { srcMac: here, dstMac: router4, src: "2001:2::2", dst: "2001:2:0:1::2" },
      { srcMac: here, dstMac: router4, src: "198.18.0.2", dst: "198.18.1.2" },
    ]);
    expect(asked).toEqual(["0 198.18.0.1", "1 198.18.1.1"]);
    const [own] = await addressed(planOf(yaml, { ...both, gateway: "198.18.0.1,2001:2::1" }));
    expect(addressEnds(own)).toMatchObject([{ dstMac: router6 }, { dstMac: router4 }]);
  });

  it("keeps its inner addresses: only the outermost headers are the run's", async () => {
    const packet = "[ethernet, ipv4, udp, vxlan: { vni: 5 }, ethernet, ipv4, udp]";
    const [forward] = await addressed(planOf(oneStream(packet)));
    const { layers } = (forward as { streams: readonly TrafficStream[] }).streams[0]!;
    expect(endsOf(layers.slice(4))).toEqual({
      srcMac: "02:00:00:00:00:01",
      dstMac: "00:11:22:33:44:10",
      src: "198.18.0.1",
      dst: "198.19.0.1",
    });
  });

  it("without IP takes the MAC addresses alone, and one that begins with bytes of its own nothing", async () => {
    const yaml = `${oneStream("[ethernet, lldp: { tlvs: [] }]")}`.replace(
      "lldp: { tlvs: [] }",
      'raw: { bytes: "01 02" }',
    );
    const [forward] = await addressed(planOf(yaml));
    expect(addressEnds(forward)).toEqual([{ srcMac: here, dstMac: router4 }]);
  });

  it("asks through the tag that all its frames have", () => {
    const tag = (ids: string) => planOf(oneStream(`[ethernet, vlan: { id: ${ids} }, ipv4, udp]`));
    const plan = tag("100");
    expect(respondersOf(externalOf(plan)!, plan.stream)[0]).toMatchObject({ vlan: 100 });
    const other = planOf(
      `${oneStream("[ethernet, vlan: { id: 1 }, ipv4, udp]")}  - { name: b, packet: [ethernet, ipv4, udp] }\n`,
    );
    expect(respondersOf(externalOf(other)!, other.stream)[0]).toMatchObject({ vlan: null });
  });

  it("a pinned one has ports that suit the addresses it gets", async () => {
    const yaml = oneStream("[ethernet, ipv4, udp]", ", pin: { queue: 3, of: 4 }");
    const given = oneStream(
      "[ethernet, ipv4: { src: 198.18.0.2, dst: 198.18.1.2 }, udp]",
      ", pin: { queue: 3, of: 4 }",
    );
    const portOf = (traffic: TrafficSpec): number => {
      const { layers } = (traffic as { streams: readonly TrafficStream[] }).streams[0]!;
      return (layers[2] as { srcPort: number }).srcPort;
    };
    const [filled] = await addressed(planOf(yaml));
    const [own] = await addressed(planOf(given));
    expect(portOf(filled)).toBe(portOf(own));
    expect(portOf(planOf(yaml).stream)).not.toBe(portOf(filled));
  });
});

describe("what a stream says itself", () => {
  it("wins, field by field", async () => {
    const own = oneStream('[ethernet: { dst: "02:00:00:00:00:77" }, ipv4: { src: 198.18.0.9 }, udp]');
    const mixed = `${own}  - { name: b, packet: [ethernet, ipv4, udp] }\n`;
    const [forward, reverse] = await addressed(planOf(mixed));
    expect(addressEnds(forward)).toEqual([
      { srcMac: here, dstMac: "02:00:00:00:00:77", src: "198.18.0.9", dst: "198.18.1.2" },
      { srcMac: here, dstMac: router4, src: "198.18.0.2", dst: "198.18.1.2" },
    ]);
    expect(addressEnds(reverse)).toMatchObject([
      { srcMac: "02:00:00:00:00:77", dstMac: back4, src: "198.18.1.2", dst: "198.18.0.9" },
      { srcMac: there, dstMac: back4 },
    ]);
    expect(planOf(mixed).notes).toEqual([
      'stream "a" sets ethernet.dst itself, not --gateway 198.18.0.1',
      'stream "a" sets ipv4.src itself; --tx-address is what the port answers for',
    ]);
  });

  it("is its own even where it is the usual address", async () => {
    const [forward] = await addressed(planOf(oneStream("[ethernet, ipv4: { src: 198.18.0.1, dst: 198.19.0.1 }, udp]")));
    expect(addressEnds(forward)).toMatchObject([{ src: "198.18.0.1", dst: "198.19.0.1" }]);
  });

  it("a change of the whole field counts as said", () => {
    const fields = ", fields: [{ field: ipv4.src, increment: { min: 198.18.0.10, max: 198.18.0.20 } }]";
    expect(planOf(oneStream("[ethernet, ipv4, udp]", fields)).notes).toEqual([
      'stream "a" sets ipv4.src itself; --tx-address is what the port answers for',
    ]);
  });

  it("refuses an option that no frame would take", () => {
    const own = oneStream('[ethernet: { dst: "02:00:00:00:00:77", src: "02:00:00:00:00:78" }, ipv4, udp]');
    expect(() => planOf(own)).toThrow(
      expect.objectContaining({
        message: "every stream sets ethernet.dst itself, so that no frame has 198.18.0.1 there",
        where: "--gateway",
        accepted: "streams that leave ethernet.dst out, or no --gateway",
      }),
    );
    const without = { gateway: undefined } as unknown as RunOptions;
    expect(() => planOf(own, without)).toThrow(expect.objectContaining({ where: "--rx-gateway" }));
    const alone = { sizes: "256" };
    const profile = parseProfile(own, "p.yaml");
    expect(() => planRun({ ...alone, dstMac: "02:00:00:00:00:99" }, profile, "")).toThrow(
      expect.objectContaining({ where: "--dst-mac" }),
    );
    expect(() => planRun({ ...alone, srcMac: "02:00:00:00:00:99" }, profile, "")).toThrow(
      expect.objectContaining({ where: "--src-mac" }),
    );
  });
});

describe("--dst-mac and --src-mac", () => {
  const macs = { dstMac: "02:00:00:00:00:99", srcMac: "02:00:00:00:00:98" };

  it("are of streams that leave them open, whatever the device", () => {
    const profile = parseProfile(oneStream("[ethernet, ipv4, tcp]"), "p.yaml");
    const plan = planRun({ sizes: "256", ...macs }, profile, "");
    expect(addressEnds(plan.stream)).toMatchObject([{ srcMac: macs.srcMac, dstMac: macs.dstMac }]);
    expect(plan.notes).toBeUndefined();
  });

  it("win over what a port's side would say, and the port answers with the source", async () => {
    const { srcMac, dstMac } = macs;
    const plan = planOf(oneStream("[ethernet, ipv4, udp]"), {
      srcMac,
      dstMac,
      gateway: undefined,
    } as unknown as RunOptions);
    const [forward] = await addressed(plan);
    expect(addressEnds(forward)).toMatchObject([{ srcMac, dstMac, src: "198.18.0.2" }]);
    expect(respondersOf(externalOf(plan)!, plan.stream)[0]).toMatchObject({ mac: srcMac });
  });

  it("are noted where some streams set their own", () => {
    const yaml = `${oneStream('[ethernet: { dst: "02:00:00:00:00:77" }, ipv4, udp]')}  - [x]\n`.replace(
      "  - [x]",
      "  - { name: b, packet: [ethernet, ipv4, udp] }",
    );
    const plan = planRun({ sizes: "256", dstMac: macs.dstMac }, parseProfile(yaml, "p.yaml"), "");
    expect(plan.notes).toEqual([`stream "a" sets ethernet.dst itself, not --dst-mac ${macs.dstMac}`]);
  });
});

describe("plain traffic", () => {
  it("of a profile keeps the address that the profile gives, and that one alone", async () => {
    const plan = planOf("ip: { dst: 198.19.0.7 }");
    const [forward] = await addressed(plan);
    expect(addressEnds(forward)).toMatchObject([{ src: "198.18.0.2", dst: "198.19.0.7" }]);
    expect(plan.notes).toEqual(["the profile sets ip.dst itself; --rx-address is what the port answers for"]);
  });

  it("of the other IP version says so, and still goes to the router", async () => {
    const plan = planOf(null, { ip: "6" });
    const [forward] = await addressed(plan);
    expect(addressEnds(forward)).toMatchObject([{ dstMac: router4, src: "2001:2::1" }]);
    expect(plan.notes).toEqual([
      "--tx-address has no IPv6 address: IPv6 frames come from the usual one",
      "--rx-address has no IPv6 address: IPv6 frames go to the usual one",
    ]);
  });
});

describe("a program's traffic", () => {
  it("goes one way through an external device", async () => {
    const spec = planOf(oneStream("[ethernet, ipv4, udp]")).stream as { streams: readonly TrafficStream[] };
    const program = {
      ...spec,
      streams: spec.streams.map((each) => ({ ...each, program: { url: "file:///p", stream: 0 } })),
    };
    const plan = { ...planOf(null), bidirectional: false, stream: program as unknown as TrafficSpec };
    const [forward] = await addressed(plan);
    expect(addressEnds(forward)).toMatchObject([{ dstMac: router4, dst: "198.18.1.2" }]);
  });
});

it("the filled frame is one that a dissector reads", async () => {
  const { buildFrame } = await import("../../src/packet/index.js");
  const [forward] = await addressed(planOf(oneStream("[ethernet, ipv4, udp]")));
  const { layers } = (forward as { streams: readonly TrafficStream[] }).streams[0]!;
  const read = dissect(buildFrame(layers, 60)).layers.map(({ header }) => header);
  expect(endsOf(read)).toEqual({ srcMac: here, dstMac: router4, src: "198.18.0.2", dst: "198.18.1.2" });
});
