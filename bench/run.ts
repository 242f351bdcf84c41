/**
 * `npm run bench [-- name …]`: alternating runs of our figures and, where dpdk-testpmd is installed, its own; medians,
 * ratios, and a JSON file in bench/results/. `--compare FILE` holds the run against an earlier one. Never part of the tests: a busy machine makes slow figures, not wrong ones.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { describeFailure } from "../src/cli/output/failure.js";
import { exitCodes, PktgenError, usageError } from "../src/errors.js";
import { hostFacts } from "../src/sys/host.js";
import { comparedSeries, comparisonLines, isWorse, otherReasons, refuseOtherMachine } from "./compare.js";
import { allocationBench, embeddedBench, helpBench, memoryBench } from "./embedded.js";
import { fleetBench } from "./fleet.js";
import { interfacesBench } from "./interfaces.js";
import { labBench } from "./lab.js";
import { microBench } from "./micro/micro.js";
import { otgBench } from "./otg.js";
import type { Outcome } from "./outcome.js";
import { pacingBench, sequenceBench } from "./pacing.js";
import { pageBench } from "./page.js";
import { pcapBench } from "./pcap.js";
import { policedBench } from "./policed.js";
import { recordBench } from "./record.js";
import { replayBench } from "./replay.js";
import { type BenchResult, benchFormat, type ComparableResult, readBenchResult } from "./result-file.js";
import { roundTripBench } from "./round-trip.js";
import { scalingBench } from "./scaling.js";
import { serveBench } from "./serve.js";
import { sessionBench } from "./session.js";
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
  scaling: scalingBench,
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
  fleet: fleetBench,
  session: sessionBench,
  serve: serveBench,
  page: pageBench,
  otg: otgBench,
  micro: microBench,
  help: helpBench,
};

/** `[--compare FILE] [name …]`. Without names: the benchmarks of FILE, or all of them. */
function readArguments(): { readonly earlier: Earlier | null; readonly wanted: readonly string[] } {
  const { values, positionals } = parsedArguments();
  const earlier = values.compare === undefined ? null : readEarlier(values.compare);
  const unknown = positionals.filter((name) => !(name in benches));
  if (unknown.length > 0) {
    throw usageError(`no such benchmark: ${unknown.join(", ")}`, { accepted: Object.keys(benches).join(", ") });
  }
  if (positionals.length > 0) return { earlier, wanted: positionals };
  return { earlier, wanted: Object.keys(earlier?.result.outcomes ?? benches) };
}

function parsedArguments() {
  try {
    return parseArgs({ options: { compare: { type: "string" } }, allowPositionals: true });
  } catch (cause) {
    throw usageError((cause as Error).message.split(".")[0], {
      accepted: "--compare <file>, and names of benchmarks",
      cause,
    });
  }
}

interface Earlier {
  readonly path: string;
  readonly result: ComparableResult;
}

function readEarlier(path: string): Earlier {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw usageError(`the file cannot be read (${(cause as Error).message})`, { where: `--compare ${path}`, cause });
  }
  return { path, result: readBenchResult(text, path) };
}

async function measure(wanted: readonly string[]): Promise<Readonly<Record<string, Outcome>>> {
  if (!hasTestpmd()) console.log("dpdk-testpmd is not installed: only our own figures are taken\n");
  const outcomes: Record<string, Outcome> = {};
  for (const [name, bench] of Object.entries(benches)) {
    if (!wanted.includes(name)) continue;
    console.log(`== ${name}`);
    const outcome = await bench(rounds);
    for (const line of outcome.lines) console.log(line);
    console.log("");
    outcomes[name] = outcome;
  }
  return outcomes;
}

/** Prints the comparison; true: something is worse. */
function compare(earlier: Earlier, now: BenchResult): boolean {
  console.log(`\n== compared with ${earlier.path} of ${earlier.result.started}`);
  const rows = comparedSeries(earlier.result, now);
  for (const line of [...otherReasons(earlier.result, now), ...comparisonLines(rows)]) console.log(line);
  return rows.some(isWorse);
}

/** The exit code: 1 when something is worse than in the earlier run. */
async function run(): Promise<number> {
  const { earlier, wanted } = readArguments();
  const facts = {
    format: benchFormat,
    started: new Date().toISOString(),
    node: process.version,
    host: hostFacts(),
  } as const;
  // Before anything is measured: that takes minutes.
  if (earlier !== null) refuseOtherMachine(earlier.result, facts, earlier.path);
  const result: BenchResult = { ...facts, rounds, outcomes: await measure(wanted) };
  mkdirSync("bench/results", { recursive: true });
  const file = `bench/results/${result.started.replaceAll(":", "-")}.json`;
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  console.log(`written to ${file}`);
  return earlier !== null && compare(earlier, result) ? exitCodes.failed : exitCodes.passed;
}

const exitCode = await run().catch((thrown) => {
  const failure = describeFailure(thrown, !(thrown instanceof PktgenError));
  process.stderr.write(failure.text);
  return failure.exitCode;
});
// Worker threads of a bench that failed half way must not keep the process.
process.exit(exitCode);
