/** Configurations → flows of a session: what the frames are, and what is refused. */
import { describe, expect, it } from "vitest";
import type { Config } from "../../src/otg/model.js";
import { OtgRefusal } from "../../src/otg/refusal.js";
import { type PlannedConfig, planConfig } from "../../src/otg/translate/config.js";
import { type OtgFindings, readOtg, withDefaults } from "../../src/otg/wire/read-value.js";
import { dissect, formatIpv4, formatMac } from "../../src/packet/index.js";
import { compileStream, fixedTrial, frameAt, plainStream } from "../../src/stream/index.js";
import { fixedSize } from "../../src/units.js";

const places = [
  { name: "a", spec: "packet:a" },
  { name: "b", spec: "packet:b" },
];

function planned(config: object, innerFcs = false): PlannedConfig {
  const found: OtgFindings = { errors: [], warnings: [] };
  const value = readOtg("Config", config, "", found);
  expect(found.errors).toEqual([]);
  return planConfig(withDefaults("Config", value) as unknown as Config, places, innerFcs);
}

const errorsOf = (config: object): readonly string[] => {
  try {
    const plan = planned(config);
    for (const flow of plan.flows) flow.compile(new Map());
    return [];
  } catch (error) {
    if (error instanceof OtgRefusal) return error.errors;
    throw error;
  }
};

const ports = [
  { name: "p1", location: "a" },
  { name: "p2", location: "packet:b" },
];
const between = { choice: "port", port: { tx_name: "p1", rx_names: ["p2"] } };
const value = (of: number | string) => ({ choice: "value", value: of });

const oneFlow = (flow: object, more: object = {}) => ({
  ports,
  flows: [{ name: "f", tx_rx: between, ...flow }],
  ...more,
});

/** Frame `index` of the flow, without FCS. */
function frameOf(flow: object, index = 0, more: object = {}, innerFcs = false): Uint8Array {
  const [plan] = planned(oneFlow(flow, more), innerFcs).flows as [PlannedConfig["flows"][number]];
  const { frames } = plan.compile(new Map()).spec;
  if (frames.kind !== "stream") throw new Error("no stream");
  const stream = { ...plainStream("f", frames.layers), ...frames, signed: false as const, kind: undefined };
  const program = compileStream({ name: "f", streams: [stream as never], sizes: [], seed: 1 }, fixedSize(64));
  return frameAt(program, index, { trial: fixedTrial(1), stream: 0, sequence: 0, timeNs: 0 });
}

const fieldsOf = (frame: Uint8Array) =>
  Object.fromEntries(dissect(frame).layers.map(({ header }) => [header.protocol, header])) as unknown as Record<
    string,
    Record<string, never>
  >;

const udpFlow = (udp: object, more: object = {}) => ({
  size: { choice: "fixed", fixed: 128 },
  packet: [{ choice: "ethernet" }, { choice: "ipv4", ipv4: {} }, { choice: "udp", udp }],
  ...more,
});

it("extension headers of gtpv1 lie behind its options, with their lengths (TS 29.281 §5.2)", () => {
  const value = (of: number) => ({ choice: "value", value: of });
  const gtpv1 = {
    ...{ e_flag: value(1), message_type: value(255), teid: value(9), next_extension_header_type: value(0x85) },
    extension_headers: [
      {
        contents: { choice: "increment", increment: { start: 0x1122334455, count: 2 } },
        next_extension_header: value(0x40),
      },
      { extension_length: value(7), contents: value(6) },
    ],
  };
  const udp = { choice: "udp", udp: { dst_port: value(2152) } };
  const packet = [{ choice: "ethernet" }, { choice: "ipv4" }, udp, { choice: "gtpv1", gtpv1 }, { choice: "ipv4" }];
  const bytesOf = (index: number) =>
    Buffer.from(frameOf({ size: { fixed: 128 }, packet }, index).subarray(42, 71)).toString("hex");
  // 128 bytes without FCS, and what is before byte 8 of the header.
  const rest = (124 - 42 - 8).toString(16).padStart(4, "0");
  expect(bytesOf(0)).toBe(`34ff${rest}00000009${"00000085"}${"0200112233445540"}${"0700000000000600"}45`);
  expect(bytesOf(1)).toBe(`34ff${rest}00000009${"00000085"}${"0200112233445640"}${"0700000000000600"}45`);
});

describe("headers that say nothing", () => {
  it("have the models' defaults, and lengths, checksums and next protocols that are right", () => {
    const { ethernet, ipv4, tcp } = fieldsOf(
      frameOf({
        size: { fixed: 100 },
        packet: [{ choice: "ethernet" }, { choice: "ipv4" }, { choice: "tcp" }],
      }),
    );
    expect(formatMac(ethernet!["dst"]!)).toBe("00:00:00:00:00:00");
    expect([ipv4!["ttl"], formatIpv4(ipv4!["src"]!), ipv4!["wrong"]]).toEqual([64, "0.0.0.0", {}]);
    expect(tcp).toMatchObject({ srcPort: 0, flags: 0, window: 0, wrong: {} });
    const alone = frameOf({ packet: [] });
    expect([alone.length, alone[12], alone[13]]).toEqual([60, 0xff, 0xff]);
  });
});

