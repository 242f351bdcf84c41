/** Frames in, what came back out: through the built-in device, from port to port, and in a session whose flows go on. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parseEmbeddedOptions, startEmbeddedDut } from "../../src/dut/index.js";
import { type CapturedFrame, decodeCapture, encodeCapture } from "../../src/pcap/codec.js";
import { parsePortSpec } from "../../src/port/index.js";
import { exchangePorts } from "../../src/serve/exchange/exchanges.js";
import { type ExchangeOrder, orderOfCapture, orderOfHex } from "../../src/serve/exchange/order.js";
import { startServing } from "../../src/serve/index.js";
import { exchangeAnswer, exchangeCounts } from "../../src/serve/schema/exchange.js";
import { temporaryFolder } from "../support/rings-cross.js";
import { type Answer, type Json, type Rig, serveSetup, startRig } from "../support/serve-rig.js";

const everybodys = tmpdir();
const folder = temporaryFolder();
let device: Awaited<ReturnType<typeof startEmbeddedDut>>;
let rig: Rig;

beforeAll(async () => {
  // Whoever else exchanges frames on this machine has folders of that name, too.
  vi.stubEnv("TMPDIR", folder.path);
  const setup = { queues: 1, maxFrameBytes: 1518, busy: false };
  device = await startEmbeddedDut(parseEmbeddedOptions(""), setup);
  rig = await startRig({
    ports: [
      { name: "device", spec: parsePortSpec(device.generatorPorts[0]!) },
      { name: "east", spec: parsePortSpec(`vhost:${join(folder.path, "s")},server=on`) },
      { name: "west", spec: parsePortSpec(`virtio-user:${join(folder.path, "s")}`) },
      { name: "alone", spec: parsePortSpec(`vhost:${join(folder.path, "alone")},server=on`) },
    ],
  });
});
afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  await device[Symbol.asyncDispose]();
  vi.unstubAllEnvs();
  folder[Symbol.dispose]();
});

/** `bytes` long, no two the same. */
const frame = (number: number, bytes = 60): Uint8Array => {
  const made = new Uint8Array(bytes).fill(number);
  made.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5]);
  return made;
};
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const given = (frames: readonly Uint8Array[]): string[] => frames.map((bytes) => `hex:${hexOf(bytes)}`);
/** One frame a millisecond. */
const timed = (frames: readonly Uint8Array[]): CapturedFrame[] =>
  frames.map((bytes, k) => ({ seconds: 7, nanoseconds: k * 1e6, originalBytes: bytes.length, bytes }));

const exchange = (body: object, query = "", path = "/exchange"): Promise<Answer> =>
  rig.ask("POST", path + query, {
    body,
    ...(Buffer.isBuffer(body) ? { headers: { "Content-Type": "application/vnd.tcpdump.pcap" } } : {}),
  });
const countsIn = ({ headers }: Answer): Json => exchangeCounts.parse(JSON.parse(headers["pktgen-exchange"] as string));
const ownerOf = async (name: string): Promise<Json> =>
  (await rig.get("/ports")).ports.find((port: Json) => port.name === name).owner;
const foldersLeft = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith("pktgen-ts-exchange-"));

describe("an exchange on ports of the server", () => {
  it("sends frames in hex, also short ones, and answers with the very bytes that came back", async () => {
    const frames = [frame(1), frame(2, 20), frame(3, 1514)];
    const { status, json } = await exchange({ tx: "device", frames: given(frames), settle: "5s", awaited: 3 });
    expect(status, JSON.stringify(json)).toBe(200);
    expect(exchangeAnswer.parse(json)).toEqual(json);
    expect(json).toMatchObject({ tx: "device", rx: "device", asked: 3, sent: 3, unsent: 0, received: 3, missed: 0 });
    expect(json.frames.map(({ hex }: Json) => hex)).toEqual(frames.map(hexOf));
    expect(await ownerOf("device")).toBe(null);
  });

  it.each(["pcapng", "pcap"] as const)("takes a capture of either format, and gives %s", async (format) => {
    const frames = Array.from({ length: 20 }, (_, k) => frame(k, 60 + k));
    const file = Buffer.from(encodeCapture(timed(frames), format));
    const answer = await exchange(file, `?tx=east&rx=west&awaited=20&settle=5s&format=${format}`);
    expect(answer.status, answer.text).toBe(200);
    expect(countsIn(answer)).toMatchObject({ tx: "east", rx: "west", asked: 20, sent: 20, received: 20, returned: 20 });
    const back = decodeCapture(answer.bytes);
    expect([back.format, back.fault]).toEqual([format, null]);
    expect(back.frames.map(({ bytes }) => hexOf(bytes))).toEqual(frames.map(hexOf));
  });

  it("says what a filter left out, and what it had no room for", async () => {
    const frames = given(Array.from({ length: 30 }, (_, k) => frame(k, 60 + k)));
    const order = {
      tx: "east",
      rx: "west",
      frames,
      settle: "5s",
      awaited: 30,
      mostFrames: 10,
      filter: "frame.len < 64",
    };
    const { json } = await exchange(order);
    expect(json).toMatchObject({ sent: 30, received: 30, returned: 4, filtered: 6, missed: 20 });
  });

  it("is told of what the port cannot take", async () => {
    const frames = given([frame(1), frame(2, 3_000)]);
    const order = { tx: "device", frames, maxFrame: 1000, settle: "5s", awaited: 1, rate: "max" };
    const { json } = await exchange(order);
    expect(json).toMatchObject({ asked: 2, sent: 1, unsent: 1, received: 1 });
  });
});

