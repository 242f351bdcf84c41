/** What clients must not do, and do: the server answers, names the place, and goes on. */
import { connect as connectPlain } from "node:net";
import { Client, credentials } from "@grpc/grpc-js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wrapped } from "../../src/otg/wire/binary-writer.js";
import { validMessage } from "./random-messages.js";
import { ask, config, flow, flowRows, haveEnded, type Json, startRig, transmit, untilRows } from "./rig.js";

/** It takes what is right as ever. */
async function worksStill(http: string): Promise<void> {
  expect((await ask(http, "POST", "/config", config())).json).toEqual({ warnings: [] });
  await ask(http, "POST", "/control/state", transmit("start"));
  await untilRows(http, haveEnded);
}

/** What a server says to a client that sends the head of a request with so long a body, and nothing of the body. */
function withAHead(http: string, bodyBytes: number): Promise<string> {
  const { hostname, port } = new URL(http);
  return new Promise((resolve, reject) => {
    const socket = connectPlain({ host: hostname, port: Number(port) }, () =>
      socket.write(
        `POST /config HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\n` +
          `Content-Length: ${bodyBytes}\r\n\r\n`,
      ),
    );
    let text = "";
    socket.on("data", (piece: Buffer) => {
      text += piece.toString();
    });
    socket.on("error", reject);
    socket.on("end", () => {
      socket.destroy();
      resolve(text);
    });
  });
}

const parts = "ports|layer1|captures|devices|flows|options|body";
const isPlaced = new RegExp(`^(${parts})([.[:]|$)|^\\d+ more`);

/** Ends that are there, and often headers and sizes that go together: what is behind them is looked at, too. */
const placedFlow = fc
  .record({
    ...{ one: validMessage("Flow"), isBack: fc.boolean(), isPlain: fc.boolean() },
    vlan: validMessage("FlowVlan"),
  })
  .map(({ one, isBack, isPlain, vlan }) => ({
    ...(isPlain ? { name: one["name"], packet: [{ ethernet: {} }, { choice: "vlan", vlan }] } : one),
    tx_rx: { port: { tx_name: isBack ? "p2" : "p1", rx_names: [isBack ? "p1" : "p2"] } },
  }));

describe("configurations of random shape", () => {
  it("are taken, or refused with the place of each mistake", async () => {
    await using rig = await startRig();
    const answers = { taken: 0, refused: 0 };
    const check = async (body: object): Promise<void> => {
      const { status, json } = await ask(rig.http, "POST", "/config", body);
      answers[status === 200 ? "taken" : "refused"]++;
      if (status === 200) return void expect(json.warnings).toBeInstanceOf(Array);
      expect([status, json.code, json.kind]).toEqual([400, 400, "validation"]);
      for (const error of json.errors) expect(error).toMatch(isPlaced);
    };
    await fc.assert(fc.asyncProperty(validMessage("Config"), check), { numRuns: 60 });
    const { ports } = config();
    const layer1 = [{ name: "l1", port_names: ["p1", "p2"], speed: "speed_10_gbps" }];
    const flows = fc.array(placedFlow, { minLength: 1, maxLength: 1 });
    await fc.assert(
      fc.asyncProperty(flows, (random) => check({ ports, layer1, flows: random })),
      { numRuns: 60 },
    );
    expect(answers.taken).toBeGreaterThan(0);
    expect(answers.refused).toBeGreaterThan(0);
    await worksStill(rig.http);
  });

  it("that are no configurations are refused, whatever they are", async () => {
    await using rig = await startRig();
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (body) => {
        const { status, json } = await ask(rig.http, "POST", "/config", body);
        if (status !== 200) expect([status, json.kind]).toEqual([400, "validation"]);
      }),
      { numRuns: 60 },
    );
    await worksStill(rig.http);
  });
});

