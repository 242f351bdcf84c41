/** `--ui`: a page of one run while it goes on; and `--html`, the same page as a file. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import { builtMain, runCli } from "../support/run-cli.js";
import { eventsIn, type Json } from "../support/serve-rig.js";

const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-ui-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Shown {
  readonly url: URL;
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

/** Resolves when the address is printed. */
function shown(...words: readonly string[]): Promise<Shown> {
  const child: ChildProcess = spawn(process.execPath, [builtMain(), ...words]);
  let [stdout, stderr] = ["", ""];
  child.stdout!.on("data", (piece: Buffer) => {
    stdout += piece.toString();
  });
  const ended = new Promise<Awaited<Shown["ended"]>>((resolve) =>
    child.once("close", (code) => resolve({ code, stdout, stderr })),
  );
  return new Promise((resolve, reject) => {
    child.stderr!.on("data", (piece: Buffer) => {
      stderr += piece.toString();
      const url = /shown at (\S+)/.exec(stderr)?.[1];
      if (url !== undefined) resolve({ url: new URL(url), ended });
    });
    void ended.then(() => reject(new Error(stderr)));
  });
}

const recordingIn = (html: string): Json =>
  JSON.parse(/<script type="application\/json" id="pktgen-recording">(.*)<\/script>/.exec(html)![1]!);

const endless = ["--sizes", "64", "--rate", "1kpps", "--duration", "forever", "--warmup", "0ms"];

it("shows the run, stops it, and starts no other; open pages have its last event before it ends", async () => {
  const { url, ended } = await shown(...endless, "--ui");
  expect([url.hostname, url.hash, url.search]).toEqual(["127.0.0.1", "#/runs/this", ""]);
  const at = (path: string): URL => new URL(path, url.origin);
  expect(await (await fetch(at("/"))).text()).toContain('<div id="page">');
  const info = (await (await fetch(at("/runs/this"))).json()) as Json;
  expect(info).toMatchObject({ command: "run", ports: ["embedded"], can: { stop: true } });
  const headers = { "Content-Type": "application/json" };
  const begun = await fetch(at("/runs"), { method: "POST", headers, body: "{}" });
  expect([begun.status, ((await begun.json()) as Json).error.code]).toEqual([403, "forbidden"]);
  const isSending = async (): Promise<boolean> =>
    ((await (await fetch(at("/runs/this"))).json()) as Json).live !== null;
  while (!(await isSending())) await sleep(20);
  const following = fetch(at("/runs/this/events")).then((stream) => stream.text());
  expect((await fetch(at("/runs/this/stop"), { method: "POST" })).status).toBe(200);
  const events = eventsIn(await following);
  expect([events[0]!.event, events.at(-1)!.event, events.at(-1)!.data.stopped]).toEqual(["config", "done", true]);
  const { code, stdout } = await ended;
  expect(code).toBe(130);
  expect(stdout).toContain("interrupted");
});

it("over many generators it offers no change of the load, and refuses one; it is stopped", async () => {
  const { url, ended } = await shown(...endless, "--fleet", "local:2", "--ui");
  const at = (path: string): URL => new URL(path, url.origin);
  const { can } = (await (await fetch(at("/runs/this"))).json()) as Json;
  expect(can).toEqual({ stop: true, rate: false, pause: false, extend: false });
  const headers = { "Content-Type": "application/json" };
  const changed = await fetch(at("/runs/this"), { method: "PATCH", headers, body: '{"paused":true}' });
  const { error } = (await changed.json()) as Json;
  expect([changed.status, error.message]).toEqual([409, "the load of a run over many generators is fixed"]);
  expect((await fetch(at("/runs/this/stop"), { method: "POST" })).status).toBe(200);
  expect((await ended).code).toBe(130);
});

it("ends with its run, and the file is the page with the run in it", async () => {
  const html = join(folder, "run.html");
  const { ended } = await shown(
    "--sizes",
    "64",
    "--rate",
    "1kpps",
    "--count",
    "600",
    "--ui",
    "127.0.0.1:0",
    "--html",
    html,
  );
  // 4: a machine that is busy makes frames late.
  expect([0, 4]).toContain((await ended).code);
  const { events, result } = recordingIn(readFileSync(html, "utf8"));
  const kinds = new Set(events.map(({ event }: Json) => event));
  for (const kind of ["config", "sample", "ledger", "trial", "done"]) expect(kinds).toContain(kind);
  expect(events.find(({ event }: Json) => event === "trial").data).toMatchObject({ sent: 600, received: 600 });
  expect(result.trials[0].sent).toBe(600);
});

it("a method's file has its trials in it, too", async () => {
  const html = join(folder, "soak.html");
  const soak = ["soak", "--sizes", "64", "--load", "1kpps", "--for", "600ms", "--piece", "300ms", "--warmup", "0ms"];
  const done = await runCli([...soak, "--html", html]);
  expect([0, 4], done.stderr).toContain(done.code);
  const { events } = recordingIn(readFileSync(html, "utf8"));
  expect(events[0].data).toMatchObject({ command: "soak", kind: "run" });
  expect(events.filter(({ event }: Json) => event === "trial").length).toBeGreaterThan(0);
});

it("beyond this machine it wants a token, which is in its address", async () => {
  const { url, ended } = await shown(...endless, "--ui", "0.0.0.0:0");
  const here = new URL(`http://127.0.0.1:${url.port}/runs/this`);
  expect((await fetch(here)).status).toBe(401);
  const Authorization = `Bearer ${url.searchParams.get("token")}`;
  const stop = await fetch(`${here}/stop`, { method: "POST", headers: { Authorization } });
  expect(stop.status).toBe(200);
  expect((await ended).code).toBe(130);
});

it("an address that is none is refused before anything runs", async () => {
  const { code, stderr } = await runCli(["--sizes", "64", "--ui", "nowhere"]);
  expect(code).toBe(2);
  expect(stderr).toContain('--ui: "nowhere" is no address to listen at');
});
