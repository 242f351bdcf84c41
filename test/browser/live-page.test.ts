/**
 * The page that `serve` serves, in a real browser, on a server that is a fake one: what it shows of a run, what it asks when somebody changes something. A picture of
 * each state is left in $PKTGEN_SCREENSHOTS where that is set.
 */
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { beforeEach, describe, expect, it } from "vitest";
import { pageDocument } from "../../src/report/page-document.js";
import type { FakeServe } from "../support/fake-serve.js";
import { describeLab } from "../support/probe.js";
import * as recorded from "../support/recorded-run.js";
import { pageRig } from "./page-rig.js";

const compressedMax = 60_000;

it(`is no larger than ${compressedMax} bytes, compressed`, () => {
  expect(gzipSync(pageDocument(), { level: 9 }).length).toBeLessThanOrEqual(compressedMax);
});

describeLab("the page of serve in Chromium", ["chromium"], () => {
  const rig = pageRig();
  const { open, text, asked, shot } = rig;
  let server: FakeServe;
  let page: Page;
  beforeEach(() => {
    ({ server, page } = rig);
  });

  /** A run that began, under an id of its own. */
  const running = (id: string): string => {
    const path = `/runs/${id}`;
    server.answer(`GET ${path}`, recorded.infoOf({ id }));
    server.tell(path, "config", recorded.configOf({ id }));
    server.tell(path, "state", { t: 100, state: "running", trial: 0 });
    for (let i = 0; i < 10; i++) server.tell(path, "sample", recorded.sampleOf(i));
    return path;
  };

  describe("a run", () => {
    it("says its state, its time, what was offered and what came", async () => {
      const path = running("r-head");
      await open("runs/r-head");
      await page.getByText("running", { exact: true }).waitFor();
      const figures = await text("dl.figures");
      expect(figures.replaceAll("\n", " ")).toMatch(
        /elapsed .*remaining ≈ .*offered 10 kpps sent 10 kpps received .*100 %/,
      );
      server.tell(path, "sample", recorded.sampleOf(12, 20_000));
      await page.getByText("20 kpps").first().waitFor();
      for (const state of ["opening", "warming", "settling"] as const) {
        server.tell(path, "state", { t: 4_000, state });
        await page.getByRole("status").getByText(state).waitFor();
      }
    });

    it("stops by the button, and by a key", async () => {
      const path = running("r-stop");
      server.answer(`POST ${path}/stop`, recorded.infoOf({ id: "r-stop", state: "stopping" }));
      await open("runs/r-stop");
      await page.getByRole("button", { name: "Stop", exact: true }).click();
      expect(await asked("POST", `${path}/stop`)).toBe(null);
      await page.reload();
      server.answer(`PATCH ${path}`, recorded.infoOf({ id: "r-stop" }));
      await page.getByRole("button", { name: "Pause" }).waitFor();
      // With Ctrl it is the browser's own.
      await page.keyboard.press("Control+Shift+S");
      await page.keyboard.press("p");
      await asked("PATCH", path);
      expect(server.askedFor("POST", `${path}/stop`).length).toBe(1);
      await page.keyboard.press("Shift+S");
      await expect.poll(() => server.askedFor("POST", `${path}/stop`).length).toBe(2);
    });

    it("says why it is invalid, while it runs and at its end", async () => {
      const path = running("r-invalid");
      const reasons = ["17 frames unaccounted for: container took 17 fewer than host> handed on"];
      await open("runs/r-invalid");
      server.tell(path, "trial", recorded.trialRow({ t: 3_000, verdict: "invalid", reasons, unaccounted: 17 }));
      await page.getByRole("list", { name: "why invalid" }).getByText("trial 1 cannot be used").waitFor();
      await page.getByRole("cell", { name: "400 µs", exact: true }).waitFor();
      server.tell(path, "done", recorded.doneOf({ verdict: "invalid", reasons }));
      await page.getByText("INVALID").first().waitFor();
      await expect.poll(() => text(".why.invalid")).toBe(reasons[0]);
      await expect.poll(() => page.getByRole("button", { name: "Stop", exact: true }).count()).toBe(0);
      expect(await page.getByRole("link", { name: "this page as a file" }).getAttribute("href")).toBe(
        "runs/r-invalid/result.html",
      );
      await shot("invalid");
    });

    it("shows where its frames are; unaccounted ones are red only once nothing is in flight", async () => {
      const path = running("r-path");
      server.tell(path, "ledger", recorded.ledgerOf());
      await open("runs/r-path");
      await page.getByText("in flight: 60").waitFor();
      const stations = await page.locator(".station strong").allInnerTexts();
      expect(stations).toEqual(["generator", "host>", "container", "host<", "back at the generator"]);
      expect(await text(".path")).toMatch(/20 on the way[\s\S]*dropped 40/);
      expect(await page.locator(".balance.red").count()).toBe(0);
      server.tell(path, "ledger", recorded.ledgerOf({ t: 3_000, settled: true, inFlight: 0, unaccounted: 17 }));
      await page.locator(".balance.red").waitFor();
      expect(await text(".balance")).toContain("17 unaccounted for");
      server.tell(path, "ledger", recorded.ledgerOf({ t: 3_100, settled: true, inFlight: 0, unaccounted: 0 }));
      await page.getByText("every frame is accounted for").waitFor();
      expect(await page.locator(".balance.red").count()).toBe(0);
    });

    it("shows live what is on its way and what is missing, where no hop tells", async () => {
      const path = running("r-live-path");
      const live = { hops: [], unaccounted: null };
      server.tell(path, "ledger", recorded.ledgerOf({ ...live, sent: 20_000, received: 19_930, inFlight: 60 }));
      await open("runs/r-live-path");
      await page.getByText("60 on the way").waitFor();
      expect(await text(".path .red")).toBe("10 missing");
      expect(await text(".balance")).toMatch(/^in flight: 60\./);
      server.tell(path, "ledger", recorded.ledgerOf({ ...live, sent: 20_100, received: 20_060, inFlight: 40 }));
      await page.getByText("40 on the way").waitFor();
      expect(await page.locator(".path .red").count()).toBe(0);
      // Settled, and nobody counted between: what did not come is missing, and nobody knows where.
      server.tell(
        path,
        "ledger",
        recorded.ledgerOf({ ...live, settled: true, sent: 20_100, received: 20_090, inFlight: 0 }),
      );
      await page.getByText("so nobody knows where frames were lost").waitFor();
      expect(await text(".path .red")).toBe("10 missing");
      server.tell(
        path,
        "ledger",
        recorded.ledgerOf({ ...live, settled: true, sent: 20_100, received: 20_100, inFlight: 0 }),
      );
      await page.getByText("settled: every frame came back").waitFor();
      // As many as were sent, of which one is another's duplicate: one is lost.
      const counts = { sent: 20_100, received: 20_100, accepted: 20_099, duplicate: 1, lost: 1 };
      server.tell(path, "trial", recorded.trialRow({ t: 60_000, ...counts, hops: [], unaccounted: null }));
      await page.getByText("so nobody knows where frames were lost").waitFor();
    });

    it("has charts with one cursor, layers 1 and 2, a band for what others took, and markers", async () => {
      const path = running("r-charts");
      for (let i = 10; i < 40; i++) server.tell(path, "sample", recorded.sampleOf(i));
      await open("runs/r-charts");
      await page.getByRole("figure", { name: "latency since the trial began" }).waitFor();
      const titles = [
        "frames a second",
        "bits a second, layer 2",
        "frames lost a second",
        "latency since the trial began",
      ];
      const found = await page
        .getByRole("figure")
        .evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")));
      expect(found).toEqual(titles);
      const lines = await page
        .locator(".time-chart")
        .evaluateAll((all) =>
          all.map((one) => [...one.querySelectorAll(".legend > span")].map((line) => line.textContent)),
        );
      expect(lines.map((names) => names.map((name) => name?.trim().split(" ")[0]))).toEqual([
        ["offered", "sent", "received"],
        ["sent", "received"],
        ["lost"],
        ["median", "p99", "max"],
      ]);
      // The cursor of one chart is at the same time in all.
      await page
        .getByRole("figure", { name: "frames a second" })
        .locator(".u-over")
        .hover({ position: { x: 200, y: 60 } });
      const times = await page
        .locator(".time-chart .legend")
        .evaluateAll((all) => all.map((one) => /at ([\d.]+ s)/.exec(one.textContent ?? "")?.[1]));
      expect(new Set(times).size).toBe(1);
      expect(times[0]).toMatch(/^\d+\.\d s$/);
      await page.getByRole("button", { name: "L1" }).click();
      await page.getByRole("figure", { name: "bits a second, layer 1" }).getByText("6.72 Mbps").first().waitFor();
      await page.getByText("time that others took of this machine").waitFor();
      const dark = `(() => { const c = document.querySelector(".time-chart canvas"); const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
        let seen = 0; for (let i = 0; i < d.length; i += 4) if (d[i] > d[i + 2] + 20 && d[i + 3] > 0) seen++; return seen; })()`;
      expect(await page.evaluate(dark)).toBeGreaterThan(100);
      server.tell(path, "marker", { t: 5_000, what: "rate", text: "rate 20kpps, was 10kpps" });
      await page.getByText("1 change, the last: 5.0 s rate 20kpps").waitFor();
      // Its head is in ink at the top of each chart, and nowhere else.
      await page.mouse.move(0, 0);
      const ink = `[...document.querySelectorAll(".time-chart canvas")].map((canvas) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, 24);
        let seen = 0; for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200 && data[i] + data[i + 1] + data[i + 2] < 150) seen++; return seen; })`;
      const inked = async (): Promise<number[]> => (await page.evaluate(ink)) as number[];
      const once = await inked();
      expect(once.length).toBe(4);
      expect(Math.min(...once)).toBeGreaterThan(10);
      server.tell(path, "marker", { t: 7_000, what: "pause", text: "paused" });
      await page.getByText("2 changes, the last: 7.0 s paused").waitFor();
      await expect.poll(async () => (await inked()).every((count, i) => count > 1.5 * once[i]!)).toBe(true);
      await shot("running");
    });

    it("changes rate, pause and length, as far as the run can", async () => {
      const path = running("r-control");
      server.answer(`PATCH ${path}`, recorded.infoOf({ id: "r-control" }));
      await open("runs/r-control");
      // What no trial sends cannot be changed.
      server.tell(path, "state", { t: 2_510, state: "warming" });
      await expect.poll(() => page.getByRole("button", { name: "Pause" }).isDisabled()).toBe(true);
      await page.keyboard.press("p");
      server.tell(path, "state", { t: 2_520, state: "running", trial: 0 });
      await expect.poll(() => page.getByRole("button", { name: "Pause" }).isEnabled()).toBe(true);
      expect(server.askedFor("PATCH", path)).toEqual([]);
      await page.getByLabel("rate, exact").fill("12.5kpps");
      await page.getByLabel("rate, exact").press("Enter");
      expect(await asked("PATCH", path)).toEqual({ rate: "12.5kpps" });
      await page.getByRole("button", { name: "+ 10 %" }).click();
      await expect.poll(() => server.askedFor("PATCH", path).at(-1)).toEqual({ rate: "11000pps" });
      await page.getByLabel("rate, logarithmic").fill("5");
      await expect.poll(() => server.askedFor("PATCH", path).at(-1)).toEqual({ rate: "100000pps" });
      await page.getByRole("button", { name: "Pause" }).click();
      await expect.poll(() => server.askedFor("PATCH", path).at(-1)).toEqual({ paused: true });
      server.tell(path, "marker", { t: 2_600, what: "pause", text: "paused" });
      await page.getByRole("button", { name: "Resume" }).click();
      await expect.poll(() => server.askedFor("PATCH", path).at(-1)).toEqual({ paused: false });
      await page.getByRole("button", { name: "+ 1 min" }).click();
      await expect.poll(() => server.askedFor("PATCH", path).at(-1)).toEqual({ extend: "1min" });
      await page.getByRole("heading", { level: 1 }).click();
      for (const [key, body] of [
        ["p", { paused: false }],
        ["+", { rate: "11000pps" }],
        ["-", { rate: "9000pps" }],
      ] as const) {
        await page.keyboard.press(key);
        await expect.poll(() => server.askedFor("PATCH", path).at(-1)).toEqual(body);
      }
      const refusal = { error: { code: "invalid", message: 'the rate "0pps" is not above 0', accepted: "10kpps" } };
      server.answer(`PATCH ${path}`, refusal, 422);
      await page.getByLabel("rate, exact").fill("0pps");
      await page.getByRole("button", { name: "Set" }).click();
      await page.getByText('the rate "0pps" is not above 0; accepted: 10kpps').waitFor();
      server.answer(`GET ${path}`, recorded.infoOf({ can: { stop: true, rate: false, pause: false, extend: false } }));
      server.tell(path, "state", { t: 5_000, state: "settling" });
      await page.getByLabel("rate, exact").waitFor({ state: "detached" });
    });

    it("goes on where it was when the stream was cut, and misses nothing", async () => {
      const path = running("r-cut");
      await open("runs/r-cut");
      await page.getByText("running", { exact: true }).waitFor();
      server.cut(path);
      server.tell(path, "marker", { t: 2_500, what: "note", text: "while it was cut" });
      await page.getByText("while it was cut").first().waitFor();
      expect(await page.locator(".markers li").count()).toBe(1);
    });

    it("says when the server has no more of it, and offers nothing that cannot be", async () => {
      const path = running("r-gone");
      await open("runs/r-gone");
      await page.getByRole("button", { name: "Pause" }).waitFor();
      server.forget(path);
      await page.getByText("the server has no more of it: it was started anew, or forgot it").waitFor();
      await page.getByText("running", { exact: true }).waitFor();
      expect(await page.getByRole("button", { name: /^(Stop|Pause|Set)$/ }).count()).toBe(0);
      expect(await page.getByRole("figure", { name: "frames a second" }).count()).toBe(1);
    });

    it("shows how late frames were, and how even their gaps", async () => {
      const path = running("r-buckets");
      const { latencyBuckets: buckets } = recorded;
      server.tell(path, "histogram", { t: 1_000, what: "latency", flow: null, buckets });
      server.tell(path, "histogram", { t: 1_000, what: "gap", flow: null, buckets });
      await open("runs/r-buckets");
      const latency = page.getByRole("figure", { name: "latency of all frames" });
      await latency.getByText("p50 9.43 µs").waitFor();
      await page.getByRole("figure", { name: "gaps between frames" }).waitFor();
      await latency.locator(".u-over").hover({ position: { x: 150, y: 60 } });
      await latency.getByText(/\d+ up to [\d.]+ µs/).waitFor();
      // Its axis is logarithmic: as far apart on it are times of the same proportion.
      const width = (await latency.locator(".u-over").boundingBox())!.width;
      const places = [0.3, 0.4, 0.5].map((share) => Math.round(width * share));
      const times: number[] = [];
      for (const x of places) {
        await latency.locator(".u-over").hover({ position: { x, y: 60 } });
        const shown = /up to ([\d.]+) (µs|ms)/.exec(await latency.innerText());
        times.push(Number(shown![1]) * (shown![2] === "ms" ? 1_000 : 1));
      }
      expect(times[1]! / times[0]! / (times[2]! / times[1]!)).toBeCloseTo(1, 0);
      expect(times[2]! / times[0]!).toBeGreaterThan(4);
    });

    it("has a table of its streams, and the latency of each behind its name", async () => {
      const path = "/runs/r-streams";
      server.answer(`GET ${path}`, recorded.infoOf({ id: "r-streams" }));
      server.tell(
        path,
        "config",
        recorded.configOf({ id: "r-streams", flowNames: ["lost", "reorderExtent", "queue"] }),
      );
      server.tell(path, "flowlist", recorded.flowListOf(2));
      server.tell(path, "flows", {
        t: 900,
        rows: null,
        v: [
          [0, 7],
          [3, 5],
          [0, null],
        ],
      });
      server.tell(path, "histogram", { t: 1_000, what: "latency", flow: 1, buckets: recorded.latencyBuckets });
      await open("runs/r-streams");
      await page.getByRole("heading", { name: "Streams of the last trial" }).waitFor();
      const rows = (): Promise<string[]> => page.locator(".virtual tbody tr:not(.gap)").allInnerTexts();
      // The worst first.
      await expect.poll(async () => (await rows()).map((row) => row.split(/\s+/)[0])).toEqual(["flow-1", "flow-0"]);
      expect((await rows())[0]).toMatch(/7\s+5\s+–$/);
      await page.getByRole("button", { name: "flow-0", exact: true }).click();
      await page.getByRole("region", { name: "flow flow-0" }).waitFor();
      expect(await page.getByRole("figure", { name: "of flow-" }).count()).toBe(0);
      await page.getByRole("button", { name: "flow-1", exact: true }).click();
      await page.getByRole("figure", { name: "latency of flow-1" }).getByText("p50 9.43 µs").waitFor();
      // It asks the server for nothing of it.
      expect(server.asked.filter((one) => one.path.includes("/flows")).length).toBe(0);
      await shot("streams");
    });

    it("shows a search as it closes in", async () => {
      const path = "/runs/r-search";
      server.answer(`GET ${path}`, recorded.infoOf({ id: "r-search", command: "ndr", trialsExpected: 12 }));
      server.tell(path, "config", recorded.configOf({ id: "r-search", command: "ndr", plan: null }));
      await open("runs/r-search");
      const step = (index: number, pps: number, lost: number, verdict: "pass" | "fail" | "invalid"): void =>
        server.tell(
          path,
          "trial",
          recorded.trialRow({
            index,
            t: index * 1_000,
            verdict,
            lost,
            requested: { rate: "x", pps, durationNs: 1e9, count: null },
          }),
        );
      step(0, 1e6, 30, "fail");
      step(1, 5e5, 0, "pass");
      step(2, 7.5e5, 0, "invalid");
      const drawing = page.getByRole("img", { name: "search, 64 bytes: 3 trials" });
      await drawing.waitFor();
      expect(await drawing.locator(".dot").evaluateAll((all) => all.map((one) => one.getAttribute("class")))).toEqual([
        ...["dot lossy", "dot clean", "dot unused"],
      ]);
      const titles = await drawing.locator(".bound title").allTextContents();
      expect(titles.at(-1)).toBe("held without loss: 500 kpps; lost some above it: 1 Mpps");
      // A load that held once and lost another time did not hold.
      step(3, 7.5e5, 2, "fail");
      const drawing4 = page.getByRole("img", { name: "search, 64 bytes: 4 trials" });
      await drawing4.waitFor();
      await expect.poll(() => text("dl.figures")).toMatch(/trials ended\s4 of about 12\s/);
      const other = { index: 4, t: 5_000, frameBytes: 512, verdict: "pass", lost: 0 } as const;
      const requested = { rate: "x", pps: 2e5, durationNs: 1e9, count: null };
      server.tell(path, "trial", recorded.trialRow({ ...other, requested }));
      // The size that is searched for now; the others stay a click away.
      await page.getByRole("img", { name: "search, 512 bytes: 1 trials" }).waitFor();
      await page.getByRole("group", { name: "frame size" }).getByRole("button", { name: "64" }).click();
      await drawing4.waitFor();
      for (let index = 5; index < 14; index++) step(index, 9e5, 0, "pass");
      await expect.poll(() => text("dl.figures")).toMatch(/trials ended\s14\s/);
      expect((await page.locator(".bound title").allTextContents()).at(-1)).toContain("above it: 750 kpps");
      await shot("search");
    });

    it("is begun again with what it was asked for", async () => {
      const path = running("r-again");
      const request = { options: { sizes: "128", rate: "7kpps", seed: "9" }, profileText: "streams: []" };
      server.answer(`GET ${path}/request`, request);
      server.answer("GET /profiles", { profiles: [] });
      // The form asks what it would do, too.
      server.answerBy("POST /runs", ({ body }) =>
        (body as { dryRun?: boolean }).dryRun === true
          ? { body: recorded.planned }
          : { status: 201, body: recorded.infoOf({ id: "r-restarted" }) },
      );
      server.answer("GET /commands", { commands: recorded.commands });
      server.answer("GET /ports", { ports: [], kinds: [], interfaces: [] });
      server.tell(path, "done", recorded.doneOf());
      await open("runs/r-again");
      await page.getByRole("button", { name: "Restart with the same seed" }).click();
      expect(await asked("POST", "/runs")).toEqual(request);
      await page.waitForURL(/#\/runs\/r-restarted$/);
      await open("runs/r-again");
      await page.getByRole("link", { name: "run it again …" }).click();
      await expect.poll(() => page.getByLabel("sizes").inputValue()).toBe("128");
      expect(await page.locator("input[name=rate]").inputValue()).toBe("7kpps");
      await page.getByText("its text, edited").click();
      expect(await page.getByLabel("text of the profile").inputValue()).toBe("streams: []");
    });
  });

  it("asked nobody else, broke no policy, and threw nothing", () => {
    expect(rig.faults).toEqual([]);
  });
});
