/** Sessions over a real socket, on both sides of one vhost-user socket: flows, events, captures, hosts, and who has ports. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeCapture } from "../../src/pcap/codec.js";
import { parsePortSpec } from "../../src/port/index.js";
import type { EventConfig, FlowFacts, SessionFacts } from "../../src/serve/contract.js";
import { routes } from "../../src/serve/routes/index.js";
import { eventData } from "../../src/serve/schema/events.js";
import { countsOf } from "../support/histogram-counts.js";
import { askAsDescribed, notingRoutes } from "../support/noted-rig.js";
import { temporaryFolder } from "../support/rings-cross.js";
import { type Answer, type Asked, dataOf, eventsIn, type Json, type Rig, startRig } from "../support/serve-rig.js";

const folder = temporaryFolder();
let rig: Rig;
let id: string;

const ports = [
  { name: "east", spec: parsePortSpec(`vhost:${join(folder.path, "s")},server=on`) },
  { name: "west", spec: parsePortSpec(`virtio-user:${join(folder.path, "s")}`) },
];
const both = { ports: ["east", "west"], settle: "100ms" };
const forward = { tx: "east", rx: "west", rate: "20kpps" };

beforeAll(async () => {
  rig = notingRoutes(await startRig({ ports }), askedFor);
  ({ id } = (await rig.ask("POST", "/sessions", { body: { ...both, name: "first", lineRate: "1Gbps" } })).json);
});
afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Routes that were asked for. */
const askedFor = new Set<string>();
const asked = (method: string, template: string, path: string, body?: Asked["body"]): Promise<Answer> =>
  askAsDescribed(rig, method, template, path, body);

const ofSession = (method: string, path: string, body?: Asked["body"]): Promise<Answer> =>
  asked(method, `/sessions/{id}${path}`, `/sessions/${id}${path}`, body);
const add = async (...flows: Json[]): Promise<Answer> => ofSession("POST", "/flows", { flows });
const flow = async (name: string): Promise<FlowFacts> =>
  (await asked("GET", "/sessions/{id}/flows/{flow}", `/sessions/${id}/flows/${name}`)).json;

async function settled(): Promise<SessionFacts> {
  for (;;) {
    const { json } = await ofSession("GET", "");
    if (json.running === 0 && json.settled) return json;
    await sleep(20);
  }
}

/** Two streams with rates and sizes of their own. */
const twoStreams = `
streams:
  - name: fast
    rate: 4kpps
    size: 128
    schedule: { frames: 200 }
    packet: [ethernet, ipv4, udp: { dstPort: 7 }]
  - name: slow
    rate: 1kpps
    size: 256
    schedule: { frames: 50 }
    packet: [ethernet, ipv4, udp: { dstPort: 9 }]
`;
const givenFrame = `hex:02000000000202000000000188b5${"5a".repeat(60)}`;

const stream = (name: string, port: number, rest: string): string =>
  `  - { name: ${name}, rate: 4kpps, size: 64, packet: [ethernet, ipv4, udp: { dstPort: ${port} }], ${rest} }\n`;
/** Streams by every law of departures. */
const laws = [
  "streams:\n",
  stream("up", 7, "schedule: { ramp: { from: 0%, to: 100%, within: 20ms } }"),
  stream("down", 8, "schedule: { ramp: { from: 100%, to: 0%, within: 20ms } }"),
  stream("chance", 9, "schedule: { poisson: { seed: 5 } }"),
].join("");
/** Bursts, and what comes after them. */
const chained = [
  "streams:\n",
  stream("first", 7, "schedule: { bursts: { frames: 10, gap: 5ms, count: 3 } }"),
  stream("second", 8, "schedule: { after: first, frames: 20 }"),
].join("");

