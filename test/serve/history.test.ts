/** Runs that are kept in a folder outlive their server; what is damaged there costs itself alone. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PktgenError } from "../../src/errors.js";
import type { RunInfo } from "../../src/serve/contract.js";
import { History } from "../../src/serve/runs/history.js";
import { type Rig, type SeenEvent, shortRun, startRig } from "../support/serve-rig.js";

const history = mkdtempSync(join(tmpdir(), "pktgen-ts-history-"));
let rig: Rig;
let run: RunInfo;
let events: SeenEvent[];

beforeAll(async () => {
  const first = await startRig({ history });
  run = await first.run({ options: shortRun, name: "kept" });
  await first.events(run.id);
  events = await first.events(run.id);
  await first[Symbol.asyncDispose]();
  mkdirSync(join(history, "r-20260101-000000-1"));
  writeFileSync(join(history, "r-20260101-000000-1", "run.json"), "{");
  mkdirSync(join(history, "something else"));
  rig = await startRig({ history });
});
afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  rmSync(history, { recursive: true, force: true });
});

it("another server has it, with its events, its result and its trials", async () => {
  const { runs } = await rig.get("/runs");
  expect(runs.map(({ id, name, state }: RunInfo) => [id, name, state])).toEqual([[run.id, "kept", "done"]]);
  expect(await rig.events(run.id)).toEqual(events);
  expect((await rig.get(`/runs/${run.id}/result.json`)).trials[0].sent).toBe(50);
  expect((await rig.get(`/runs/${run.id}/trials/0`)).sent).toBe(50);
  expect(await rig.get(`/runs/${run.id}/request`)).toEqual({ options: shortRun, name: "kept" });
  const stop = await rig.ask("POST", `/runs/${run.id}/stop`);
  expect([stop.status, stop.json.error.code]).toEqual([409, "wrong-state"]);
});

it("what is damaged is no run", async () => {
  expect((await rig.ask("GET", "/runs/r-20260101-000000-1")).status).toBe(404);
});

it("a run that is forgotten leaves no file", async () => {
  await rig.ask("DELETE", `/runs/${run.id}`);
  expect(readdirSync(history).filter((name) => name.includes(run.id))).toEqual([]);
});

it("a folder that cannot be one is refused before anything is asked", () => {
  const file = join(history, "file");
  writeFileSync(file, "");
  expect(() => new History(file)).toThrow(PktgenError);
});
