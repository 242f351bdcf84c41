/** Runs over a real socket, with the built-in device: their life, their events, their results, and clients that vanish. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { resultSchema } from "../../src/result/run-schema.js";
import type { EventData, RunInfo } from "../../src/serve/contract.js";
import { isMedia } from "../../src/serve/route.js";
import { routes } from "../../src/serve/routes/index.js";
import { eventData } from "../../src/serve/schema/events.js";
import {
  type Answer,
  dataOf,
  endlessRun,
  eventsIn,
  type Rig,
  type SeenEvent,
  shortRun,
  startRig,
} from "../support/serve-rig.js";

let rig: Rig;
/** A run that has ended, and its events. */
let first: RunInfo;
let seen: SeenEvent[];

beforeAll(async () => {
  rig = await startRig();
  first = await rig.run({ options: shortRun, name: "first" });
  await rig.events(first.id);
  // Of tables the latest is kept.
  seen = await rig.events(first.id);
  first = await rig.get(`/runs/${first.id}`);
});
afterAll(() => rig[Symbol.asyncDispose]());

const untilState = async (id: string, states: readonly string[]): Promise<RunInfo> => {
  for (;;) {
    const info: RunInfo = await rig.get(`/runs/${id}`);
    if (states.includes(info.state)) return info;
    await sleep(20);
  }
};