describe("flows of a session", () => {
  it("are of options, of a profile's streams, and of one frame; every frame is counted", async () => {
    expect((await rig.get("/ports")).ports.map(({ owner }: Json) => owner?.id ?? null)).toEqual([null, id, id]);
    const { status, json } = await add(
      { ...forward, name: "plain", count: 300, options: { sizes: 512, vlan: 7, flows: 4 } },
      { tx: "east", rx: ["west"], name: "two", profileText: twoStreams },
      { ...forward, name: "given", count: 40, frame: givenFrame },
      { ...forward, name: "back", tx: "west", rx: "east", rate: "1%", duration: "50ms" },
      { ...forward, name: "nobody", rx: null, count: 10 },
    );
    expect([status, json.flows?.map(({ name, rate, state }: FlowFacts) => [name, rate, state])]).toEqual([
      200,
      [
        ["plain", "20kpps", "idle"],
        ["two.fast", "4kpps", "idle"],
        ["two.slow", "1kpps", "idle"],
        ["given", "20kpps", "idle"],
        ["back", "1%", "idle"],
        ["nobody", "20kpps", "idle"],
      ],
    ]);
    expect((await ofSession("POST", "/start", {})).json.flows).toBe(6);
    const { running } = await settled();
    const { flows } = (await ofSession("GET", "/flows")).json as { flows: FlowFacts[] };
    const counts = flows.map(({ name, figures }) => [name, figures["sent"], figures["received"], figures["lost"]]);
    const back = flows[4]!.figures["sent"]!;
    const plain = (await asked("GET", "/sessions/{id}/flows/{flow}", `/sessions/${id}/flows/plain`)).json;
    const sumOf = (buckets: [number, number][]): number => buckets.reduce((sum, [, count]) => sum + count, 0);
    expect([sumOf(plain.histogram), sumOf(plain.gaps)]).toEqual([300, 299]);
    expect(counts).toEqual([
      ["plain", 300, 300, 0],
      ["two.fast", 200, 200, 0],
      ["two.slow", 50, 50, 0],
      ["given", 40, 40, 0],
      ["back", back, back, 0],
      ["nobody", 10, 0, null],
    ]);
    expect(back).toBeGreaterThan(10);
    expect([running, flows.map(({ state }) => state)]).toEqual([0, Array(6).fill("ended")]);
    const [east, west] = (await ofSession("GET", "/ports")).json.ports;
    expect([east.up, east.figures.sent, east.figures.received]).toEqual([true, 600, back]);
    expect([west.figures.sent, west.figures.received]).toEqual([back, 600]);
  });

  it("start, pause, go on, change their rate and go, one by one", async () => {
    await add({ ...forward, name: "live", start: true }, { ...forward, name: "other", count: 5 });
    const template = "/sessions/{id}/flows/{flow}";
    const change = async (body: object): Promise<FlowFacts> =>
      (await asked("PATCH", template, `/sessions/${id}/flows/live`, body)).json;
    expect((await flow("live")).state).toBe("running");
    expect(await change({ rate: "1kpps", paused: true })).toMatchObject({ state: "paused", rate: "1kpps" });
    await ofSession("POST", "/pause", { flows: ["live"] });
    // What is not paused is not resumed.
    await ofSession("POST", "/resume", {});
    expect([(await flow("live")).state, (await flow("other")).state]).toEqual(["running", "idle"]);
    await ofSession("POST", "/stop", { flows: ["live"] });
    await settled();
    const { figures } = await flow("live");
    expect([figures["lost"], figures["received"]]).toEqual([0, figures["sent"]]);
    const last = (await asked("DELETE", template, `/sessions/${id}/flows/live`)).json as FlowFacts;
    expect(last.figures["sent"]).toBe(figures["sent"]);
    const sorted = await rig.get(`/sessions/${id}/flows?sort=sent&worst=1&limit=2`);
    // How many "back" sent, which has a time and no count, depends on the machine.
    const counts: number[] = (await rig.get(`/sessions/${id}/flows`)).flows.map(
      (one: FlowFacts) => one.figures["sent"],
    );
    const most = counts.sort((a, b) => b - a).slice(0, 2);
    expect(sorted.flows.map(({ figures: { sent } }: FlowFacts) => sent)).toEqual(most);
  });
});

