/**
 * What clients do to a server while a run and a session go on: thousands of requests, and clients that vanish. Every answer is
 * right, and every frame of the session is accounted for. `PKTGEN_SESSION_OPENS` makes the last test longer (1000).
 */
import { readdirSync, readFileSync } from "node:fs";
import { Agent, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parsePortSpec } from "../../src/port/index.js";
import { temporaryFolder } from "../support/rings-cross.js";
import { endlessRun, type Json, type Rig, startRig } from "../support/serve-rig.js";

const folder = temporaryFolder();
const ports = [
  { name: "east", spec: parsePortSpec(`vhost:${join(folder.path, "s")},server=on`) },
  { name: "west", spec: parsePortSpec(`virtio-user:${join(folder.path, "s")}`) },
];
const both = { ports: ["east", "west"], settle: "100ms" };
let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ ports });
});
afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly status: number;
  /** What has to be in the answer. */
  readonly has: string;
}

/** Over connections that stay. */
function ask(agent: Agent, { method, path, body }: Asked): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "Content-Type": "application/json" };
    const asking = request(rig.url, { method, path, agent, headers }, (response: IncomingMessage) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => {
        text += piece;
      });
      response.on("end", () => resolve({ status: response.statusCode!, text }));
    });
    asking.on("error", reject);
    asking.end(body);
  });
}

async function openSession(): Promise<string> {
  const { status, json, text } = await rig.ask("POST", "/sessions", { body: both });
  expect([status, text]).toEqual([201, text]);
  const flow = { name: "web", tx: "east", rx: "west", rate: "2kpps", options: { sizes: "128" }, start: true };
  const added = await rig.ask("POST", `/sessions/${json.id}/flows`, { body: flow });
  expect(added.status).toBe(200);
  return json.id;
}

const end = async (id: string): Promise<Json> => (await rig.ask("DELETE", `/sessions/${id}`)).json;

it("thousands of requests get the right answers, and no frame is lost count of", async () => {
  const run = await rig.run({ options: endlessRun });
  const session = await openSession();
  const rate = (pps: number): string => JSON.stringify({ rate: `${pps}pps` });
  const kinds = (k: number): readonly Asked[] => [
    { method: "GET", path: "/healthz", status: 200, has: '"ok":true' },
    { method: "GET", path: `/runs/${run.id}`, status: 200, has: `"id":"${run.id}"` },
    { method: "GET", path: `/runs/none-${k}`, status: 404, has: `none-${k}` },
    { method: "GET", path: `/sessions/${session}/flows/web`, status: 200, has: '"name":"web"' },
    {
      method: "PATCH",
      path: `/sessions/${session}/flows/web`,
      body: rate(1_000 + k),
      status: 200,
      has: `"name":"web"`,
    },
    { method: "PATCH", path: `/sessions/${session}/flows/w${k}`, body: rate(5), status: 404, has: `\\"w${k}\\"` },
    { method: "POST", path: "/runs", body: "{", status: 400, has: '"code":"bad-request"' },
    { method: "POST", path: "/runs", body: JSON.stringify({ options: endlessRun }), status: 409, has: run.id },
    { method: "POST", path: `/sessions/${session}/flows`, body: `{"name":"${k}"}`, status: 400, has: '"where"' },
    { method: "DELETE", path: "/healthz", status: 405, has: "GET" },
    { method: "GET", path: "/metrics", status: 200, has: "# EOF" },
    { method: "GET", path: `/sessions/${session}`, status: 200, has: '"state":"open"' },
  ];
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const all = Array.from({ length: 200 }, (_, k) => kinds(k)).flat();
  const wrong = await Promise.all(
    all.map(async (asked) => {
      const { status, text } = await ask(agent, asked);
      return status === asked.status && text.includes(asked.has) ? [] : [{ asked, status, text: text.slice(0, 300) }];
    }),
  );
  agent.destroy();
  expect(wrong.flat()).toEqual([]);
  const { live, state } = await end(session);
  expect([state, live.sent]).toEqual(["done", live.received + live.lost]);
  expect(live.received).toBeGreaterThan(0);
  await rig.ask("POST", `/runs/${run.id}/stop`);
});

