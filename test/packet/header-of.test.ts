/** A header is made from the words of a profile. */
import { describe, expect, it } from "vitest";
import { PktgenError } from "../../src/errors.js";
import {
  ethernet,
  gtpu,
  headerOf,
  type Input,
  icmpEcho,
  icmpv6Echo,
  igmpQuery3,
  igmpReport3,
  inputsOf,
  ipv4,
  linkLayerOption,
  lldp,
  lldpText,
  mtuOption,
  neighbourSolicitation,
  type ProtocolName,
  parseIpv4,
  parseIpv6,
  parseMac,
  pduSession,
  pppoe,
  pppoeDiscovery,
  prefixOption,
  protocolNameOf,
  protocolNames,
  routerAdvertisement,
  sctp,
  sctpInit,
  segmentRoute,
  tcp,
  tcpOptions,
  udp,
  vlan,
} from "../../src/packet/index.js";

const lineOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof PktgenError) return error.toLine();
    throw error;
  }
  return "nothing thrown";
};

const [src, dst] = [parseIpv4("198.18.0.1"), parseIpv4("198.19.0.1")];
const srcMac = parseMac("02:00:00:00:00:01");
const target = parseIpv6("2001:2::9");

describe("a header from words", () => {
  it("is the plan's where nothing is said", () => {
    expect(headerOf("ethernet", {})).toEqual(ethernet({ dst: parseMac("00:11:22:33:44:10"), src: srcMac }));
    expect(headerOf("ipv4", {})).toEqual(ipv4({ src, dst }));
    expect(headerOf("udp", {})).toEqual(udp({ srcPort: 1024 }));
  });

  it.each([
    [
      headerOf("vlan", { id: "0x64", tpid: "service", dropEligible: true }),
      vlan({ id: 100, tpid: 0x88a8, dropEligible: true }),
    ],
    [
      headerOf("ipv4", { ttl: 3, flags: "dontFragment", options: "94 04 00:00", wrong: { checksum: 7 } }),
      ipv4({ src, dst, ttl: 3, flags: 2, options: Uint8Array.of(0x94, 4, 0, 0), wrong: { checksum: 7 } }),
    ],
    [
      headerOf("tcp", { flags: "syn", mss: 1460, windowScale: 7 }),
      tcp({
        srcPort: 1024,
        dstPort: 9,
        flags: 2,
        options: tcpOptions([
          { kind: "mss", mss: 1460 },
          { kind: "windowScale", shift: 7 },
        ]),
      }),
    ],
    [headerOf("icmp", { type: "echoRequest", identifier: 1, sequence: 2 }), icmpEcho({ identifier: 1, sequence: 2 })],
    [
      headerOf("icmpv6", { type: "echoReply", identifier: 1, sequence: 2 }),
      icmpv6Echo({ identifier: 1, sequence: 2, reply: true }),
    ],
    [
      headerOf("icmpv6", { type: "neighbourSolicitation", target: "2001:2::9", sourceMac: "02:00:00:00:00:01" }),
      neighbourSolicitation({ target, options: [linkLayerOption("source", srcMac)] }),
    ],
    [
      headerOf("icmpv6", {
        type: "routerAdvertisement",
        lifetime: 9,
        mtu: 1400,
        prefix: { prefix: "2001:2::9", prefixBits: 64 },
      }),
      routerAdvertisement({
        lifetime: 9,
        options: [mtuOption(1400), prefixOption({ prefix: target, prefixBits: 64 })],
      }),
    ],
    [headerOf("igmp", { version: 3 }), igmpQuery3({})],
    [headerOf("igmp", { records: [{ type: "exclude", group: "198.18.0.1" }] }), igmpReport3([{ type: 2, group: src }])],
    [
      headerOf("sctp", { init: { initiateTag: 5 } }),
      sctp({ srcPort: 1024, dstPort: 9, chunks: [sctpInit({ initiateTag: 5 })] }),
    ],
    [headerOf("ipv6Routing", { segments: ["2001:2::9"], tag: 3 }), segmentRoute({ segments: [target], tag: 3 })],
    [
      headerOf("gtpu", { teid: 1, pduSession: { direction: "uplink", qosFlow: 9 } }),
      gtpu({ teid: 1, extensions: [pduSession("uplink", 9)] }),
    ],
    [headerOf("pppoe", { sessionId: 9 }), pppoe({ sessionId: 9 })],
    [
      headerOf("pppoe", { code: "padi", tags: [{ type: 0x0101 }] }),
      pppoeDiscovery({ code: 9, tags: [{ type: 0x0101, value: new Uint8Array(0) }] }),
    ],
    [
      headerOf("lldp", { systemName: "dut" }),
      lldp({ chassisMac: srcMac, portName: "eth0", tlvs: [lldpText(5, "dut")] }),
    ],
  ])("%#: is what its constructor makes", (is, expected) => expect(is).toEqual(expected));

  it.each([
    [() => headerOf("vlan", {}), "vlan: vlan needs id; accepted: 0 to 4095"],
    [() => headerOf("vlan", { id: 4096 }), "vlan.id: 4096 is not accepted; accepted: 0 to 4095"],
    [() => headerOf("vlan", { id: "1e2" }), 'vlan.id: "1e2" is not accepted; accepted: 0 to 4095'],
    [() => headerOf("ipv4", { tll: 4 }), 'ipv4.tll: ipv4 has no field "tll"; accepted: src, .*; did you mean ttl\\?'],
    [() => headerOf("ipv4", { src: "1.2.3" }), 'ipv4.src: "1.2.3" is not an IPv4 address'],
    [() => headerOf("ipv4", { options: "9" }), 'ipv4.options: "9" is not accepted; accepted: pairs of hex digits'],
    [() => headerOf("ipv4", { wrong: { checksum: 65_536 } }), "ipv4.wrong.checksum: 65536 is not accepted"],
    [() => headerOf("gre", { checksummed: "yes" }), 'gre.checksummed: "yes" is not accepted; accepted: true or false'],
    [() => headerOf("igmp", { records: [{ type: 9 }] }), "igmp.records\\[0\\]: igmp.records\\[0\\] needs group"],
    [() => headerOf("tcp", { flags: "sin" }), 'tcp.flags: "sin" is not accepted; accepted: cwr, .*, or 0 to 255'],
    [
      () => headerOf("vlan", { id: 1, tpid: 0x9200 }),
      "vlan.tpid: 37376 is not accepted; accepted: customer \\(0x8100\\), service \\(0x88a8\\), qinq \\(0x9100\\); for any ",
    ],
    [() => headerOf("vlan", { id: 1, tpid: "0x9100" }), "nothing thrown"],
    [() => headerOf("vlan", { id: 1 }, "a.yaml:3:5"), "nothing thrown"],
    [
      () => protocolNameOf("icpm", "packet"),
      'packet: there is no protocol "icpm"; accepted: ethernet, .*; did you mean icmp\\?',
    ],
  ])("is refused in a sentence: %#", (act, line) => expect(lineOf(act)).toMatch(new RegExp(`^${line}`)));
});