describe("flows by laws of departures", () => {
  const figuresOf = async (name: string) => (await flow(name)).figures as Record<string, number>;
  const remove = async (...names: string[]): Promise<void> => {
    for (const name of names) await asked("DELETE", "/sessions/{id}/flows/{flow}", `/sessions/${id}/flows/${name}`);
  };

  it("follow ramps and chance, and start with a count or a time of that start", async () => {
    await add({ tx: "east", rx: "west", name: "laws", profileText: laws });
    const names = ["laws.up", "laws.down", "laws.chance"];
    await ofSession("POST", "/start", { flows: names, duration: "40ms" });
    await settled();
    const inTime = await Promise.all(names.map(figuresOf));
    // Half of 4 kpps within the ramp; one that is sent as 0 % at the end stops there.
    const asked = inTime.map(({ sent, missed, blocked }) => sent! + missed! + blocked!);
    expect([asked[0], asked[1]]).toEqual([120, 40]);
    expect(inTime.map(({ lost }) => lost)).toEqual([0, 0, 0]);
    await ofSession("POST", "/start", { flows: names, count: 30 });
    await settled();
    expect((await Promise.all(names.map(figuresOf))).map(({ sent, received }) => [sent, received])).toEqual([
      [30, 30],
      [30, 30],
      [30, 30],
    ]);
    await ofSession("POST", "/start", { flows: [names[2]], duration: "forever" });
    expect((await flow(names[2]!)).state).toBe("running");
    await ofSession("POST", "/stop", {});
    await settled();
    await remove(...names);
  });

  it("come after each other", async () => {
    await add({ tx: "east", rx: "west", name: "chain", profileText: chained });
    await ofSession("POST", "/start", { flows: ["chain.first", "chain.second"] });
    await settled();
    const [first, second] = [await figuresOf("chain.first"), await figuresOf("chain.second")];
    expect([first["sent"], second["sent"], second["received"]]).toEqual([30, 20, 20]);
    expect(second["firstNs"]).toBeGreaterThan(first["firstNs"]!);
    // With another length they would be steady.
    const again = await ofSession("POST", "/start", { duration: "10s" });
    expect([again.status, again.json.error?.where]).toEqual([422, "flows"]);
    await remove("chain.first", "chain.second");
  });

  it("send all that the port takes at max, beside one with a rate, until they have another rate", async () => {
    await add({ ...forward, name: "full", rate: "max" }, { ...forward, name: "beside", rate: "1kpps", count: 50 });
    await ofSession("POST", "/start", { flows: ["full", "beside"] });
    while ((await flow("beside")).state !== "ended") await sleep(10);
    const { live } = (await ofSession("GET", "")).json;
    expect(live.offeredPps).toBeNull();
    expect(await flow("full")).toMatchObject({ state: "running", rate: "max" });
    const template = "/sessions/{id}/flows/{flow}";
    await asked("PATCH", template, `/sessions/${id}/flows/full`, { rate: "2kpps" });
    expect((await ofSession("GET", "")).json.live.offeredPps).toBe(2_000);
    await asked("PATCH", template, `/sessions/${id}/flows/full`, { rate: "max" });
    await ofSession("POST", "/stop", {});
    await settled();
    const [full, beside] = [await figuresOf("full"), await figuresOf("beside")];
    expect([full["received"], full["lost"], full["missed"]]).toEqual([full["sent"], 0, 0]);
    expect(full["sent"]).toBeGreaterThan(beside["sent"]!);
    expect(beside).toMatchObject({ received: beside["sent"], blocked: 0, lost: 0 });
    await remove("full", "beside");
  });
});

