/**
 * Every place and state of the page, light, dark, narrow, wide and on paper: texts can be read, and nothing but a table's own
 * box scrolls sideways. A picture of each is left in $PKTGEN_SCREENSHOTS.
 */
import type { Page } from "playwright-core";
import { beforeEach, describe, expect, it } from "vitest";
import type { FakeServe } from "../support/fake-serve.js";
import { describeLab } from "../support/probe.js";
import * as recorded from "../support/recorded-run.js";
import { paleTexts } from "./contrast.js";
import { pageRig } from "./page-rig.js";

const looks = {
  light: { width: 1250, colorScheme: "light", media: "screen" },
  dark: { width: 1250, colorScheme: "dark", media: "screen" },
  narrow: { width: 400, colorScheme: "light", media: "screen" },
  "narrow-dark": { width: 400, colorScheme: "dark", media: "screen" },
  wide: { width: 2200, colorScheme: "dark", media: "screen" },
  print: { width: 794, colorScheme: "dark", media: "print" },
} as const;

interface Place {
  readonly at: string;
  /** Texts that are there once all is shown. */
  readonly shows: string;
  readonly prepare: (server: FakeServe) => void;
  readonly act?: (page: Page) => Promise<unknown>;
}

const option = (key: string, kind = "text") => ({
  ...{ key, flag: `--${key}`, argument: "<x>", heading: "", means: `the ${key} of this run`, kind },
});
const commands = [
  {
    name: "run",
    summary: "forwarding test: what each frame size and rate loses",
    options: ["tx", "rx", "sizes", "rate", "duration", "vlan"]
      .map((key) => option(key))
      .concat(option("threshold", "texts")),
  },
];

function answerStart(server: FakeServe): void {
  const ports = [{ name: "west", spec: "packet:eth1", kind: "packet", owner: null }];
  server.answer("GET /commands", { commands });
  server.answer("GET /ports", { ports, kinds: [], interfaces: [] });
  server.answer("GET /profiles", { profiles: [{ name: "vxlan.yaml", description: "", streams: 1, bytes: 9 }] });
  server.answer("POST /runs", recorded.planned);
}

function tellRun(server: FakeServe, id: string, command: "run" | "ndr" = "run"): string {
  const path = `/runs/${id}`;
  server.answer(
    `GET ${path}`,
    recorded.infoOf({ id, command, can: { stop: true, rate: true, pause: true, extend: true } }),
  );
  server.tell(
    path,
    "config",
    recorded.configOf({ id, command, name: command === "run" ? "" : "edge router, 64 bytes" }),
  );
  server.tell(path, "state", { t: 100, state: "running", trial: 0 });
  for (let i = 0; i < 60; i++) server.tell(path, "sample", recorded.sampleOf(i));
  server.tell(path, "marker", { t: 5_000, what: "rate", text: "rate 20kpps" });
  return path;
}

function tellEnd(server: FakeServe, path: string, end: Parameters<typeof recorded.doneOf>[0]): void {
  server.tell(path, "ledger", recorded.ledgerOf({ t: 10_200, settled: true, inFlight: 0, unaccounted: 0 }));
  for (const what of ["latency", "gap"] as const)
    server.tell(path, "histogram", { t: 10_300, what, flow: null, buckets: recorded.latencyBuckets });
  server.tell(path, "trial", recorded.trialRow({ verdict: end?.verdict ?? "pass", reasons: end?.reasons ?? [] }));
  server.tell(path, "done", recorded.doneOf({ t: 16_000, ...end }));
}

function tellSearch(server: FakeServe): void {
  const path = tellRun(server, "r-search", "ndr");
  const loads = [1e6, 5e5, 7.5e5, 6.25e5, 6.875e5, 6.5625e5, 6.71875e5];
  loads.forEach((pps, index) => {
    const lost = pps > 6.6e5 ? Math.round(pps / 1e3) : 0;
    const verdict = index === 3 ? "invalid" : lost > 0 ? "fail" : "pass";
    const requested = { rate: "x", pps, durationNs: 1e9, count: null };
    const trial = recorded.trialRow({ index, t: index * 1_000, verdict, lost, lossRatio: lost / pps, requested });
    server.tell(path, "trial", trial);
  });
}

function tellSession(server: FakeServe, id: string, count: number): void {
  const path = `/sessions/${id}`;
  const portNames = ["up", "sent", "received", "txPps", "rxPps"];
  const names = ["sent", "received", "txPps", "rxPps", "lostPps"];
  const ports = ["west", "east"];
  const own = { kind: "session", command: null, plan: null, commandLine: "" } as const;
  server.answer(`GET ${path}`, { id, name: "", state: "open", started: "", ports: [], flows: count, running: count });
  server.tell(path, "config", recorded.configOf({ ...own, ports, id, names, portNames }));
  server.tell(path, "state", { t: 10, state: "open" });
  for (let i = 0; i < 40; i++)
    server.tell(path, "sample", { t: i * 250, v: [i, i, 1e6, 9e5 + (i % 7) * 1e4, 1e5 - (i % 7) * 1e4] });
  const v = [
    [1, 0],
    [51_234, 6],
    [49_876, 7],
    [1e3, 2e3],
    [990, 1_980],
  ];
  server.tell(path, "ports", { t: 1_000, v });
  server.tell(path, "flowlist", recorded.flowListOf(count));
  server.tell(path, "flows", recorded.flowValues(count));
}

