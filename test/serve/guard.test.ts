/** Who may ask what: names, origins, tokens, sizes and types of bodies; and nonsense. */
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeCapture } from "../../src/pcap/codec.js";
import { parsePortSpec } from "../../src/port/index.js";
import { errorAnswer } from "../../src/serve/schema/common.js";
import { type Asked, type Rig, startRig } from "../support/serve-rig.js";

let open: Rig;
let closed: Rig;
const oneFrame = Buffer.from(
  encodeCapture([{ seconds: 0, nanoseconds: 0, originalBytes: 60, bytes: new Uint8Array(60) }]),
);
const token = "correct-horse-battery";

beforeAll(async () => {
  open = await startRig({ ports: [{ name: "east", spec: parsePortSpec("null:") }] });
  closed = await startRig({}, { token, names: ["lab.example"] });
});
afterAll(async () => {
  await open[Symbol.asyncDispose]();
  await closed[Symbol.asyncDispose]();
});

/** The error's code and place. */
async function refusal(rig: Rig, method: string, path: string, asked: Asked = {}): Promise<[number, string, string?]> {
  const { status, json } = await rig.ask(method, path, asked);
  const { error } = errorAnswer.parse(json);
  expect(error.message).not.toBe("");
  return [status, error.code, ...(error.where === undefined ? [] : [error.where])] as [number, string, string?];
}

describe("a request is refused", () => {
  it("under a foreign name", async () => {
    const headers = { Host: "evil.example" };
    expect(await refusal(open, "GET", "/version", { headers })).toEqual([403, "forbidden", "Host"]);
  });

  it.each(["http://evil.example", "null", "https://127.0.0.1.evil.example"])("from the page %s", async (Origin) => {
    expect(await refusal(open, "POST", "/runs", { headers: { Origin }, body: {} })).toEqual([
      403,
      "forbidden",
      "Origin",
    ]);
  });

  it.each([
    ["GET", "/nowhere", {}, [404, "not-found", "/nowhere"]],
    ["GET", "/runs/r-20260101-000000-1", {}, [404, "not-found", "id"]],
    ["GET", "/runs/..%2f..%2fetc/result.json", {}, [404, "not-found", "id"]],
    ["GET", "/profiles/..%2fpackage.json", {}, [404, "not-found", "profile"]],
    ["DELETE", "/version", {}, [405, "method-not-allowed", "/version"]],
    ["POST", "/runs", { body: "{", headers: { "Content-Type": "application/json" } }, [400, "bad-request", "body"]],
    [
      "POST",
      "/runs",
      { body: "a=1", headers: { "Content-Type": "text/plain" } },
      [415, "unsupported-media", "Content-Type"],
    ],
    ["POST", "/runs", { body: { what: 1 } }, [400, "bad-request", "what"]],
    ["POST", "/runs", { body: { options: { sizes: "1" } } }, [422, "invalid", "sizes"]],
    ["POST", "/runs", { body: { options: { size: "64" } } }, [422, "invalid", "size"]],
    ["POST", "/runs", { body: { options: { json: "/etc/passwd" } } }, [422, "invalid", "json"]],
    ["POST", "/runs", { body: { options: { tx: "packet:eth0" } } }, [403, "forbidden", "tx"]],
    ["POST", "/runs", { body: { options: { dut: "testpmd" } } }, [403, "forbidden", "dut"]],
    [
      "POST",
      "/runs",
      { body: { command: "rfc2544", options: { resetCommand: "id" } } },
      [403, "forbidden", "resetCommand"],
    ],
    [
      "POST",
      "/runs",
      { body: { options: { tx: "east", hop: ["a,rx=command:/(1)/:id,tx=netdev:x"] } } },
      [403, "forbidden", "hop"],
    ],
    [
      "POST",
      "/runs",
      { body: { options: { tx: "east", hop: ["a,rx=\tcommand:/(1)/:id,tx=netdev:x"] } } },
      [403, "forbidden", "hop"],
    ],
    ["POST", "/runs", { body: { options: { frame: "/etc/passwd" } } }, [422, "invalid", "frame"]],
    [
      "POST",
      "/runs",
      { body: { options: { frame: `hex:${"00".repeat(60)}`, sizes: "64" } } },
      [422, "invalid", "sizes"],
    ],
    ["POST", "/runs", { body: { options: { live: true } } }, [422, "invalid", "live"]],
    ["POST", "/runs", { body: { options: { yesThisInterface: true } } }, [403, "forbidden", "yesThisInterface"]],
    [
      "POST",
      "/exchange?tx=east&yesThisInterface=true",
      { body: oneFrame, headers: { "Content-Type": "application/vnd.tcpdump.pcap" } },
      [403, "forbidden", "yesThisInterface"],
    ],
    [
      "POST",
      "/exchange",
      { body: { tx: "east", frames: [`hex:${"00".repeat(60)}`], yesThisInterface: true } },
      [403, "forbidden", "yesThisInterface"],
    ],
    ["POST", "/runs", { body: { options: { profile: "../x.yaml" } } }, [404, "not-found", "profile"]],
    ["POST", "/runs", { body: { profileText: "flows: 0\n" } }, [422, "invalid"]],
    ["GET", "/runs?limit=many", {}, [400, "bad-request", "limit"]],
    ["GET", "/runs/compare?a=1", {}, [400, "bad-request", "b"]],
    ["POST", "/runs/x/stop", { body: {} }, [400, "bad-request", "body"]],
  ] as const)("%s %s %j", async (method, path, asked, expected) => {
    expect((await refusal(open, method, path, asked)).slice(0, expected.length)).toEqual(expected);
  });

  it("with a body that is too long, said or not", async () => {
    const body = Buffer.alloc((1 << 20) + 1, 0x20);
    const headers = { "Content-Type": "application/json" };
    expect(await refusal(open, "POST", "/runs", { body, headers })).toEqual([413, "too-large", "body"]);
    const chunked = { ...headers, "Transfer-Encoding": "chunked" };
    expect(await refusal(open, "POST", "/runs", { body, headers: chunked })).toEqual([413, "too-large", "body"]);
  });
});

