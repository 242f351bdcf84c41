/** The figures for Prometheus: their form, and the dashboard that is made of their names. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parsePortSpec } from "../../src/port/index.js";
import { temporaryFolder } from "../support/rings-cross.js";
import { endlessRun, type Rig, startRig } from "../support/serve-rig.js";

const folder = temporaryFolder();
const ports = [
  { name: "east", spec: parsePortSpec(`vhost:${join(folder.path, "s")},server=on`) },
  { name: "west", spec: parsePortSpec(`virtio-user:${join(folder.path, "s")}`) },
];
let rig: Rig;
let session: string;
let text: string;

beforeAll(async () => {
  rig = await startRig({ ports });
  const flows = [
    { name: "web", tx: "east", rx: "west", rate: "5kpps", count: 60, start: true },
    { name: "still", tx: "west", rx: "east", rate: "1kpps" },
  ];
  const body = { ports: ["east", "west"], settle: "100ms", flows };
  session = (await rig.ask("POST", "/sessions", { body })).json.id;
  while (!(await rig.get(`/sessions/${session}`)).settled) await sleep(20);
  const { id } = await rig.run({ options: endlessRun });
  const stream = await rig.open(`/runs/${id}/events`);
  // With an open trial, and one that has ended.
  for await (const piece of stream) if (String(piece).includes("event: sample")) break;
  const open = (await rig.ask("GET", "/metrics")).text;
  await rig.ask("POST", `/runs/${id}/stop`);
  await rig.events(id);
  text = open + (await rig.ask("GET", "/metrics")).text;
});
afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

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

it("tells the figures of each port and each flow of a session", () => {
  const figure = (name: string, labels: string): number =>
    Number(new RegExp(`^pktgen_session_${name}\\{session="${session}",${labels}\\} (\\S+)$`, "m").exec(text)?.[1]);
  for (const name of ["sent", "received"]) {
    const values = ["web", "still"].map((flow) => figure(`flow_${name}_frames_total`, `flow="${flow}"`));
    expect(values).toEqual([60, 0]);
  }
  expect([
    figure("port_sent_frames_total", 'port="east"'),
    figure("port_received_frames_total", 'port="west"'),
  ]).toEqual([60, 60]);
  expect(figure("flow_lost_frames", 'flow="web"')).toBe(0);
});

it("has every name that the dashboard asks for, and the dashboard has every name of sessions", () => {
  const board = readFileSync(join(import.meta.dirname, "../../examples/grafana/pktgen-ts.json"), "utf8");
  const asked = new Set(board.match(/\b(pktgen|process)_[a-z_]+[a-z]\b/g));
  expect(asked.size).toBeGreaterThan(10);
  expect([...asked].filter((name) => !namesIn(text).has(name))).toEqual([]);
  const ofSessions = [...namesIn(text)].filter((name) => name.startsWith("pktgen_session_"));
  expect(ofSessions.filter((name) => !asked.has(name))).toEqual([]);
});
