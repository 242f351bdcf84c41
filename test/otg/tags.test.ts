/** Metric tags: bits of frames as they leave and as they come, filters, and what a client is told of them. */
import { describe, expect, it } from "vitest";
import { taggedRows } from "../../src/otg/live/tagged-rows.js";
import type { PlannedFlow } from "../../src/otg/translate/flows.js";
import { ask, config, flow, type Json, startRig, transmit } from "./rig.js";

const tagged = (pattern: object, ...tags: readonly object[]) => ({ ...pattern, metric_tags: tags });

/** Three source ports in turn; the wire changes nothing. */
const packet = (udpTags: readonly object[], dscpTags: readonly object[] = []) => [
  { choice: "ethernet", ethernet: { src: { value: "00:00:00:00:00:01" } } },
  { choice: "vlan", vlan: { id: { value: 7 } } },
  {
    choice: "ipv4",
    ipv4: {
      ...{ src: { value: "198.18.0.1" }, dst: { value: "198.18.0.2" } },
      priority: { choice: "dscp", dscp: { phb: tagged({ value: 46 }, ...dscpTags) } },
    },
  },
  {
    choice: "udp",
    udp: { src_port: tagged({ increment: { start: 100, count: 3 } }, ...udpTags), dst_port: { value: 9 } },
  },
];
const egress = (...tags: readonly object[]) => [
  { choice: "ethernet", ethernet: {} },
  { choice: "vlan", vlan: { id: tagged({ value: 0 }, ...tags) } },
];

async function rowsOf(base: string, more: object = {}): Promise<Json> {
  const { json } = await ask(base, "POST", "/monitor/metrics", { choice: "flow", flow: more });
  return json.flow_metrics ?? json;
}

