/** Replays a capture out of one or two ports, records what comes back, and compares it with what was expected. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DrainReport } from "../engine/pipe/drain.js";
import type { FeederOptions, FeederReport } from "../engine/pipe/feeder.js";
import { type CaptureThread, startDrain, startFeeder } from "../engine/pipe/thread.js";
import { type Replayer, type ReplayPace, type ReplayReport, startReplayer } from "../engine/replay/index.js";
import { interruptedError, PktgenError, usageError } from "../errors.js";
import { waitForPeers } from "../measure/until-ready.js";
import { openPort } from "../port/index.js";
import type { PortSpec } from "../port/kinds.js";
import type { Port } from "../port/port.js";
import type { CompareResult } from "../result/compare-result.js";
import type { RecordedFile, ReplayResult } from "../result/replay-result.js";
import { type Cause, faultReason, interruptedReason, judgedBy, type Reason, reasonsOf } from "../stats/cause.js";
import { wallClockEpoch } from "../sys/clock.js";
import { allowedCpus } from "../sys/thread.js";
import { formatRate, type Rate } from "../units.js";
import { compareCaptures } from "./compare/compare.js";
import type { ComparePlan } from "./compare/plan.js";

export interface ReplayPlan {
  readonly feeder: FeederOptions;
  readonly tx: PortSpec;
  readonly tx2: PortSpec | null;
  readonly rx: PortSpec | null;
  readonly pace: ReplayPace;
  readonly paceText: string;
  readonly loopDelayNs: number;
  readonly count: number;
  readonly durationNs: number;
  readonly settleNs: number;
  /** So many frames come back; null: nobody knows. Absent: one for each that is sent, where they are to come back. */
  readonly awaited?: number | null;
  readonly maxFrameBytes: number;
  readonly recordTx: string | null;
  readonly recordRx: string | null;
  /** What is recorded at most; absent: all. */
  readonly recordMost?: { readonly frames: number; readonly bytes: number };
  /** Does the replay end when the disk is full? */
  readonly stopOnFull: boolean;
  /** What has to come back; null: nothing is compared. */
  readonly expect:
    | (Pick<
        ComparePlan,
        "by" | "masks" | "order" | "speed" | "skipsOthers" | "timingToleranceNs" | "filter" | "annotated"
      > & {
        readonly file: string;
      })
    | null;
  readonly cpu: number | null;
  readonly busy: boolean;
  readonly yesThisInterface: boolean;
  /** How long the peers of ports may take to connect; absent: the default. */
  readonly waitPeerNs?: number;
  readonly commandLine: string;
  readonly tool: CompareResult["tool"];
}

export interface ReplayWatch {
  readonly signal: AbortSignal;
  readonly onProgress: (sent: number, received: number, elapsedNs: number) => void;
}

const progressEveryMs = 100;

/** `2x`, `100kpps` … in words. */
export const paceText = (pace: ReplayPace, rate: Rate | null): string => {
  if (pace.kind === "original")
    return pace.speed === 1 ? "with the file's gaps" : `at ${pace.speed} times the file's speed`;
  if (pace.kind === "max") return "at top speed";
  return pace.kind === "one" ? "one by one" : `at ${rate === null ? "a set rate" : formatRate(rate)}`;
};

/** Port specs in the worker's order, the senders first. */
function portSpecs({ tx, tx2, rx }: ReplayPlan): PortSpec[] {
  const specs = tx2 === null ? [tx] : [tx, tx2];
  return rx === null || specs.some(({ text }) => text === rx.text) ? specs : [...specs, rx];
}

/**
 * Is what comes in at this port used? With two senders each frame may come back at either port. Virtqueues come in
 * pairs. They are emptied and counted in any case, since their peer would stall otherwise.
 */
function isRead({ rx, tx2, expect, recordRx, pace }: ReplayPlan, spec: Pick<PortSpec, "text">): boolean {
  if (rx === null) return expect !== null || recordRx !== null || pace.kind === "one";
  return tx2 !== null || spec.text === rx.text;
}