describe("a run", () => {
  it("counts as the command line does, and says the command line that is the same", async () => {
    const result = await rig.get(`/runs/${first.id}/result.json`);
    expect(resultSchema.safeParse(result).error).toBeUndefined();
    expect(result.trials.map(({ sent, accepted, lost }: Record<string, number>) => [sent, accepted, lost])).toEqual([
      [50, 50, 0],
    ]);
    expect(first.commandLine).toBe("pktgen-ts run --sizes 64 --count 50 --rate 1kpps --warmup 0ms");
    expect(result.command).toBe(first.commandLine);
    expect([first.state, first.trials, first.live!["sent"], first.live!["lost"]]).toEqual(["done", 1, 50, 0]);
  });

  it("tells its life in events, each as its schema has it", () => {
    for (const { event, data } of seen) expect(eventData[event].parse(data)).toEqual(data);
    expect([seen[0]!.event, seen.at(-1)!.event]).toEqual(["config", "done"]);
    const ids = seen.map(({ id }) => id);
    expect([...ids].sort((a, b) => a - b)).toEqual(ids);
    const states = dataOf(seen, "state").map(({ state }) => state);
    expect([states[0], states.includes("running"), states.at(-1)]).toEqual(["opening", true, "done"]);
    const [config] = dataOf(seen, "config");
    for (const { v } of dataOf(seen, "sample")) expect(v.length).toBe(config!.names.length);
    const [ledger] = dataOf(seen, "ledger");
    expect(ledger).toMatchObject({ settled: true, sent: 50, received: 50, unaccounted: 0 });
    expect(dataOf(seen, "trial").map(({ sent, lost }) => [sent, lost])).toEqual([[50, 0]]);
    expect(dataOf(seen, "done")[0]!.result).toBe(`runs/${first.id}/result.json`);
  });

  it("tells one who comes late of latencies and of gaps; the sum of each is what was counted", async () => {
    const sums = dataOf(seen, "histogram").map(({ what, flow, buckets }) => [
      what,
      flow,
      buckets.reduce((sum, [, frames]) => sum + frames!, 0),
    ]);
    expect(sums).toEqual([
      ["latency", null, 50],
      ["gap", null, 49],
    ]);
    const { trials } = await rig.get(`/runs/${first.id}/result.json`);
    const [, gaps] = dataOf(seen, "histogram");
    expect(trials[0].pacing.buckets).toEqual(gaps!.buckets);
  });

  it("is read again from any event, and to one who has all of it nothing is sent", async () => {
    const middle = seen[3]!.id;
    expect(await rig.events(first.id, middle)).toEqual(seen.filter(({ id }) => id > middle));
    const headers = { "Last-Event-ID": String(seen.at(-1)!.id) };
    expect((await rig.ask("GET", `/runs/${first.id}/events`, { headers })).status).toBe(204);
    const { text } = await rig.ask("GET", `/runs/${first.id}/recording.ndjson`);
    expect(
      text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual(seen);
  });

  it.each(["html", "csv", "streams.csv", "junit", "md", "openmetrics", "txt"])(
    "has its result as %s",
    async (ending) => {
      const { status, text } = await rig.ask("GET", `/runs/${first.id}/result.${ending}`);
      expect([status, text.length > 20 || ending === "streams.csv"]).toEqual([200, true]);
    },
  );

  it("is in the page that needs no server, with its events and its result", async () => {
    const { text } = await rig.ask("GET", `/runs/${first.id}/result.html`);
    const recording = /<script type="application\/json" id="pktgen-recording">([^<]*)</.exec(text)![1]!;
    const { format, events, result } = JSON.parse(recording);
    expect([format, events.length, result.trials[0].sent]).toEqual(["pktgen-ts recording 1", seen.length, 50]);
  });
});

describe("a run that goes on", () => {
  let info: RunInfo;
  beforeAll(async () => {
    info = await rig.run({ options: endlessRun });
    await untilState(info.id, ["running"]);
  });

  it("has its port for itself: others are told who has it", async () => {
    const { status, json } = await rig.ask("POST", "/runs", { body: { options: shortRun } });
    expect([status, json.error.code, json.error.holder]).toEqual([
      409,
      "busy",
      { kind: "run", id: info.id, port: "embedded" },
    ]);
    const dry = await rig.ask("POST", "/runs", { body: { options: shortRun, dryRun: true } });
    expect([dry.status, dry.json.free]).toEqual([200, false]);
    const { ports } = await rig.get("/ports");
    expect(ports[0].owner).toEqual({ kind: "run", id: info.id });
  });

  it.each([
    ["PATCH", "", { rate: "max" }, [501, "not-built", "rate"]],
    ["PATCH", "", { rate: "fast" }, [422, "invalid", "rate"]],
    ["PATCH", "", { extend: "0s" }, [422, "invalid", "extend"]],
    ["PATCH", "", { extend: "forever" }, [422, "invalid", "extend"]],
    ["PATCH", "", {}, [400, "bad-request", undefined]],
    ["GET", "/result.json", undefined, [409, "wrong-state", undefined]],
    ["DELETE", "", undefined, [409, "wrong-state", undefined]],
    ["GET", "/trials/7", undefined, [404, "not-found", "index"]],
  ] as const)("says no to %s %s %j", async (method, path, body, expected) => {
    const { status, json } = await rig.ask(method, `/runs/${info.id}${path}`, body === undefined ? {} : { body });
    expect([status, json.error.code, json.error.where]).toEqual(expected);
  });

  it("has another rate, is paused, goes on, and its figures are known while it runs", async () => {
    const liveUntil = async (is: (live: Record<string, number | null>) => boolean): Promise<RunInfo> => {
      for (;;) {
        const now: RunInfo = await rig.get(`/runs/${info.id}`);
        if (now.live !== null && is(now.live)) return now;
        await sleep(20);
      }
    };
    const { can } = await liveUntil(({ latencyP99Ns, lateShare }) => latencyP99Ns != null && lateShare != null);
    expect(can).toEqual({ stop: true, rate: true, pause: true, extend: false });
    const change = (body: object): Promise<Answer> => rig.ask("PATCH", `/runs/${info.id}`, { body });
    const faster = await change({ rate: "2kpps" });
    expect(faster.status, faster.text).toBe(200);
    await liveUntil(({ offeredPps }) => offeredPps === 2_000);
    expect((await change({ paused: true })).status).toBe(200);
    await liveUntil(({ offeredPps, txPps }) => offeredPps === 0 && txPps === 0);
    expect((await change({ paused: false })).status).toBe(200);
    await liveUntil(({ txPps }) => txPps! > 0);
  });

  it.each([
    ["10 apples", 422],
    ["max", 501],
    ["5%", 422],
  ])("a pause with the rate %j, which it cannot have, changes nothing", async (rate, expected) => {
    const markers = async (): Promise<string[]> => {
      const { text } = await rig.ask("GET", `/runs/${info.id}/recording.ndjson`);
      return text.split("\n").filter((line) => line.includes('"event":"marker"'));
    };
    const before = await markers();
    const answer = await rig.ask("PATCH", `/runs/${info.id}`, { body: { paused: true, rate } });
    expect([answer.status, answer.json.error.where]).toEqual([expected, "rate"]);
    expect(await markers()).toEqual(before);
  });

  it("goes on when a reader of its events vanishes in the middle", async () => {
    const stream = await rig.open(`/runs/${info.id}/events`);
    await new Promise((resolve) => stream.once("data", resolve));
    stream.destroy();
    expect((await rig.get(`/runs/${info.id}`)).ended).toBeNull();
  });

  it("does not wait for a reader that does not read", async () => {
    const stream = await rig.open(`/runs/${info.id}/events`);
    stream.pause();
    const before: RunInfo = await rig.get(`/runs/${info.id}`);
    await sleep(300);
    const after: RunInfo = await rig.get(`/runs/${info.id}`);
    expect(after.elapsedMs).toBeGreaterThan(before.elapsedMs);
    stream.destroy();
  });

  it("shows in the figures for Prometheus", async () => {
    const { text } = await rig.ask("GET", "/metrics");
    expect(text).toMatch(/^pktgen_serve_open_runs 1$/m);
    expect(text).toMatch(/^pktgen_serve_port_busy\{port="embedded"\} 1$/m);
    expect(text).toMatch(/^pktgen_sent_frames_total 50$/m);
    expect(text.endsWith("# EOF\n")).toBe(true);
  });

  it("is stopped, and has the results so far", async () => {
    const { json } = await rig.ask("POST", `/runs/${info.id}/stop`);
    expect([json.state, json.stopped]).toEqual(["stopping", true]);
    const events = await rig.events(info.id);
    expect(dataOf(events, "done")[0]).toMatchObject({
      state: "done",
      verdict: "invalid",
      stopped: true,
      causes: ["interrupted", "changed"],
    });
    expect(dataOf(events, "marker").map(({ what }) => what)).toEqual(["rate", "pause", "resume", "stop"]);
    const again = await rig.ask("POST", `/runs/${info.id}/stop`);
    expect([again.status, again.json.error.code]).toEqual([409, "wrong-state"]);
  });
});

it("a run stops with its client, where that was asked for", async () => {
  const { id } = await rig.run({ options: endlessRun, stopWithClient: true });
  // Who asks for the head alone is answered, and is no client.
  const head = await rig.ask("HEAD", `/runs/${id}/events`);
  expect([head.status, head.headers["content-type"], head.text]).toEqual([200, "text/event-stream", ""]);
  const stream = await rig.open(`/runs/${id}/events`);
  await untilState(id, ["running"]);
  stream.destroy();
  const ended = await untilState(id, ["done"]);
  expect(ended.stopped).toBe(true);
});

it("two runs stand beside each other, and one is forgotten", async () => {
  const { id } = await rig.run({ options: { ...shortRun, sizes: "128", queues: 2 }, profileText: "udp: { dst: 9 }\n" });
  await rig.events(id);
  const compared = await rig.get(`/runs/compare?a=${first.id}&b=${id}`);
  expect([compared.a.id, compared.b.id]).toEqual([first.id, id]);
  expect(compared.setup).toContain(`queues: 1 in "first", 2 in ${id}`);
  const { runs } = await rig.get("/runs?limit=1");
  expect(runs.map((run: RunInfo) => run.id)).toEqual([id]);
  const older = await rig.get(`/runs?before=${id}`);
  expect(older.runs.map((run: RunInfo) => run.id)).toContain(first.id);
  expect((await rig.ask("DELETE", `/runs/${id}`)).json).toEqual({ ok: true });
  expect((await rig.ask("GET", `/runs/${id}`)).status).toBe(404);
});

it("a trial at max tells that it has no gaps: those of a trial before it are gone", async () => {
  const { id } = await rig.run({ options: { ...shortRun, rate: "max" } });
  const events = await rig.events(id);
  expect(dataOf(events, "histogram").map(({ what, buckets }) => [what, buckets])).toContainEqual(["gap", []]);
  const { trials } = await rig.get(`/runs/${id}/result.json`);
  expect(trials[0].pacing).toBeNull();
});

it("a run tells its streams with each trial, and what it was begun by", async () => {
  const stream = (name: string, dst: number) => ({ name, packet: ["ethernet", "ipv4", { udp: { dstPort: dst } }] });
  const profileText = JSON.stringify({ streams: [stream("web", 80), stream("dns", 53)] });
  const { id } = await rig.run({ options: { ...shortRun, sizes: "128,256" }, profileText });
  const events = await rig.events(id);
  const [config] = events.filter(({ event }) => event === "config").map(({ data }) => data);
  const [list, ...others] = events.filter(({ event }) => event === "flowlist").map(({ data }) => data);
  expect(list.flows.map(({ name }: { name: string }) => name)).toEqual(["web", "dns"]);
  expect(others).toEqual([]);
  const { v } = events.findLast(({ event }) => event === "flows")!.data;
  const trial = events.findLast(({ event }) => event === "trial")!.data;
  const sent = v[config.flowNames.indexOf("sent")] as number[];
  expect(sent.length).toBe(2);
  expect(sent[0]! + sent[1]!).toBe(trial.sent);
  expect(v[config.flowNames.indexOf("queue")]).toEqual([0, 0]);
  const { trials } = await rig.get(`/runs/${id}/result.json`);
  expect(trial.outageNs).toBe(trials.at(-1).outageNs ?? null);
  const last = trials.at(-1).streams as { accepted: number; latencyBuckets: [number, number][] }[];
  for (const [flow, { accepted, latencyBuckets }] of last.entries()) {
    expect(latencyBuckets.reduce((sum, [, frames]) => sum + frames, 0)).toBe(accepted);
    const told = dataOf(events, "histogram").filter((one) => one.flow === flow);
    expect(told.at(-1)).toMatchObject({ what: "latency", buckets: latencyBuckets });
  }
  expect((await rig.get(`/runs/${id}/request`)).profileText).toBe(profileText);
});

describe("the description of the routes", () => {
  /** What is asked for, in place of names in paths. */
  const filled = (path: string): string =>
    path.replace("{id}", first.id).replace("{name}", "vxlan.yaml").replace("{index}", "0");
  const bodies: Readonly<Record<string, object>> = {
    "/runs": { dryRun: true, command: "ndr", options: { sizes: "64", quick: true } },
    "/profiles/check": { name: "vxlan.yaml", set: { vni: 7 } },
  };
  const queries: Readonly<Record<string, string>> = { "/runs/compare": `a=ID&b=ID` };
  /** What ends something is called elsewhere. */
  const others = ["DELETE /runs/{id}", "POST /runs/{id}/stop", "PATCH /runs/{id}"];

  const askedAs = (method: string, path: string): Promise<Answer> => {
    const query = queries[path]?.replaceAll("ID", first.id);
    const body = bodies[path];
    return rig.ask(
      method,
      filled(path) + (query === undefined ? "" : `?${query}`),
      method === "GET" || body === undefined ? {} : { body },
    );
  };

  it.each(
    routes
      // Those of sessions are asked in sessions.test.ts, those of exchanges in exchange.test.ts.
      .filter(({ method, path }) => !others.includes(`${method} ${path}`) && !/^\/sessions|exchange$/.test(path))
      .map((route) => [`${route.method} ${route.path}`, route] as const),
  )("%s answers as it is described", async (_, { method, path, answers }) => {
    const { status, json, headers, text } = await askedAs(method, path);
    if (status === 501) return;
    const what = answers[status];
    expect(what, `${status} ${text}`).toBeDefined();
    if (what !== null && isMedia(what!)) expect(headers["content-type"]!.split(";")[0]).toBe(what.media.split(";")[0]);
    else expect((what as z.ZodType).parse(json)).toEqual(json);
  });

  it("has each of them, under a name of its own", async () => {
    const { openapi, paths, components } = await rig.get("/openapi.json");
    expect(openapi).toBe("3.1.0");
    const described = Object.entries(paths as Record<string, Record<string, { operationId: string }>>).flatMap(
      ([path, methods]) =>
        Object.entries(methods).map(([method, { operationId }]) => ({
          name: `${method.toUpperCase()} ${path}`,
          operationId,
        })),
    );
    expect(described.map(({ name }) => name).sort()).toEqual(
      routes.map(({ method, path }) => `${method} ${path}`).sort(),
    );
    expect(new Set(described.map(({ operationId }) => operationId)).size).toBe(described.length);
    expect(Object.keys(components.schemas)).toContain("Event_sample");
  });
});

it("a profile's mistakes are an answer, each with its place", async () => {
  const { status, json } = await rig.ask("POST", "/profiles/check", {
    body: { text: "flows: many\nudp: { dst: 99999 }\n" },
  });
  expect([status, json.ok, json.mistakes.length > 0, json.traffic]).toEqual([200, false, true, null]);
  expect(json.mistakes[0].where).toMatch(/^text:1:8$/);
  const body = { options: { ...shortRun, sizes: undefined }, profileText: "flows: many\nudp: { dst: 99999 }\n" };
  const run = await rig.ask("POST", "/runs", { body });
  expect([run.status, run.json.error.where]).toEqual([422, "profileText:1:8"]);
  const both = {
    options: { ...shortRun, vlan: "7" },
    profileText: "streams: [{ name: a, packet: [ethernet, ipv4] }]\n",
  };
  const { error } = (await rig.ask("POST", "/runs", { body: both })).json;
  expect(error.message).toBe("profileText has streams, which say that themselves");
});

it("the bytes of the first frame are named one by one", async () => {
  const { json } = await rig.ask("POST", "/profiles/check", { body: { text: "udp: { dst: 4242 }\n", sizes: "64" } });
  const { hex, fields, signature, payload } = json.traffic.streams[0].firstFrame;
  expect(hex.length).toBe(120);
  expect(fields.find(({ path }: { path: string }) => path === "udp.dstPort")).toMatchObject({
    offset: 36,
    bits: 16,
    text: "4242",
  });
  expect(payload).toBeNull();
  expect(signature.offset + signature.bytes).toBe(60);
});

describe("a run of a device that loses", () => {
  it("says live that what a later frame overtook is on its way no more", async () => {
    const options = { sizes: "64", rate: "2kpps", duration: "3s", warmup: "0ms", dut: "embedded,loss=20%" };
    const { id } = await rig.run({ options });
    const stream = await rig.open(`/runs/${id}/events`);
    const pieces: Buffer[] = [];
    for await (const piece of stream) pieces.push(piece as Buffer);
    const events = eventsIn(Buffer.concat(pieces).toString());
    const live = dataOf(events, "ledger").filter(({ settled }) => !settled);
    const [{ lost, sent }] = dataOf(events, "trial") as [EventData<"trial">];
    expect(lost).toBeGreaterThan(0.05 * sent);
    expect(live.length).toBeGreaterThan(0);
    // All that did not come was told as under way before.
    const { sent: left, received, inFlight } = live.at(-1)!;
    expect(inFlight!).toBeLessThan(left! - received! - 0.02 * sent);
  });
});