const largest = ({ bits, names, only }: Extract<Input, { kind: "uint" }>): number =>
  only === undefined ? 2 ** bits - 1 : Math.max(...Object.values(names ?? {}));

const sample = (input: Input): unknown => {
  const samples = { mac: "02:00:00:00:00:01", ipv4: "198.18.0.1", ipv6: "2001:2::1", flag: true, text: "x" } as const;
  if (input.kind === "uint") return largest(input);
  if (input.kind === "choice") return input.of[0];
  if (input.kind === "list") return [sample(input.of)];
  if (input.kind === "bytes") return "0102030405060708090a0b0c0d0e";
  if (input.kind !== "object") return samples[input.kind];
  return Object.fromEntries(Object.entries(input.of).map(([name, of]) => [name, sample(of)]));
};

describe.each(protocolNames.map((name) => ({ name })))("$name", ({ name }: { name: ProtocolName }) => {
  const inputs = Object.entries(inputsOf(name));
  const needed = Object.fromEntries(
    inputs.filter(([, { needed }]) => needed).map(([field, input]) => [field, sample(input)]),
  );

  it("takes the largest value of each number", () => {
    for (const [field, input] of inputs) {
      if (input.kind !== "uint") continue;
      const header = headerOf(name, { ...needed, [field]: sample(input) }) as unknown as Record<string, unknown>;
      if (field in header) expect(header[field], field).toBe(largest(input));
    }
  });

  it("has every field of its own among its inputs, apart from what is made of parts", () => {
    const header = headerOf(name, needed);
    const parts = ["protocol", "fixed", "query", "stage", "ended", "records", "tlvs", "tags", "chunks", "options"];
    const own = Object.keys(header).filter((field) => !parts.includes(field));
    expect(inputs.map(([field]) => field)).toEqual(expect.arrayContaining(own));
  });
});