describe("a flow without a size", () => {
  const packet = (bytes: string) => [
    ...[{ choice: "ethernet" }, { choice: "ipv4" }, { choice: "udp" }],
    { choice: "custom", custom: { bytes } },
  ];
  const planOf = (flow: object) => planned(oneFlow(flow)).flows[0]!;

  it("has frames of 64 bytes, or as long as its headers need, and says so", () => {
    const dns = "ab".repeat(60);
    expect([planOf({}).longestBytes, planOf({}).warnings]).toEqual([64, []]);
    const bytes = 14 + 20 + 8 + 60 + 4;
    const { longestBytes, meanBytes, warnings } = planOf({ packet: packet(dns) });
    expect([longestBytes, meanBytes]).toEqual([bytes, bytes]);
    expect(warnings).toEqual([`flows[0].size: not given; frames have ${bytes} bytes, since their headers need them`]);
    const { udp } = fieldsOf(frameOf({ packet: packet(dns) }));
    expect(udp!["wrong"]).toEqual({});
    expect(errorsOf(oneFlow({ packet: packet(dns), size: { fixed: 64 } }))).toHaveLength(1);
  });

  it("has room for a signature behind such headers, if it has metrics", () => {
    expect(planOf({ packet: packet("ab".repeat(60)), metrics: { enable: true } }).longestBytes).toBe(106 + 18);
    expect(planOf({ packet: packet("ab".repeat(18)), metrics: { enable: true } }).longestBytes).toBe(64);
  });
});

