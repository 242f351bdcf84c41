/** What changes while a configuration is at work: rates, sizes, captures with filters, as clients ask over HTTP. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { openPortsOf } from "../../src/otg/live/open-ports.js";
import { Tester } from "../../src/otg/tester.js";
import { decodeCapture } from "../../src/pcap/codec.js";
import { parsePortSpec } from "../../src/port/index.js";
import type { TestSession } from "../../src/session/index.js";
import { temporaryFolder } from "../support/rings-cross.js";
import { ask, config, flow, flowRows, haveEnded, type Json, startRig, transmit, untilRows } from "./rig.js";

const update = (properties: readonly string[], ...flows: readonly object[]) => ({
  choice: "flows",
  flows: { property_names: properties, flows },
});

it("the size of a stopped flow changes, of one that runs it is refused and stays", async () => {
  await using rig = await startRig();
  const flows = [flow("f1", "p1", "p2", { duration: { continuous: {} } })];
  await ask(rig.http, "POST", "/config", config({ flows }));
  const longer = update(["size"], flow("f1", "p1", "p2", { size: { fixed: 256 } }));
  await ask(rig.http, "POST", "/control/state", transmit("start"));
  const refused = await ask(rig.http, "PATCH", "/config", longer);
  expect([refused.status, refused.json.errors[0]]).toEqual([
    400,
    expect.stringMatching(/^flows\.property_names: .*f1/),
  ]);
  await untilRows(rig.http, ([row]) => row.frames_rx !== "0");
  await ask(rig.http, "POST", "/control/state", transmit("stop"));
  const [before] = await untilRows(rig.http, haveEnded);
  expect(Number(before.bytes_tx)).toBe(128 * Number(before.frames_tx));
  expect((await ask(rig.http, "PATCH", "/config", longer)).status).toBe(200);
  await ask(rig.http, "POST", "/control/state", transmit("start"));
  await untilRows(rig.http, ([row]) => row.frames_rx !== "0");
  await ask(rig.http, "POST", "/control/state", transmit("stop"));
  const [after] = await untilRows(rig.http, haveEnded);
  expect(Number(after.bytes_rx)).toBe(256 * Number(after.frames_rx));
});

it("an update that names a flow that is not there changes none", async () => {
  await using rig = await startRig();
  await ask(rig.http, "POST", "/config", config());
  const wrong = update(["rate"], flow("f1", "p1", "p2", { rate: { pps: 7 } }), flow("f9", "p1", "p2"));
  const { status, json } = await ask(rig.http, "PATCH", "/config", wrong);
  expect([status, json.errors]).toEqual([400, ['flows.flows[1]: there is no flow "f9"']]);
  expect((await ask(rig.http, "GET", "/config")).json.flows[0].rate.pps).toBe("2000");
});

it("an update with one rate that nobody can send changes none", async () => {
  await using rig = await startRig();
  await ask(rig.http, "POST", "/config", config());
  const wrong = update(
    ["rate"],
    flow("f1", "p1", "p2", { rate: { choice: "pps", pps: "1" } }),
    flow("f2", "p2", "p1", { rate: { choice: "pps", pps: "1000000000000" } }),
  );
  const { status, json } = await ask(rig.http, "PATCH", "/config", wrong);
  expect([status, json.errors]).toEqual([400, [expect.stringMatching(/^flows\.flows\[1\]\.rate: /)]]);
  await ask(rig.http, "POST", "/control/state", transmit("start"));
  // At one frame a second, 50 frames take longer than the test may.
  await untilRows(rig.http, haveEnded);
});

it("frames that the ports have no room for are refused, and what was there stays as it was", async () => {
  let session!: TestSession;
  using folder = temporaryFolder();
  const path = join(folder.path, "s");
  const ports = [
    { name: "one", spec: parsePortSpec(`vhost:${path},server=on`) },
    { name: "two", spec: parsePortSpec(`virtio-user:${path}`) },
  ];
  const tester = new Tester({ ports, yesThisInterface: false, innerFcs: false }, async (plan, own) => {
    session = await openPortsOf(plan, own);
    return session;
  });
  try {
    await tester.setConfig(config());
    await tester.updateConfig(update(["rate"], flow("f1", "p1", "p2", { rate: { choice: "pps", pps: "77" } })));
    const long = (name: string) => flow(name, "p1", "p2", { size: { choice: "fixed", fixed: 9000 } });
    const errors = [expect.stringMatching(/^flows\.flows\[0\]\.size: frames of 9000 bytes .* up to 1522 bytes/)];
    await expect(tester.updateConfig(update(["size"], long("f1")))).rejects.toMatchObject({ errors });
    const append = { config_append_list: [{ choice: "flows", flows: [long("f3")] }] };
    await expect(tester.appendConfig(append)).rejects.toThrow(/do not fit into the buffers/);
    const rates = Object.fromEntries(session.flows().map(({ spec }) => [spec.name, spec.rate]));
    expect(rates).toEqual({ f1: { kind: "pps", pps: 77 }, f2: { kind: "pps", pps: 2000 } });
  } finally {
    await tester.close();
  }
});

it("captures hold what passes all filters, cut and in the format that was asked for", async () => {
  await using rig = await startRig();
  // Source ports are 100, 101, 102, and again: 34 bytes lie before them.
  const filters = [
    { choice: "custom", custom: { offset: 272, bit_length: 16, value: "65", mask: "ffff" } },
    { choice: "ipv4", ipv4: { src: { value: "c6120001", mask: "ffffffff" }, dst: { value: "00", mask: "00" } } },
  ];
  const capture = { name: "c", port_names: ["p2"], filters, format: "pcapng", packet_size: 60 };
  await ask(rig.http, "POST", "/config", config({ captures: [capture], flows: [flow("f1", "p1", "p2")] }));
  const start = { choice: "port", port: { choice: "capture", capture: { state: "start" } } };
  await ask(rig.http, "POST", "/control/state", start);
  await ask(rig.http, "POST", "/control/state", transmit("start"));
  await untilRows(rig.http, haveEnded);
  const fetch = async (body: object) => decodeCapture((await ask(rig.http, "POST", "/monitor/capture", body)).bytes);
  const { frames, format } = await fetch({ port_name: "p2" });
  expect([format, frames.length]).toEqual(["pcapng", 17]);
  for (const { bytes, originalBytes } of frames) {
    expect([bytes.length, originalBytes, bytes[34], bytes[35]]).toEqual([60, 128, 0, 101]);
  }
  const slice = { choice: "slice", slice: { choice: "initial", initial: { start: 16, count: 5 } } };
  expect((await fetch({ port_name: "p2", packets: slice })).frames).toHaveLength(2);
});

it("a link that cannot be set is a warning, and a capture of no capture's port is refused", async () => {
  await using rig = await startRig();
  await ask(rig.http, "POST", "/config", config());
  const link = (names: readonly string[]) => ({
    choice: "port",
    port: { choice: "link", link: { state: "down", port_names: names } },
  });
  const { status, json } = await ask(rig.http, "POST", "/control/state", link(["p1"]));
  expect([status, json.warnings]).toEqual([200, [expect.stringMatching(/^port\.link: port "p1" was not set down: /)]]);
  const unknown = await ask(rig.http, "POST", "/control/state", link(["p9"]));
  expect(unknown.json.errors).toEqual(['port.link.port_names[0]: there is no port "p9"']);
  const capture = { choice: "port", port: { choice: "capture", capture: { state: "start", port_names: ["p1"] } } };
  const refused = await ask(rig.http, "POST", "/control/state", capture);
  expect(refused.json.errors[0]).toMatch(/^port\.capture\.port_names\[0\]: /);
  expect((await flowRows(rig.http)).map(({ name }: Json) => name)).toEqual(["f1", "f2"]);
});