describe("an exchange is refused", () => {
  const cut = encodeCapture([{ ...timed([frame(1)])[0]!, originalBytes: 100 }]);
  const slow = encodeCapture(timed([frame(1), frame(2)]).map((one, k) => ({ ...one, seconds: 90 * k })));
  const one = { tx: "east", frames: given([frame(1)]) };
  it.each([
    ["a port that is not there", { ...one, tx: "north" }, "", [403, "forbidden", "tx"]],
    ["another port that is not there", { ...one, rx: "x/y" }, "", [403, "forbidden", "rx"]],
    ["no port", Buffer.from(encodeCapture(timed([frame(1)]))), "", [400, "bad-request", "tx"]],
    ["a file of the server", { ...one, frames: ["/etc/passwd"] }, "", [422, "invalid", "frames.0"]],
    ["no frame", { ...one, frames: [] }, "", [400, "bad-request", "frames"]],
    ["half of a header", { ...one, frames: ["hex:0200"] }, "", [422, "invalid", "frames.0"]],
    ["what is no capture", Buffer.from("/etc/passwd"), "?tx=east", [422, "invalid", "body"]],
    ["nothing", Buffer.alloc(0), "?tx=east", [422, "invalid", "body"]],
    ["a capture without a frame", Buffer.from(encodeCapture([])), "?tx=east", [422, "invalid", "body"]],
    ["a frame that was cut", Buffer.from(cut), "?tx=east", [422, "invalid", "body"]],
    ["more time than it has", Buffer.from(slow), "?tx=east", [422, "invalid", "body"]],
    [
      "a rate that takes long",
      { ...one, frames: given([frame(1), frame(2)]), rate: "0.001pps" },
      "",
      [422, "invalid", "rate"],
    ],
    ["a share of nothing", { ...one, rate: "5%" }, "", [422, "invalid", "rate"]],
    ["a long wait", { ...one, settle: "1h" }, "", [422, "invalid", "settle"]],
    ["a filter that is none", { ...one, filter: "nonsense ==" }, "", [422, "invalid", "filter: column 1"]],
    ["more than it keeps", { ...one, mostFrames: 1e6 }, "", [400, "bad-request", "mostFrames"]],
    ["two places", one, "?rx=west", [400, "bad-request", "rx"]],
    ["what it does not know", one, "?what=1", [400, "bad-request", "what"]],
  ] as const)("%s", async (_, body, query, expected) => {
    const { status, json } = await exchange(body, query);
    expect([status, json.error.code, json.error.where]).toEqual(expected);
    expect(JSON.stringify(json)).not.toContain(everybodys);
    expect(foldersLeft()).toEqual([]);
  });

  it("with a body that is too long", async () => {
    const headers = { "Content-Length": String((64 << 20) + 1), "Content-Type": "application/x-pcapng" };
    const { status, json } = await rig.ask("POST", "/exchange?tx=east", { headers });
    expect([status, json.error.code]).toEqual([413, "too-large"]);
  });

  it("while somebody has the port, and names who", async () => {
    const { json: session } = await rig.ask("POST", "/sessions", { body: { ports: ["east", "west"] } });
    const { status, json } = await exchange({ ...one, rx: "west" });
    expect([status, json.error.holder]).toEqual([409, { kind: "session", id: session.id, port: "east" }]);
    await rig.ask("DELETE", `/sessions/${session.id}`);
  });

  it("where nobody listens or answers, and leaves nothing", async () => {
    const gone = await exchange({ ...one, tx: "west" });
    expect([gone.status, gone.json.error.where]).toEqual([503, "tx"]);
    const { status, json } = await exchange({ ...one, tx: "alone", waitPeer: "100ms" });
    expect([status, json.error.code]).toEqual([503, "missing-here"]);
    expect([await ownerOf("alone"), foldersLeft()]).toEqual([null, []]);
  });
});

