/**
 * `npm run bench [-- name …]`: alternating runs of our figures and, where dpdk-testpmd is installed, its own; medians,
 * ratios, and a JSON file in bench/results/. Never part of the tests: a busy machine makes slow figures, not wrong ones.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { hostFacts } from "../src/sys/host.js";
import { allocationBench, embeddedBench, helpBench, memoryBench } from "./embedded.js";
import { interfacesBench } from "./interfaces.js";
import { labBench } from "./lab.js";
import type { Outcome } from "./outcome.js";
import { pacingBench, sequenceBench } from "./pacing.js";
import { pcapBench } from "./pcap.js";
import { policedBench } from "./policed.js";
import { recordBench } from "./record.js";
import { replayBench } from "./replay.js";
import { roundTripBench } from "./round-trip.js";
import { streamsBench } from "./streams.js";
import { tapBench } from "./tap.js";
import { hasTestpmd } from "./testpmd.js";
import { trafficBench } from "./traffic.js";
import { nullDeviceBench, transmitBench } from "./transmit.js";
import { xdpBench } from "./xdp.js";

const rounds = Number(process.env["BENCH_ROUNDS"] ?? 5);

const benches: Readonly<Record<string, (rounds: number) => Promise<Outcome>>> = {
  transmit: transmitBench,
  "null-device": nullDeviceBench,
  "round-trip": roundTripBench,
  embedded: embeddedBench,
  lab: labBench,
  interfaces: interfacesBench,
  xdp: xdpBench,
  tap: tapBench,
  traffic: trafficBench,
  streams: streamsBench,
  pacing: pacingBench,
  policed: policedBench,
  sequence: sequenceBench,
  memory: memoryBench,
  allocation: allocationBench,
  pcap: pcapBench,
  replay: replayBench,
  record: recordBench,
  help: helpBench,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`no such benchmark: ${unknown.join(", ")}; there are: ${Object.keys(benches).join(", ")}`);
  process.exit(2);
}
if (!hasTestpmd()) console.log("dpdk-testpmd is not installed: only our own figures are taken\n");
const outcomes: Record<string, Outcome> = {};
for (const [name, bench] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`== ${name}`);
  const outcome = await bench(rounds);
  for (const line of outcome.lines) console.log(line);
  console.log("");
  outcomes[name] = outcome;
}
mkdirSync("bench/results", { recursive: true });
const started = new Date().toISOString();
const file = `bench/results/${started.replaceAll(":", "-")}.json`;
writeFileSync(file, `${JSON.stringify({ started, host: hostFacts(), rounds, outcomes }, null, 2)}\n`);
console.log(`written to ${file}`);
// Worker threads of a bench that failed half way must not keep the process.
process.exit(0);
