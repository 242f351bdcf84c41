/**
 * The page on the real server, in a real browser: ports, a run from its form to its file, a session and its flows. What it
 * does with states that are rare is tested on a fake one. A picture of each is left in $PKTGEN_SCREENSHOTS.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parsePortSpec } from "../../src/port/index.js";
import { describeLab } from "../support/probe.js";
import { type Json, type Rig, startRig } from "../support/serve-rig.js";
import { browserFlags } from "./flags.js";
import { watchPage } from "./page-rig.js";

const screenshots = process.env["PKTGEN_SCREENSHOTS"];

describeLab("the page on the real server", ["chromium"], () => {
  const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-serve-page-"));
  let rig: Rig;
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];
  const open = (path: string): Promise<unknown> => page.goto(`${rig.url.origin}/#/${path}`);
  /** Light and dark. */
  const shots = async (name: string): Promise<void> => {
    if (screenshots === undefined) return;
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(screenshots, `real-${name}-${colorScheme}.png`), fullPage: true });
    }
    await page.emulateMedia({ colorScheme: "light" });
  };

  beforeAll(async () => {
    rig = await startRig({
      ports: [
        { name: "east", spec: parsePortSpec(`vhost:${join(folder, "s")},server=on`) },
        { name: "west", spec: parsePortSpec(`virtio-user:${join(folder, "s")}`) },
      ],
    });
    browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: [...browserFlags] });
    page = await browser.newPage({ acceptDownloads: true, viewport: { width: 1250, height: 1000 } });
    watchPage(page, rig.url.origin, faults);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await rig?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const runs = async (): Promise<Json[]> => (await rig.get("/runs")).runs;

  it("starts a run from its form, which knows the ports and shows the first frame", async () => {
    await open("new");
    const offered = page.locator("select[name=tx] option");
    await expect.poll(() => offered.count()).toBe(3);
    expect((await offered.allInnerTexts())[1]).toMatch(/^east: vhost:/);
    await page.getByLabel("sizes", { exact: true }).fill("128");
    await page.getByLabel("rate", { exact: true }).fill("2kpps");
    await page.getByLabel("duration", { exact: true }).fill("3s");
    await page.getByText("--sizes 128 --rate 2kpps --duration 3s").waitFor();
    await page.getByText("ethernet").first().waitFor();
    await shots("start");
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.getByText("running", { exact: true }).waitFor();
    await page.getByRole("figure", { name: "frames a second" }).waitFor();
    await shots("running");
    await page.getByText("every frame is accounted for").waitFor({ timeout: 20_000 });
    // Invalid where the machine is busy.
    await page
      .getByText(/^(PASS|INVALID)$/)
      .first()
      .waitFor();
    const [{ id, live }] = await runs();
    expect(live.sent).toBeGreaterThan(0);
    expect(live.received).toBe(live.sent);
    expect(page.url()).toContain(id);
    await shots("done");
  });

  it("gives the run as a file, which needs no server", async () => {
    const [{ id }] = await runs();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "this page as a file" }).click(),
    ]);
    const file = join(folder, `${id}.html`);
    await download.saveAs(file);
    const offline = await browser.newPage();
    const asked: string[] = [];
    offline.on("request", (request) => asked.push(request.url()));
    await offline.goto(pathToFileURL(file).href);
    await offline.getByText("every frame is accounted for").waitFor();
    await offline.locator("canvas").first().waitFor();
    expect(asked.filter((url) => !/^(file|data|blob):/.test(url))).toEqual([]);
    if (screenshots !== undefined)
      await offline.screenshot({ path: join(screenshots, "real-file.png"), fullPage: true });
    await offline.close();
  });

  it("changes a run while it sends, with a marker for each change, and begins it anew with its seed", async () => {
    const { id } = await rig.run({
      options: { sizes: "64", rate: "1kpps", duration: "10min", warmup: "0ms", seed: 7 },
    });
    await open(`runs/${id}`);
    // A figure is there once the trial sends: then it can be changed.
    await page.getByRole("figure", { name: "frames a second" }).waitFor();
    const told = (hasText: string): Promise<void> => page.locator(".markers summary", { hasText }).waitFor();
    await page.getByLabel("rate, exact").fill("2kpps");
    await page.getByLabel("rate, exact").press("Enter");
    await told("1 change");
    await page.getByRole("button", { name: "Pause", exact: true }).click();
    await told("2 changes");
    await page.getByRole("button", { name: "Resume", exact: true }).click();
    await told("3 changes");
    await page.getByRole("button", { name: "+ 1 min", exact: true }).click();
    await told("4 changes");
    await page.locator(".markers summary").click();
    expect(await page.locator(".markers li b").allInnerTexts()).toEqual(["rate", "pause", "resume", "extend"]);
    await shots("changed");
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await page.getByRole("button", { name: "Restart with the same seed" }).click();
    await page.waitForURL((url) => !url.hash.includes(id) && url.hash.startsWith("#/runs/r-"));
    const [again] = await runs();
    expect([again.id !== id, again.options.seed, again.options.rate]).toEqual([true, 7, "1kpps"]);
    await page.getByText("running", { exact: true }).waitFor();
    await page.keyboard.press("Shift+S");
    await expect.poll(async () => (await rig.get(`/runs/${again.id}`)).ended, { timeout: 20_000 }).not.toBe(null);
  });

  it("stops a run by its button", async () => {
    const { id } = await rig.run({ options: { sizes: "64", rate: "1kpps", duration: "forever", warmup: "0ms" } });
    await open(`runs/${id}`);
    await page.getByText("running", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await page.getByText("INVALID").first().waitFor();
    await expect.poll(async () => (await rig.get(`/runs/${id}`)).ended, { timeout: 20_000 }).not.toBe(null);
    expect((await rig.get(`/runs/${id}`)).stopped).toBe(true);
  });

  it("lists the runs, and compares two of them", async () => {
    const again = await rig.run({ options: { sizes: "128", rate: "2kpps", count: 200, warmup: "0ms" } });
    await rig.events(again.id);
    await open("runs");
    await page.getByText(again.id).first().waitFor();
    await shots("runs");
    const [, , first] = await runs();
    await open(`compare/${first.id}/${again.id}`);
    // Invalid where the machine is busy, and then without figures.
    await page.getByRole("table").or(page.getByText("No figure can be compared.")).first().waitFor();
    await shots("comparison");
  });

  it("opens a session, and starts, changes and stops its flows", async () => {
    const flow = { tx: "east", rx: "west", options: { sizes: "256" } };
    const flows = ["web", "voice"].map((name, k) => ({ ...flow, name, rate: `${k + 1}kpps`, start: k === 0 }));
    const { id } = (await rig.ask("POST", "/sessions", { body: { ports: ["east", "west"], settle: "100ms", flows } }))
      .json;
    await open(`sessions/${id}`);
    const row = (name: string) => page.getByRole("row").filter({ hasText: name });
    await row("web").getByText("running").waitFor();
    await row("voice").getByText("idle").waitFor();
    await shots("session");
    await page.getByRole("button", { name: "web", exact: true }).click();
    const of = async (name: string): Promise<Json> => rig.get(`/sessions/${id}/flows/${name}`);
    await page.getByLabel("rate, exact").last().fill("4kpps");
    await page.getByLabel("rate, exact").last().press("Enter");
    await expect.poll(async () => (await of("web")).rate).toBe("4kpps");
    await page.getByRole("button", { name: "Pause", exact: true }).last().click();
    await expect.poll(async () => (await of("web")).state).toBe("paused");
    await rig.ask("POST", `/sessions/${id}/stop`);
    await row("web").getByText("ended").waitFor();
    const { figures } = await of("web");
    expect(figures.received).toBe(figures.sent);
    // As a file, also after it was closed: with its flows, and nothing to press.
    await rig.ask("DELETE", `/sessions/${id}`);
    await page.getByText("closed").first().waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "this page as a file" }).click(),
    ]);
    const file = join(folder, download.suggestedFilename());
    expect(file).toBe(join(folder, `${id}.html`));
    await download.saveAs(file);
    const offline = await browser.newPage();
    watchPage(offline, "file:", faults);
    await offline.goto(pathToFileURL(file).href);
    await offline.getByText("2 of 2 flows").waitFor();
    await offline.getByRole("button", { name: "web", exact: true }).click();
    await offline.getByRole("figure", { name: "latency of web" }).waitFor();
    await offline.locator("canvas").first().waitFor();
    expect(await offline.getByRole("button", { name: /^(Close session|Start|Pause|Add|Set)/ }).count()).toBe(0);
    if (screenshots !== undefined)
      await offline.screenshot({ path: join(screenshots, "real-session-file.png"), fullPage: true });
    await offline.close();
  });

  it("shows runs of a history under their addresses, whichever server has them now", async () => {
    const history = join(folder, "history");
    const before = await startRig({ history });
    const { id } = await before.run({
      name: "kept",
      options: { sizes: "64", rate: "1kpps", count: 100, warmup: "0ms" },
    });
    await before.events(id);
    await page.goto(`${before.url.origin}/#/runs/${id}`);
    await page.getByText("every frame is accounted for").waitFor();
    await before[Symbol.asyncDispose]();
    const after = await startRig({ history });
    await page.goto(`${after.url.origin}/#/runs`);
    await page.getByRole("link", { name: "kept" }).click();
    expect(page.url()).toBe(`${after.url.origin}/#/runs/${id}`);
    await page.getByText("every frame is accounted for").waitFor();
    await page.getByRole("figure", { name: "latency of all frames" }).waitFor();
    await after[Symbol.asyncDispose]();
    // A page that asks the other server is meant here.
    faults.splice(0, Number.POSITIVE_INFINITY, ...faults.filter((one) => !one.startsWith("http://127.0.0.1:")));
  });

  it("asked nobody else, broke no policy, and threw nothing", () => {
    expect(faults).toEqual([]);
  });
});
