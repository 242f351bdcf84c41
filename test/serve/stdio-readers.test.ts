/** `--stdio` with clients that read slowly or not at all, and how what they follow ends. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { startServing } from "../../src/serve/index.js";
import { endlessRun, type Json, serveSetup } from "../support/serve-rig.js";

const main = join(import.meta.dirname, "../../dist/cli/main.js");

/** A client of lines, behind a pipe that holds little. It reads nothing until it is told to. */
function openLines(signal = new AbortController().signal) {
  const serving = startServing({ ...serveSetup(), allowPrograms: true });
  const [input, output] = [new PassThrough(), new PassThrough({ highWaterMark: 500 })];
  const said: Json[] = [];
  let rest = "";
  const read = (): void => {
    output.on("data", (piece: Buffer) => {
      const lines = (rest + piece.toString()).split("\n");
      rest = lines.pop()!;
      said.push(...lines.map((line) => JSON.parse(line)));
    });
  };
  const until = async (isWanted: (line: Json) => boolean): Promise<Json> => {
    for (;;) {
      const found = said.find(isWanted);
      if (found !== undefined) return found;
      await sleep(10);
    }
  };
  const over = serving.lines({ input, output }, signal);
  const ask = (request: object): boolean => input.write(`${JSON.stringify(request)}\n`);
  return { input, output, said, read, until, over, ask, [Symbol.asyncDispose]: () => serving[Symbol.asyncDispose]() };
}

it("who reads no answers is given none: few wait, and all of them come when it reads", async () => {
  await using client = openLines();
  const { input, output, said, ask } = client;
  const asked = 2_000;
  for (let id = 0; id < asked; id++) ask({ id, path: "/metrics" });
  input.end();
  let most = 0;
  for (let look = 0; look < 30; look++) {
    await sleep(10);
    most = Math.max(most, output.writableLength + output.readableLength);
  }
  client.read();
  await client.over;
  await client.until(() => said.length > asked);
  const length = JSON.stringify(said.at(-1)).length;
  expect(most).toBeGreaterThan(0);
  expect(most / length).toBeLessThan(100);
  const ids = said.slice(1).map(({ id }) => id);
  expect(ids.toSorted((a, b) => a - b)).toEqual(Array.from({ length: asked }, (_, id) => id));
  expect(said.slice(1).every(({ status, end }) => status === 200 && end === true)).toBe(true);
});

it("a run stops when its client closes its side, and who follows it reads its end", async () => {
  await using client = openLines();
  const { input, said, ask } = client;
  client.read();
  ask({ id: 1, method: "POST", path: "/runs", body: { options: endlessRun } });
  const { body } = await client.until(({ id, end }) => id === 1 && end);
  ask({ id: 2, path: `/runs/${body.id}/events` });
  await client.until(({ event }) => event === "sample");
  input.end();
  await client.over;
  const last = await client.until(({ id, end }) => id === 2 && end);
  expect([last.status, said.at(-2)]).toMatchObject([200, { id: 2, event: "done", data: { stopped: true } }]);
});

it("a run whose events nobody reads is stopped by a signal, and its end can still be read", async () => {
  const controller = new AbortController();
  await using client = openLines(controller.signal);
  const { output, ask } = client;
  client.read();
  ask({ id: 1, method: "POST", path: "/runs", body: { options: endlessRun } });
  const { body } = await client.until(({ id, end }) => id === 1 && end);
  ask({ id: 2, path: `/runs/${body.id}/events` });
  await client.until(({ event }) => event === "sample");
  output.pause();
  while (!output.writableNeedDrain) await sleep(20);
  controller.abort();
  await client.over;
  output.resume();
  expect(await client.until(({ event }) => event === "done")).toMatchObject({ data: { stopped: true } });
});

it("SIGTERM ends the process, whose output nobody reads", async () => {
  const child = spawn(process.execPath, [main, "serve", "--stdio"], { stdio: ["pipe", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (piece: Buffer) => {
    complaints += piece.toString();
  });
  try {
    const ended = once(child, "exit");
    await once(child.stdout, "data");
    child.stdout.pause();
    for (let id = 0; id < 200; id++) child.stdin.write(`{"id":${id},"path":"/metrics"}\n`);
    child.stdin.write(`{"id":"run","method":"POST","path":"/runs","body":{"options":${JSON.stringify(endlessRun)}}}\n`);
    await sleep(300);
    child.kill("SIGTERM");
    expect([await ended, complaints]).toEqual([[0, null], ""]);
  } finally {
    child.kill("SIGKILL");
  }
});
