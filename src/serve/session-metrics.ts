/** What `/metrics` says of sessions that are open: of each port, and of so many flows. */
import type { metricText } from "../report/openmetrics.js";
import type { FlowCounters, PortCounters } from "../session/index.js";
import type { ServedSession } from "./sessions/served-session.js";
import { isAwaited } from "./sessions/session-figures.js";

type Metric = Parameters<typeof metricText>[0][number];
type Told<Of> = readonly [name: string, type: "counter" | "gauge", help: string, of: (one: Of) => number | null];

/** Flows that are told, of all sessions together: names of flows are labels, which a collector keeps for long. */
const mostFlows = 500;

const ofPorts: readonly Told<PortCounters>[] = [
  ["sent_frames", "counter", "Frames of flows and of hosts that the peer took.", ({ txFrames }) => txFrames],
  ["received_frames", "counter", "All frames that came in.", ({ rxFrames }) => rxFrames],
  ["foreign_frames", "counter", "Frames that are not ours.", ({ foreign }) => foreign],
  ["corrupt_frames", "counter", "Our frames, damaged.", ({ corrupt }) => corrupt],
  ["blocked_frames", "counter", "Frames that were due and found no room.", ({ blocked }) => blocked],
  [
    "receive_drops",
    "counter",
    "Frames that came in and found no room in our own ring: not the network's loss.",
    ({ receiveDrops }) => receiveDrops,
  ],
  [
    "send_drops",
    "counter",
    "Frames that our own interface did not take, or dropped without a link.",
    ({ sendDrops }) => sendDrops,
  ],
  ["link_up", "gauge", "1 where the link is up.", ({ link }) => (link === "up" ? 1 : 0)],
];

const lossOf = (flow: FlowCounters, loss: number | null): number | null => (isAwaited(flow) ? loss : null);
const secondsOf = (ns: number | null): number | null => (ns === null ? null : ns / 1e9);

/** A start begins them at 0 again, as collectors expect of counters. */
const ofFlows: readonly Told<FlowCounters>[] = [
  ["sent_frames", "counter", "Frames of this start that the peer took.", ({ sent }) => sent],
  ["received_frames", "counter", "Of these, whole and for the first time.", ({ received }) => received],
  ["duplicate_frames", "counter", "Frames that came more than once.", ({ duplicate }) => duplicate],
  ["reordered_frames", "counter", "Frames out of order (RFC 4737).", ({ reordered }) => reordered],
  ["corrupt_frames", "counter", "Frames that came damaged.", ({ corrupt }) => corrupt],
  ["lost_frames", "gauge", "Frames that did not come; a late one is taken out.", (flow) => lossOf(flow, flow.lost)],
  [
    "outage_seconds",
    "gauge",
    "Longest run of lost frames, as time at the rate of the flow.",
    (flow) => lossOf(flow, secondsOf(flow.outageNs)),
  ],
  ["in_flight_frames", "gauge", "Frames that may still come.", (flow) => lossOf(flow, flow.inFlight)],
  ["running", "gauge", "1 where the flow runs.", ({ state }) => (state === "running" ? 1 : 0)],
];

export function sessionMetrics(open: readonly ServedSession[]): Metric[] {
  const looked = open.map((session) => ({ session: session.id, ...session.snapshot() }));
  const ports = looked.flatMap(({ session, ports: all }) =>
    all.map((counters) => ({ labels: { session, port: counters.name }, counters })),
  );
  const flows = looked.flatMap(({ session, flows: all }) =>
    all.map((counters) => ({ labels: { session, flow: counters.name }, counters })),
  );
  const told = flows.slice(0, mostFlows);
  return [
    ...ofPorts.map((metric) => metricOf("port", metric, ports)),
    ...ofFlows.map((metric) => metricOf("flow", metric, told)),
    {
      name: "pktgen_session_flows",
      help: `Flows of open sessions. The figures of the first ${mostFlows} are told.`,
      samples: looked.map(({ session, flows: all }) => ({ labels: { session }, value: all.length })),
    },
    {
      name: "pktgen_serve_open_sessions",
      help: "Sessions that are open.",
      samples: [{ labels: {}, value: open.length }],
    },
  ];
}

const metricOf = <Of>(
  what: "port" | "flow",
  [name, type, help, of]: Told<Of>,
  rows: readonly { readonly labels: Readonly<Record<string, string>>; readonly counters: Of }[],
): Metric => ({
  ...{ name: `pktgen_session_${what}_${name}`, help, type },
  samples: rows.map(({ labels, counters }) => ({ labels, value: of(counters) })),
});
