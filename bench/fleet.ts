/**
 * A fleet of a hundred agents at a real server on loopback: how long claim, barrier and merging take beyond the trial
 * itself. The generators are simulated (fleet-agents.ts); messages, orders, clocks and sums are not. Goals: 1.5 s from
 * the claim to the merged result beyond the trial, 0.5 s for each further trial of a search.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { openFleetBench } from "../src/fleet/fleet-bench.js";
import type { FleetSettings } from "../src/fleet/fleet-settings.js";
import { connectNats } from "../src/fleet/nats/nats-bus.js";
import { parseNatsAddress } from "../src/options/fleet-address.js";
import type { Trial } from "../src/result/run-result.js";
import { natsPrograms, startNats } from "../test/support/nats.js";
import { fleetPlan as plan, fleetLoad as request } from "./fleet-load.js";
import { type Series, seriesOf } from "./harness.js";
import { type Outcome, seriesLine } from "./outcome.js";

const agents = Number(process.env["BENCH_AGENTS"] ?? 100);
const trialsOfSearch = 5;
const goalMs = { first: 1_500, further: 500 } as const;

/** Of the simulated generators. */
const settleNs = 1e6;
const ownMs = (request.durationNs + settleNs) / 1e6;

/** The agents' process, once all of them answer. */
async function startAgents(url: string, clocks: string): Promise<Disposable> {
  const args = [
    ...(process.env["PROF"] ? ["--cpu-prof", "--cpu-prof-dir=/tmp/prof/child"] : []),
    "--import",
    "tsx",
    join(import.meta.dirname, "fleet-agents.ts"),
    url,
    String(agents),
    clocks,
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise<void>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the agents ended with ${code}`)));
    child.stdout.once("data", () => resolve());
  });
  return {
    [Symbol.dispose]: () => void child.removeAllListeners("exit").kill(process.env["PROF"] ? "SIGINT" : "SIGKILL"),
  };
}

interface Taken {
  readonly firstMs: number;
  readonly furtherMs: readonly number[];
  readonly trials: readonly Trial[];
  readonly heapMb: number;
}

/** A run: claim, ports, clocks, a trial, and then some more as a search has them. */
async function takeRun(url: string): Promise<Taken> {
  const names = Array.from({ length: agents }, (_, i) => `a${i + 1}`);
  const settings: FleetSettings = {
    ...{ names, labels: {}, force: false, minAgents: null, startWithinNs: 10e9, address: url },
  };
  await using bus = await connectNats({ address: parseNatsAddress(url, "server"), name: "bench" });
  const heapBefore = process.memoryUsage().heapUsed;
  const begunMs = performance.now();
  await using bench = await openFleetBench(bus, settings)(plan, { signal: new AbortController().signal }, 0);
  const trials = [...(await bench.trial(request, 0))];
  const firstMs = performance.now() - begunMs - ownMs;
  const furtherMs: number[] = [];
  for (let index = 1; index <= trialsOfSearch; index++) {
    const fromMs = performance.now();
    trials.push(...(await bench.trial(request, index)));
    furtherMs.push(performance.now() - fromMs - ownMs);
  }
  const wrong = trials.find(({ sent, accepted, fleet }) => sent !== 5_000 || accepted !== sent || fleet?.lost.length);
  if (wrong !== undefined) throw new Error(`a trial that is wrong: ${JSON.stringify(wrong.reasons)}`);
  return { firstMs, furtherMs, trials, heapMb: (process.memoryUsage().heapUsed - heapBefore) / 1e6 };
}

const spreadMs = ({ fleet }: Trial): number => (fleet?.start.spreadNs ?? Number.NaN) / 1e6;
const goalWord = ({ median }: Series, goal: number): string =>
  `  ${median <= goal ? "within" : "BEYOND"} the goal of ${goal} ms`;

export async function fleetBench(rounds: number): Promise<Outcome> {
  const program = natsPrograms.findLast(({ missing }) => missing === null);
  if (program === undefined) return { lines: [natsPrograms[0]!.missing!], series: [], ratios: {} };
  const lines = [`${agents} agents with simulated generators in one process, ${program.name}`];
  const series: Series[] = [];
  for (const clocks of ["one", "own"]) {
    const nats = await startNats(program);
    try {
      using _agents = await startAgents(nats.url, clocks);
      // Compiles the code on both sides.
      await takeRun(nats.url);
      const taken: Taken[] = [];
      for (let round = 0; round < rounds; round++) taken.push(await takeRun(nats.url));
      const about = clocks === "one" ? "agents of one clock" : "agents with clocks of their own";
      const first = seriesOf(
        `claim to merged result beyond the trial, ${about}`,
        "ms",
        taken.map(({ firstMs }) => firstMs),
        "lower",
      );
      const further = seriesOf(
        `further trial beyond itself, ${about}`,
        "ms",
        taken.flatMap(({ furtherMs }) => furtherMs),
        "lower",
      );
      const spread = seriesOf(
        `start spread (timers of one thread), ${about}`,
        "ms",
        taken.flatMap(({ trials }) => trials.map(spreadMs)),
        "lower",
      );
      series.push(first, further, spread);
      lines.push(seriesLine(first), goalWord(first, goalMs.first), seriesLine(further));
      lines.push(goalWord(further, goalMs.further), seriesLine(spread));
      lines.push(`  the coordinator's heap grew by ${Math.max(...taken.map(({ heapMb }) => heapMb)).toFixed(0)} MB`);
    } finally {
      await nats.stop();
    }
  }
  const rssMb = process.memoryUsage().rss / 1e6;
  lines.push(`  the coordinator's process has ${rssMb.toFixed(0)} MB`);
  return { lines, series, ratios: {}, figures: { agents, server: program.name, rssMb } };
}