describe("a configuration that is refused", () => {
  const cannot = flow("f9", "p1", "p2", { packet: [{ choice: "ethernet" }, { choice: "udp" }] });

  it("leaves the one before at work: its flows go on", async () => {
    await using rig = await startRig();
    const flows = [flow("f1", "p1", "p2", { duration: { continuous: {} } })];
    await ask(rig.http, "POST", "/config", config({ flows }));
    await ask(rig.http, "POST", "/control/state", transmit("start"));
    await untilRows(rig.http, ([row]) => row.frames_rx !== "0");
    const tooLong = flow("f9", "p1", "p2", {
      duration: { choice: "fixed_seconds", fixed_seconds: { seconds: 20_000_000 } },
    });
    const tooFast = flow("f9", "p1", "p2", { rate: { choice: "pps", pps: "1000000000000" } });
    for (const wrong of [
      { flows: [cannot] },
      { flows: [tooLong] },
      { flows: [tooFast] },
      { lldp: [{}] },
      { ports: [{ name: "p1", location: "nowhere" }] },
    ]) {
      expect((await ask(rig.http, "POST", "/config", config(wrong))).status).toBe(400);
    }
    const [before] = await flowRows(rig.http);
    await untilRows(rig.http, ([row]) => Number(row.frames_rx) > Number(before.frames_rx));
    expect((await ask(rig.http, "GET", "/config")).json.flows.map(({ name }: Json) => name)).toEqual(["f1"]);
  });

  it("has no name twice, no flow back to its port, and no flow more than there is room for", async () => {
    await using rig = await startRig();
    const errorsOf = async (flows: readonly object[]) =>
      (await ask(rig.http, "POST", "/config", config({ flows }))).json.errors;
    expect(await errorsOf([flow("f1", "p1", "p2"), flow("f1", "p2", "p1")])).toEqual([
      'flows[1].name: "f1" is the name of flows[0]',
    ]);
    expect((await errorsOf([flow("f1", "p1", "p1")]))[0]).toMatch(/^flows\[0\]\.tx_rx\.port\.rx_names\[0\]: /);
    const many = Array.from({ length: 8193 }, (_, k) => flow(`f${k}`, "p1", "p2"));
    expect((await errorsOf(many))[0]).toMatch(/^flows: /);
    await worksStill(rig.http);
    const twice = {
      config_append_list: [{ choice: "flows", flows: [flow("f3", "p1", "p2"), flow("f3", "p1", "p2")] }],
    };
    expect((await ask(rig.http, "PATCH", "/config/append", twice)).json.errors[0]).toMatch(
      /^config_append_list\[0\]\.flows\[1\]\.name: /,
    );
    expect((await flowRows(rig.http)).map(({ name }) => name)).toEqual(["f1", "f2"]);
  });
});

describe("clients", () => {
  it("that vanish in the middle leave the server as it was", async () => {
    await using rig = await startRig();
    await ask(rig.http, "POST", "/config", config());
    const { hostname, port } = new URL(rig.http);
    const vanish = (text: string): Promise<void> =>
      new Promise((resolve) => {
        const socket = connectPlain({ host: hostname, port: Number(port) }, () =>
          socket.write(text, () => socket.destroy()),
        );
        socket.on("close", () => resolve());
        socket.on("error", () => {});
      });
    const head = `Host: ${hostname}:${port}\r\nContent-Type: application/json\r\n`;
    const body = JSON.stringify(config({ flows: [] }));
    await vanish(`POST /config HTTP/1.1\r\n${head}Content-Length: 5000\r\n\r\n{"ports": [`);
    await vanish(`POST /config HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n5\r\n{"por`);
    await vanish("POST /conf");
    await vanish("\u0000\u0001\u0002");
    expect((await flowRows(rig.http)).map(({ name }) => name)).toEqual(["f1", "f2"]);
    await vanish(`POST /config HTTP/1.1\r\n${head}Content-Length: ${body.length}\r\n\r\n${body}`);
    const client = new Client(rig.grpc, credentials.createInsecure());
    const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
    const method = "/otg.Openapi/streamSetConfig";
    const stream = client.makeClientStreamRequest(method, asBuffer, asBuffer, () => {});
    stream.on("error", () => {});
    stream.write(Uint8Array.of(0x12, 2, 1, 2));
    stream.cancel();
    const asked = client.makeUnaryRequest(
      "/otg.Openapi/GetConfig",
      asBuffer,
      asBuffer,
      wrapped(1, new Uint8Array(0)),
      () => {},
    );
    asked.cancel();
    client.close();
    await worksStill(rig.http);
  });

  it("that are two at once get whole answers, one after the other", async () => {
    await using rig = await startRig();
    const named = (name: string) => config({ flows: [flow(name, "p1", "p2")] });
    const asked = Array.from({ length: 6 }, (_, k) => [
      ask(k % 2 === 0 ? rig.http : rig.https, "POST", "/config", named(`f${k}`)),
      ask(rig.https, "POST", "/monitor/metrics", { choice: "flow", flow: {} }),
      ask(rig.http, "POST", "/control/state", transmit("start")),
      ask(rig.http, "GET", "/config"),
    ]).flat();
    for (const { status, json } of await Promise.all(asked)) {
      expect(json).toBeInstanceOf(Object);
      // Before the first configuration, nothing can start.
      if (status !== 200) expect([status, json.kind]).toEqual([400, "validation"]);
    }
    const { flows } = (await ask(rig.http, "GET", "/config")).json;
    expect(flows).toHaveLength(1);
    await untilRows(rig.http, haveEnded);
    expect((await flowRows(rig.http)).map(({ name }) => name)).toEqual([flows[0].name]);
  });

  it("that send more than the limit are told it, and no more is read", async () => {
    await using rig = await startRig();
    await ask(rig.http, "POST", "/config", config());
    const long = await withAHead(rig.http, (32 << 20) + 1);
    expect(long).toMatch(/^HTTP\/1\.1 413 /);
    expect(long).toContain("up to 33554432 bytes");
    const list = await ask(rig.http, "POST", "/config", { ports: Array.from({ length: 65_537 }, () => ({})) });
    expect(list.json.errors).toEqual(["ports: 65537 elements are too many; accepted: up to 65536"]);
    expect((await flowRows(rig.http)).map(({ name }) => name)).toEqual(["f1", "f2"]);
  });
});
