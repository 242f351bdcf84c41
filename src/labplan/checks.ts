/** What a step must show, as pure rules: each gives sentences about what is not so. */
import { type PortStats, parseForwardStats, parsePortInfo, parsePortStats } from "../dut/testpmd/parse.js";
import type { Trial } from "../result/run-result.js";
import { framesWord, grouped, partOf, percentWord, rateWord } from "../stats/words.js";
import type { ExpectedCounts } from "./device.js";
import type { TextChecks, TrafficChecks } from "./file/index.js";
import type { PathPort } from "./path.js";

/** What testpmd says to a command that it does not take (lib/cmdline/cmdline.c, and testpmd's own). */
const refusals = /^(Command not found|Bad arguments|Ambiguous command|Incomplete command|Invalid port)\b.*$/m;

/** A command that was refused, independent of what was to be checked. */
export function refused(text: string, answer: string): string[] {
  const match = refusals.exec(answer);
  return match === null ? [] : [`testpmd does not take "${text}": ${match[0].trim()}`];
}

export interface TextFacts {
  readonly answer: string;
  readonly queues: number;
  /** Ports of this device on the path of the generator's frames. */
  readonly ports: readonly PathPort[];
  readonly expected: ExpectedCounts;
}

/** Of a command's answer. */
export function checkText(check: TextChecks, facts: TextFacts): string[] {
  const { answer } = facts;
  return [
    ...(check.contains !== undefined && !answer.includes(check.contains)
      ? [`it does not say "${check.contains}"`]
      : []),
    ...(check.link === undefined ? [] : checkLinks(answer, check.link)),
    ...(check.queues === undefined ? [] : checkStreams(answer, facts.queues)),
    ...(check.counters === undefined || !facts.expected.exact ? [] : checkPortStats(parsePortStats(answer), facts)),
    ...(check.leastPps === undefined ? [] : checkRates(answer, check.leastPps)),
  ];
}

function checkLinks(answer: string, wanted: "up" | "down"): string[] {
  const ports = parsePortInfo(answer);
  if (ports.length === 0) return ["it shows no port"];
  return ports
    .filter(({ linkUp }) => linkUp !== (wanted === "up"))
    .map(({ port }) => `the link of port ${port} is ${wanted === "up" ? "down" : "up"}`);
}

/** Every queue of every port received and sent. With one queue a port testpmd prints ports alone. */
function checkStreams(answer: string, queues: number): string[] {
  const { streams, ports } = parseForwardStats(answer);
  if (ports.length === 0) return ["it shows no forward statistics"];
  return ports.flatMap(({ port, rxPackets, txPackets }) => {
    if (queues === 1) return rxPackets > 0 && txPackets > 0 ? [] : [`port ${port} did not both receive and send`];
    return Array.from({ length: queues }, (_, queue) => queue)
      .filter((queue) => {
        const received = streams.find((stream) => stream.rxPort === port && stream.rxQueue === queue)?.rxPackets ?? 0;
        const sent = streams.find((stream) => stream.txPort === port && stream.txQueue === queue)?.txPackets ?? 0;
        return received === 0 || sent === 0;
      })
      .map((queue) => `queue ${queue} of port ${port} did not both receive and send`);
  });
}

/** Ports on the path counted exactly what the generator sent and got since the device's launch. */
function checkPortStats(stats: readonly PortStats[], { ports, expected }: TextFacts): string[] {
  if (ports.length === 0) return ["no traffic of the generator goes through it"];
  return ports.flatMap(({ port, rx, tx }) => {
    const found = stats.find((one) => one.port === port);
    if (found === undefined) return [`it does not show port ${port}`];
    return [
      ...differs(`port ${port} RX-packets`, found.rxPackets, rx, expected[rx]),
      ...differs(`port ${port} TX-packets`, found.txPackets, tx, expected[tx]),
    ];
  });
}

function differs(what: string, found: number, word: "sent" | "received", expected: number): string[] {
  if (found === expected) return [];
  return [`${what} is ${grouped(found)}, and the generator ${word} ${grouped(expected)}`];
}

function checkRates(answer: string, leastPps: number): string[] {
  const stats = parsePortStats(answer);
  if (stats.length === 0) return ["it shows no port statistics"];
  return stats
    .filter(({ rxPps, txPps }) => Math.min(rxPps ?? 0, txPps ?? 0) < leastPps)
    .map(({ port, rxPps, txPps }) => {
      const rates = `receives ${rateWord(rxPps ?? 0)} and sends ${rateWord(txPps ?? 0)}`;
      return `port ${port} ${rates}, less than ${rateWord(leastPps)}`;
    });
}

export interface TrafficFacts {
  readonly trial: Trial;
  /** By port on the path: differences of `show port stats all` over the trial. */
  readonly counted: readonly { readonly at: PathPort; readonly rx: number; readonly tx: number }[];
}

/** Of a trial, beyond its own verdict. */
export function failedTrafficChecks(check: TrafficChecks, { trial, counted }: TrafficFacts): string[] {
  const reasons: string[] = [];
  const { unaccounted, queues, leastPps } = check;
  // At max a full ring loses frames by right: loss is information there.
  const atMax = trial.requested.pps === null;
  const loss = atMax ? undefined : check.loss;
  const counters = atMax ? undefined : check.counters;
  if (loss !== undefined && trial.lost > loss * trial.sent) {
    reasons.push(`${partOf(trial.lost, trial.sent)} lost${loss === 0 ? "" : `, tolerated ${percentWord(loss)}`}`);
  }
  if (unaccounted !== undefined && trial.unaccounted === null) reasons.push("no ledger: a port had no counters");
  if (unaccounted !== undefined && (trial.unaccounted ?? 0) > unaccounted) {
    reasons.push(`${framesWord(trial.unaccounted ?? 0)} unaccounted for: ${trial.ledger.join("; ")}`);
  }
  if (queues === "forwarded") reasons.push(...idleQueues(trial));
  if (counters === "equal") reasons.push(...unequal(trial, counted));
  if (leastPps !== undefined && trial.rxPps < leastPps) {
    reasons.push(`${rateWord(trial.rxPps)} came back, less than ${rateWord(leastPps)}`);
  }
  return reasons;
}

function idleQueues({ queues, hops, queuesSeen }: Trial): string[] {
  if (hops.length === 0) return ["no hop has counters, so that no queue is proven"];
  const numbers = Array.from({ length: queues }, (_, queue) => queue);
  const idle = hops.flatMap((hop) =>
    numbers
      .filter((queue) => {
        const found = hop.queues.find((one) => one.queue === queue);
        return found === undefined || found.rx === 0 || found.tx === 0;
      })
      .map((queue) => `queue ${queue} of ${hop.name} forwarded nothing`),
  );
  const silent = numbers.filter((queue) => (queuesSeen.find((one) => one.queue === queue)?.accepted ?? 0) === 0);
  return [...idle, ...silent.map((queue) => `nothing came back on queue ${queue}`)];
}

function unequal(trial: Trial, counted: TrafficFacts["counted"]): string[] {
  if (counted.length === 0) return ["no port's counters could be compared"];
  const expected = { sent: trial.sent, received: trial.received + trial.stale + trial.foreign };
  return counted.flatMap(({ at, rx, tx }) => [
    ...differs(`${at.device} port ${at.port} RX-packets`, rx, at.rx, expected[at.rx]),
    ...differs(`${at.device} port ${at.port} TX-packets`, tx, at.tx, expected[at.tx]),
  ]);
}