/** Everything that is open. It is closed last to first. */
class Opened implements AsyncDisposable {
  readonly #parts: AsyncDisposable[] = [];

  keep<T extends AsyncDisposable>(part: T): T {
    this.#parts.push(part);
    return part;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of this.#parts.toReversed()) await part[Symbol.asyncDispose]();
  }
}

async function openPorts(plan: ReplayPlan, opened: Opened, signal: AbortSignal): Promise<Port[]> {
  const senders = plan.tx2 === null ? 1 : 2;
  const { maxFrameBytes, yesThisInterface } = plan;
  const ports: Port[] = [];
  for (const [i, spec] of portSpecs(plan).entries()) {
    const use = { sends: i < senders, receives: isRead(plan, spec) };
    const options = { maxFrameBytes, sendFrameBytes: 64, ...use, yesThisInterface };
    ports.push(opened.keep(await openPort(spec, options)));
  }
  if (signal.aborted) throw interruptedError("interrupted before anything was sent");
  await waitForPeers(ports, plan.waitPeerNs, signal);
  return ports;
}

interface Recording {
  readonly path: string;
  readonly thread: CaptureThread<DrainReport>;
}

/** Rejects with a PktgenError if it cannot begin, or if the capture cannot be sent (2). */
export async function runReplay(plan: ReplayPlan, hooks: ReplayWatch): Promise<ReplayResult> {
  const scratch = plan.expect !== null && plan.recordRx === null ? mkdtempSync(join(tmpdir(), "pktgen-replay-")) : null;
  try {
    return await replayInto(plan, scratch === null ? plan.recordRx : join(scratch, "received.pcap"), hooks);
  } finally {
    if (scratch !== null) rmSync(scratch, { recursive: true, force: true });
  }
}

async function replayInto(plan: ReplayPlan, recordRx: string | null, hooks: ReplayWatch): Promise<ReplayResult> {
  await using opened = new Opened();
  const stop = new AbortController();
  const signal = AbortSignal.any([hooks.signal, stop.signal]);
  const ports = await openPorts(plan, opened, signal);
  const names = ports.map(({ spec }) => spec.text);
  const application = `${plan.tool.name} ${plan.tool.version}`;
  const troubles: string[] = [];
  const record = (path: string | null): Recording | null => {
    if (path === null) return null;
    const onTrouble = (why: string): void => {
      troubles.push(why);
      if (plan.stopOnFull) stop.abort();
    };
    const most = plan.recordMost === undefined ? {} : { most: plan.recordMost };
    const thread = opened.keep(
      startDrain({ path, ...wallClockEpoch(), ports: names, application, ...most }, onTrouble),
    );
    thread.done.catch(() => stop.abort());
    return { path, thread };
  };
  const tx = record(plan.recordTx);
  const rx = record(recordRx);
  const feeder = opened.keep(startFeeder(plan.feeder));
  let refused: unknown = null;
  feeder.done.catch((error: unknown) => {
    refused = error;
    stop.abort();
  });
  const senders = plan.tx2 === null ? 1 : 2;
  const replayer = opened.keep(await startReplayer(ports, senders, plan.cpu, plan.busy));
  const report = await watched(replayer, plan, { feeder, tx, rx }, signal, hooks);
  if (refused !== null) throw refused;
  const source = await feeder.done;
  const recorded = [...(await recordedFile(tx, report.unrecordedTx)), ...(await recordedFile(rx, report.unrecordedRx))];
  if (report.ports.every(({ published }) => published === 0) && !hooks.signal.aborted)
    throw nothingSent(plan, source, report);
  const comparison =
    plan.expect === null || hooks.signal.aborted ? null : await compareWith(plan, plan.expect, recordRx!);
  const result = resultOf(plan, report, source, ports, comparison, hooks.signal.aborted);
  const shown = recorded.filter(({ file }) => file === plan.recordTx || file === plan.recordRx);
  const missed = recorded.filter((file) => file.missed > 0 || file.failure !== null);
  const reasons = [...reasonsOf(result), ...missed.map(notRecorded)];
  const verdict =
    missed.length > 0 && result.verdict === "pass"
      ? missed.some(({ file }) => file === recordRx && plan.expect !== null)
        ? "invalid"
        : "fail"
      : result.verdict;
  return { ...result, recorded: shown, ...judgedBy(verdict, reasons) };
}

