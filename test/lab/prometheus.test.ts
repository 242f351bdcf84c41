/** A real Prometheus scrapes a real server: its target is up, promtool has nothing to say, and the sums are the server's. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { parsePortSpec } from "../../src/port/index.js";
import { describeLab } from "../support/probe.js";
import { temporaryFolder } from "../support/rings-cross.js";
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

  it("has a series for each port and each flow of a session, of the right types, with the session's values", async () => {
    using folder = temporaryFolder();
    const wire = join(folder.path, "s");
    const ports = [
      { name: "east", spec: parsePortSpec(`vhost:${wire},server=on`) },
      { name: "west", spec: parsePortSpec(`virtio-user:${wire}`) },
    ];
    await using rig = await startRig({ ports });
    const flows = [
      { name: "web", tx: "east", rx: "west", rate: "5kpps", count: 80, start: true },
      { name: 'of "two"', tx: "west", rx: "east", rate: "5kpps", count: 30, start: true },
    ];
    const body = { ports: ["east", "west"], settle: "100ms", flows };
    const { id } = (await rig.ask("POST", "/sessions", { body })).json;
    while (!(await rig.get(`/sessions/${id}`)).settled) await sleep(20);
    const { text } = await rig.ask("GET", "/metrics");
    execFileSync("promtool", ["check", "metrics"], { input: inOlderFormat(text), stdio: "pipe" });
    await using scraper = new Scraper(await freePort(), rig.url.host);
    const seriesOf = async (metric: string, label: string): Promise<[string, number][]> => {
      const query = encodeURIComponent(`pktgen_session_${metric}{session="${id}"}`);
      const { result } = await scraper.until(`/query?query=${query}`, (data) => data.result.length === 2);
      return result.map(({ metric: labels, value }: Json) => [labels[label], Number(value[1])]).sort();
    };
    for (const name of ["sent_frames_total", "received_frames_total"]) {
      expect(await seriesOf(`flow_${name}`, "flow")).toEqual([
        ['of "two"', 30],
        ["web", 80],
      ]);
    }
    expect((await seriesOf("flow_lost_frames", "flow")).map(([, value]) => value)).toEqual([0, 0]);
    expect(await seriesOf("port_sent_frames_total", "port")).toEqual([
      ["east", 80],
      ["west", 30],
    ]);
    const known = await scraper.until("/metadata", (data) => data.pktgen_session_flow_sent_frames !== undefined);
    const typeOf = (name: string): string => known[`pktgen_session_${name}`][0].type;
    expect(["flow_sent_frames", "flow_lost_frames", "port_sent_frames", "port_link_up"].map(typeOf)).toEqual([
      ...["counter", "gauge", "counter", "gauge"],
    ]);
  });
});