describe("patterns", () => {
  it("count, list and come round as the models say", () => {
    const flow = udpFlow({
      src_port: { choice: "increment", increment: { start: 5000, step: 2, count: 3 } },
      dst_port: { choice: "values", values: [7, 9] },
    });
    const pairs = [0, 1, 2, 3, 4].map((index) => {
      const { udp } = fieldsOf(frameOf(flow, index));
      return [udp!["srcPort"], udp!["dstPort"], udp!["wrong"]];
    });
    expect(pairs).toEqual([5000, 5002, 5004, 5000, 5002].map((port, i) => [port, [7, 9][i % 2], {}]));
  });

  it("go below zero, and beyond 32 bits", () => {
    const down = udpFlow({ src_port: { choice: "decrement", decrement: { start: 1, step: 1, count: 3 } } });
    expect([0, 1, 2, 3].map((index) => fieldsOf(frameOf(down, index))["udp"]!["srcPort"])).toEqual([1, 0, 65_535, 1]);
    const up = {
      packet: [
        {
          choice: "ethernet",
          ethernet: {
            src: {
              choice: "increment",
              increment: { start: "00:00:ff:ff:ff:ff", step: "00:01:00:00:00:01", count: 3 },
            },
          },
        },
      ],
    };
    const macs = [0, 1, 2].map((index) => formatMac(fieldsOf(frameOf(up, index))["ethernet"]!["src"]!));
    expect(macs).toEqual(["00:00:ff:ff:ff:ff", "00:02:00:00:00:00", "00:03:00:00:00:01"]);
  });

  it("write a value as given, though it is wrong", () => {
    const frame = frameOf(
      udpFlow({ length: value(4000), checksum: { choice: "custom", custom: 0xbeef } }, { size: { fixed: 128 } }),
    );
    const { udp } = fieldsOf(frame);
    expect(udp!["wrong"]).toEqual({ length: 4000, checksum: 0xbeef });
    const bad = fieldsOf(frameOf(udpFlow({ checksum: { choice: "generated", generated: "bad" } })));
    expect(bad["udp"]!["wrong"]).toHaveProperty("checksum");
  });

  it("fill the bits of every field: services, flags, tags, options", () => {
    const bit = value(1);
    const frame = frameOf({
      size: { fixed: 128 },
      packet: [
        { choice: "ethernet" },
        { choice: "vlan", vlan: { id: value(5), priority: value(3), cfi: bit, tpid: value(0x88a8) } },
        {
          choice: "ipv4",
          ipv4: {
            priority: { choice: "dscp", dscp: { phb: value(46), ecn: value(1) } },
            dont_fragment: bit,
            options: [{ choice: "router_alert" }, { choice: "custom", custom: { value: "0102" } }],
          },
        },
        { choice: "tcp", tcp: { ctl_syn: bit, ecn_ns: bit, window: value(512) } },
      ],
    });
    const { vlan, ipv4, tcp } = fieldsOf(frame);
    expect(vlan).toMatchObject({ id: 5, priority: 3, dropEligible: true, tpid: 0x88a8 });
    expect(ipv4).toMatchObject({ dscp: 46, ecn: 1, flags: 2, wrong: {} });
    expect(Buffer.from(ipv4!["options"]!).toString("hex")).toBe("9404000000040102");
    expect(tcp).toMatchObject({ flags: 2, reserved: 1, window: 512, wrong: {} });
  });

  it.each([
    [false, 146, 106],
    [true, 142, 102],
  ])("leave room for a check sequence in a tunnel, or not: %s", (innerFcs, ipBytes, payloadBytes) => {
    const counted = { src_port: { choice: "increment", increment: { start: 1, count: 9 } } };
    const packet = [
      ...[{ choice: "ethernet" }, { choice: "ipv4" }, { choice: "udp", udp: { dst_port: value(4789) } }],
      { choice: "vxlan" },
      ...[{ choice: "ethernet" }, { choice: "ipv4" }, { choice: "tcp", tcp: counted }],
    ];
    const frame = frameOf({ size: { fixed: 214 }, packet, metrics: { enable: true } }, 3, {}, innerFcs);
    const { layers, faults, payload, trailerBytes } = dissect(frame);
    expect([frame.length, layers.length, faults]).toEqual([210, 7, []]);
    const view = new DataView(frame.buffer, frame.byteOffset);
    expect([view.getUint16(16), view.getUint16(38), view.getUint16(66)]).toEqual([196, 176, ipBytes]);
    expect([payload.end - payload.start, trailerBytes]).toEqual([payloadBytes, innerFcs ? 4 : 0]);
  });

  it("make headers that have no layer here of their bits", () => {
    const frame = frameOf({ packet: [{ choice: "ethernetpause", ethernetpause: { time: value(0x1234) } }] });
    expect(Buffer.from(frame.subarray(0, 18)).toString("hex")).toBe("0180c2000001000000000000880800011234");
  });

  it("make IPv4's timestamps, with what is to be filled in (RFC 791 §3.1)", () => {
    const list = [{ address: value("198.18.0.9"), timestamp: { choice: "values", values: [1, 2] } }, {}];
    const timestamp = (more: object) => ({ choice: "timestamp", timestamp: more });
    const prespecified = { choice: "prespecified_address_and_timestamps", prespecified_address_and_timestamps: list };
    const options = [
      timestamp({ overflow: value(2), format: prespecified }),
      timestamp({ pointer: value(9), format: { timestamps: [{ timestamp: value(0x01020304) }] } }),
    ];
    const packet = [{ choice: "ethernet" }, { choice: "ipv4", ipv4: { options } }];
    const flow = { size: { choice: "fixed", fixed: 128 }, packet };
    const optionsOf = (index: number): string => Buffer.from(frameOf(flow, index).subarray(34, 62)).toString("hex");
    // As tshark reads it: 20 bytes, pointer 5, overflow 2, flag 3; 8 bytes, pointer 9, flag 0.
    const [first, rest] = ["44140523c6120009", `00000000${"00000000"}4408090001020304`];
    expect([optionsOf(0), optionsOf(1)]).toEqual([`${first}00000001${rest}`, `${first}00000002${rest}`]);
    expect(Buffer.from(frameOf(flow).subarray(14, 15)).toString("hex")).toBe("4c");
  });

  it("make LACPDUs, and the Ethernet type of slow protocols before them (IEEE 802.1AX §6.4.2.3)", () => {
    const state = { activity: value(1), aggregation: value(1), collecting: value(1), expired: value(1) };
    const actor = { system_priority: value(0x8000), system_id: value("02:00:00:00:00:01"), key: value(7) };
    const more = { port_priority: value(255), port_number: value(3), actor_state: state };
    const lacpdu = { actor: { ...actor, ...more }, collector: { max_delay: value(10) } };
    const dst = value("01:80:c2:00:00:02");
    const packet = [
      { choice: "ethernet", ethernet: { dst, src: value("02:00:00:00:00:01") } },
      { choice: "lacp", lacp: { lacpdu } },
    ];
    const frame = frameOf({ size: { choice: "fixed", fixed: 128 }, packet });
    // As tshark reads it: actor and partner with their states (0x95 and 0), collector with its delay, terminator.
    expect(Buffer.from(frame).toString("hex")).toBe(
      `0180c20000020200000000018809${"0101"}${"01148000020000000001000700ff000395000000"}` +
        `0214${"00".repeat(18)}${"0310000a"}${"00".repeat(12)}${"0000"}${"00".repeat(50)}`,
    );
    expect(errorsOf(oneFlow({ packet: [{ choice: "ethernet" }, { choice: "lacp" }, { choice: "ipv4" }] }))).toEqual([
      expect.stringContaining("flows[0].packet[2]"),
    ]);
  });
});

