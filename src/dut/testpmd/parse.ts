/**
 * What testpmd prints, as data: one parser for all formats from 18.11 to 26.07. Pure; input is a command's output or
 * a whole transcript, with or without carriage returns, prompts, echoes and log lines in between.
 *
 * Texts: DPDK app/test-pmd/config.c (nic_stats_display, nic_xstats_display, port_infos_display, port_summary_display)
 * and testpmd.c (fwd_stats_display, fwd_stream_stats_display).
 */

/** `show port stats`. Absolute since the port's start or `clear port stats`; bytes without FCS. */
export interface PortStats {
  readonly port: number;
  readonly rxPackets: number;
  readonly rxMissed: number;
  readonly rxBytes: number;
  readonly rxErrors: number;
  readonly rxNoMbuf: number;
  readonly txPackets: number;
  readonly txErrors: number;
  readonly txBytes: number;
  /** Since the last show; null: not printed. */
  readonly rxPps: number | null;
  readonly txPps: number | null;
}

/** One queue out of `show port xstats`. */
export interface QueueXstats {
  readonly queue: number;
  readonly rxPackets: number;
  readonly rxBytes: number;
  /** Received and thrown away by the driver, not in rxPackets. */
  readonly rxErrors: number;
  readonly txPackets: number;
  readonly txBytes: number;
}

export interface PortXstats {
  readonly port: number;
  /** Every counter by its name. Where a driver repeats a name of ethdev's (rx_q0_errors), the driver's value. */
  readonly counters: ReadonlyMap<string, number>;
  /** Empty where the port has no peer: then net_vhost has no such counters. */
  readonly queues: readonly QueueXstats[];
}

export interface PortSummary {
  readonly port: number;
  readonly mac: string;
  readonly name: string;
  readonly driver: string;
  readonly linkUp: boolean;
}

export interface PortInfo {
  readonly port: number;
  readonly mac: string;
  readonly device: string;
  readonly driver: string;
  readonly linkUp: boolean;
  readonly rxQueues: number;
  readonly txQueues: number;
}

/** One way from a receiving to a sending queue, since `start`. Those that carried nothing are not printed. */
export interface StreamStats {
  readonly rxPort: number;
  readonly rxQueue: number;
  readonly txPort: number;
  readonly txQueue: number;
  readonly rxPackets: number;
  readonly txPackets: number;
  /** fwd_dropped: received and not taken by the sending queue. */
  readonly dropped: number;
}

/** One port of `stop` or `show fwd stats all`, since `start`. */
export interface ForwardPortStatistics {
  readonly port: number;
  readonly rxPackets: number;
  readonly rxDropped: number;
  readonly txPackets: number;
  /** fwd_dropped; from 23.03 on with the driver's oerrors, which count the same frames again for net_vhost. */
  readonly txDropped: number;
}

export interface ForwardStats {
  /** Printed only where there are more streams than ports. */
  readonly streams: readonly StreamStats[];
  readonly ports: readonly ForwardPortStatistics[];
}

