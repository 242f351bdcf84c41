/**
 * OpenMetrics 1.0 text: gauges of one result, labelled by size, phase and goal, for Prometheus' file collector and its
 * like. Units are base units, seconds and ratios, as the specification wants them.
 */
import type { RunResult, Trial } from "../result/run-result.js";

type Labels = Readonly<Record<string, string | number>>;
interface Sample {
  readonly labels: Labels;
  readonly value: number | null | undefined;
}
interface Metric {
  readonly name: string;
  readonly help: string;
  readonly unit?: string;
  /** Absent: gauge. */
  readonly type?: "gauge" | "counter" | "info" | "summary";
  readonly samples: readonly Sample[];
}

const seconds = (ns: number | null | undefined): number | null | undefined =>
  ns === null || ns === undefined ? ns : ns / 1e9;

export function renderOpenMetrics(result: RunResult): string {
  const { trials } = result;
  const metrics = [
    ...trialMetrics(trials),
    ...fleetMetrics(trials),
    ...flowMetrics(trials),
    ...methodMetrics(result),
    ...runMetrics(result),
  ];
  return metricText(metrics);
}

/** A document of metrics, with its end. */
export const metricText = (metrics: readonly Metric[]): string => `${metrics.flatMap(metricLines).join("\n")}\n# EOF\n`;

/** Trials of one size and phase share a name: `trial` tells them apart. */
const trialLabels = ({ frameBytes, phase, direction }: Trial, index: number): Labels => ({
  frame_bytes: frameBytes,
  phase,
  trial: index,
  ...(direction === undefined ? {} : { direction }),
});

function trialMetrics(trials: readonly Trial[]): Metric[] {
  const each = (name: string, help: string, of: (trial: Trial) => Sample["value"], unit?: string): Metric => ({
    ...{ name: `pktgen_${name}`, help },
    ...(unit === undefined ? {} : { unit }),
    samples: trials.map((trial, i) => ({ labels: trialLabels(trial, i), value: of(trial) })),
  });
  const quantiles = {
    "0.5": "p50",
    "0.9": "p90",
    "0.99": "p99",
    "0.999": "p99_9",
    "0.9999": "p99_99",
    "1": "max",
  } as const;
  return [
    each("sent_frames", "Frames that the peer took.", (t) => t.sent),
    each("received_frames", "Frames of this trial that came back.", (t) => t.received),
    each("lost_frames", "Frames that did not come back.", (t) => t.lost),
    each("corrupt_frames", "Frames that came back damaged.", (t) => t.corrupt),
    each("duplicate_frames", "Frames that came back more than once.", (t) => t.duplicate),
    each("reordered_frames", "Frames out of order (RFC 4737).", (t) => t.reordered),
    each("unaccounted_frames", "What the ledger leaves over.", (t) => t.unaccounted),
    each("loss_ratio", "Lost of sent frames.", (t) => t.lossRatio, "ratio"),
    each("loss_duration_seconds", "Frames not back whole, over the rate.", (t) => seconds(t.lossDurationNs), "seconds"),
    each("outage_seconds", "The longest time in which none came back whole.", (t) => seconds(t.outageNs), "seconds"),
    each("offered_frames_per_second", "Frames sent, over the transmit window.", (t) => t.txPps),
    each(
      "forwarded_frames_per_second",
      "Frames received within the receive window: the transmit window, moved by the delay.",
      (t) => t.rxPps,
    ),
    {
      name: "pktgen_latency_seconds",
      help: "Software publish-to-seen latency, not RFC 1242.",
      unit: "seconds",
      type: "summary",
      samples: trials.flatMap((trial, i) =>
        Object.entries(quantiles).map(([quantile, key]) => ({
          labels: { ...trialLabels(trial, i), quantile },
          value: seconds(trial.latencyNs?.[key]),
        })),
      ),
    },
  ];
}

/** Flow by flow, where agents send to each other. What nobody knows has no sample. */
function flowMetrics(trials: readonly Trial[]): Metric[] {
  type Flow = NonNullable<NonNullable<Trial["fleet"]>["flows"]>[number];
  const each = (name: string, help: string, of: (flow: Flow) => number | null, unit?: string): Metric => ({
    ...{ name: `pktgen_flow_${name}`, help },
    ...(unit === undefined ? {} : { unit }),
    samples: trials.flatMap((trial, i) =>
      (trial.fleet?.flows ?? []).flatMap((flow) => {
        const value = of(flow);
        return value === null ? [] : [{ labels: { ...trialLabels(trial, i), from: flow.from, to: flow.to }, value }];
      }),
    ),
  });
  const inSeconds = (ns: number | null | undefined): number | null => (ns == null ? null : ns / 1e9);
  return [
    each("sent_frames", "Frames that the sender's peer took.", ({ sent }) => sent),
    each("accepted_frames", "Whole frames of the sender that came in, each once.", ({ accepted }) => accepted),
    each("lost_frames", "Frames of the sender that did not come in.", ({ lost }) => lost),
    each("latency_p99_seconds", "From host to host.", ({ latencyNs }) => inSeconds(latencyNs?.p99), "seconds"),
    each("latency_bound_seconds", "How wrong it is at most.", ({ clock }) => inSeconds(clock.boundNs), "seconds"),
  ];
}

