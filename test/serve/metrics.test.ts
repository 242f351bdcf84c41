/** The figures for Prometheus: their form, and the dashboard that is made of their names. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { endlessRun, type Rig, startRig } from "../support/serve-rig.js";

let rig: Rig;
let text: string;

beforeAll(async () => {
  rig = await startRig();
  const { id } = await rig.run({ options: endlessRun });
  const stream = await rig.open(`/runs/${id}/events`);
  // With an open trial, and one that has ended.
  for await (const piece of stream) if (String(piece).includes("event: sample")) break;
  const open = (await rig.ask("GET", "/metrics")).text;
  await rig.ask("POST", `/runs/${id}/stop`);
  await rig.events(id);
  text = open + (await rig.ask("GET", "/metrics")).text;
});
afterAll(() => rig[Symbol.asyncDispose]());

const namesIn = (document: string): Set<string> =>
  new Set(document.split("\n").flatMap((line) => /^([a-z_][a-z0-9_]*)[{ ]/.exec(line)?.[1] ?? []));

it("has a type and a help for each, and ends as it must", () => {
  const typed = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => [name, type] as const);
  const suffixes: Readonly<Record<string, string>> = { counter: "_total", info: "_info", gauge: "", summary: "" };
  const samples = new Set(typed.map(([name, type]) => name! + suffixes[type!]!));
  expect([...namesIn(text)].filter((name) => !samples.has(name))).toEqual([]);
  for (const [name] of typed) expect(text).toMatch(new RegExp(`^# HELP ${name} \\S`, "m"));
  expect(text.match(/^# EOF$/gm)?.length).toBe(2);
});

it("a unit is the end of its name", () => {
  for (const [, name, unit] of text.matchAll(/^# UNIT (\w+) (\w+)$/gm)) expect(name!.endsWith(`_${unit}`)).toBe(true);
});

it("has every name that the dashboard asks for", () => {
  const board = readFileSync(join(import.meta.dirname, "../../examples/grafana/pktgen-ts.json"), "utf8");
  const asked = new Set(board.match(/\b(pktgen|process)_[a-z_]+[a-z]\b/g));
  expect(asked.size).toBeGreaterThan(10);
  expect([...asked].filter((name) => !namesIn(text).has(name))).toEqual([]);
});