async function ended(base: string): Promise<Json> {
  for (;;) {
    const rows = await rowsOf(base);
    if (
      rows.every((row: Json) => row.transmit === "stopped" && row.frames_tx === row.frames_rx && row.frames_tx !== "0")
    )
      return rows;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const hex = (name: string, value: string) => ({ name, value: { choice: "hex", hex: value } });
const str = (name: string, value: string) => ({ name, value: { choice: "str", str: value } });
const duration = { fixed_packets: { packets: 50 } };
const brief = (rows: Json[]) => rows.map(({ tags, frames_tx: tx, frames_rx: rx }) => [tags, tx, rx]);

it("rows by what was sent, by what came, and by port; filters, columns and a start anew", async () => {
  await using rig = await startRig();
  const { http } = rig;
  const flows = [
    flow("sent", "p1", "p2", { duration, packet: packet([{ name: "port" }], [{ name: "phb", offset: 1, length: 5 }]) }),
    flow("came", "p1", "p2", { duration, packet: packet([]), egress_packet: egress({ name: "vlan" }) }),
    flow("all", "p1", "p2", {
      ...{ duration, packet: packet([{ name: "port" }]), egress_packet: egress({ name: "low", offset: 8, length: 4 }) },
      metrics: { enable: true, predefined_metric_tags: { rx_name: true } },
    }),
    flow("plain", "p2", "p1"),
  ];
  expect((await ask(http, "POST", "/config", config({ flows }))).json).toEqual({ warnings: [] });
  expect((await rowsOf(http)).map((row: Json) => row.tagged_metrics)).toEqual([[], [], [], undefined]);
  await ask(http, "POST", "/control/state", transmit("start"));
  const [sent, came, all, plain] = await ended(http);
  expect(brief(sent.tagged_metrics)).toEqual([
    [[hex("phb", "0xe"), hex("port", "0x64")], "17", "17"],
    [[hex("phb", "0xe"), hex("port", "0x65")], "17", "17"],
    [[hex("phb", "0xe"), hex("port", "0x66")], "16", "16"],
  ]);
  expect(sent.tagged_metrics[0].bytes_tx).toBe(String(17 * 128));
  expect(sent.tagged_metrics[0].latency.minimum_ns).toBeGreaterThan(0);
  expect(brief(came.tagged_metrics)).toEqual([[[hex("vlan", "0x7")], undefined, "50"]]);
  const three = ["0x64", "0x65", "0x66"].map((port) => [hex("port", port), hex("low", "0x7"), str("rx_name", "p2")]);
  expect(all.tagged_metrics.map(({ tags }: Json) => tags)).toEqual(expect.arrayContaining(three));
  expect(plain).not.toHaveProperty("tagged_metrics");
  const filters = [{ name: "port", values: ["65"] }];
  const some = await rowsOf(http, {
    flow_names: ["sent", "all"],
    tagged_metrics: { filters, metric_names: ["frames_rx"] },
  });
  expect(some.map((row: Json) => row.tagged_metrics.map((one: Json) => Object.keys(one).toSorted()))).toEqual([
    [
      ["frames_rx", "latency", "loss", "tags", "timestamps"].filter(
        (name) => name !== "loss" || some[0].tagged_metrics[0].loss !== undefined,
      ),
    ],
    [["frames_rx", "tags"]],
  ]);
  expect((await rowsOf(http, { tagged_metrics: { include: false } }))[0]).not.toHaveProperty("tagged_metrics");
  const wrong = await rowsOf(http, { tagged_metrics: { filters: [{ name: "nobody" }] } });
  expect(wrong.errors).toEqual(['flow.tagged_metrics.filters[0].name: no flow has a metric tag "nobody"']);
  await ask(http, "POST", "/control/state", transmit("start", ["came"]));
  expect((await ended(http))[1].tagged_metrics[0].frames_rx).toBe("50");
});

describe("refused, with the path", () => {
  it.each([
    [
      "more bits than there are",
      { packet: packet([{ name: "x", offset: 9, length: 8 }]) },
      "flows[0].packet[3].udp.src_port.metric_tags[0]: ",
    ],
    [
      "a name twice",
      { packet: packet([{ name: "x" }], [{ name: "x" }]) },
      'flows[0]: two metric tags have the name "x"',
    ],
    ["no room for a signature", { size: { fixed: 64 }, packet: packet([{ name: "x" }]) }, "flows[0].size: "],
    [
      "too many bits of frames that come",
      {
        egress_packet: [
          {
            choice: "ethernet",
            ethernet: {
              dst: tagged({ value: "00:00:00:00:00:02" }, { name: "a" }),
              src: tagged({ value: "00:00:00:00:00:02" }, { name: "b" }),
            },
          },
        ],
      },
      "flows[0].egress_packet: 96 bits",
    ],
  ])("%s", async (_, more, error) => {
    await using rig = await startRig();
    const { status, json } = await ask(rig.http, "POST", "/config", config({ flows: [flow("f", "p1", "p2", more)] }));
    expect([status, json.errors[0].slice(0, error.length)]).toEqual([400, error]);
  });
});

it("what has no effect is told", async () => {
  await using rig = await startRig();
  const flows = [
    flow("a", "p1", "p2", { egress_packet: egress() }),
    flow("b", "p1", "p2", { egress_packet: egress({ name: "vlan" }), metrics: { enable: false } }),
  ];
  expect((await ask(rig.http, "POST", "/config", config({ flows }))).json.warnings).toEqual([
    "flows[0].egress_packet: no effect: it has no metric tags",
    "flows[1].egress_packet: no effect: metrics are not enabled",
  ]);
});

it("kinds without room, frames that end too soon, and loss only when nothing is on its way", () => {
  const tags = { sent: [], received: ["vlan"], split: { sent: [], received: [{ at: 0, bits: 4 }], byPort: true } };
  const metrics = { loss: true, lossDuration: true, latency: false, timestamps: false };
  const plan = { tags, metrics } as unknown as PlannedFlow;
  const settledOf = (settled: boolean) => ({ settled, sent: 8, pps: 100, firstSentNs: null, lastSentNs: null });
  const row = {
    sent: null,
    received: null,
    port: null,
    isOther: false,
    sentFrames: null,
    sentBytes: null,
    frames: 3,
    bytes: 9,
  };
  const rows = [
    { ...row, latencyNs: null, firstReceivedNs: null, lastReceivedNs: null, port: "p2" },
    { ...row, latencyNs: null, firstReceivedNs: null, lastReceivedNs: null, isOther: true },
  ];
  const asked = { include: true, include_empty_metrics: false, metric_names: [], filters: [] };
  expect(taggedRows(rows, plan, settledOf(true), asked).map((one) => one["tags"])).toEqual([
    [str("vlan", "none"), str("rx_name", "p2")],
    [str("vlan", "other"), str("rx_name", "other")],
  ]);
  const sent = [{ ...rows[0]!, sentFrames: 4, sentBytes: 16 }];
  const lossOf = (settled: boolean) => taggedRows(sent, plan, settledOf(settled), asked)[0]!["loss"];
  expect([lossOf(true), lossOf(false)]).toEqual([25, undefined]);
  // A quarter of what the flow sends in 80 ms.
  expect(taggedRows(sent, plan, settledOf(true), asked)[0]!["packet_loss_duration"]).toEqual({ value: 20 });
});