/** `sent.pcap: 12 frames were not recorded: ENOSPC …` */
function notRecorded({ file, missed, failure }: RecordedFile): Reason {
  return faultReason(`${file}: ${missed} frames were not recorded: ${failure ?? "the disk was too slow for the loop"}`);
}

async function watched(
  replayer: Replayer,
  plan: ReplayPlan,
  threads: {
    readonly feeder: CaptureThread<FeederReport>;
    readonly tx: Recording | null;
    readonly rx: Recording | null;
  },
  signal: AbortSignal,
  hooks: ReplayWatch,
): Promise<ReplayReport> {
  const timer = setInterval(() => {
    const { sent, received, elapsedNs } = replayer.progress();
    hooks.onProgress(sent, received, elapsedNs);
  }, progressEveryMs);
  try {
    return await replayer.run(
      {
        pipe: threads.feeder.pipe,
        pace: plan.pace,
        loops: plan.feeder.loops,
        loopDelayNs: plan.loopDelayNs,
        count: plan.count,
        durationNs: plan.durationNs,
        settleNs: plan.settleNs,
        awaited: plan.awaited === undefined ? (plan.rx !== null || plan.expect !== null ? "each" : null) : plan.awaited,
        cooperative: 3 > allowedCpus().length,
        recordTx: threads.tx?.thread.pipe ?? null,
        recordRx: threads.rx?.thread.pipe ?? null,
      },
      signal,
    );
  } finally {
    clearInterval(timer);
  }
}

async function recordedFile(recording: Recording | null, unrecorded: number): Promise<RecordedFile[]> {
  if (recording === null) return [];
  const { written, dropped, failure } = await recording.thread.done;
  return [{ file: recording.path, frames: written, missed: unrecorded + dropped, failure }];
}

/** A replay that sent nothing is never a success. */
function nothingSent(plan: ReplayPlan, source: FeederReport, report: ReplayReport): PktgenError {
  const where = plan.feeder.path;
  if (source.read === 0) return usageError(source.fault ?? "there is no frame in it", { where });
  if (source.fed === 0) {
    const why = `${source.filtered} by the filter, ${source.notEthernet} not Ethernet, ${source.cutSkipped} cut by the capture, ${source.tooShort} too short, ${source.tooLong} too long`;
    return usageError(`none of its ${source.read} frames is left to send: ${why}`, { where });
  }
  if (report.tooLong > 0) {
    return usageError(`none of its frames fits into the port's buffers of ${plan.maxFrameBytes} bytes`, {
      where,
      hint: "--max-frame",
    });
  }
  return new PktgenError(1, "the peer took no frame", { where: plan.tx.text });
}

async function compareWith(
  plan: ReplayPlan,
  expect: NonNullable<ReplayPlan["expect"]>,
  actual: string,
): Promise<CompareResult> {
  const { file, ...comparison } = expect;
  const { commandLine, tool } = plan;
  const result = await compareCaptures({ ...comparison, expected: file, actual, commandLine, tool });
  // A temporary file is gone when the result is read, so it gets a description instead of its name.
  const name = plan.recordRx ?? `what came back on ${(plan.rx ?? plan.tx).text}`;
  return { ...result, actual: { ...result.actual, file: name } };
}

