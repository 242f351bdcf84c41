/** A browser with one page, and a fake server, for the tests of the page that `serve` serves. */
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { FakeServe } from "../support/fake-serve.js";
import { browserFlags } from "./flags.js";

const screenshots = process.env["PKTGEN_SCREENSHOTS"];

export interface PageRig {
  server: FakeServe;
  page: Page;
  /** What was thrown, what the page's own policy forbade, and requests to anybody but the server. */
  readonly faults: string[];
  readonly open: (path: string) => Promise<unknown>;
  readonly text: (css: string) => Promise<string>;
  /** Waits until the page asked for this, and gives what it sent. */
  readonly asked: (method: string, path: string) => Promise<unknown>;
  readonly shot: (name: string) => Promise<void>;
}

/** Notes what should not be. */
export function watchPage(page: Page, origin: string, faults: string[]): void {
  // On a busy machine a page takes its time.
  page.setDefaultTimeout(60_000);
  page.on("pageerror", ({ message }) => faults.push(message));
  page.on("console", (message) => {
    if (/Content Security Policy/i.test(message.text())) faults.push(message.text());
  });
  page.on("request", (request) => {
    if (!new RegExp(`^(${origin}|data:|file:|blob:)`).test(request.url())) faults.push(request.url());
  });
}

/** To be called in a describe: one browser and one page for all its tests, which go from place to place as people do. */
export function pageRig(): PageRig {
  let browser: Browser;
  const rig: PageRig = {
    server: null as unknown as FakeServe,
    page: null as unknown as Page,
    faults: [],
    open: (path) => rig.page.goto(`${rig.server.origin}/#/${path}`),
    text: (css) => rig.page.locator(css).first().innerText(),
    asked: async (method, path) => {
      await expect.poll(() => rig.server.askedFor(method, path).length).toBeGreaterThan(0);
      return rig.server.askedFor(method, path).at(-1);
    },
    shot: async (name) => {
      if (screenshots !== undefined)
        await rig.page.screenshot({ path: join(screenshots, `serve-${name}.png`), fullPage: true });
    },
  };
  beforeAll(async () => {
    rig.server = await FakeServe.start();
    browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: [...browserFlags] });
    rig.page = await browser.newPage();
    watchPage(rig.page, rig.server.origin, rig.faults);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await rig.server?.stop();
  });
  beforeEach(async () => {
    await rig.page.setViewportSize({ width: 1250, height: 1000 });
    await rig.page.emulateMedia({ colorScheme: "light", media: "screen" });
    rig.server.asked.length = 0;
  });
  return rig;
}
