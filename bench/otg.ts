/**
 * `pktgen-ts otg` with 4,096 flows: how long a client waits for a configuration, for its start, and for the metrics of all
 * flows while they send. The server is a process of its own, with both of its ports on one vhost-user socket. On a busy
 * machine the CPU time of its main thread says more than the time that the client waits.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { createInterface } from "node:readline";
import { Client, credentials } from "@grpc/grpc-js";
import { binaryOf, wrapped } from "../src/otg/wire/binary-writer.js";
import { seriesOf } from "./harness.js";
import { type Outcome, seriesLine } from "./outcome.js";
import { openPlace, sleep } from "./place.js";

const manyFlows = 4_096;
const allPps = 20_000;
const main = "dist/cli/main.js";

const flowNumber = (k: number) => ({
  name: `flow-${k}`,
  tx_rx: { port: { tx_name: "p1", rx_names: ["p2"] } },
  packet: [
    { choice: "ethernet", ethernet: { src: { value: "00:00:00:00:00:01" }, dst: { value: "00:00:00:00:00:02" } } },
    { choice: "ipv4", ipv4: { src: { value: "198.18.0.1" }, dst: { value: `198.18.${k >> 8}.${k & 255}` } } },
    { choice: "udp", udp: { src_port: { value: 1024 + k }, dst_port: { value: 9 } } },
  ],
  ...{ size: { fixed: 128 }, rate: { pps: Math.round(allPps / manyFlows) }, duration: { continuous: {} } },
  metrics: { enable: true, loss: true, timestamps: true, latency: { enable: true } },
});

const config = {
  ports: [
    { name: "p1", location: "one" },
    { name: "p2", location: "two" },
  ],
  flows: Array.from({ length: manyFlows }, (_, k) => flowNumber(k)),
};
const start = { choice: "traffic", traffic: { choice: "flow_transmit", flow_transmit: { state: "start" } } };
const ofFlows = { choice: "flow", flow: { flow_names: [], metric_names: [] } };

interface Tester extends AsyncDisposable {
  /** Time until the whole answer is there, ms. */
  ask(verb: string, path: string, body: object): Promise<number>;
  /** The same over gRPC, of metrics. */
  metrics(): Promise<number>;
  /** What its main thread had of a CPU, ms. */
  cpuMs(): number;
}

async function addressesOf(child: ChildProcess): Promise<{ readonly http: string; readonly grpc: string }> {
  let [http, grpc] = ["", ""];
  for await (const line of createInterface({ input: child.stdout! })) {
    http ||= /http:\/\/\S+/.exec(line)?.[0] ?? "";
    grpc ||= /grpc:\/\/(\S+)/.exec(line)?.[1] ?? "";
    if (line.includes("ready")) return { http, grpc };
  }
  throw new Error("pktgen-ts otg did not begin");
}

async function startTester(path: string): Promise<Tester> {
  const ports = ["--port", `one=vhost:${path},server=on`, "--port", `two=virtio-user:${path}`];
  const servers = ["--https", "0", "--http", "0", "--grpc", "0"];
  const child = spawn(process.execPath, [main, "otg", ...ports, ...servers], { stdio: ["ignore", "pipe", "inherit"] });
  const { http, grpc } = await addressesOf(child);
  const client = new Client(grpc, credentials.createInsecure(), { "grpc.max_receive_message_length": 64 << 20 });
  const asked = wrapped(1, binaryOf("MetricsRequest", ofFlows));
  return {
    ask: (verb, path, body) => timeOfHttp(`${http}${path}`, verb, JSON.stringify(body)),
    metrics: () => timeOfGrpc(client, "GetMetrics", asked),
    cpuMs: () => Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/schedstat`, "utf8").split(" ")[0]) / 1e6,
    async [Symbol.asyncDispose]() {
      client.close();
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

function timeOfHttp(url: string, method: string, text: string): Promise<number> {
  const from = performance.now();
  return new Promise((resolve, reject) => {
    const asking = request(url, { method, headers: { "Content-Type": "application/json" } }, (response) => {
      response.on("data", () => {});
      response.on("end", () =>
        response.statusCode === 200
          ? resolve(performance.now() - from)
          : reject(new Error(`${url}: ${response.statusCode}`)),
      );
    });
    asking.on("error", reject);
    asking.end(text);
  });
}

function timeOfGrpc(client: Client, method: string, message: Uint8Array): Promise<number> {
  const from = performance.now();
  const same = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(`/otg.Openapi/${method}`, same, same, Buffer.from(message), (error, answer) =>
      error === null && answer !== undefined ? resolve(performance.now() - from) : reject(error),
    );
  });
}

/** Beside traffic: 20 times each over HTTP and gRPC, in turns. */
async function metricsWhileSending(tester: Tester, found: Found): Promise<void> {
  for (let k = 0; k < 20; k++) {
    await note(tester, found.http, () => tester.ask("POST", "/monitor/metrics", ofFlows));
    await sleep(150);
    await note(tester, found.grpc, () => tester.metrics());
    await sleep(150);
  }
}

interface Times {
  readonly waited: number[];
  readonly cpu: number[];
}
type Found = Readonly<Record<"config" | "start" | "http" | "grpc", Times>>;

const noTimes = (): Times => ({ waited: [], cpu: [] });

async function note(tester: Tester, { waited, cpu }: Times, ask: () => Promise<number>): Promise<void> {
  const before = tester.cpuMs();
  waited.push(await ask());
  cpu.push(tester.cpuMs() - before);
}

export async function otgBench(rounds: number): Promise<Outcome> {
  const found: Found = { config: noTimes(), start: noTimes(), http: noTimes(), grpc: noTimes() };
  for (let round = 0; round < rounds; round++) {
    using place = openPlace();
    await using tester = await startTester(place.path("s"));
    await note(tester, found.config, () => tester.ask("POST", "/config", config));
    await note(tester, found.start, () => tester.ask("POST", "/control/state", start));
    await sleep(1_500);
    await metricsWhileSending(tester, found);
  }
  const names = { config: "set_config", start: "start", http: "get_metrics over HTTP", grpc: "get_metrics over gRPC" };
  const series = Object.entries(names).flatMap(([key, name]) => {
    const { waited, cpu } = found[key as keyof Found];
    const what = `${manyFlows} flows: ${name}`;
    return [seriesOf(what, "ms", waited, "lower"), seriesOf(`${what}, CPU`, "ms", cpu, "lower")];
  });
  return { lines: series.map(seriesLine), series, ratios: {} };
}