describe("a session refuses", () => {
  it.each([
    [{ ...forward, name: "plain" }, 409, "wrong-state"],
    [{ ...forward, name: "x", tx: "north" }, 404, "not-found", 'flow "x" tx'],
    [{ ...forward, name: "x", rx: "north" }, 404, "not-found", 'flow "x" rx'],
    [{ ...forward, name: "x", rate: "fast" }, 422, "invalid", "rate"],
    [{ ...forward, name: "x", rate: undefined }, 422, "invalid", "rate"],
    [{ ...forward, name: "x", rate: "max", profileText: chained }, 422, "invalid", 'stream "first" rate'],
    [{ ...forward, name: "x", duration: "1s", profileText: chained }, 422, "invalid", "duration"],
    [{ ...forward, name: "x", rate: "max", profileText: laws }, 422, "invalid"],
    [{ ...forward, name: "x", rate: "0pps" }, 422, "invalid", "rate"],
    [{ ...forward, name: "x", options: { sizes: "64,128" } }, 422, "invalid", "sizes"],
    [{ ...forward, name: "x", options: { sizes: 9000 } }, 422, "invalid", 'flow "x" size'],
    [{ ...forward, name: "x", options: { size: 64 } }, 422, "invalid", "size"],
    [{ ...forward, name: "x", frame: "/etc/passwd" }, 422, "invalid", "frame"],
    [{ ...forward, name: "x", frame: "hex:0", profile: "y" }, 422, "invalid", "profile"],
    [{ ...forward, name: "x", count: 1, duration: "1s" }, 422, "invalid", "count"],
    [{ ...forward, name: "x", profile: "../x.yaml" }, 404, "not-found", "profile"],
    [{ ...forward, name: "a/b" }, 400, "bad-request", "name"],
    [{ ...forward, name: "x", colour: 1 }, 400, "bad-request", "colour"],
  ] as const)("the flow %j", async (body, status, code, where?: string) => {
    const { json, status: answered } = await rig.ask("POST", `/sessions/${id}/flows`, { body });
    expect([answered, json.error.code]).toEqual([status, code]);
    if (where !== undefined) expect(json.error.where).toBe(where);
  });

  it("says which flow of many is wrong, and adds none", async () => {
    const { json } = await add({ ...forward, name: "good" }, { ...forward, name: "bad", rate: "fast" });
    expect(json.error.where).toBe("flows[1].rate");
    expect((await rig.ask("GET", `/sessions/${id}/flows/good`)).status).toBe(404);
  });

  it("ports that others have, ports that are not there, and what cannot be", async () => {
    const busy = await rig.ask("POST", "/sessions", { body: both });
    expect([busy.status, busy.json.error.holder]).toEqual([409, { kind: "session", id, port: "east" }]);
    const run = await rig.ask("POST", "/runs", { body: { options: { tx: "east", rx: "west" } } });
    expect([run.status, run.json.error.holder.id]).toEqual([409, id]);
    const unknown = await rig.ask("POST", "/sessions", { body: { ports: ["embedded"] } });
    expect([unknown.status, unknown.json.error.accepted]).toEqual([403, "east, west"]);
    const answers = [
      await rig.ask("GET", "/sessions/s-1"),
      await ofSession("POST", "/start", { flows: ["none"] }),
      await ofSession("POST", "/start", { count: 5, duration: "1s" }),
      await ofSession("POST", "/stop", { count: 5 }),
      await rig.ask("POST", "/sessions", { body: { ports: ["embedded"], workers: 2 } }),
      await rig.ask("PATCH", `/sessions/${id}/ports/east`, { body: { up: false } }),
      await rig.ask("PATCH", `/sessions/${id}/ports/north`, { body: { up: false } }),
      await rig.ask("PATCH", `/sessions/${id}/flows/plain`, { body: {} }),
      await ofSession("POST", "/captures", { port: "north" }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 422, 400, 403, 409, 404, 400, 404]);
  });
});

