/**
 * Puts two halves of a run together, as `send` and `receive` wrote them: the counts and the verdict of a whole run.
 * Pure.
 */
import type { ReceiveReport, TrialReport } from "../engine/loop/index.js";
import { usageError } from "../errors.js";
import { trialResult } from "../measure/trial-result.js";
import type { ReceivedHalf, ReceivedTrial, SentHalf, SentTrial } from "../result/half.js";
import type { RunResult, Trial } from "../result/run-result.js";
import { type Reason, reasonsOf } from "../stats/cause.js";
import { withLostTail } from "../stats/merge/lost-ranges.js";
import { lostRangesKept } from "../stats/sequence-table.js";
import { framesWord } from "../stats/words.js";
import { trialsSince } from "../stream/frames/signature.js";
import { trafficOf } from "../stream/spec.js";
import type { Tolerances } from "../tolerances.js";
import { judgeTrials } from "./method-verdict.js";

export interface MergeOptions {
  /** Files, for errors. */
  readonly names: { readonly sent: string; readonly received: string };
  readonly lossLimit: number | null;
  readonly minRatePps: number | null;
  readonly tolerances: Tolerances;
  readonly commandLine: string;
}

/** What is sent, but for the addresses of the outermost headers: a way with routers changes those, and each side knows its own. */
function exceptAddresses(traffic: SentTrial["order"]["stream"]): object {
  if (!("streams" in traffic)) return { ...traffic, srcMac: "", dstMac: "" };
  const streams = traffic.streams.map(({ layers, ...stream }) => {
    const inside = layers.findIndex(({ protocol }, i) => i > 0 && protocol === "ethernet");
    const outer = inside < 0 ? layers.length : inside;
    return { ...stream, layers: layers.map((header, i) => (i < outer ? { ...header, src: 0, dst: 0 } : header)) };
  });
  return { ...traffic, streams };
}

/** What must be the same on both sides, or numbers mean different things. */
function compare(sent: SentTrial, received: ReceivedTrial, number: number, where: string): void {
  const of = ({ order }: SentTrial | ReceivedTrial) => ({
    "--sizes": order.size,
    "--queues": order.queues,
    "--start-sequence": order.startSequence,
    "what is sent": exceptAddresses(order.stream),
  });
  const [one, other] = [of(sent), of(received)];
  for (const key of Object.keys(one) as (keyof typeof one)[]) {
    if (JSON.stringify(one[key]) === JSON.stringify(other[key])) continue;
    throw usageError(`trial ${number} was received with another ${key} than it was sent with`, {
      where,
      accepted: "results of send and receive with the same options",
    });
  }
}

/** Frames say which run they are of: the receiver heard this one, from its first trial on. */
function compareRuns(sent: SentHalf, received: ReceivedHalf, where: string): void {
  const [one, other] = [sent.runId, received.runId];
  if (one === null || other === null || one === other) return;
  const missed = trialsSince(one, other);
  if (missed < sent.trials.length) {
    throw usageError(`the receiver began with trial ${missed + 1} of the sender`, {
      where,
      accepted: "results of a receiver that listens before the sender begins",
    });
  }
  throw usageError(`the runs differ: ${one} was sent, and ${other} was received`, {
    where,
    accepted: "results of one run",
    hint: "with the same --run-id for both, the receiver takes no other run's frames for it",
  });
}

/**
 * null: one clock told departures and arrivals, or two that are said to be synchronised. Else why one-way latency is
 * unknown.
 */
function clockFault(sent: SentHalf, received: ReceivedHalf): string | null {
  if (sent.clock === "realtime" && received.clock === "realtime") return null;
  const sameBoot = sent.bootId !== null && sent.bootId === received.bootId;
  if (sent.clock === "monotonic" && received.clock === "monotonic" && sameBoot) return null;
  return "no one-way latency: the two clocks are not known to be synchronised; --clocks-synchronised on both sides says so";
}