/** A connection that says this and goes. */
const vanish = (text: string, afterMs: number): Promise<void> =>
  new Promise((resolve) => {
    const socket = connect(Number(rig.url.port), "127.0.0.1", () => {
      socket.write(text);
      setTimeout(() => socket.destroy(), afterMs);
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve());
  });

it("clients that vanish leave no reader, no flow and no half of anything", async () => {
  const session = await openSession();
  const head = (method: string, path: string, more = ""): string =>
    `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${more}\r\n`;
  const flow = JSON.stringify({ name: "half", tx: "east", rx: "west", rate: "1kpps", options: { sizes: "64" } });
  const flows = `/sessions/${session}/flows`;
  const texts = [
    head("GET", `/sessions/${session}/events`),
    head("POST", flows, `Content-Length: ${flow.length}\r\n`) + flow.slice(0, -1),
    `${head("POST", flows, "Transfer-Encoding: chunked\r\n")}${flow.length.toString(16)}\r\n${flow}\r\n`,
    `GET /sessions/${session} HTTP/1.1\r\nHos`,
    head("GET", "/metrics"),
  ];
  await Promise.all(Array.from({ length: 150 }, (_, k) => vanish(texts[k % texts.length]!, k % 40)));
  for (;;) {
    const { text } = await rig.ask("GET", "/metrics");
    if (/^pktgen_serve_event_streams 0$/m.test(text)) break;
    await sleep(20);
  }
  const { json } = await rig.ask("GET", flows);
  expect(json.flows.map(({ name }: Json) => name)).toEqual(["web"]);
  const { state, live } = await end(session);
  expect([state, live.sent]).toEqual(["done", live.received + live.lost]);
});

/** What a session of 4,096 flows reserves. */
const sessionBytes = 310e6;
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
const opens = Number(process.env["PKTGEN_SESSION_OPENS"] ?? 4);
/** What the first sessions bring with them stays: threads that Node keeps, compiled code. */
const first = 3;
/** However many they are. Ended threads leave 54 kB and three mappings each (docs/limits.md). */
const mostGrownBytes = 120e6;
const mostNewMappings = 300;

it(
  "sessions that are opened and closed leave no descriptor, no thread and no memory behind",
  async () => {
    const one = async (): Promise<void> => {
      const session = await openSession();
      const events = await rig.open(`/sessions/${session}/events`);
      events.resume();
      await rig.ask("POST", `/sessions/${session}/captures`, { body: { port: "west", mostFrames: 100 } });
      const over = new Promise((resolve) => events.once("close", resolve));
      await end(session);
      await over;
    };
    const open = (of: string): number => readdirSync(`/proc/self/${of}`).length;
    for (let k = 0; k < first; k++) await one();
    const mappings = (): number => readFileSync("/proc/self/maps", "utf8").split("\n").length;
    const [descriptors, threads, { rss }] = [open("fd"), open("task"), process.memoryUsage()];
    const mapped = mappings();
    for (let k = 0; k < opens; k++) await one();
    // A connection is closed a moment after its answer.
    for (let k = 0; k < 100 && open("fd") > descriptors; k++) await sleep(20);
    expect(open("fd")).toBeLessThanOrEqual(descriptors);
    expect(open("task")).toBeLessThanOrEqual(threads);
    // What malloc keeps free is given back when nothing has gone on for a moment.
    const grownBytes = (): number => process.memoryUsage().rss - rss;
    for (let k = 0; k < 100 && grownBytes() >= mostGrownBytes; k++) await sleep(50);
    expect(grownBytes()).toBeLessThan(mostGrownBytes);
    expect(mappings() - mapped).toBeLessThan(mostNewMappings);
    // The last ones are kept, without the memory that their loops had.
    for (let k = 0; k < 50 && process.memoryUsage().arrayBuffers >= 3 * sessionBytes; k++) {
      collectGarbage();
      await sleep(20);
    }
    expect(process.memoryUsage().arrayBuffers).toBeLessThan(3 * sessionBytes);
  },
  120_000 + 2_000 * opens,
);