describe("beside flows a session", () => {
  it("captures a port, and gives the file while it goes on", async () => {
    const { json: capture } = await ofSession("POST", "/captures", { port: "west", filter: "udp.dstport == 7" });
    expect(capture).toEqual({ id: "c1", port: "west", running: true });
    const one = "/sessions/{id}/captures/{capture}";
    expect((await asked("GET", one, `/sessions/${id}/captures/c1`)).json).toEqual(capture);
    expect((await ofSession("POST", "/captures", { port: "west" })).status).toBe(409);
    await ofSession("POST", "/start", { flows: ["two.fast", "two.slow"] });
    await settled();
    const file = await rig.ask("GET", `/sessions/${id}/captures/c1.pcapng`);
    expect(JSON.parse(file.headers["pktgen-capture"] as string)).toEqual({ frames: 200, seen: 200, missed: 0 });
    expect(decodeCapture(file.bytes).frames.length).toBe(200);
    const stop = await asked("POST", `${one}/stop`, `/sessions/${id}/captures/c1/stop`);
    expect(stop.json.running).toBe(false);
    expect((await rig.ask("GET", `/sessions/${id}/captures/c1.pcap`)).status).toBe(200);
    expect((await ofSession("GET", "/captures")).json.captures.length).toBe(1);
    expect((await rig.ask("DELETE", `/sessions/${id}/captures/c1`)).status).toBe(200);
    expect((await rig.ask("GET", `/sessions/${id}/captures/c1.pcap`)).status).toBe(404);
  });

  it("has hosts that ask and answer", async () => {
    const hosts = [
      { name: "h0", port: "east", mac: "02:00:00:00:00:10", ipv4: ["198.18.0.10"] },
      { name: "h1", port: "west", mac: "02:00:00:00:00:11", ipv4: ["198.18.0.11"] },
    ];
    expect((await ofSession("POST", "/hosts", { hosts })).json).toEqual({ hosts });
    expect((await ofSession("GET", "/hosts")).json).toEqual({ hosts });
    const question = { host: "h0", address: "198.18.0.11" };
    expect((await ofSession("POST", "/resolve", question)).json.mac).toBe("02:00:00:00:00:11");
    const echo = (await ofSession("POST", "/ping", question)).json;
    expect([echo.answered, echo.rttNs > 0]).toEqual([true, true]);
    expect((await ofSession("GET", "/neighbours")).json.neighbours).toContainEqual({
      ...question,
      mac: "02:00:00:00:00:11",
    });
    const none = await ofSession("POST", "/resolve", { host: "h0", address: "198.18.0.99", timeout: "10ms" });
    expect(none.json.mac).toBe(null);
    expect((await ofSession("POST", "/ping", { ...question, host: "h9" })).status).toBe(404);
  });

  it("has its figures in /metrics, and its events in a page", async () => {
    expect((await ofSession("GET", "/page.html")).text).toContain(`"kind":"session","id":"${id}"`);
    const { text } = await rig.ask("GET", "/metrics");
    expect(text).toContain(`pktgen_session_flow_sent_frames_total{session="${id}",flow="plain"} 300\n`);
    expect(text).toContain(`pktgen_session_flow_lost_frames{session="${id}",flow="plain"} 0\n`);
    expect(text).not.toContain(`pktgen_session_flow_lost_frames{session="${id}",flow="nobody"}`);
    expect(text).toContain(`pktgen_session_port_link_up{session="${id}",port="west"} 1\n`);
    expect(text).toContain("pktgen_serve_open_sessions 1\n");
  });
});

