/**
 * The HTML report in a real browser: what its charts look like once they are laid out, in light and dark, narrow and
 * printed, without a network. A picture of each is left in $PKTGEN_SCREENSHOTS where that is set.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { reports } from "../../src/report/index.js";
import { latencySample, rfc2544Sample } from "../support/method-sample.js";
import { describeLab } from "../support/probe.js";
import { passed } from "../support/sample.js";
import { paleTexts } from "./contrast.js";
import { browserFlags } from "./flags.js";

const plain = { color: false, ascii: false };
const screenshots = process.env["PKTGEN_SCREENSHOTS"];

/** In the page: texts of charts that lie outside their drawing, and marks that do. */
const outside = `[...document.querySelectorAll("figure > svg")].flatMap((svg) => {
  const box = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text, path, rect, line")].filter((part) => {
    const own = part.getBoundingClientRect();
    return own.left < box.left - 1 || own.right > box.right + 1 || own.top < box.top - 1 || own.bottom > box.bottom + 1;
  }).map((part) => svg.querySelector("title").textContent + ": " + (part.textContent || part.outerHTML));
})`;

/** Labels of one axis that lie on each other. */
const overlapping = `[...document.querySelectorAll("figure > svg")].flatMap((svg) => {
  const ticks = [...svg.querySelectorAll("text.tick")].map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }));
  return ticks.flatMap((a, i) => ticks.slice(i + 1)
    .filter((b) => a.box.left < b.box.right && b.box.left < a.box.right && a.box.top < b.box.bottom && b.box.top < a.box.bottom)
    .map((b) => svg.querySelector("title").textContent + ": " + a.text + " on " + b.text));
})`;

describeLab("the HTML report in Chromium", ["chromium"], () => {
  const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-page-"));
  let context: BrowserContext;
  let page: Page;
  const asked: string[] = [];

  beforeAll(async () => {
    writeFileSync(join(folder, "rfc2544.html"), reports.html(await rfc2544Sample(), plain));
    writeFileSync(join(folder, "latency.html"), reports.html(await latencySample(), plain));
    writeFileSync(join(folder, "run.html"), reports.html(passed, plain));
    context = await chromium.launchPersistentContext(join(folder, "profile"), {
      executablePath: "/usr/bin/chromium",
      args: [...browserFlags],
      offline: true,
    });
    page = await context.newPage();
    page.on("request", (request) => asked.push(request.url()));
  }, 120_000);

  afterAll(async () => {
    await context?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const looks = {
    light: { width: 1200, colorScheme: "light", media: "screen" },
    dark: { width: 1200, colorScheme: "dark", media: "screen" },
    narrow: { width: 390, colorScheme: "light", media: "screen" },
    print: { width: 794, colorScheme: "dark", media: "print" },
  } as const;

  const show = async (
    name: string,
    { width, colorScheme, media }: (typeof looks)[keyof typeof looks],
  ): Promise<void> => {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme, media });
    await page.goto(pathToFileURL(join(folder, `${name}.html`)).href);
  };

  it.each(
    Object.entries(looks).flatMap(([look, how]) => ["rfc2544", "latency", "run"].map((name) => ({ name, look, how }))),
  )(
    "$name, $look: everything is where it can be read",
    async ({ name, look, how }) => {
      await show(name, how);
      if (screenshots !== undefined)
        await page.screenshot({ path: join(screenshots, `${name}-${look}.png`), fullPage: true });
      expect(await page.evaluate(outside)).toEqual([]);
      expect(await page.evaluate(overlapping)).toEqual([]);
      expect(await page.evaluate(paleTexts)).toEqual([]);
      // Only tables scroll sideways, in their own boxes.
      expect(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).toBe(true);
      // Paper does not scroll at all.
      const cut = `[...document.querySelectorAll(".wide")].filter((box) => box.scrollWidth > box.clientWidth + 1).map((box) => box.ariaLabel)`;
      if (how.media === "print") expect(await page.evaluate(cut)).toEqual([]);
    },
    60_000,
  );

  it("is white on paper, whatever the screen was", async () => {
    await show("rfc2544", looks.print);
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(255, 255, 255)");
    await show("rfc2544", looks.dark);
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(13, 17, 23)");
  });

  it("names every chart, and has a table for its figures", async () => {
    await show("rfc2544", looks.light);
    const charts = page.getByRole("img");
    expect(await charts.count()).toBeGreaterThan(5);
    await expect(page.getByRole("img", { name: /^Rate by frame size/ }).count()).resolves.toBe(1);
    await expect(page.getByRole("img", { name: "Frame loss rate by load" }).count()).resolves.toBe(1);
    await expect(page.getByRole("region", { name: "rates found" }).getByRole("row").count()).resolves.toBe(4);
    expect(
      await page.evaluate(
        `new Set([...document.querySelectorAll("[id]")].map(({ id }) => id)).size === document.querySelectorAll("[id]").length`,
      ),
    ).toBe(true);
  });

  it("draws bars as high as the rates are", async () => {
    await show("rfc2544", looks.light);
    const heights = (await page.evaluate(
      `[...document.querySelectorAll("#throughput .bar")].map((bar) => bar.getBoundingClientRect().height)`,
    )) as number[];
    expect(heights[1] / heights[0]).toBeCloseTo(234_962 / 410_541, 2);
    expect(heights[2] / heights[0]).toBeCloseTo(81_274 / 410_541, 2);
  });

  it("asked for nothing but the file itself", () => {
    expect(asked.filter((url) => !url.startsWith("file:"))).toEqual([]);
  });
});