const differences = [
  { name: "64 bytes: rate", unit: "pps", a: 1e6, b: 9e5, is: "worse", chance: 0.0002, cells: [] },
  { name: "64 bytes: p99", unit: "ns", a: 52_000, b: 41_000, is: "better", chance: 0.003, cells: [] },
  { name: "1518 bytes: rate", unit: "pps", a: 81_274, b: 81_274, is: "same", chance: null, cells: [] },
];

const runs = [
  recorded.infoOf({ id: "r-20261201-172059-3", name: "nightly, edge router" }),
  recorded.infoOf({ id: "r-20261201-172056-2", state: "done", verdict: "invalid", reasons: ["interrupted"] }),
  recorded.infoOf({ id: "r-20261201-172050-1", state: "done", verdict: "pass", command: "ndr", trialsExpected: null }),
  recorded.infoOf({ id: "r-20261201-172040-0", state: "done", verdict: "fail" }),
];

const places: Readonly<Record<string, Place>> = {
  start: { at: "new", shows: "--sizes 64 --rate 10kpps", prepare: answerStart },
  "start-mistake": {
    at: "new",
    shows: "is not a frame size",
    prepare: (server) => {
      answerStart(server);
      const error = { code: "invalid", message: '"6" is not a frame size', where: "sizes", hint: "64 is the least" };
      server.answer("POST /runs", { error }, 422);
    },
  },
  running: {
    at: "runs/r-running",
    shows: "in flight: 60",
    prepare: (server) => server.tell(tellRun(server, "r-running"), "ledger", recorded.ledgerOf()),
  },
  done: {
    at: "runs/r-done",
    shows: "gaps between frames",
    prepare: (server) => tellEnd(server, tellRun(server, "r-done"), { verdict: "pass", reasons: [] }),
    act: (page) => page.getByRole("button", { name: "1", exact: true }).click(),
  },
  invalid: {
    at: "runs/r-invalid",
    shows: "INVALID",
    prepare: (server) =>
      tellEnd(server, tellRun(server, "r-invalid"), {
        verdict: "invalid",
        reasons: ["17 frames unaccounted for: container took 17 fewer than host> handed on"],
      }),
  },
  failed: {
    at: "runs/r-failed",
    shows: "It failed:",
    prepare: (server) => {
      const error = {
        code: "environment",
        message: "the interface eth1 is down",
        hint: "ip link set eth1 up",
      } as const;
      server.tell(
        tellRun(server, "r-failed"),
        "done",
        recorded.doneOf({ state: "failed", verdict: null, error, result: null }),
      );
    },
  },
  search: { at: "runs/r-search", shows: "Search", prepare: tellSearch },
  session: { at: "sessions/s-one", shows: "30 of 30 flows", prepare: (server) => tellSession(server, "s-one", 30) },
  flows: {
    at: "sessions/s-many",
    shows: "10,000 of 10,000 flows",
    prepare: (server) => tellSession(server, "s-many", 10_000),
    act: (page) => page.getByRole("button", { name: "flow-5000", exact: true }).click(),
  },
  sessions: {
    at: "sessions",
    shows: "Open a session",
    prepare: (server) => {
      answerStart(server);
      const ports = [{ name: "west", up: true, figures: {} }];
      const session = { id: "s-1", name: "lab", state: "open", started: "2026-12-01T17:20:59.1Z", ports, error: null };
      server.answer("GET /sessions", { sessions: [{ ...session, flows: 12, running: 3 }] });
    },
  },
  runs: { at: "runs", shows: "edge router", prepare: (server) => server.answer("GET /runs", { runs }) },
  "runs-none": { at: "runs", shows: "No run yet", prepare: (server) => server.answer("GET /runs", { runs: [] }) },
  compare: {
    at: "compare/r-a/r-b",
    shows: "64 bytes: rate",
    prepare: (server) =>
      server.answer("GET /runs/compare", {
        a: runs[2],
        b: runs[3],
        setup: ["kernel: 6.1 in A, 6.2 in B"],
        differences,
      }),
  },
  token: {
    at: "runs",
    shows: "asks for a token",
    prepare: (server) => server.answer("GET /runs", { error: { code: "unauthorised", message: "a token" } }, 401),
  },
};

describeLab("looks of the page in Chromium", ["chromium"], () => {
  const rig = pageRig();
  let server: FakeServe;
  let page: Page;
  beforeEach(() => {
    ({ server, page } = rig);
  });

  describe.each(Object.entries(places))("%s", (name, { at, shows, prepare, act }) => {
    it("can be read in all of them", async () => {
      prepare(server);
      await page.goto("about:blank");
      await rig.open(at);
      await page.getByText(shows).first().waitFor();
      await act?.(page);
      for (const [look, { width, colorScheme, media }] of Object.entries(looks)) {
        await page.setViewportSize({ width, height: 1_000 });
        await page.emulateMedia({ colorScheme, media });
        await rig.shot(`looks-${name}-${look}`);
        expect(await page.evaluate(paleTexts), look).toEqual([]);
        await expect
          .poll(() => page.evaluate("document.documentElement.scrollWidth - window.innerWidth"), { message: look })
          .toBeLessThanOrEqual(0);
      }
    });
  });

  it("asked nobody else, broke no policy, and threw nothing", () => {
    expect(rig.faults).toEqual([]);
  });
});
