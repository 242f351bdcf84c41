/**
 * `/metrics`: OpenMetrics 1.0. Counters are of trials that have ended, so that each of them is exact and only grows.
 * Gauges say how the open trials stand.
 */
import { readdirSync } from "node:fs";
import { metricText } from "../report/openmetrics.js";
import type { LiveFigures } from "./contract.js";
import type { Server } from "./server.js";
import { sessionMetrics } from "./session-metrics.js";
import type { Counted } from "./totals.js";

const helpOf: Readonly<Record<Counted, string>> = {
  sent: "Frames that the peer took, of trials that have ended.",
  received: "Frames of these trials that came back.",
  lost: "Frames of these trials that did not come back.",
  corrupt: "Frames of these trials that came back damaged.",
  duplicate: "Frames of these trials that came back more than once.",
  reordered: "Frames of these trials out of order (RFC 4737).",
};

type Metric = Parameters<typeof metricText>[0][number];

const counter = (name: string, help: string, samples: Metric["samples"], unit?: string): Metric => ({
  ...{ name, help, samples, type: "counter" },
  ...(unit === undefined ? {} : { unit }),
});
const gauge = (name: string, help: string, samples: Metric["samples"], unit?: string): Metric => ({
  ...{ name, help, samples },
  ...(unit === undefined ? {} : { unit }),
});
const one = (value: number): Metric["samples"] => [{ labels: {}, value }];

export function renderMetrics(server: Server): string {
  return metricText([
    ...trialMetrics(server),
    ...liveMetrics(server),
    ...sessionMetrics(server.sessions.open),
    ...serverMetrics(server),
    ...processMetrics(),
  ]);
}

function trialMetrics({ totals }: Server): Metric[] {
  const verdicts = (of: Readonly<Record<string, number>>): Metric["samples"] =>
    Object.entries(of).map(([verdict, value]) => ({ labels: { verdict }, value }));
  return [
    ...Object.entries(helpOf).map(([name, help]) =>
      counter(`pktgen_${name}_frames`, help, one(totals.frames[name as Counted])),
    ),
    counter("pktgen_unaccounted_frames", "What the ledgers of these trials leave over.", one(totals.unaccounted)),
    counter("pktgen_trials", "Trials that have ended.", verdicts(totals.trials)),
    counter("pktgen_runs", "Runs that have ended; none: without a result.", verdicts(totals.runs)),
    {
      name: "pktgen_latency_seconds",
      help: "Software publish-to-seen latency of the last trial that has one, not RFC 1242.",
      ...{ type: "summary", unit: "seconds" },
      samples: totals.latency.map(([quantile, value]) => ({ labels: { quantile }, value })),
    },
  ];
}

const liveGauges: readonly (readonly [
  name: string,
  help: string,
  of: (live: LiveFigures) => number | null | undefined,
])[] = [
  ["open_trial_sent_frames", "Frames that were published in the open trial until now.", (live) => live["sent"]],
  ["open_trial_received_frames", "Frames that came back in the open trial until now.", (live) => live["received"]],
  ["open_trial_missing_frames", "Missing now; some may be in flight.", (live) => live["lost"]],
  ["wanted_frames_per_second", "The load of the open trial, where it has one.", (live) => live["offeredPps"]],
  ["offered_frames_per_second", "Frames published, of the last sample.", (live) => live["txPps"]],
  ["forwarded_frames_per_second", "Frames that came back, of the last sample.", (live) => live["rxPps"]],
];

function liveMetrics({ runs }: Server): Metric[] {
  const going = runs.going.map((run) => run.info());
  return liveGauges.map(([name, help, of]) =>
    gauge(
      `pktgen_${name}`,
      help,
      going.flatMap(({ command, ports, live }) =>
        live === null ? [] : [{ labels: { command, ports: ports.join(",") }, value: of(live) }],
      ),
    ),
  );
}

function serverMetrics(server: Server): Metric[] {
  const { version, totals, runs, claims, portNames } = server;
  return [
    {
      name: "pktgen_build",
      help: "What answers.",
      type: "info",
      samples: [{ labels: { version, node: process.version }, value: 1 }],
    },
    gauge("pktgen_serve_open_runs", "Runs that go on.", one(runs.going.length)),
    gauge("pktgen_serve_event_streams", "Streams of events that somebody reads.", one(server.eventStreams)),
    gauge(
      "pktgen_serve_port_busy",
      "1 where somebody has the port.",
      portNames.map((port) => ({ labels: { port }, value: claims.ownerOf(port) === null ? 0 : 1 })),
    ),
    counter(
      "pktgen_serve_requests",
      "Requests that were answered.",
      [...totals.requests].map(([code, value]) => ({ labels: { code }, value })),
    ),
  ];
}

/** By the names that all of Prometheus' clients use. */
function processMetrics(): Metric[] {
  const { user, system } = process.cpuUsage();
  return [
    counter(
      "process_cpu_seconds",
      "CPU time of this process, its threads included.",
      one((user + system) / 1e6),
      "seconds",
    ),
    gauge("process_resident_memory_bytes", "Resident memory.", one(process.memoryUsage.rss()), "bytes"),
    gauge("process_open_fds", "Open file descriptors.", one(openFiles())),
  ];
}

function openFiles(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return Number.NaN;
  }
}
