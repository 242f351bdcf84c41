/** Messages of the Open Traffic Generator's models: JSON and protobuf, there and back, and whatever is no message. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { schema } from "../../src/otg/schema/index.js";
import { chunkBytes, MalformedMessage, readBinary, unwrapped } from "../../src/otg/wire/binary-reader.js";
import { binaryOf, chunkOf, wrapped } from "../../src/otg/wire/binary-writer.js";
import { type OtgFindings, readOtg } from "../../src/otg/wire/read-value.js";
import { jsonOf } from "../../src/otg/wire/write-json.js";
import { validMessage } from "./random-messages.js";

const read = (name: string, value: unknown) => {
  const found: OtgFindings = { errors: [], warnings: [] };
  return { value: readOtg(name, value, "", found), ...found };
};

/** What protobuf 6.33 with snappi 1.62 makes of them. */
const config = {
  json: '{"ports": [{"location": "a", "name": "p1"}, {"location": "b", "name": "p2"}], "layer1": [{"port_names": ["p1", "p2"], "speed": "speed_10_gbps", "promiscuous": true, "mtu": 9000, "name": "ly"}], "flows": [{"name": "f1", "tx_rx": {"choice": "port", "port": {"tx_name": "p1", "rx_names": ["p2"]}}, "rate": {"choice": "percentage", "percentage": 12.5}, "size": {"choice": "weight_pairs", "weight_pairs": {"choice": "custom", "custom": [{"size": 100, "weight": 0.1}]}}, "duration": {"choice": "burst", "burst": {"bursts": 0, "packets": 3, "gap": 12, "inter_burst_gap": {"choice": "microseconds", "microseconds": 1.5}}}, "metrics": {"enable": true, "loss": false, "timestamps": false}, "packet": [{"choice": "ethernet", "ethernet": {"dst": {"choice": "values", "values": ["00:11:22:33:44:55", "00:11:22:33:44:56"]}}}, {"choice": "ipv4", "ipv4": {"src": {"choice": "increment", "increment": {"start": "198.18.0.1", "step": "0.0.0.1", "count": 7}}, "dst": {"choice": "random", "random": {"min": "0.0.0.0", "max": "198.19.255.255", "seed": 1, "count": 300}}}}, {"choice": "udp", "udp": {"src_port": {"choice": "values", "values": [1, 300, 65535]}, "checksum": {"choice": "custom", "custom": 48879}}}]}]}',
  hex: "0a070a0161120270310a070a0162120270321a130a0270310a0270321006200128a84652026c7932de010a0c080112080a0270311a027032122e08021a2a0a2808031a1130303a31313a32323a33333a34343a35351a1130303a31313a32323a33333a34343a35361245080532416a1b08042a170a0a3139382e31382e302e311207302e302e302e311807722208064a1e0a07302e302e302e30120e3139382e31392e3235352e323535180120ac021218080a5a140a0a08031a0601ac02ffff032206080218effd021a0f08042a0b08021a07086415cdcccc3d220708063d000048412a170803221308001003180c220b080321000000000000f83f32060801100018003a026631",
};
const metrics = {
  json: '{"choice": "flow_metrics", "flow_metrics": [{"name": "f1", "transmit": "started", "frames_tx": "1099511627776", "loss": 0.5, "latency": {"average_ns": 1.25}}]}',
  hex: "08011a1d0a026631280130808080808020650000003f720919000000000000f43f",
};

describe("the schema", () => {
  it("has every message that a field is of, and no number twice", () => {
    for (const { name, fields, byName, byNumber } of schema.values()) {
      expect([name, byName.size, byNumber.size]).toEqual([name, fields.length, fields.length]);
      for (const { type } of fields) if (type.kind === "message") expect(schema.has(type.message)).toBe(true);
    }
  });
});

