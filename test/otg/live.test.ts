/** A configuration at work: rows of metrics, flows that wait, links, and ports that are lost. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { FlowSet } from "../../src/otg/live/flow-set.js";
import { LiveConfig } from "../../src/otg/live/live-config.js";
import { flowRow } from "../../src/otg/live/metrics.js";
import type { Neighbours } from "../../src/otg/live/neighbours.js";
import { openPortsOf } from "../../src/otg/live/open-ports.js";
import { Tester } from "../../src/otg/tester.js";
import type { PlannedConfig } from "../../src/otg/translate/config.js";
import type { PlannedFlow } from "../../src/otg/translate/flows.js";
import { parsePortSpec } from "../../src/port/index.js";
import type { FlowCounters, FlowSpec, TestSession } from "../../src/session/index.js";
import type { LiveSession } from "../../src/session/live-session.js";
import { temporaryFolder } from "../support/rings-cross.js";

const plan = (metrics: object = {}, more: object = {}): PlannedFlow => ({
  ...{
    name: "f",
    key: "f",
    path: "flows[0]",
    from: "p1",
    to: ["p2"],
    warnings: [],
    meanBytes: 128,
    longestBytes: 128,
    gateways: [],
    tags: null,
  },
  metrics: { enable: true, loss: true, timestamps: false, latency: false, lossDuration: false, ratio: 1, ...metrics },
  compile: () => ({ spec: { name: "f", rate: { kind: "pps", pps: 1 } } as FlowSpec, origins: [] }),
  ...more,
});

const counters = (of: Partial<FlowCounters>): FlowCounters =>
  ({
    ...{ state: "running", to: ["p2"], sent: 0, received: 0, sentBytes: 0, receivedBytes: 0, duplicate: 0 },
    ...{ signed: true, settled: false, lost: 0, inFlight: 0, txPps: 0, rxPps: 0, txBpsL1: 0, rxBpsL1: 0 },
    ...of,
  }) as FlowCounters;

it.each([
  ["all came twice", 2, { sent: 10, received: 10, duplicate: 10 }, 0, 20],
  ["some once", 2, { sent: 10, received: 10, duplicate: 5 }, 25, 15],
  ["some are on their way", 2, { sent: 10, received: 6, duplicate: 6, inFlight: 4 }, 0, 12],
  ["there are no numbers", 2, { sent: 10, received: 12, signed: false }, 0, 12],
  ["there are no numbers, and all is over", 2, { sent: 10, received: 12, signed: false, settled: true }, 40, 12],
  ["half is to come", 0.5, { sent: 10, received: 5, lost: 5 }, 0, 5],
  ["copies that nobody expects", 1, { sent: 10, received: 9, duplicate: 3, lost: 1 }, 10, 9],
])("the loss of a flow with copies: %s", (_, ratio, of, loss, arrived) => {
  const row = flowRow(plan({ ratio }), counters({ ...of, receivedBytes: of.received * 128 }));
  expect([row["loss"], row["frames_rx"], row["bytes_rx"]]).toEqual([loss, arrived, arrived * 128]);
});

it("the loss of a flow to no port is not known", () => {
  expect(flowRow(plan({}, { to: [] }), counters({ sent: 5, to: [] }))).not.toHaveProperty("loss");
  expect(flowRow(plan(), counters({ sent: 5 }))).toHaveProperty("loss", 0);
});

const times = (ms: number) => ({ firstSentNs: 1e9, lastSentNs: 1e9 + 1e6 * ms });

it.each([
  ["at its rate", {}, { sent: 1000, lost: 30, pps: 2000, ...times(499.5) }, { value: 15 }],
  ["one of two", { ratio: 2 }, { sent: 10, received: 10, duplicate: 5, pps: 100, ...times(90) }, { value: 25 }],
  ["without a rate", {}, { sent: 101, lost: 50.5, pps: null, ...times(2000) }, { value: 1010 }],
  ["at the rate that it had before", {}, { sent: 11, lost: 11, pps: 1, ...times(100) }, { value: 110 }],
  ["one frame", {}, { sent: 1, lost: 1, pps: 100, ...times(0) }, { value: 10 }],
  ["one frame without a rate", {}, { sent: 1, lost: 1, pps: null, ...times(0) }, { value: 0 }],
  ["nothing of nothing", {}, { sent: 0, pps: 100, firstSentNs: null, lastSentNs: null }, { value: 0 }],
])("the time of what was lost, where the configuration asks for it: %s", (_, metrics, of, time) => {
  const asked = plan({ loss: false, lossDuration: true, ...metrics });
  const row = flowRow(asked, counters(of));
  expect([row["packet_loss_duration"], row["loss"]]).toEqual([time, undefined]);
  expect(flowRow(asked, undefined)["packet_loss_duration"]).toEqual({});
  expect(flowRow(plan(), counters(of))).not.toHaveProperty("packet_loss_duration");
  expect(flowRow(plan({ lossDuration: true }, { to: [] }), counters(of))).not.toHaveProperty("packet_loss_duration");
});

it("rates are told with three decimals, and all units say the same", () => {
  const row = flowRow(plan(), counters({ sent: 1, txPps: 5.000_123_4, txBpsL1: 5.000_123_4 * (128 + 20) * 8 }));
  expect(JSON.stringify([row["frames_tx_rate"], row["tx_l1_rate_bps"], row["tx_rate_bytes"]])).toBe(
    "[5,5920.146,640.016]",
  );
  expect(JSON.stringify([row["tx_rate_bps"], row["tx_rate_kbps"], row["tx_rate_mbps"]])).toBe(
    "[5120.128,5.120128,0.005120128]",
  );
});

it("a gateway that becomes known while flows are added leaves those that wait for it waiting", async () => {
  const added: string[] = [];
  const gatewayMacs = new Map<string, string>();
  const addFlows = async (specs: readonly FlowSpec[]) => {
    added.push(...specs.map(({ name }) => name));
    gatewayMacs.set("a", "02:00:00:00:00:01");
  };
  const neighbours = { gatewayMacs, isOn: true, ask: async () => {} } as unknown as Neighbours;
  const flows = new FlowSet({ addFlows } as unknown as TestSession, neighbours);
  const named = (name: string) => ({ spec: { name, rate: { kind: "pps", pps: 1 } } as FlowSpec, origins: [] });
  const ready = plan({}, { key: "ready", compile: () => named("ready") });
  const waiting = plan({}, { key: "late", compile: () => named("late"), gateways: [{ name: "a", gateway: "::9" }] });
  await flows.add([waiting, ready]);
  expect([added, flows.addedOf(flows.plans)]).toEqual([["ready"], ["ready"]]);
  await flows.complete(flows.plans);
  expect([added, flows.addedOf(flows.plans)]).toEqual([["ready", "late"], "all"]);
  expect(flows.addedOf([waiting])).toEqual(["late"]);
});

it("a flow that waits for its gateway takes a rate, and is refused with what is to be done", async () => {
  const added: FlowSpec[] = [];
  const session = {
    addFlows: async (specs: readonly FlowSpec[]) => void added.push(...specs),
  } as unknown as TestSession;
  const gatewayMacs = new Map<string, string>();
  const neighbours = { gatewayMacs, isOn: false, ask: async () => {} };
  const flows = new FlowSet(session, neighbours as unknown as Neighbours);
  const waiting = plan({}, { gateways: [{ name: "a", gateway: "198.18.0.9" }] });
  await flows.add([waiting]);
  await flows.setRate(waiting, { kind: "pps", pps: 77 });
  await expect(flows.complete([waiting])).rejects.toThrow("the devices are not started; start them with");
  neighbours.isOn = true;
  await expect(flows.complete([waiting])).rejects.toThrow("gateway 198.18.0.9 of a does not answer");
  gatewayMacs.set("a", "02:00:00:00:00:01");
  await flows.complete([waiting]);
  expect(added).toEqual([{ name: "f", rate: { kind: "pps", pps: 77 } }]);
});

it.each([
  ["any of the ports of two agents", 1, ["p2", "p3"], ["a2, a3"]],
  ["two copies at any of these ports, which are counted all", 2, ["p2", "p3"], []],
  ["each of the ports", "each", ["p2", "p3"], []],
  ["any of the ports of one agent", 1, ["p2", "p4"], []],
  ["one port", 1, ["p2"], []],
] as const)(
  "a copy may hide a loss where frames may come at several agents, and a warning says so: %s",
  async (...row) => {
    const [, ratio, to, agents] = row;
    const owners: Readonly<Record<string, string>> = { p1: "a2", p2: "a2", p3: "a3", p4: "a2" };
    const session = {
      agentOf: (port: string) => owners[port],
      look: async () => ({ flows: [] }),
    } as unknown as TestSession;
    const live = new LiveConfig(session, { hosts: [], endpoints: new Map() } as unknown as PlannedConfig);
    const warnings = agents.map(
      (names) =>
        `flows[0].tx_rx: each frame may come at any of ${names}; one that comes at two of them hides a lost one: ` +
        "loss is that much or more",
    );
    expect(await live.warningsOf([plan({ ratio }, { to })])).toEqual(warnings);
    expect(await live.warningsOf([plan({ ratio, enable: false }, { to })])).toEqual([]);
  },
);

it("links that a configuration set down come up at its end, and no others", async () => {
  const set: string[] = [];
  const session = {
    setLink: async (name: string, state: string) => {
      if (name === "p3") throw new Error("it has none");
      set.push(`${name} ${state}`);
    },
  } as unknown as TestSession;
  const live = new LiveConfig(session, { hosts: [], endpoints: new Map() } as unknown as PlannedConfig);
  const warnings = await live.setLinks(["p1", "p2", "p3"], "down");
  expect(warnings).toEqual(['port.link: port "p3" was not set down: it has none']);
  await live.setLinks(["p1"], "up");
  await live.end();
  await live.end();
  expect(set).toEqual(["p1 down", "p2 down", "p1 up", "p2 up"]);
});

it("ports that are lost are told with the reason, and opened anew with the next configuration", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "s");
  const ports = [
    { name: "one", spec: parsePortSpec(`vhost:${path},server=on`) },
    { name: "two", spec: parsePortSpec(`virtio-user:${path}`) },
  ];
  const opened: TestSession[] = [];
  const tester = new Tester({ ports, yesThisInterface: false, innerFcs: false }, async (planned, own) => {
    const session = await openPortsOf(planned, own);
    opened.push(session);
    return session;
  });
  try {
    const config = { ports: ports.map(({ name }) => ({ name, location: name })) };
    const rows = async () => (await tester.getMetrics({ choice: "port" }))["port_metrics"];
    const start = { choice: "protocol", protocol: { choice: "all", all: { state: "start" } } };
    await tester.setConfig(config);
    expect(await rows()).toHaveLength(2);
    (opened[0] as unknown as LiveSession).fail(new Error("the thread went away"));
    const refusal = expect.objectContaining({ status: 500, message: expect.stringContaining("the thread went away") });
    await expect(rows()).rejects.toEqual(refusal);
    await expect(tester.setControlState(start)).rejects.toEqual(refusal);
    expect(tester.getConfig()).toEqual(config);
    await tester.setConfig(config);
    expect([opened.length, await rows()]).toEqual([2, expect.objectContaining({ length: 2 })]);
    (opened[1] as unknown as LiveSession).fail(new Error("again"));
    await tester.setConfig(config);
    expect(opened).toHaveLength(3);
    expect(await rows()).toHaveLength(2);
  } finally {
    await tester.close();
  }
});
