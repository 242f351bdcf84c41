/** The command as a process with a session whose flows run: how it ends, and what those who read its events learn. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { existsSync, lstatSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { afterAll, expect, it } from "vitest";
import { temporaryFolder } from "../support/rings-cross.js";
import { dataOf, eventsIn, type Json } from "../support/serve-rig.js";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const main = join(import.meta.dirname, "../../dist/cli/main.js");

/** Of processes that a failed test left. */
const children = new Set<ChildProcessByStdio<null, Readable, Readable>>();
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
});

interface Ended {
  readonly code: number | null;
  readonly complaints: string;
}

/** Resolves with `isReady` false where it ended before it was. */
async function start(...args: string[]) {
  const child = spawn(process.execPath, [main, "serve", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  let [said, complaints] = ["", ""];
  child.stderr.on("data", (piece: Buffer) => {
    complaints += piece.toString();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (code) => {
      children.delete(child);
      resolve({ code, complaints });
    });
  });
  const isReady = await new Promise<boolean>((resolve) => {
    child.stdout.on("data", (piece: Buffer) => {
      said += piece.toString();
      if (said.endsWith("pktgen-ts ready\n")) resolve(true);
    });
    void ended.then(() => resolve(false));
  });
  return { child, ended, isReady };
}

const open = (socketPath: string, method: string, path: string, body?: object): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "Content-Type": "application/json" };
    const asking = request({ socketPath, method, path, headers, agent: false }, resolve);
    asking.on("error", reject);
    asking.end(body === undefined ? undefined : JSON.stringify(body));
  });

async function ask(socketPath: string, method: string, path: string, body?: object): Promise<Json> {
  let text = "";
  for await (const piece of await open(socketPath, method, path, body)) text += String(piece);
  return JSON.parse(text);
}

/** Does somebody listen at the path of this socket? */
const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });

it("SIGTERM ends a session whose flows run: its readers get the end, its ports and the socket are free", async () => {
  const [socket, wire] = [join(folder.path, "s.sock"), join(folder.path, "wire")];
  const ports = ["--port", `east=vhost:${wire},server=on`, "--port", `west=virtio-user:${wire}`];
  const { child, ended } = await start("--unix", socket, ...ports);
  const flow = { tx: "east", rx: "west", rate: "2kpps", start: true };
  const flows = [
    { ...flow, name: "there" },
    { ...flow, name: "back", tx: "west", rx: "east" },
  ];
  const { id } = await ask(socket, "POST", "/sessions", { ports: ["east", "west"], settle: "100ms", flows });
  const reader = await open(socket, "GET", `/sessions/${id}/events`);
  let text = "";
  for await (const piece of reader) {
    text += String(piece);
    // Frames came back: then it is asked to end, and the stream is read to its own end.
    if (!child.killed && (await ask(socket, "GET", `/sessions/${id}`)).live.received > 10) child.kill("SIGTERM");
  }
  expect(reader.complete).toBe(true);
  const events = eventsIn(text);
  expect(dataOf(events, "state").map(({ state }) => state)).toContain("closing");
  expect(dataOf(events, "marker").map(({ text: why }) => why)).toContain("the server ends");
  expect(events.at(-1)).toMatchObject({ event: "done", data: { state: "done", error: null } });
  expect(await ended).toEqual({ code: 0, complaints: "" });
  expect([existsSync(socket), existsSync(wire)]).toEqual([false, false]);
});

it("a reader that reads nothing does not keep it", async () => {
  const socket = join(folder.path, "slow.sock");
  const wire = join(folder.path, "slow-wire");
  const ports = ["--port", `east=vhost:${wire},server=on`, "--port", `west=virtio-user:${wire}`];
  const { child, ended } = await start("--unix", socket, ...ports);
  const { id } = await ask(socket, "POST", "/sessions", { ports: ["east", "west"], settle: "100ms" });
  const reader = await open(socket, "GET", `/sessions/${id}/events`);
  reader.on("error", () => {});
  reader.pause();
  // Flows that come and go write more than the buffers of both sides hold.
  for (let turn = 0; turn < 20; turn++) {
    const flows = Array.from({ length: 200 }, (_, k) => ({
      ...{ tx: "east", rx: "west", rate: "1pps", name: `${"n".repeat(90)}-${turn}-${k}` },
    }));
    await ask(socket, "POST", `/sessions/${id}/flows`, { flows });
  }
  child.kill("SIGTERM");
  expect(await ended).toEqual({ code: 0, complaints: "" });
  expect(existsSync(socket)).toBe(false);
  reader.destroy();
});

it("takes the place of a server that was killed", async () => {
  const socket = join(folder.path, "stale.sock");
  const killed = await start("--unix", socket);
  killed.child.kill("SIGKILL");
  await killed.ended;
  expect([lstatSync(socket).isSocket(), await answers(socket)]).toEqual([true, false]);
  const { child, ended, isReady } = await start("--unix", socket);
  expect(isReady).toBe(true);
  expect(lstatSync(socket).mode & 0o777).toBe(0o600);
  expect((await ask(socket, "GET", "/version")).name).toBe("pktgen-ts");
  child.kill("SIGTERM");
  expect(await ended).toEqual({ code: 0, complaints: "" });
});

it("leaves a socket where somebody listens, and a file that is none, as they are, and says so", async () => {
  const [socket, file] = [join(folder.path, "busy.sock"), join(folder.path, "file")];
  const holder = createServer((connection) => connection.end()).listen(socket);
  try {
    const refused = await start("--unix", socket);
    const { code, complaints } = await refused.ended;
    expect([refused.isReady, code]).toEqual([false, 3]);
    expect(complaints).toContain(`somebody answers at ${socket}`);
    expect(complaints).not.toContain("    at ");
    expect(await answers(socket)).toBe(true);
  } finally {
    await new Promise((resolve) => holder.close(resolve));
  }
  writeFileSync(file, "kept");
  const { code, complaints } = await (await start("--unix", file)).ended;
  expect([code, complaints.includes(`${file} is there and no socket`), existsSync(file)]).toEqual([3, true, true]);
});
