/**
 * The page of `serve` in a real browser, on a server that is a fake one: flows by the thousand, sessions, names that
 * would be a program as HTML, light, dark, keys, paper, and the page as a file.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { beforeEach, describe, expect, it } from "vitest";
import { renderPage } from "../../src/report/html/index.js";
import type { FakeServe } from "../support/fake-serve.js";
import { describeLab } from "../support/probe.js";
import * as recorded from "../support/recorded-run.js";
import { passed } from "../support/sample.js";
import { pageRig } from "./page-rig.js";

const flowCount = 10_000;
const { hostile } = recorded;

describeLab("the page of serve in Chromium: flows and looks", ["chromium"], () => {
  const rig = pageRig();
  const { open, text, asked, shot } = rig;
  let server: FakeServe;
  let page: Page;
  beforeEach(() => {
    ({ server, page } = rig);
  });

  const names = ["sent", "received", "txPps", "rxPps", "lostPps"];
  /** A session with flows, under an id of its own. */
  const session = (id: string, count: number, name?: (i: number) => string): string => {
    const path = `/sessions/${id}`;
    const own = { kind: "session", command: null, plan: null, commandLine: "" } as const;
    const ports = ["west", "east"];
    server.answer(`GET ${path}`, { id, name: "", state: "open", started: "", ports: [], flows: count, running: count });
    server.tell(path, "config", recorded.configOf({ ...own, ports, id, names, portNames: ["up", "sent", "txPps"] }));
    server.tell(path, "state", { t: 10, state: "open" });
    for (let i = 0; i < 20; i++) server.tell(path, "sample", { t: i * 250, v: [i, i, 1e6, 9e5, 1e5] });
    server.tell(path, "ports", {
      t: 1_000,
      v: [
        [1, 0],
        [5, 6],
        [1e3, 2e3],
      ],
    });
    server.tell(path, "flowlist", recorded.flowListOf(count, name));
    server.tell(path, "flows", recorded.flowValues(count));
    return path;
  };
  const rowNames = (): Promise<string[]> => page.locator(".virtual tbody tr:not(.gap) td:first-child").allInnerTexts();

  describe("flows", () => {
    it("are sorted, filtered, and drawn only where they are seen", async () => {
      session("s-many", flowCount);
      await open("sessions/s-many");
      await page.getByText("10,000 of 10,000 flows").waitFor();
      expect((await rowNames())[0]).toBe("flow-5000");
      expect(await page.locator(".virtual tbody tr").count()).toBeLessThan(60);
      await page.getByRole("button", { name: "name", exact: true }).click();
      await expect.poll(async () => (await rowNames())[0]).toBe("flow-0");
      await page.getByRole("button", { name: "name ▴" }).click();
      await expect.poll(async () => (await rowNames())[0]).toBe("flow-9999");
      await page.locator(".virtual").evaluate((box) => box.scrollTo(0, box.scrollHeight));
      await expect.poll(async () => (await rowNames()).at(-1)).toBe("flow-0");
      await page.keyboard.press("/");
      await page.keyboard.type("lost>45 p0");
      await page.getByText(/^\d+ of 10,000 flows$/).waitFor();
      await expect.poll(async () => (await rowNames()).length).toBeLessThan(50);
      // It was scrolled to the end of all flows: the few that are left are in sight all the same.
      await expect.poll(async () => (await rowNames()).length).toBeGreaterThan(10);
      expect(await page.locator(".virtual").evaluate((box) => box.scrollTop)).toBe(0);
      await shot("flows");
    });

    it("are smooth at four tables a second", async () => {
      const path = session("s-smooth", flowCount);
      await open("sessions/s-smooth");
      await page.getByText("10,000 of 10,000 flows").waitFor();
      const frames = page.evaluate(`new Promise((resolve) => { let frames = 0; const start = performance.now();
        const next = () => { frames++; const ms = performance.now() - start; if (ms < 2000) requestAnimationFrame(next); else resolve(frames / ms * 1000); };
        requestAnimationFrame(next); })`);
      for (let round = 1; round <= 8; round++) {
        server.tell(path, "flows", recorded.flowValues(flowCount, round));
        server.tell(path, "sample", { t: 5_000 + round * 250, v: [1, 1, 1e6, 9e5, 1e5] });
        await page.waitForTimeout(250);
      }
      console.info(`${Math.round((await frames) as number)} frames a second with 10,000 flows at 4 Hz`);
      await expect.poll(() => text(".virtual tbody tr:not(.gap) td:nth-child(5)")).toBe("14,000");
    });

    it("have every figure in a column, which sorts them, and go from row to row by keys", async () => {
      const path = session("s-columns", 40);
      await open("sessions/s-columns");
      await page.getByText("40 of 40 flows").waitFor();
      const heads = (await page.locator(".virtual thead th").allInnerTexts()).map((head) => head.trim());
      expect(heads).toEqual([
        ...["name", "tx", "rx", "state", "sent", "received", "lost", "duplicate", "reordered", "corrupt"],
        ...["tx rate", "rx rate", "lost rate", "latency mean", "latency p50", "latency p99", "latency max"],
      ]);
      // Numbers begin with the greatest, and turn round.
      for (const [first, sorted] of [
        ["flow-39", "descending"],
        ["flow-0", "ascending"],
      ]) {
        await page.getByRole("columnheader", { name: "latency max" }).getByRole("button").click();
        await expect.poll(async () => (await rowNames())[0]).toBe(first);
        expect(await page.locator("th[aria-sort]:not([aria-sort=none])").getAttribute("aria-sort")).toBe(sorted);
      }
      await page.getByRole("button", { name: "worst first" }).click();
      await expect.poll(async () => (await rowNames())[0]).toBe("flow-20");
      const [, second] = await rowNames();
      server.answer(`GET ${path}/flows/${second}`, { histogram: recorded.latencyBuckets });
      await page.getByRole("button", { name: "flow-20", exact: true }).focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.getByRole("region", { name: `flow ${second}` }).waitFor();
      await page.keyboard.press("ArrowUp");
      expect(await page.evaluate("document.activeElement.textContent")).toBe("flow-20");
      // Paper does not scroll: the head is above the rows, wherever they were scrolled to.
      await page.emulateMedia({ media: "print" });
      const head = `getComputedStyle(document.querySelector(".virtual thead th")).position`;
      expect(await page.evaluate(head)).toBe("static");
    });

    it("are on paper, a thousand of them, and how many more there are", async () => {
      session("s-paper", 1_234);
      await open("sessions/s-paper");
      await page.getByText("1,234 of 1,234 flows").waitFor();
      await page.emulateMedia({ media: "print" });
      const paper = (await page.pdf()).toString("latin1");
      expect(paper.match(/\/Type \/Page\b/g)!.length).toBeGreaterThan(10);
      expect((await rowNames()).length).toBeLessThan(50);
      // What a browser says before and after.
      await page.evaluate("void dispatchEvent(new Event('beforeprint'))");
      await page.getByText("… and 234 more").waitFor();
      expect(await rowNames()).toHaveLength(1_000);
      await page.evaluate("void dispatchEvent(new Event('afterprint'))");
      await expect.poll(async () => (await rowNames()).length).toBeLessThan(50);
    });

    it("are saved as a file: what the filter leaves, exact, in their order", async () => {
      session("s-csv", 30);
      await open("sessions/s-csv");
      await page.getByLabel("filter flows").fill("lost>10");
      await page.getByText("4 of 30 flows").waitFor();
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "Save as CSV" }).click(),
      ]);
      expect(download.suggestedFilename()).toBe("s-csv-flows.csv");
      const lines = readFileSync(await download.path(), "utf8").split("\r\n");
      expect(lines[0]).toBe(["name", "tx", "rx", ...recorded.flowNames].join(","));
      expect(lines.slice(1, -1).map((line) => line.split(",")[0])).toEqual(await rowNames());
      expect(lines[1]).toMatch(/^flow-15,p3,p0,running,1015,-8984,9999,/);
      expect(await page.getByRole("link", { name: "this page as a file" }).getAttribute("href")).toBe(
        "sessions/s-csv/page.html",
      );
    });

    it("that nobody awaits are said to be in no count of the path", async () => {
      const path = session("s-unawaited", 3);
      server.tell(path, "ledger", recorded.ledgerOf({ hops: [], sent: 300, received: 280, inFlight: 15 }));
      await open("sessions/s-unawaited");
      await page.getByText("15 on the way").waitFor();
      expect(await text(".path .red")).toBe("5 missing");
      expect(await page.getByText("whose frames nobody awaits").count()).toBe(0);
      const unawaited = (index: number) => ({ index, name: `void-${index}`, tx: "west", rx: [] });
      server.tell(path, "flowlist", { t: 6_000, flows: [unawaited(3)], removed: [] });
      await page.getByText("Without a flow whose frames nobody awaits.").waitFor();
      server.tell(path, "flowlist", { t: 6_100, flows: [unawaited(4)], removed: [] });
      await page.getByText("Without 2 flows whose frames nobody awaits.").waitFor();
      // What is not known of them is no 0, and what they send at most is max.
      await page.getByRole("button", { name: "void-3", exact: true }).click();
      const detail = page.getByRole("region", { name: "flow void-3" });
      await detail.getByText("west → nobody").waitFor();
      expect(await detail.locator("dd").allInnerTexts()).toEqual(recorded.flowNames.slice(1).map(() => "–"));
    });

    it("are started, stopped and changed, one, some, or all", async () => {
      const path = session("s-change", 30);
      for (const deed of ["start", "stop", "pause", "resume"]) server.answer(`POST ${path}/${deed}`, {});
      server.answer(`PATCH ${path}/flows/flow-15`, {});
      const gaps = [
        [100, 7],
        [200, 2],
      ];
      server.answer(`GET ${path}/flows/flow-15`, { histogram: recorded.latencyBuckets, gaps });
      await open("sessions/s-change");
      await page.getByRole("button", { name: "Pause all" }).click();
      expect(await asked("POST", `${path}/pause`)).toEqual({});
      await page.getByLabel("length of a start").first().fill("10s");
      await page.getByRole("button", { name: "Start all" }).click();
      expect(await asked("POST", `${path}/start`)).toEqual({ duration: "10s" });
      await page.getByRole("button", { name: "Pause all" }).click();
      await expect.poll(() => server.askedFor("POST", `${path}/pause`)).toEqual([{}, {}]);
      await page.getByRole("button", { name: "flow-15", exact: true }).click();
      const detail = page.getByRole("region", { name: "flow flow-15" });
      await detail.getByRole("figure", { name: "latency of flow-15" }).waitFor();
      await detail.getByRole("figure", { name: "gaps of flow-15" }).getByText("9 frames").waitFor();
      server.tell(path, "flows", { t: 5_900, rows: [15], v: [[3]] });
      await detail.getByLabel("length of a start").fill("500 frames");
      await detail.getByRole("button", { name: "Start", exact: true }).click();
      await expect
        .poll(() => server.askedFor("POST", `${path}/start`).at(-1))
        .toEqual({ flows: ["flow-15"], count: 500 });
      server.tell(path, "flows", { t: 5_950, rows: [15], v: [[1]] });
      await detail.getByRole("button", { name: "Stop flow" }).click();
      expect(await asked("POST", `${path}/stop`)).toEqual({ flows: ["flow-15"] });
      await detail.getByLabel("rate, exact").fill("5kpps");
      await detail.getByRole("button", { name: "Set" }).click();
      expect(await asked("PATCH", `${path}/flows/flow-15`)).toEqual({ rate: "5kpps" });
      await page.getByLabel("filter flows").fill("flow-2");
      await page.getByRole("button", { name: "Start 11 shown" }).click();
      const begun = (): string[] => (server.askedFor("POST", `${path}/start`).at(-1) as { flows: string[] }).flows;
      await expect.poll(() => begun().length).toBe(11);
      server.tell(path, "flowlist", { t: 6_000, flows: [], removed: [20] });
      await page.getByText("10 of 29 flows").waitFor();
    });

    it("have histograms of their own, however late an answer is", async () => {
      const path = session("s-late", 3);
      const of = (frames: number) => ({ body: { histogram: [[1_000, frames]] } });
      let isFirst = true;
      server.answerBy(`GET ${path}/flows/flow-0`, () => {
        const later = isFirst ? 400 : 0;
        isFirst = false;
        return { ...of(111), laterMs: later };
      });
      server.answerBy(`GET ${path}/flows/flow-1`, () => of(222));
      await open("sessions/s-late");
      await page.getByRole("button", { name: "flow-0", exact: true }).click();
      await page.getByRole("button", { name: "flow-1", exact: true }).click();
      await page.getByText("latency of flow-1, 222 frames").waitFor();
      await page.waitForTimeout(600);
      expect(await page.getByText("111 frames").count()).toBe(0);
    });

    it("are added; a link is taken down; the session is closed", async () => {
      const path = session("s-add", 3);
      server.answer(`POST ${path}/flows`, { flows: [] });
      server.answer(`PATCH ${path}/ports/west`, {});
      server.answer(`DELETE ${path}`, {});
      await open("sessions/s-add");
      await page.getByText("Add a flow …").click();
      await page.locator("input[name=name]").fill("web");
      await page.locator("select[name=rx]").selectOption("");
      await page.locator("input[name=length]").fill("30s");
      await page.getByRole("button", { name: "Add and start" }).click();
      expect(await asked("POST", `${path}/flows`)).toEqual({
        ...{ name: "web", tx: "west", rx: null, rate: "1kpps", options: { sizes: "64" } },
        ...{ duration: "30s", start: true },
      });
      await page.getByRole("region", { name: "ports" }).getByRole("button", { name: "up" }).click();
      expect(await asked("PATCH", `${path}/ports/west`)).toEqual({ up: false });
      // Its ports would be let go: no key does that.
      await page.getByRole("heading", { level: 1 }).click();
      await page.keyboard.press("Shift+S");
      expect(server.askedFor("DELETE", path)).toEqual([]);
      await page.getByRole("button", { name: "Close session" }).click();
      expect(await asked("DELETE", path)).toBeNull();
    });

    it("need a session, which is opened on ports that nobody holds", async () => {
      const held = { kind: "run", id: "r-1" };
      const ports = ["west", "east"].map((name) => ({
        name,
        spec: `packet:${name}`,
        kind: "packet",
        owner: name === "east" ? held : null,
      }));
      server.answer("GET /ports", { ports, kinds: [], interfaces: [] });
      server.answer("GET /sessions", { sessions: [] });
      server.answer("POST /sessions", { id: "s-new" }, 201);
      await open("sessions");
      await page.locator("input[name=west]").check();
      expect(await page.locator("input[name=east]").isDisabled()).toBe(true);
      await page.getByRole("button", { name: "Open", exact: true }).click();
      expect(await asked("POST", "/sessions")).toEqual({ name: "", ports: ["west"] });
      await page.waitForURL(/#\/sessions\/s-new$/);
    });
  });

  const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-file-"));
  const openFile = async (name: string, html: string): Promise<void> => {
    writeFileSync(join(folder, name), html);
    await page.goto(pathToFileURL(join(folder, name)).href);
  };
  const isHacked = (): Promise<unknown> => page.evaluate("window.hacked ?? document.querySelectorAll('img').length");

  describe("names", () => {
    it("are text, whatever they are, in a live page", async () => {
      const path = session("s-names", 3, (i) => `${hostile}${i}`);
      server.tell(path, "marker", { t: 5_000, what: "flow", text: hostile });
      server.tell(path, "trouble", { t: 5_000, text: hostile });
      server.tell(path, "ledger", recorded.ledgerOf({ hops: [{ name: hostile, rx: 1, tx: 1, dropped: 0 }] }));
      await open("sessions/s-names");
      await page.getByRole("button", { name: `${hostile}0`, exact: true }).click();
      expect(await page.getByText(hostile).count()).toBeGreaterThan(5);
      const runs = [recorded.infoOf({ name: hostile, commandLine: hostile, reasons: [hostile], verdict: "fail" })];
      server.answer("GET /runs", { runs });
      await open("runs");
      await page.getByRole("link", { name: hostile }).waitFor();
      expect(await isHacked()).toBe(0);
    });

    it("are text in a file, too", async () => {
      const events = recorded.recordedRun();
      const config = recorded.configOf({ name: hostile, host: { cpu: hostile, cores: 1, kernel: hostile } });
      const recording = recorded.recordingOf([{ id: 1, event: "config", data: config }, ...events.slice(1)]);
      await openFile("hostile.html", renderPage({ ...passed, command: hostile }, JSON.stringify(recording)));
      await page.getByRole("heading", { name: hostile }).waitFor();
      expect(await isHacked()).toBe(0);
    });
  });

  describe("as a file", () => {
    it("has the run and its report in it, and asks nobody", async () => {
      const recording = JSON.stringify(recorded.recordingOf(recorded.recordedRun()));
      await openFile("run.html", renderPage(passed, recording));
      await page.getByText("FAIL").first().waitFor();
      await page.getByRole("figure", { name: "latency of all frames" }).waitFor();
      expect(await page.locator("canvas").count()).toBe(6);
      expect(await page.getByRole("button", { name: /^(Stop|Pause|Set)/ }).count()).toBe(0);
      expect(await page.getByRole("region", { name: /^ledger/ }).count()).toBe(1);
      expect(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).toBe(true);
      expect(
        await page.evaluate(
          "new Set([...document.querySelectorAll('[id]')].map(({ id }) => id)).size === document.querySelectorAll('[id]').length",
        ),
      ).toBe(true);
      await shot("file");
    });

    it.each([
      ["light", "rgb(255, 255, 255)"],
      ["dark", "rgb(13, 17, 23)"],
    ] as const)("is %s, and its charts with it", async (colorScheme, paper) => {
      await page.emulateMedia({ colorScheme });
      const recording = JSON.stringify(recorded.recordingOf(recorded.recordedRun()));
      await openFile("looks.html", renderPage(passed, recording));
      await page.locator("canvas").first().waitFor();
      expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe(paper);
      await shot(colorScheme);
      // A PDF of some pages, as people print it.
      expect((await page.pdf()).toString("latin1").match(/\/Type \/Page\b/g)!.length).toBeGreaterThan(1);
      await page.emulateMedia({ colorScheme, media: "print" });
      expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(255, 255, 255)");
      expect(
        await page.evaluate(
          "[...document.querySelectorAll('button')].filter((one) => one.checkVisibility() && !one.matches('.plain, .up, .down, th button')).length",
        ),
      ).toBe(0);
      // What a button says of the run stays: names of fields, numbers of trials.
      expect(await page.getByRole("button", { name: "ipv4.src" }).isVisible()).toBe(true);
    });

    it("fits a narrow screen", async () => {
      await page.setViewportSize({ width: 390, height: 900 });
      await openFile("narrow.html", renderPage(passed, JSON.stringify(recorded.recordingOf(recorded.recordedRun()))));
      await page.locator("canvas").first().waitFor();
      await expect.poll(() => page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).toBe(true);
      rmSync(folder, { recursive: true, force: true });
    });
  });

  it("asked nobody else, broke no policy, and threw nothing", () => {
    expect(rig.faults).toEqual([]);
  });
});