describe("messages on the wire", () => {
  it("are in protobuf what protobuf's own library makes of them", () => {
    for (const [name, { json, hex }] of [["Config", config] as const, ["MetricsResponse", metrics] as const]) {
      const { value, errors } = read(name, JSON.parse(json));
      expect(errors).toEqual([]);
      expect(Buffer.from(binaryOf(name, value)).toString("hex")).toBe(hex);
      expect(readBinary(name, Buffer.from(hex, "hex"))).toEqual(value);
      expect(jsonOf(name, value)).toEqual(JSON.parse(json));
    }
  });

  it.each(["Config", "ControlState", "MetricsRequest", "ConfigUpdate", "MetricsResponse", "ControlAction"])(
    "%s comes back from JSON and from protobuf as it was",
    (name) => {
      fc.assert(
        fc.property(validMessage(name), (value) => {
          const normal = read(name, value);
          expect(normal.errors).toEqual([]);
          expect(normal.value).toEqual(value);
          expect(read(name, JSON.parse(JSON.stringify(jsonOf(name, value)))).value).toEqual(value);
          expect(read(name, readBinary(name, binaryOf(name, value))).value).toEqual(value);
        }),
        { numRuns: 60 },
      );
    },
  );

  it("have any text and any whole number in protobuf", () => {
    const number = fc.maxSafeNat();
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), number, number, (name, frames, bytes) => {
        const rows = [
          { name, frames_tx: frames, port_tx: `${name}${name}` },
          { bytes_tx: bytes, port_rx: "" },
        ];
        const value = { choice: "flow_metrics", flow_metrics: rows };
        expect(readBinary("MetricsResponse", binaryOf("MetricsResponse", value))).toEqual({
          ...value,
          flow_metrics: rows,
        });
      }),
    );
  });

  it("are refused with a path for each mistake, and never with a crash", () => {
    fc.assert(
      fc.property(fc.constantFrom(...schema.keys()), fc.json({ maxDepth: 5 }), (name, json) => {
        for (const error of read(name, JSON.parse(json)).errors) expect(error).toMatch(/^.*: ./s);
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...schema.keys()), fc.uint8Array({ maxLength: 60 }), (name, bytes) => {
        try {
          read(name, readBinary(name, bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessage);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("travel in pieces", () => {
    const bytes = Uint8Array.of(1, 2);
    expect(chunkBytes(chunkOf(bytes))).toEqual(bytes);
    expect(unwrapped(wrapped(1, bytes))).toEqual(bytes);
    expect(unwrapped(new Uint8Array(0))).toBeNull();
    expect(() => unwrapped(wrapped(2, bytes))).toThrow(MalformedMessage);
  });
});

describe("what is wrong in a message", () => {
  it("is told with its path, all at once", () => {
    const { errors } = read("Config", {
      ports: [{ location: "a" }],
      lags: [{}],
      flows: [
        {
          name: "f",
          tx_rx: { choice: "port", port: { tx_name: 1, rx_name: "b" } },
          packet: [
            { choice: "udp", udp: { src_port: { choice: "value", value: 65_536 }, dst_prot: {} } },
            { choice: "ipv4", ipv4: { src: { choice: "auto" }, dst: { value: "1.2.3" } } },
            { choice: "tcp", tcp: { window: { choice: "value", value: 1, values: [2] } } },
            { choice: "snmpv2c" },
          ],
          rate: { choice: "pps", pps: "1e3", gbps: 3 },
        },
      ],
    });
    expect(errors.map((error) => error.slice(0, error.indexOf(":")))).toEqual([
      "ports[0].name",
      "lags",
      "flows[0].tx_rx.port.tx_name",
      "flows[0].packet[0].udp.dst_prot",
      "flows[0].packet[0].udp.src_port.value",
      "flows[0].packet[1].ipv4.src.auto",
      "flows[0].packet[1].ipv4.dst.value",
      "flows[0].packet[2].tcp.window.values",
      "flows[0].packet[3].snmpv2c",
      "flows[0].rate.gbps",
    ]);
    expect(errors[3]).toContain("did you mean dst_port?");
  });

  it("is a warning where a setting has no effect here", () => {
    const { errors, warnings } = read("Layer1", {
      name: "l",
      port_names: ["p"],
      media: "copper",
      auto_negotiate: false,
    });
    expect(errors).toEqual([]);
    expect(warnings).toEqual(["media is not used: the interface has its own"]);
    const ofMtu = (mtu: number) => read("DeviceEthernet", { name: "e", mtu }).warnings;
    // snappi says every default.
    expect([ofMtu(1500), ofMtu(9000)]).toEqual([[], ["mtu is not used: a device sends no long packets"]]);
  });

  it("is a list that has too many elements, in JSON and in protobuf", () => {
    const names = (count: number) => Array.from({ length: count }, () => "p");
    const [most, more] = [names(65_536), names(65_537)];
    const asked = (list: readonly string[]) => ({ choice: "flow", flow: { flow_names: list } });
    expect(read("MetricsRequest", asked(most)).errors).toEqual([]);
    expect(readBinary("FlowMetricsRequest", binaryOf("FlowMetricsRequest", { flow_names: most }))).toEqual({
      flow_names: most,
    });
    const what = "65537 elements are too many; accepted: up to 65536";
    expect(read("MetricsRequest", asked(more)).errors).toEqual([`flow.flow_names: ${what}`]);
    const bytes = binaryOf("FlowMetricsRequest", { flow_names: more });
    expect(() => readBinary("FlowMetricsRequest", bytes)).toThrow("flow_names has too many elements");
  });

  it("is told of the first 50 fields that nobody knows", () => {
    const fields = Object.fromEntries(Array.from({ length: 200 }, (_, k) => [`unknown_${k}`, 1]));
    expect(read("Port", { name: "p", ...fields }).errors).toHaveLength(50);
  });

  it("is what the schema does not know, in protobuf, too", () => {
    const bytes = Buffer.concat([binaryOf("Port", { name: "p" }), wrapped(99, Buffer.of(1))]);
    expect(read("Port", readBinary("Port", bytes)).errors).toEqual(["field 99: there is no such field"]);
  });
});