describe("a token", () => {
  it("is wanted of all but the page and the question whether it is there", async () => {
    expect(await refusal(closed, "GET", "/version")).toEqual([401, "unauthorised", "Authorization"]);
    expect((await closed.ask("GET", "/healthz")).status).toBe(200);
    expect((await closed.ask("GET", "/")).status).toBe(200);
    expect(await refusal(closed, "GET", "/metrics")).toEqual([401, "unauthorised", "Authorization"]);
  });

  it("is taken as a bearer, and no other one", async () => {
    const ask = (Authorization: string) => closed.ask("GET", "/version", { headers: { Authorization } });
    expect((await ask(`Bearer ${token}`)).status).toBe(200);
    expect((await ask(`Bearer ${token}x`)).status).toBe(401);
    expect((await ask("Basic eDp5")).status).toBe(401);
  });

  it("becomes a cookie for a browser, which no script reads and no other site sends", async () => {
    const { status, headers } = await closed.ask("GET", `/?token=${token}`);
    const [cookie = ""] = headers["set-cookie"] ?? [];
    expect([status, headers.location]).toEqual([303, "/"]);
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict; Path=\/$/);
    const back = { Cookie: cookie.split(";")[0]! };
    expect((await closed.ask("GET", "/version", { headers: back })).status).toBe(200);
    expect(await refusal(closed, "GET", "/?token=wrong")).toEqual([401, "unauthorised", "token"]);
  });

  it("does not help a foreign name, and the server's own name is none", async () => {
    const Authorization = `Bearer ${token}`;
    const ask = (Host: string) => closed.ask("GET", "/version", { headers: { Host, Authorization } });
    expect((await ask("evil.example")).status).toBe(403);
    expect((await ask("lab.example:8080")).status).toBe(200);
  });
});

it("answers say that nobody else may show or read them", async () => {
  const { headers } = await open.ask("GET", "/");
  expect(headers["access-control-allow-origin"]).toBeUndefined();
  expect([headers["x-frame-options"], headers["x-content-type-options"]]).toEqual(["DENY", "nosniff"]);
});

/** What comes back for raw bytes; "": the connection was closed. */
const sendRaw = (bytes: string | Buffer): Promise<string> =>
  new Promise((resolve) => {
    let text = "";
    const socket = connect(Number(open.url.port), "127.0.0.1", () => socket.write(bytes));
    socket.setTimeout(2_000, () => socket.destroy());
    socket.on("data", (piece) => {
      text += piece.toString();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
  });

it("nonsense costs its own connection", async () => {
  expect(await sendRaw(Buffer.from([0, 1, 2, 255, 10, 10]))).toMatch(/^HTTP\/1.1 400 /);
  expect(await sendRaw("GET / HTTP/9.9\r\n\r\n")).toMatch(/^HTTP\/1.1 400 /);
  expect(await sendRaw(`GET /version HTTP/1.1\r\nX: ${"a".repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 4\d\d /);
  const cut = connect(Number(open.url.port), "127.0.0.1", () => {
    cut.write(
      "POST /runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    );
    cut.destroy();
  });
  expect((await open.ask("GET", "/healthz")).json).toEqual({ ok: true });
});

it("answers a thousand requests that come at once, while others are open", async () => {
  const answers = await Promise.all(Array.from({ length: 1_000 }, () => open.ask("GET", "/healthz").catch(() => null)));
  // More than the most connections at a time may be turned away; nobody else is.
  expect(answers.filter((answer) => answer?.status === 200).length).toBeGreaterThanOrEqual(500);
  expect((await open.ask("GET", "/healthz")).status).toBe(200);
});
