/** The server over real sockets, with both of its ports on one vhost-user socket: HTTP, HTTPS and gRPC. */
import { Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { chunkBytes, readBinary, unwrapped } from "../../src/otg/wire/binary-reader.js";
import { binaryOf, chunkOf, wrapped } from "../../src/otg/wire/binary-writer.js";
import { dissect } from "../../src/packet/index.js";
import { decodeCapture } from "../../src/pcap/codec.js";
import { ask, config, flow, flowRows, haveEnded, type Json, startRig, transmit, untilRows } from "./rig.js";

describe("the Open Traffic Generator server over HTTP", () => {
  it("sends what a configuration says, counts it, and hands out what came in", async () => {
    await using rig = await startRig();
    expect((await ask(rig.https, "GET", "/capabilities/version")).json.api_spec_version).toBe(">=1.0.0,<2.0.0");
    expect((await ask(rig.https, "POST", "/config", config())).json).toEqual({ warnings: [] });
    const capture = { choice: "port", port: { choice: "capture", capture: { state: "start" } } };
    expect((await ask(rig.http, "POST", "/control/state", capture)).status).toBe(200);
    expect((await ask(rig.http, "POST", "/control/state", transmit("start"))).json).toEqual({ warnings: [] });
    const rows = await untilRows(rig.https, haveEnded);
    for (const row of rows) {
      expect(row).toMatchObject({ frames_tx: "50", frames_rx: "50", bytes_tx: "6400", bytes_rx: "6400", loss: 0 });
      expect(row.latency.minimum_ns).toBeLessThanOrEqual(row.latency.average_ns);
      expect(row.timestamps.first_timestamp_ns).toBeLessThan(row.timestamps.last_timestamp_ns);
      expect(row.frames_tx_rate).toBeGreaterThanOrEqual(0);
    }
    const { port_metrics: ports } = (await ask(rig.http, "POST", "/monitor/metrics", {})).json;
    expect(ports.map((port: Json) => [port.name, port.frames_tx, port.frames_rx])).toEqual([
      ["p1", "50", "50"],
      ["p2", "50", "50"],
    ]);
    const file = await ask(rig.http, "POST", "/monitor/capture", { port_name: "p2" });
    expect(file.type).toBe("application/octet-stream");
    const { frames, format } = decodeCapture(file.bytes);
    expect([format, frames.length, new Set(frames.map(({ bytes }) => bytes.length))]).toEqual([
      "pcap",
      50,
      new Set([128]),
    ]);
    const sourcePorts = frames.map(({ bytes }) => {
      const udp = dissect(bytes.subarray(0, -4)).layers.at(-1)!.header as unknown as { readonly srcPort: number };
      return udp.srcPort;
    });
    expect(sourcePorts).toEqual(Array.from({ length: 50 }, (_, i) => 100 + (i % 3)));
    expect((await ask(rig.http, "GET", "/config")).json.flows[0].name).toBe("f1");
  });

  it("starts, pauses and changes some flows, while others go on", async () => {
    await using rig = await startRig();
    const endless = { duration: { continuous: {} } };
    const flows = [flow("f1", "p1", "p2", endless), flow("f2", "p2", "p1", endless)];
    await ask(rig.http, "POST", "/config", config({ flows }));
    await ask(rig.http, "POST", "/control/state", transmit("start", ["f2"]));
    await untilRows(rig.http, ([one, two]) => one.transmit === "stopped" && two.frames_rx !== "0");
    await ask(rig.http, "POST", "/control/state", transmit("pause", ["f2"]));
    await untilRows(rig.http, ([one, two]) => one.frames_tx === "0" && two.transmit === "paused");
    const rate = {
      choice: "flows",
      flows: { property_names: ["rate"], flows: [flow("f2", "p2", "p1", { rate: { pps: 9 } })] },
    };
    expect((await ask(rig.http, "PATCH", "/config", rate)).status).toBe(200);
    expect((await ask(rig.http, "GET", "/config")).json.flows[1].rate.pps).toBe("9");
    const third = { config_append_list: [{ choice: "flows", flows: [flow("f3", "p1", "p2")] }] };
    expect((await ask(rig.http, "PATCH", "/config/append", third)).status).toBe(200);
    expect((await ask(rig.http, "PATCH", "/config/append", third)).json.errors[0]).toContain("f3");
    await ask(rig.http, "POST", "/control/state", transmit("start", ["f3"]));
    await untilRows(rig.http, (rows) => rows.length === 3 && rows[2].frames_rx === "50");
    await ask(rig.http, "PATCH", "/config/delete", { config_delete_list: [{ choice: "flows", flows: ["f3"] }] });
    expect((await flowRows(rig.http)).map(({ name }) => name)).toEqual(["f1", "f2"]);
    const anew = await ask(rig.http, "POST", "/config", config());
    expect(anew.json).toEqual({ warnings: [] });
    expect((await flowRows(rig.http)).map((row) => [row.frames_tx, row.transmit])).toEqual([
      ["0", "stopped"],
      ["0", "stopped"],
    ]);
    expect((await ask(rig.http, "POST", "/config", {})).json).toEqual({ warnings: [] });
    expect(await flowRows(rig.http)).toEqual([]);
  });

  it("shows a change of state in the first metrics behind its answer", async () => {
    await using rig = await startRig();
    await ask(
      rig.http,
      "POST",
      "/config",
      config({ flows: [flow("f1", "p1", "p2", { duration: { continuous: {} } })] }),
    );
    const said: string[] = [];
    for (const state of ["start", "pause", "resume", "stop", "start"]) {
      await flowRows(rig.http);
      await ask(rig.http, "POST", "/control/state", transmit(state));
      const [row] = await flowRows(rig.http);
      said.push(row.transmit);
    }
    expect(said).toEqual(["started", "paused", "started", "stopped", "started"]);
  });

  it("answers its own names and addresses, and no other name or page", async () => {
    await using rig = await startRig();
    const port = new URL(rig.http).port;
    const asked = async (headers: object, base = rig.http) =>
      (await ask(base, "GET", "/config", undefined, headers)).status;
    expect(await asked({ Host: `evil.example:${port}` })).toBe(403);
    expect(await asked({ Host: "evil.example" }, rig.https)).toBe(403);
    expect(await asked({ Host: `evil.example:${port}`, Origin: `http://evil.example:${port}` })).toBe(403);
    expect(await asked({ Origin: "http://evil.example" })).toBe(403);
    const refused = await ask(rig.http, "GET", "/config", undefined, { Host: "evil.example" });
    expect(refused.json.errors[0]).toContain('Host: this server is not known as "evil.example"; accepted: localhost');
    for (const name of ["localhost", "127.0.0.1", "[::1]", "198.18.0.1"]) {
      expect(await asked({ Host: `${name}:${port}` })).toBe(200);
    }
    expect(await asked({ Origin: rig.http })).toBe(200);
  });

  it("says what is wrong as its clients read it, and goes on", async () => {
    await using rig = await startRig();
    const wrong = await ask(rig.https, "POST", "/config", config({ lldp: [{}] }));
    expect([wrong.status, wrong.json.code, wrong.json.kind]).toEqual([400, 400, "validation"]);
    expect(wrong.json.errors).toEqual(["lldp: not supported: no protocol is emulated"]);
    const answers = [
      await ask(rig.http, "POST", "/config", "{"),
      await ask(rig.http, "GET", "/nowhere"),
      await ask(rig.http, "DELETE", "/config"),
      await ask(rig.http, "POST", "/control/state", transmit("start")),
      await ask(rig.http, "POST", "/monitor/metrics", { choice: "flow", flow: { flow_names: ["f9"] } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 404, 405, 400, 400]);
    await ask(rig.http, "POST", "/config", config());
    const unknown = await ask(rig.http, "POST", "/control/state", transmit("start", ["f1", "f9"]));
    expect(unknown.json.errors).toEqual(['traffic.flow_transmit.flow_names[1]: there is no flow "f9"']);
    const capture = await ask(rig.http, "POST", "/monitor/capture", { port_name: "p1" });
    expect(capture.status).toBe(404);
    const tooMany = flow("f3", "p1", "p2", {
      packet: [{ choice: "ethernet" }],
      size: { fixed: 64 },
      rate: { pps: 2e9 },
    });
    const refused = await ask(rig.http, "POST", "/config", config({ flows: [tooMany] }));
    expect(refused.json.errors[0]).toMatch(/^flows\[0\]\.rate/);
  });
});

describe("the Open Traffic Generator server over gRPC", () => {
  const same = (bytes: Buffer): Buffer => bytes;
  const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes);

  const call = (client: Client, method: string, message: Uint8Array): Promise<Uint8Array> =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(`/otg.Openapi/${method}`, asBuffer, same, message, (error, value) =>
        error === null ? resolve(unwrapped(value!)!) : reject(error),
      );
    });

  it("takes and gives the same, whole and in pieces", async () => {
    await using rig = await startRig();
    const client = new Client(rig.grpc, credentials.createInsecure());
    try {
      const warning = await call(client, "SetConfig", wrapped(1, binaryOf("Config", config())));
      expect(readBinary("Warning", warning)).toEqual({});
      const bytes = binaryOf("Config", config());
      await new Promise<void>((resolve, reject) => {
        const method = "/otg.Openapi/streamSetConfig";
        const stream = client.makeClientStreamRequest(method, asBuffer, same, (error) =>
          error === null ? resolve() : reject(error),
        );
        for (const half of [bytes.subarray(0, 99), bytes.subarray(99)]) stream.write(chunkOf(half));
        stream.end();
      });
      await call(client, "SetControlState", wrapped(1, binaryOf("ControlState", transmit("start"))));
      await untilRows(rig.http, haveEnded);
      const pieces: Uint8Array[] = [];
      const asked = wrapped(1, binaryOf("MetricsRequest", { choice: "flow", flow: {} }));
      for await (const piece of client.makeServerStreamRequest(
        "/otg.Openapi/streamGetMetrics",
        asBuffer,
        same,
        asked,
      )) {
        pieces.push(chunkBytes(piece as Uint8Array));
      }
      const { flow_metrics: rows } = readBinary("MetricsResponse", Buffer.concat(pieces)) as Json;
      expect(rows.map((row: Json) => [row.name, row.frames_tx, row.frames_rx, row.loss ?? 0])).toEqual([
        ["f1", 50, 50, 0],
        ["f2", 50, 50, 0],
      ]);
      const refused = await call(client, "SetConfig", wrapped(1, binaryOf("Config", { ports: [{ name: "x" }] }))).catch(
        (error: ServiceError) => error,
      );
      expect(JSON.parse((refused as ServiceError).details)).toMatchObject({ code: 400, kind: "validation" });
      const unknown = wrapped(1, binaryOf("MetricsRequest", { choice: "flow", flow: { flow_names: ["f9"] } }));
      const { code, details } = await new Promise<ServiceError>((resolve) => {
        client
          .makeServerStreamRequest("/otg.Openapi/streamGetMetrics", asBuffer, same, unknown)
          .on("data", () => {})
          .on("error", (error) => resolve(error as ServiceError));
      });
      expect([code, JSON.parse(details).errors]).toEqual([3, ['flow.flow_names[0]: there is no flow "f9"']]);
    } finally {
      client.close();
    }
  });
});