function resultOf(
  plan: ReplayPlan,
  report: ReplayReport,
  source: FeederReport,
  opened: readonly Port[],
  comparison: CompareResult | null,
  interrupted: boolean,
): Omit<ReplayResult, "recorded"> {
  const sent = report.ports.reduce((sum, { published, outstanding }) => sum + published - outstanding, 0);
  const total = plan.feeder.loops * source.perLoop;
  const hasEnd = Number.isFinite(plan.durationNs) === false && Number.isFinite(Math.min(total, plan.count));
  const intended = hasEnd ? Math.min(total, plan.count) : null;
  const unsent = intended === null ? null : Math.max(0, intended - sent - report.tooLong);
  const received = report.ports.reduce((sum, port) => sum + port.received, 0);
  const senders = plan.tx2 === null ? 1 : 2;
  const specs = opened.map(({ spec }) => spec);
  const { invalid, failed } = reasonsFor(report, source, unsent, comparison, interrupted);
  if (report.cutShort === "peer gone") invalid.unshift(faultReason(`the peer of a port went away: ${whyGone(opened)}`));
  const { loops: _, ...file } = source;
  return {
    tool: plan.tool,
    command: plan.commandLine,
    file: plan.feeder.path,
    source: file,
    pace: plan.paceText,
    loops: report.loops,
    intended,
    sent,
    unsent,
    tooLong: report.tooLong,
    late: report.late,
    received,
    unanswered: report.unanswered,
    durationNs: report.windowNs,
    txPps: report.windowNs > 0 && sent > 1 ? ((sent - 1) * 1e9) / report.windowNs : null,
    gapOffNs: gapsOf(report),
    lagMaxNs: report.lagMaxNs,
    blockedNs: report.blockedNs,
    ports: report.ports.map((port, i) => ({
      port: specs[i].text,
      sends: i < senders,
      receives: isRead(plan, specs[i]),
      sent: port.published - port.outstanding,
      handedOverByQueue: port.publishedByQueue,
      untaken: port.outstanding,
      received: port.received,
      receivedBytes: port.receivedBytes,
    })),
    notes: [],
    comparison,
    ...judgedBy(invalid.length > 0 ? "invalid" : failed.length > 0 ? "fail" : "pass", [...invalid, ...failed]),
  };
}

const whyGone = (ports: readonly Port[]): string =>
  ports.map((port) => port.whyLost(0)).find((why) => why !== null) ?? "nobody knows why";

function gapsOf({ gapOff }: ReplayReport): ReplayResult["gapOffNs"] {
  if (gapOff === null) return null;
  const { p50Ns, p90Ns, p99Ns, p99_9Ns, maxNs, ...shares } = gapOff;
  return { ...shares, p50: p50Ns, p90: p90Ns, p99: p99Ns, p99_9: p99_9Ns, max: maxNs };
}

function reasonsFor(
  report: ReplayReport,
  source: FeederReport,
  unsent: number | null,
  comparison: CompareResult | null,
  interrupted: boolean,
): { readonly invalid: Reason[]; readonly failed: readonly Reason[] } {
  const invalid: Reason[] = [];
  const failed: Reason[] = [];
  const fail = (cause: Cause, text: string): unknown => failed.push({ cause, text });
  if (interrupted) invalid.push(interruptedReason);
  if (source.fault !== null) invalid.push(faultReason(source.fault));
  if (report.cutShort === "stuck") fail("stopped", "the peer took nothing for 5 s, and the replay was given up");
  if (!interrupted && unsent !== null && unsent > 0) fail("refused", `${unsent} frames were not taken`);
  if (source.tooLong > 0)
    fail("load", `${source.tooLong} cut frames are longer, by the file's word, than any frame is`);
  if (report.tooLong > 0) fail("load", `${report.tooLong} frames are too long for the port's buffers`);
  if (comparison?.verdict === "invalid") invalid.push(...reasonsOf(comparison));
  if (comparison?.verdict === "fail") failed.push(...reasonsOf(comparison));
  return { invalid, failed };
}
