/** The same routes over lines: one request a line, one answer that ends it, events between. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { startServing } from "../../src/serve/index.js";
import { type Json, serveSetup, shortRun } from "../support/serve-rig.js";

/** All lines that come back for these; the client closes its side after the last one. */
async function said(lines: readonly string[], prompt?: string): Promise<string[]> {
  await using serving = startServing({ ...serveSetup(), allowPrograms: true });
  const [input, output] = [new PassThrough(), new PassThrough()];
  let text = "";
  output.on("data", (piece: Buffer) => {
    text += piece.toString();
  });
  const over = serving.lines({ input, output, prompt: prompt ?? null }, new AbortController().signal);
  for (const line of lines) input.write(`${line}\n`);
  input.end();
  await over;
  return text.trim().split("\n");
}

const talk = async (lines: readonly string[]): Promise<Json[]> =>
  (await said(lines)).map((line) => ({ ...JSON.parse(line), ends: line.endsWith('"end":true}') }));

it("writes a prompt when it is ready, and after each answer", async () => {
  const lines = await said(['{"id":1,"path":"/healthz"}', "nonsense"], "pktgen>");
  expect(lines.filter((_, i) => i % 2 === 1)).toEqual(["pktgen>", "pktgen>", "pktgen>"]);
  expect(JSON.parse(lines[0]!)).toMatchObject({ event: "ready", api: 1 });
  expect([lines[2], lines[4]].every((line) => line!.endsWith('"end":true}'))).toBe(true);
});

it("answers each line, whatever it is", async () => {
  const [ready, ...answers] = await talk([
    '{"id":1,"path":"/version"}',
    "",
    "nonsense",
    "null",
    '{"id":"b","path":"/nowhere"}',
    '{"id":3,"path":"/version","what":1}',
    '{"id":4,"method":"POST","path":"/runs","body":{"options":{"sizes":"1"}}}',
    '{"id":5,"path":"/metrics"}',
  ]);
  expect(ready).toMatchObject({ event: "ready", ends: false });
  expect(answers.every(({ ends }) => ends)).toBe(true);
  const byId = new Map(answers.map((answer) => [answer.id, answer]));
  expect(byId.get(1)).toMatchObject({ status: 200, body: { name: "pktgen-ts", api: 1 } });
  expect(byId.get("b").body.error.code).toBe("not-found");
  expect(byId.get(3).body.error).toMatchObject({ code: "bad-request", where: "what" });
  expect(byId.get(4).body.error).toMatchObject({ code: "invalid", where: "sizes" });
  expect(byId.get(5).text).toContain("# EOF");
  expect(answers.filter(({ id, status }) => id === null && status === 400).length).toBe(2);
});

it("takes a body out of a file, so that a line stays short", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-stdio-"));
  try {
    const bodyFile = join(folder, "body.json");
    writeFileSync(bodyFile, JSON.stringify({ options: { sizes: "1" } }));
    const wrong = join(folder, "wrong.json");
    writeFileSync(wrong, "{");
    const asked = { method: "POST", path: "/runs" };
    const [, ...answers] = await talk(
      [bodyFile, wrong, join(folder, "none")].map((file) => JSON.stringify({ ...asked, id: file, bodyFile: file })),
    );
    const errors = answers.map(({ body }) => `${body.error.code} ${body.error.where}`);
    expect(errors.toSorted()).toEqual(["bad-request body", "invalid bodyFile", "invalid sizes"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("has the events of a run as lines, and its result in a file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-stdio-"));
  try {
    await using serving = startServing({ ...serveSetup(folder), allowPrograms: true });
    const [input, output] = [new PassThrough(), new PassThrough()];
    const waiting = new Map<number, (answer: Json) => void>();
    const events: string[] = [];
    let rest = "";
    output.on("data", (piece: Buffer) => {
      const lines = (rest + piece.toString()).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        const said = JSON.parse(line);
        if (said.end === true) waiting.get(said.id)?.(said);
        else events.push(said.event);
      }
    });
    const over = serving.lines({ input, output }, new AbortController().signal);
    const ask = (id: number, request: object): Promise<Json> =>
      new Promise((resolve) => {
        waiting.set(id, resolve);
        input.write(`${JSON.stringify({ id, ...request })}\n`);
      });
    const run = (await ask(1, { method: "POST", path: "/runs", body: { options: shortRun } })).body;
    expect((await ask(2, { path: `/runs/${run.id}/events` })).status).toBe(200);
    expect([events[0], events[1], events.at(-1)]).toEqual(["ready", "config", "done"]);
    const file = join(folder, "result.json");
    expect(await ask(3, { path: `/runs/${run.id}/result.json`, file })).toMatchObject({ status: 200, file });
    expect(JSON.parse(readFileSync(file, "utf8")).trials[0].sent).toBe(50);
    input.end();
    await over;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it("ends with a line that has no end", async () => {
  const answers = await talk(["x".repeat((1 << 20) + 1)]);
  expect(answers.at(-1)).toMatchObject({ id: null, status: 400 });
});