describe("a session ends", () => {
  it("with its counters, an end of its events, and ports that are free", async () => {
    await add({ ...forward, name: "endless", start: true });
    const { json: last } = await asked("DELETE", "/sessions/{id}", `/sessions/${id}`);
    expect([last.state, last.running, last.settled]).toEqual(["done", 0, true]);
    expect(last.live.received + 10).toBe(last.live.sent);
    const events = eventsIn((await rig.ask("GET", `/sessions/${id}/events`)).text);
    for (const { event, data } of events) expect(eventData[event].parse(data)).toEqual(data);
    expect([events[0]!.event, events.at(-1)!.event]).toEqual(["config", "done"]);
    const [config] = dataOf(events, "config") as [EventConfig];
    for (const { v } of dataOf(events, "sample")) expect(v.length).toBe(config.names.length);
    const table = dataOf(events, "flows").at(-1)!;
    const flowRow = (name: string): Json => {
      const { index } = dataOf(events, "flowlist")
        .flatMap(({ flows }) => flows)
        .find((one) => one.name === name)!;
      const row = table.rows!.indexOf(index);
      return row < 0 ? null : Object.fromEntries(config.flowNames.map((figure, k) => [figure, table.v[k]![row]]));
    };
    expect(flowRow("plain")).toMatchObject({ sent: 300, received: 300, lost: 0, state: 3 });
    expect(flowRow("live")).toBe(null);
    // Of those that are left, each as it was when it had settled; of a flow that was removed nothing is kept.
    expect([countsOf(events, "plain"), countsOf(events, "live")]).toEqual([[300, 299], []]);
    const { sent, received } = flowRow("endless") as { sent: number; received: number };
    expect(countsOf(events, "endless")).toEqual([received, sent - 1]);
    expect(dataOf(events, "marker").map(({ what }) => what)).toEqual(
      expect.arrayContaining(["start", "pause", "resume", "rate", "stop", "flow"]),
    );
    const headers = { "Last-Event-ID": String(events.at(-1)!.id) };
    expect((await rig.ask("GET", `/sessions/${id}/events`, { headers })).status).toBe(204);
    expect((await add({ ...forward, name: "late" })).status).toBe(409);
    expect((await rig.get("/ports")).ports.map(({ owner }: Json) => owner)).toEqual([null, null, null]);
    expect((await asked("GET", "/sessions", "/sessions")).json.sessions.length).toBe(1);
    expect((await rig.ask("DELETE", `/sessions/${id}`)).status).toBe(200);
    expect((await rig.ask("GET", `/sessions/${id}`)).status).toBe(404);
  });

  it("with its client, where it is asked to; and a mistake leaves nothing", async () => {
    const wrong = await rig.ask("POST", "/sessions", {
      body: { ...both, flows: [{ ...forward, name: "x", tx: "no" }] },
    });
    expect([wrong.status, await rig.get("/sessions")]).toEqual([404, { sessions: [] }]);
    const flows = [{ ...forward, name: "x", start: true }];
    const { json } = await rig.ask("POST", "/sessions", { body: { ...both, flows, stopWithClient: true } });
    expect(json.running).toBe(1);
    const stream = await rig.open(`/sessions/${json.id}/events`);
    for await (const piece of stream) if (String(piece).includes("event: sample")) break;
    stream.destroy();
    for (;;) {
      const { state, live } = await rig.get(`/sessions/${json.id}`);
      if (state === "done") {
        expect(live.received).toBe(live.sent);
        break;
      }
      await sleep(20);
    }
  });

  it("with its server", async () => {
    await using other = await startRig({ ports: [{ name: "out", spec: parsePortSpec("null:") }] });
    const flows = [{ name: "x", tx: "out", rx: null, rate: "1kpps", start: true }];
    const opened = await other.ask("POST", "/sessions", { body: { ports: ["out"], settle: "10ms", flows } });
    expect([opened.status, opened.json.state]).toEqual([201, "open"]);
  });
});

it("every route of sessions was asked for", () => {
  // Exchanges are asked for in exchange.test.ts.
  const all = routes.filter(({ path }) => path.startsWith("/sessions") && !path.endsWith("/exchange"));
  expect(all.map(({ method, path }) => `${method} ${path}`).filter((route) => !askedFor.has(route))).toEqual([]);
});