/** The receiver cannot know what came after the last frame that it saw. */
function withTail(sent: SentTrial, { receive, seenByQueue, order }: ReceivedTrial): ReceiveReport {
  if (!sent.signature) return receive;
  const tail = sent.transmit.queues.flatMap(({ published, outstanding }, q): [number, number][] => {
    const [seen, end] = [seenByQueue[q] ?? 0, published - outstanding];
    const number = (index: number): number => order.startSequence + index * order.queues + q;
    return end > seen ? [[number(seen), number(end - 1)]] : [];
  });
  const ranges = [...receive.lostRanges, ...tail].toSorted((a, b) => a[0] - b[0]);
  const complete = receive.lostRangesComplete && ranges.length <= lostRangesKept;
  const { longestLost } = withLostTail(receive, tail, order.queues);
  return { ...receive, lostRanges: ranges.slice(0, lostRangesKept), lostRangesComplete: complete, longestLost };
}

function mergedReport(sent: SentTrial, received: ReceivedTrial, latency: boolean): TrialReport {
  const receive = withTail(sent, received);
  const delays = latency ? {} : { latency: null, ipdv: null };
  return {
    transmit: sent.transmit,
    receive: { ...receive, ...delays, latencyIntended: null, inWindow: null },
    slept: received.slept,
    neverQuiet: false,
    returned: null,
    answered: 0,
    beside: 0,
    elapsedNs: Math.max(receive.lastArrivalNs, sent.transmit.lastNs),
    calibrationNs: [1, sent.disturbance.calibration],
  };
}

const faultsOf = (side: string, { faults, causes }: SentTrial | ReceivedTrial): Reason[] =>
  reasonsOf({ reasons: faults, causes }).map(({ cause, text }) => ({ cause, text: `${side}: ${text}` }));

function mergedTrial(sent: SentTrial, received: ReceivedTrial, fault: string | null, options: MergeOptions): Trial {
  const { early = 0 } = received.receive;
  const clocks =
    fault ??
    (early > 0 ? `no one-way latency: ${framesWord(early)} came before they left, so the clocks differ` : null);
  const { phase, requested, order, signature } = sent;
  return trialResult({
    phase,
    requested,
    spec: { ...order, stream: "streams" in order.stream ? order.stream : trafficOf(order.stream) },
    report: mergedReport(sent, received, clocks === null),
    signed: signature,
    disturbance: {
      stealMs: sent.disturbance.stealMs + received.disturbance.stealMs,
      switches: sent.disturbance.switches + received.disturbance.switches,
    },
    drops: { received: received.receiveDrops, sent: 0 },
    limits: { lossRatioMax: options.lossLimit, minPps: options.minRatePps, tolerances: options.tolerances },
    faults: [...faultsOf("the sender", sent), ...faultsOf("the receiver", received)],
    notes: clocks === null || !signature ? [] : [clocks],
  });
}

/**
 * @throws PktgenError (2): the halves are not of the same run.
 */
export function mergeHalves(sent: SentHalf, received: ReceivedHalf, options: MergeOptions): RunResult {
  const { names } = options;
  const where = `${names.sent}, ${names.received}`;
  if (sent.seed !== received.seed) {
    const accepted = "results of send and receive with the same --seed";
    throw usageError(`the seeds differ: ${sent.seed} and ${received.seed}`, { where, accepted });
  }
  compareRuns(sent, received, where);
  const surplus = received.trials.slice(sent.trials.length);
  if (surplus.some(({ receive }) => receive.received > 0)) {
    const accepted = "as many trials sent as received: a longer --quiet of the receiver";
    throw usageError(`${sent.trials.length} trials were sent and ${received.trials.length} received`, {
      where,
      accepted,
    });
  }
  const fault = clockFault(sent, received);
  const trials = sent.trials.map((trial, i): Trial => {
    const other = received.trials[i];
    if (other === undefined) {
      const accepted = "as many trials received as sent: a longer --wait, or a longer --gap of the sender";
      throw usageError(`${sent.trials.length} trials were sent and ${received.trials.length} received`, {
        where,
        accepted,
      });
    }
    compare(trial, other, i + 1, where);
    return mergedTrial(trial, other, fault, options);
  });
  return {
    tool: sent.tool,
    host: sent.host,
    started: sent.started,
    command: options.commandLine,
    dut: {
      kind: "external",
      version: null,
      ports: [sent.port, received.port],
      receiver: { host: received.host, started: received.started, command: received.command },
      sender: { command: sent.command },
    },
    seed: sent.seed,
    tolerances: { ...options.tolerances },
    ...(sent.runId === null ? {} : { runId: sent.runId }),
    trials,
    ...judgeTrials(trials),
  };
}
