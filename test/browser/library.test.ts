/** `pktgen-ts/packet` and `pktgen-ts/pcap` in a real browser, as they are built: no bundler, no network. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readCapture } from "../../src/pcap/index.js";
import { describeLab } from "../support/probe.js";
import { builtMain } from "../support/run-cli.js";
import { browserFlags } from "./flags.js";

const golden = "pcaps/golden/imix.pcap";
const origin = "http://pktgen.test";

describeLab("the library in Chromium", ["chromium"], () => {
  const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-browser-"));
  const asked: string[] = [];
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    const dist = dirname(dirname(builtMain()));
    context = await chromium.launchPersistentContext(join(folder, "profile"), {
      executablePath: "/usr/bin/chromium",
      args: [...browserFlags],
    });
    page = await context.newPage();
    // Every request is answered here, from the built package or from the golden captures.
    await context.route("**/*", async (route) => {
      const { pathname } = new URL(route.request().url());
      asked.push(pathname);
      if (pathname === "/") return route.fulfill({ contentType: "text/html", body: "<!doctype html><title>t</title>" });
      if (pathname === "/capture") return route.fulfill({ body: readFileSync(golden) });
      return route.fulfill({ contentType: "text/javascript", body: readFileSync(join(dist, pathname)) });
    });
    await page.goto(origin);
  }, 120_000);

  afterAll(async () => {
    await context?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("reads a capture, takes its frames apart, and writes it again as pcapng", async () => {
    const found = await page.evaluate(`(async () => {
      const { decodeCapture, encodeCapture } = await import("/pcap/codec.js");
      const { dissect } = await import("/packet/index.js");
      const bytes = new Uint8Array(await (await fetch("/capture")).arrayBuffer());
      const { format, frames, fault } = decodeCapture(bytes);
      const again = decodeCapture(encodeCapture(frames, "pcapng"));
      return {
        format, fault, frames: frames.length, again: again.frames.length, againFormat: again.format,
        same: again.frames.every(({ bytes }, i) => bytes.every((byte, k) => byte === frames[i].bytes[k])),
        layers: dissect(frames[0].bytes).layers.map(({ header }) => header.protocol),
      };
    })()`);
    const { frames } = readCapture(readFileSync(golden));
    expect(found).toEqual({
      ...{ format: "pcap", fault: null, frames: frames.length, again: frames.length, againFormat: "pcapng" },
      ...{ same: true, layers: ["ethernet", "ipv4", "udp"] },
    });
  });

  it("builds a frame", async () => {
    const hex = await page.evaluate(`(async () => {
      const { buildFrame, headerOf } = await import("/packet/index.js");
      const bytes = buildFrame([headerOf("ethernet", {}), headerOf("ipv4", {}), headerOf("udp", {})], 60);
      return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    })()`);
    const { buildFrame, headerOf } = await import("../../src/packet/index.js");
    const here = buildFrame([headerOf("ethernet", {}), headerOf("ipv4", {}), headerOf("udp", {})], 60);
    expect(hex).toBe(Buffer.from(here).toString("hex"));
  });

  it("loads nothing but leaves, packet and pcap", () => {
    const scripts = asked.filter((path) => path.endsWith(".js"));
    expect(scripts.length).toBeGreaterThan(10);
    expect(scripts.filter((path) => !/^\/(packet|pcap)\/|^\/[^/]+\.js$/.test(path))).toEqual([]);
  });
});