/** Printed text alone: no carriage returns, no terminal's escape sequences. */
export const plainText = (raw: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
  raw.replaceAll(/\u001b\[[0-9;]*[A-Za-z]/g, "").replaceAll("\r", "");

/** The pieces that `heading` begins, each with the match and the text up to the next one. */
function blocks(text: string, heading: RegExp): { readonly match: RegExpExecArray; readonly body: string }[] {
  const found = [...plainText(text).matchAll(heading)];
  const whole = plainText(text);
  return found.map((match, i) => ({
    match,
    body: whole.slice(match.index + match[0].length, found[i + 1]?.index ?? whole.length),
  }));
}

/** `label: 123`, the first of it; null: not there. Numbers beyond 2^53 do not come up in a lifetime of a lab. */
function numberAfter(body: string, label: string): number | null {
  const match = new RegExp(`${label}:\\s*(\\d+)`).exec(body);
  return match === null ? null : Number(match[1]);
}

export function parsePortStats(text: string): PortStats[] {
  return blocks(text, /NIC statistics for port (\d+) +#+/g).map(({ match, body }) => {
    const count = (label: string): number => numberAfter(body, label) ?? 0;
    return {
      port: Number(match[1]),
      rxPackets: count("RX-packets"),
      rxMissed: count("RX-missed"),
      rxBytes: count("RX-bytes"),
      rxErrors: count("RX-errors"),
      rxNoMbuf: count("RX-nombuf"),
      txPackets: count("TX-packets"),
      txErrors: count("TX-errors"),
      txBytes: count("TX-bytes"),
      rxPps: numberAfter(body, "Rx-pps"),
      txPps: numberAfter(body, "Tx-pps"),
    };
  });
}

export function parsePortXstats(text: string): PortXstats[] {
  return blocks(text, /NIC extended statistics for port (\d+) *\n/g).map(({ match, body }) => {
    const counters = new Map<string, number>();
    for (const line of body.split("\n")) {
      // From 25.03 on a line may begin with the counter's state.
      const counter = /^(?:state: \w+\s+)?([a-z]\w*): (\d+)\s*$/.exec(line);
      if (counter !== null) counters.set(counter[1]!, Number(counter[2]));
    }
    return { port: Number(match[1]), counters, queues: queueXstats(counters) };
  });
}

/**
 * Per queue, once each: ethdev's own `rx_q0_packets` (until 20.08 `rx_q0packets`, gone in 25.11) and the driver's
 * `rx_q0_good_packets` count the same frames.
 */
export function queueXstats(counters: ReadonlyMap<string, number>): QueueXstats[] {
  const queues = new Set<number>();
  for (const name of counters.keys()) {
    const match = /^[rt]x_q(\d+)(?:_|_good_)?packets$/.exec(name);
    if (match !== null) queues.add(Number(match[1]));
  }
  const counter = (side: "rx" | "tx", queue: number, what: string): number => {
    const prefix = `${side}_q${queue}`;
    for (const name of [`${prefix}_${what}`, `${prefix}${what}`, `${prefix}_good_${what}`]) {
      const value = counters.get(name);
      if (value !== undefined) return value;
    }
    return 0;
  };
  return [...queues]
    .sort((a, b) => a - b)
    .map((queue) => ({
      queue,
      rxPackets: counter("rx", queue, "packets"),
      rxBytes: counter("rx", queue, "bytes"),
      rxErrors: counter("rx", queue, "errors"),
      txPackets: counter("tx", queue, "packets"),
      txBytes: counter("tx", queue, "bytes"),
    }));
}

/** null: the text is no answer to `show port summary`. */
export function parsePortSummary(text: string): PortSummary[] | null {
  const plain = plainText(text);
  if (!/Number of available ports: \d+/.test(plain)) return null;
  const row = /^(\d+)\s+((?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2})\s+(\S+)\s+(\S+)\s+(up|down)\b/gm;
  return [...plain.matchAll(row)].map(([, port, mac, name, driver, link]) => ({
    port: Number(port),
    mac: mac!,
    name: name!,
    driver: driver!,
    linkUp: link === "up",
  }));
}

export function parsePortInfo(text: string): PortInfo[] {
  return blocks(text, /\*+ Infos for port (\d+) +\*+/g).map(({ match, body }) => {
    const field = (label: string): string => new RegExp(`^${label}: (\\S+)`, "m").exec(body)?.[1] ?? "";
    return {
      port: Number(match[1]),
      mac: field("MAC address"),
      device: field("Device name"),
      driver: field("Driver name"),
      linkUp: field("Link status") === "up",
      rxQueues: numberAfter(body, "Current number of RX queues") ?? 0,
      txQueues: numberAfter(body, "Current number of TX queues") ?? 0,
    };
  });
}

const streamHeading =
  /Forward Stats for RX Port= *(\d+)\/Queue= *(\d+) +-> +TX Port= *(\d+)\/Queue= *(\d+) +-+|Forward statistics for/g;

/** `stop` and `show fwd stats all`: the last of them, if the text holds several. */
export function parseForwardStats(text: string): ForwardStats {
  const answers = plainText(text).split(/Accumulated forward statistics for all ports/);
  const last = answers.length < 2 ? (answers[0] ?? "") : answers[answers.length - 2]!;
  const streams = blocks(last, streamHeading).flatMap(({ match, body }): StreamStats[] => {
    const [, rxPort, rxQueue, txPort, txQueue] = match;
    if (rxPort === undefined) return [];
    return [
      {
        rxPort: Number(rxPort),
        rxQueue: Number(rxQueue),
        txPort: Number(txPort),
        txQueue: Number(txQueue),
        rxPackets: numberAfter(body, "RX-packets") ?? 0,
        txPackets: numberAfter(body, "TX-packets") ?? 0,
        dropped: numberAfter(body, "TX-dropped") ?? 0,
      },
    ];
  });
  const ports = blocks(last, /Forward statistics for port (\d+) +-+/g).map(({ match, body }) => ({
    port: Number(match[1]),
    rxPackets: numberAfter(body, "RX-packets") ?? 0,
    rxDropped: numberAfter(body, "RX-dropped") ?? 0,
    txPackets: numberAfter(body, "TX-packets") ?? 0,
    txDropped: numberAfter(body, "TX-dropped") ?? 0,
  }));
  return { streams, ports };
}