it("a client that goes ends its exchange: the ports are others' again, and its files are gone", async () => {
  const asking = request(new URL("/exchange", rig.url), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    agent: false,
  });
  asking.on("error", () => {});
  asking.end(JSON.stringify({ tx: "east", rx: "west", frames: given([frame(1)]), settle: "60s" }));
  while ((await ownerOf("east")) === null) await sleep(10);
  expect(await ownerOf("west")).toMatchObject({ kind: "exchange" });
  const { status, json } = await exchange({ tx: "west", frames: given([frame(1)]) });
  expect([status, json.error.holder.kind]).toEqual([409, "exchange"]);
  asking.destroy();
  while ((await ownerOf("east")) !== null) await sleep(10);
  expect(foldersLeft()).toEqual([]);
});

describe("an exchange in a session", () => {
  let id: string;
  beforeAll(async () => {
    const flows = [{ name: "live", tx: "west", rx: "east", rate: "2kpps", start: true }];
    const body = { ports: ["east", "west"], settle: "100ms", flows };
    ({ id } = (await rig.ask("POST", "/sessions", { body })).json);
  });
  afterAll(() => rig.ask("DELETE", `/sessions/${id}`));
  const inSession = (body: object, query = ""): Promise<Answer> => exchange(body, query, `/sessions/${id}/exchange`);

  it("sends in order, while its flows go on and lose nothing", async () => {
    const frames = Array.from({ length: 200 }, (_, k) => frame(k, 60 + k));
    const { status, json } = await inSession({
      ...{ tx: "east", rx: "west", frames: given(frames), awaited: 200, settle: "5s", rate: "50kpps" },
    });
    expect(status, JSON.stringify(json)).toBe(200);
    expect(exchangeAnswer.parse(json)).toEqual(json);
    expect(json).toMatchObject({ asked: 200, sent: 200, unsent: 0, received: 200, returned: 200, missed: 0 });
    expect(json.frames.map(({ hex }: Json) => hex)).toEqual(frames.map(hexOf));
    const { flows } = await rig.get(`/sessions/${id}/flows`);
    expect(flows.map(({ name, figures }: Json) => [name, figures.lost])).toEqual([["live", 0]]);
    expect((await rig.get(`/sessions/${id}`)).flows).toBe(1);
  });

  it("takes a capture with frames at the same time, again and again", async () => {
    const frames = timed(Array.from({ length: 50 }, (_, k) => frame(k))).map((one) => ({ ...one, nanoseconds: 0 }));
    for (let round = 0; round < 3; round++) {
      const file = Buffer.from(encodeCapture(frames, "pcapng"));
      const answer = await inSession(file, "?tx=east&rx=west&awaited=50&settle=5s");
      expect(countsIn(answer)).toMatchObject({ asked: 50, sent: 50, received: 50 });
      expect(decodeCapture(answer.bytes).frames.map(({ bytes }) => bytes[20])).toEqual(frames.map((_, k) => k));
    }
  });

  it("counts what its own flows bring to that port, and a filter leaves it out", async () => {
    const order = { tx: "west", rx: "east", frames: given([frame(1)]), settle: "50ms", filter: "eth.type == 0x88b5" };
    const { json } = await inSession(order);
    expect(json).toMatchObject({ sent: 1, returned: 1, missed: 0 });
    expect(json.received).toBe(json.returned + json.filtered);
    expect(json.filtered).toBeGreaterThan(10);
  });

  it("keeps the first frames that came, which the answers are, while its flows go on", async () => {
    const order = { tx: "west", rx: "east", frames: given([frame(1)]), settle: "1s", mostFrames: 500 };
    const { json } = await inSession({ ...order, filter: "eth.type == 0x88b5" });
    expect(json).toMatchObject({ sent: 1, returned: 1, filtered: 499 });
    expect(json.missed).toBe(json.received - 500);
    expect(json.missed).toBeGreaterThan(0);
  });

  it.each([
    ["maxFrame", 9_000],
    ["waitPeer", "1s"],
    ["yesThisInterface", true],
  ])("is told that %s is of ports that are opened", async (word, value) => {
    const one = { tx: "east", rx: "west", frames: given([frame(1)]), settle: "10ms" };
    const { status, json } = await inSession({ ...one, [word]: value });
    expect([status, json.error.where, json.error.accepted]).toEqual([422, word, "it in POST /sessions"]);
    const file = Buffer.from(encodeCapture(timed([frame(1)])));
    const beside = await inSession(file, `?tx=east&rx=west&settle=10ms&${word}=${value}`);
    expect(beside.json.error.where).toBe(word);
  });

  it("is refused where a capture is, and more than a session takes", async () => {
    const capture = (await rig.ask("POST", `/sessions/${id}/captures`, { body: { port: "west" } })).json;
    const one = { tx: "east", rx: "west", frames: given([frame(1)]), settle: "10ms" };
    const busy = await inSession(one);
    expect([busy.status, busy.json.error.code, busy.json.error.where]).toEqual([409, "wrong-state", "rx"]);
    await rig.ask("DELETE", `/sessions/${id}/captures/${capture.id}`);
    const many = Array.from({ length: 1_001 }, () => `hex:${hexOf(frame(1))}`);
    const answers = [
      await inSession({ ...one, frames: many }),
      await inSession({ ...one, rate: "max" }),
      await inSession({ ...one, tx: "north" }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([422, 501, 404]);
    const long = await inSession({ ...one, frames: given([frame(1, 3_000)]) });
    expect(long.json).toMatchObject({ sent: 0, unsent: 1, received: 0 });
    expect((await inSession(one)).json).toMatchObject({ sent: 1, received: 1 });
  });
});

describe("an interface that the machine lives by", () => {
  const frames = given([frame(1)]);
  const ports = [{ name: "east", spec: parsePortSpec("packet:east") }];
  const may = (order: ExchangeOrder, yesThisInterface: boolean): boolean =>
    exchangePorts(order, { ports, yesThisInterface }).yesThisInterface;

  it("is sent on where server and request say so, and not where one of them does", () => {
    const [silent, asking] = [{}, { yesThisInterface: true }].map((word) =>
      orderOfHex({ tx: "east", frames, ...word }),
    );
    expect([may(silent!, false), may(silent!, true), may(asking!, true)]).toEqual([false, false, true]);
    expect(() => may(asking!, false)).toThrow("interface that carries other traffic");
  });

  it("is asked for in a query, too, beside a capture", () => {
    const file = encodeCapture(timed([frame(1)]));
    const orders = (["true", "false"] as const).map((word) =>
      orderOfCapture(file, { tx: "east", yesThisInterface: word }),
    );
    expect(orders.map((order) => may(order, true))).toEqual([true, false]);
  });
});

it("over lines a capture comes from a file, and goes into one", async () => {
  await using serving = startServing({
    ...serveSetup(folder.path),
    ports: [{ name: "device", spec: parsePortSpec(device.generatorPorts[0]!) }],
  });
  const [input, output] = [new PassThrough(), new PassThrough()];
  let text = "";
  output.on("data", (piece: Buffer) => {
    text += piece.toString();
  });
  const over = serving.lines({ input, output }, new AbortController().signal);
  const [sent, back] = [join(folder.path, "sent.pcap"), join(folder.path, "back.pcapng")];
  writeFileSync(sent, encodeCapture(timed([frame(1), frame(2)])));
  const path = "/exchange?tx=device&awaited=2&settle=5s";
  input.write(`${JSON.stringify({ id: 1, method: "POST", path, bodyFile: sent, file: back })}\n`);
  const body = { tx: "device", frames: given([frame(3)]), settle: "10ms" };
  input.end(`${JSON.stringify({ id: 2, method: "POST", path: "/exchange", body: { ...body, tx: "nobody" } })}\n`);
  await over;
  const answers = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const [first, second] = [1, 2].map((id) => answers.find((answer) => answer.id === id));
  expect([first.status, first.file]).toEqual([200, back]);
  expect(JSON.parse(first.headers["Pktgen-Exchange"])).toMatchObject({ sent: 2, received: 2 });
  expect(decodeCapture(readFileSync(back)).frames.length).toBe(2);
  expect([second.status, second.body.error.where]).toEqual([403, "tx"]);
});