describe("what a configuration cannot be", () => {
  const refused: readonly (readonly [string, object, readonly string[]])[] = [
    ["a name twice", { ports: [ports[0], { name: "p1", location: "b" }] }, ["ports[1].name"]],
    ["a location twice", { ports: [ports[0], { name: "x", location: "packet:a" }] }, ["ports[1].location"]],
    ["a location that is not there", { ports: [{ name: "x", location: "c" }] }, ["ports[0].location"]],
    ["a port that is not there", oneFlow({ tx_rx: { port: { tx_name: "p3" } } }), ["flows[0].tx_rx.port.tx_name"]],
    [
      "a flow between a port and itself",
      oneFlow({ tx_rx: { port: { tx_name: "p1", rx_names: ["p1"] } } }),
      ["flows[0].tx_rx.port.rx_names[0]"],
    ],
    ["a size below Ethernet's", oneFlow({ size: { fixed: 63 } }), ["flows[0].size.fixed"]],
    [
      "headers that do not fit",
      oneFlow({ ...udpFlow({}), packet: [...Array(5)].map(() => ({ choice: "mpls" })) }),
      ["flows[0].packet[0]"],
    ],
    [
      "a header that cannot follow",
      oneFlow({ packet: [{ choice: "ethernet" }, { choice: "udp" }] }),
      ["flows[0].packet[1]"],
    ],
    ["percent of nothing", oneFlow({ rate: { percentage: 5 } }), ["flows[0].rate.percentage"]],
    [
      "a gap that the rate does not leave",
      oneFlow(
        { rate: { percentage: 100 }, duration: { choice: "continuous", continuous: { gap: 100 } } },
        { layer1: [{ name: "l", port_names: ["p1"], speed: "speed_1_gbps" }] },
      ),
      ["flows[0].duration.continuous.gap"],
    ],
    [
      "bytes that are none",
      oneFlow({ packet: [{ choice: "custom", custom: { bytes: "xy" } }] }),
      ["flows[0].packet[0].custom.bytes"],
    ],
  ];
  it.each(refused)("%s", (_, config, paths) => {
    expect(errorsOf(config).map((error) => error.slice(0, error.indexOf(":")))).toEqual(paths);
  });
});

describe("devices", () => {
  const ethernet = (n: number) => ({
    ...{ name: `eth${n}`, mac: `00:00:00:00:00:0${n}`, connection: { choice: "port_name", port_name: `p${n}` } },
    ipv4_addresses: [{ name: `ip${n}`, address: `198.18.0.${n}`, gateway: `198.18.0.${3 - n}` }],
  });
  const devices = [1, 2].map((n) => ({ name: `d${n}`, ethernets: [ethernet(n)] }));
  const flows = [
    {
      ...{ name: "f", packet: [{ choice: "ethernet" }, { choice: "ipv4" }], size: { fixed: 100 } },
      tx_rx: { choice: "device", device: { tx_names: ["ip1"], rx_names: ["ip2"], bidirectional: true } },
    },
  ];

  it("give a flow its addresses, both ways, and the gateway's once it is known", () => {
    const plan = planned({ ports, devices, flows });
    expect(plan.flows.map(({ name, from, to, gateways }) => [name, from, to, gateways.map((one) => one.name)])).toEqual(
      [
        ["f", "p1", ["p2"], ["ip1"]],
        ["f", "p2", ["p1"], ["ip2"]],
      ],
    );
    const { frames } = plan.flows[1]!.compile(new Map([["ip2", "00:00:00:00:00:01"]])).spec;
    if (frames.kind !== "stream") throw new Error("no stream");
    const [eth, ip] = frames.layers as unknown as readonly Record<string, never>[];
    expect([formatMac(eth!["dst"]!), formatMac(eth!["src"]!)]).toEqual(["00:00:00:00:00:01", "00:00:00:00:00:02"]);
    expect([formatIpv4(ip!["src"]!), formatIpv4(ip!["dst"]!)]).toEqual(["198.18.0.2", "198.18.0.1"]);
  });

  it("are refused where they are not whole", () => {
    const [first, second] = devices as [(typeof devices)[number], (typeof devices)[number]];
    const { mac: _, ...noMac } = first.ethernets[0]!;
    expect(errorsOf({ ports, devices: [{ name: "d1", ethernets: [noMac] }, second] })).toEqual([
      "devices[0].ethernets[0].mac: is needed",
    ]);
    const own = [{ ...flows[0], tx_rx: { choice: "device", device: { tx_names: ["ip1"], rx_names: ["ip1"] } } }];
    expect(errorsOf({ ports, devices, flows: own })[0]).toContain("device d1 is on both sides");
  });
});