/** Agent by agent. One that was lost has no figures, and is no zero. */
function fleetMetrics(trials: readonly Trial[]): Metric[] {
  type Agent = NonNullable<Trial["fleet"]>["agents"][number];
  const each = (name: string, help: string, of: (agent: Agent) => number, unit?: string): Metric => ({
    ...{ name: `pktgen_agent_${name}`, help },
    ...(unit === undefined ? {} : { unit }),
    samples: trials.flatMap((trial, i) =>
      (trial.fleet?.agents ?? []).map((agent) => ({
        labels: { ...trialLabels(trial, i), agent: agent.name },
        value: of(agent),
      })),
    ),
  });
  return [
    each("sent_frames", "Frames that the agent's peer took.", ({ sent }) => sent),
    each("received_frames", "Frames of this trial that came back to the agent.", ({ received }) => received),
    each("lost_frames", "Frames of the agent that did not come back.", ({ lost }) => lost),
    each("start_late_seconds", "How late it began.", ({ startLateNs }) => startLateNs / 1e9, "seconds"),
    {
      name: "pktgen_fleet_lost_agents",
      help: "Agents whose reports never came.",
      samples: trials.flatMap((trial, i) =>
        trial.fleet === undefined ? [] : [{ labels: trialLabels(trial, i), value: trial.fleet.lost.length }],
      ),
    },
  ];
}

function methodMetrics({
  results = [],
  backToBack = [],
  recovery = [],
  resets = [],
  thresholds = [],
}: RunResult): Metric[] {
  const rates = (name: string, help: string, key: "pps" | "ppsUpper"): Metric => ({
    name: `pktgen_search_${name}_frames_per_second`,
    help,
    samples: results.map((row) => ({
      labels: { frame_bytes: row.frameBytes, goal: row.goal, limited_by: row.limitedBy },
      // A missing result is not a rate of 0.
      value: row.pps === 0 && row.limitedBy !== "dut" ? null : row[key],
    })),
  });
  return [
    rates("lower", "The greatest load that held the goal.", "pps"),
    rates("upper", "The least load that did not.", "ppsUpper"),
    {
      name: "pktgen_back_to_back_frames",
      help: "Mean of the longest bursts without loss (RFC 9004).",
      samples: backToBack.map(({ frameBytes, meanFrames }) => ({
        labels: { frame_bytes: frameBytes },
        value: meanFrames,
      })),
    },
    {
      name: "pktgen_recovery_seconds",
      help: "Mean time until an overload that ended costs no frame any more (RFC 2544 26.5).",
      unit: "seconds",
      samples: recovery.map(({ frameBytes, spread }) => ({
        labels: { frame_bytes: frameBytes },
        value: seconds(spread?.meanNs),
      })),
    },
    {
      name: "pktgen_reset_seconds",
      help: "Mean time without a frame while the device was reset (RFC 2544 26.6).",
      unit: "seconds",
      samples: resets.map(({ frameBytes, spread }) => ({
        labels: { frame_bytes: frameBytes },
        value: seconds(spread?.meanNs),
      })),
    },
    {
      name: "pktgen_threshold_passed",
      help: "1 where what was wanted was reached.",
      samples: thresholds.map(({ what, wanted, verdict }) => ({
        labels: { what, wanted },
        value: verdict === "pass" ? 1 : 0,
      })),
    },
  ];
}

function runMetrics({ tool, host, dut, verdict, started }: RunResult): Metric[] {
  const info = { version: tool.version, node: tool.node, cpu: host.cpu, kernel: host.kernel, dut: dut.kind };
  return [
    {
      name: "pktgen_run_passed",
      help: "1 where the run passed.",
      samples: [{ labels: {}, value: verdict === "pass" ? 1 : 0 }],
    },
    {
      name: "pktgen_run_valid",
      help: "0 where the measurement cannot be used.",
      samples: [{ labels: {}, value: verdict === "invalid" ? 0 : 1 }],
    },
    {
      name: "pktgen_run_started_seconds",
      help: "Unix time.",
      unit: "seconds",
      samples: [{ labels: {}, value: Date.parse(started) / 1e3 }],
    },
    { name: "pktgen_run_info_labels", help: "What ran, and on what.", samples: [{ labels: info, value: 1 }] },
  ];
}

/** What the name of a sample has behind the metric's. */
const suffixes = { gauge: "", summary: "", counter: "_total", info: "_info" } as const;

/** Nothing for a metric without samples. */
function metricLines({ name, help, unit, type = "gauge", samples }: Metric): string[] {
  const there = samples.filter(({ value }) => typeof value === "number" && !Number.isNaN(value));
  if (there.length === 0) return [];
  return [
    `# TYPE ${name} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${help}`,
    ...there.map(({ labels, value }) => `${name}${suffixes[type]}${labelText(labels)} ${value}`),
  ];
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escaped(String(value))}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const escaped = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
