/** A real Prometheus scrapes a real server: its target is up, promtool has nothing to say, and the sums are the server's. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { describeLab } from "../support/probe.js";
import { type Json, shortRun, startRig } from "../support/serve-rig.js";

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

/** Of `/metrics`: name and labels → value. */
const samplesIn = (text: string): Map<string, number> =>
  new Map([...text.matchAll(/^(pktgen_\S+) (\S+)$/gm)].map(([, name, value]) => [name!, Number(value)]));

/** promtool reads the format before OpenMetrics: names have their ends in TYPE and HELP, infos are gauges, there is no EOF. */
function inOlderFormat(text: string): string {
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name!, type!]));
  const ends: Readonly<Record<string, string>> = { counter: "_total", info: "_info" };
  return text
    .replace(/^# (UNIT .*|EOF)\n/gm, "")
    .replace(/^# (TYPE|HELP) (\S+) (.*)$/gm, (_, what: string, name: string, rest: string) => {
      const type = types.get(name)!;
      return `# ${what} ${name}${ends[type] ?? ""} ${what === "TYPE" && type === "info" ? "gauge" : rest}`;
    });
}

class Scraper implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "pktgen-ts-prometheus-"));
  readonly #child: ChildProcess;
  readonly #api: string;

  constructor(port: number, target: string) {
    const config = `scrape_configs:\n  - job_name: pktgen\n    scrape_interval: 200ms\n    scrape_timeout: 200ms\n    static_configs: [{ targets: ["${target}"] }]\n`;
    const file = join(this.#folder, "prometheus.yml");
    writeFileSync(file, config);
    const storage = `--storage.tsdb.path=${join(this.#folder, "data")}`;
    this.#api = `http://127.0.0.1:${port}/api/v1`;
    this.#child = spawn(
      "prometheus",
      [`--config.file=${file}`, storage, `--web.listen-address=127.0.0.1:${port}`, "--log.level=error"],
      { stdio: "ignore" },
    );
  }

  /** Until it answers, and `isWanted` of it. */
  async until(path: string, isWanted: (data: Json) => boolean): Promise<Json> {
    for (;;) {
      const answer = await fetch(`${this.#api}${path}`).catch(() => null);
      const data = answer === null || !answer.ok ? null : ((await answer.json()) as Json).data;
      if (data !== null && isWanted(data)) return data;
      await sleep(50);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGTERM");
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

describeLab("metrics in Prometheus", ["prometheus"], () => {
  it("its target is up, promtool passes them, and its values are those of the server", async () => {
    await using rig = await startRig();
    const run = async (count: number): Promise<void> => {
      const { id } = await rig.run({ options: { ...shortRun, count } });
      await rig.events(id);
    };
    await run(50);
    const { text } = await rig.ask("GET", "/metrics");
    execFileSync("promtool", ["check", "metrics"], { input: inOlderFormat(text), stdio: "pipe" });
    await using scraper = new Scraper(await freePort(), rig.url.host);
    const { activeTargets } = await scraper.until("/targets", (data) => data.activeTargets[0]?.health === "up");
    expect(activeTargets[0]).toMatchObject({ health: "up", lastError: "" });
    await run(70);
    const known = samplesIn((await rig.ask("GET", "/metrics")).text);
    expect([known.get("pktgen_sent_frames_total"), known.get("pktgen_received_frames_total")]).toEqual([120, 120]);
    for (const name of ["sent", "received", "lost", "corrupt", "duplicate", "reordered"]) {
      const metric = `pktgen_${name}_frames_total`;
      const wanted = String(known.get(metric));
      const data = await scraper.until(`/query?query=${metric}`, ({ result }) => result[0]?.value[1] === wanted);
      expect(data.result.length).toBe(1);
    }
  });
});
