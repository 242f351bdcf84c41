/** The page of `serve` in headless Chromium with a session of 10,000 flows, all of whose figures change four times a second. */
import { type Browser, chromium } from "playwright-core";
import { browserFlags } from "../test/browser/flags.js";
import { FakeServe } from "../test/support/fake-serve.js";
import { configOf, flowListOf, flowValues } from "../test/support/recorded-run.js";
import { seriesOf } from "./harness.js";
import { type Outcome, seriesLine } from "./outcome.js";
import { sleep } from "./place.js";

const flowCount = 10_000;
const everyMs = 250;
const forMs = 5_000;

/** Pictures in a second, and the longest time between two of them, in the page's own words. */
const watch = `new Promise((resolve) => {
  const start = performance.now();
  let [frames, last, longest] = [0, start, 0];
  const next = (now) => {
    frames++;
    longest = Math.max(longest, now - last);
    last = now;
    if (now - start < ${forMs}) requestAnimationFrame(next);
    else resolve({ perSecond: (frames / (now - start)) * 1000, longestMs: longest });
  };
  requestAnimationFrame(next);
})`;

interface Seen {
  readonly perSecond: number;
  readonly longestMs: number;
}

async function look(browser: Browser, server: FakeServe, round: number): Promise<Seen> {
  const path = `/sessions/s-${round}`;
  const id = `s-${round}`;
  const own = { kind: "session", command: null, plan: null, commandLine: "" } as const;
  const names = ["sent", "received", "txPps", "rxPps", "lostPps"];
  server.answer(`GET ${path}`, {
    ...{ id, name: "", state: "open", started: "", ports: [] },
    flows: flowCount,
    running: 0,
  });
  server.tell(path, "config", configOf({ ...own, ports: ["west", "east"], id, names, portNames: [] }));
  server.tell(path, "state", { t: 10, state: "open" });
  server.tell(path, "flowlist", flowListOf(flowCount));
  server.tell(path, "flows", flowValues(flowCount));
  const page = await browser.newPage();
  await page.goto(`${server.origin}/#${path}`);
  await page.getByText("10,000 of 10,000 flows").waitFor();
  let told = 0;
  const timer = setInterval(() => {
    told++;
    server.tell(path, "flows", flowValues(flowCount, told));
    server.tell(path, "sample", { t: told * everyMs, v: [1, 1, 1e6, 9e5, 1e5] });
  }, everyMs);
  try {
    await sleep(1_000);
    return (await page.evaluate(watch)) as Seen;
  } finally {
    clearInterval(timer);
    await page.close();
  }
}

/** Nothing to be alternated with: what counts is that 30 frames a second are there. */
export async function pageBench(rounds: number): Promise<Outcome> {
  const server = await FakeServe.start();
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: [...browserFlags] });
  try {
    const seen: Seen[] = [];
    for (let round = 0; round < rounds; round++) seen.push(await look(browser, server, round));
    const what = `${flowCount.toLocaleString("en")} flows at 4 Hz`;
    const series = [
      seriesOf(
        `${what}: pictures a second`,
        "1/s",
        seen.map(({ perSecond }) => perSecond),
      ),
      seriesOf(
        `${what}: longest time without one`,
        "ms",
        seen.map(({ longestMs }) => longestMs),
        "lower",
      ),
    ];
    return { lines: series.map(seriesLine), series, ratios: {} };
  } finally {
    await browser.close();
    await server.stop();
  }
}
