/**
 * An exchange in a session, whose ports stay open and whose flows go on: each frame is a flow of one frame, and a capture
 * has what comes, the first frames where it has not room for all. A frame below 60 bytes is padded, as those of all flows
 * are.
 */
import { decodeCapture } from "../../pcap/codec.js";
import type { FlowCounters, FlowSpec, Session, SessionSnapshot } from "../../session/index.js";
import { sleepNs } from "../../sys/sleep.js";
import { RequestRefusal } from "../refusal.js";
import { departuresNs, type ExchangeOrder } from "./order.js";
import type { ExchangeOutcome } from "./outcome.js";

/** Compiled one by one. */
const mostFlows = 1_000;
const lookEveryNs = 5e6;
/** What no peer takes is not awaited for longer. */
const patienceNs = 1e9;
const fastestPps = 1e6;

/** Names that no flow of a client has, since those have no slashes. */
const flowName = (exchange: number, frame: number): string => `exchange/${exchange}/${frame}`;
export const isOfExchange = (flow: string): boolean => flow.startsWith("exchange/");

/** @throws RequestRefusal (422, 501) */
function flowsOf(order: ExchangeOrder, number: number): FlowSpec[] {
  const { tx, frames, rate } = order;
  if (rate?.kind === "max") {
    throw new RequestRefusal("not-built", "a session cannot send all that there is room for", {
      where: "rate",
      accepted: "a rate, e.g. 10kpps; or max where the server's own ports exchange",
    });
  }
  if (frames.length > mostFlows) {
    throw new RequestRefusal("invalid", `${frames.length} frames are too many for a session`, {
      where: "frames",
      accepted: `at most ${mostFlows}`,
    });
  }
  const dueNs = inOrder(departuresNs(order));
  const gaps = dueNs.map((ns, k) => ns - (dueNs[k - 1] ?? 0)).slice(1);
  // What the loop may catch up with depends on it.
  const pps = Math.min(fastestPps, Math.max(1, 1e9 / Math.max(1, Math.min(1e9, ...gaps))));
  return frames.map(({ bytes }, k) => ({
    name: flowName(number, k),
    ...{ from: tx, to: [], frames: { kind: "bytes", bytes, signed: false } },
    ...{ rate: { kind: "pps", pps }, duration: { kind: "frames", frames: 1 }, delayNs: dueNs[k]! },
  }));
}

/** Whole ns, no two at the same: then they leave in their order. */
function inOrder(times: readonly number[]): number[] {
  let last = -1;
  return times.map((ns) => {
    last = Math.max(last + 1, Math.round(ns));
    return last;
  });
}

/** `number`: of this session's exchanges. The port's capture is free. Rejects with a SessionError where the session ends. */
export async function exchangeInSession(
  session: Session,
  order: ExchangeOrder,
  number: number,
  signal: AbortSignal,
): Promise<ExchangeOutcome> {
  const mostBytes = session.ports.find(({ name }) => name === order.tx)?.facts?.maxFrameBytes ?? order.maxFrameBytes;
  // Frames that the port has no room for stay unsent.
  const flows = flowsOf(order, number).filter((_, k) => order.frames[k]!.bytes.length <= mostBytes);
  const names = flows.map(({ name }) => name);
  const spanNs = flows.at(-1)?.delayNs ?? 0;
  await session.addFlows(flows);
  try {
    await session.startCapture({ port: order.rx, frames: order.mostFrames, overwrite: false });
    const rxFrames = (): number => session.sample().ports.find(({ name }) => name === order.rx)!.rxFrames;
    const before = rxFrames();
    const startedMs = performance.now();
    await session.start(names);
    const { sent, late } = await untilSent(session, names, spanNs, signal);
    const tookMs = performance.now() - startedMs;
    await untilQuiet(() => rxFrames() - before, order, signal);
    await session.stopCapture(order.rx);
    const { file, seen } = await session.fetchCapture(order.rx, "pcap");
    return { sent, late, received: seen, frames: decodeCapture(file).frames, tookMs };
  } finally {
    await session.removeCapture(order.rx).catch(() => {});
    await session.removeFlows(names).catch(() => {});
  }
}

const sumOf = (flows: readonly FlowCounters[], of: (flow: FlowCounters) => number): number =>
  flows.reduce((sum, flow) => sum + of(flow), 0);

async function untilSent(
  session: Session,
  names: readonly string[],
  spanNs: number,
  signal: AbortSignal,
): Promise<{ readonly sent: number; readonly late: number }> {
  const wanted = new Set(names);
  const ofOurs = ({ flows }: SessionSnapshot): FlowCounters[] => flows.filter(({ name }) => wanted.has(name));
  const untilMs = performance.now() + (spanNs + patienceNs) / 1e6;
  for (;;) {
    const flows = ofOurs(session.sample());
    const isOver = flows.every(({ state, inRing }) => state === "stopped" && inRing === 0);
    if (isOver || signal.aborted || performance.now() > untilMs) break;
    await sleepNs(lookEveryNs);
  }
  await session.stop(names);
  const flows = ofOurs(session.sample());
  return { sent: sumOf(flows, ({ sent }) => sent), late: sumOf(flows, ({ late }) => late) };
}

/** Until nothing came for the time of settling, or all that is awaited did. A peer that never stops is not waited for. */
async function untilQuiet(received: () => number, order: ExchangeOrder, signal: AbortSignal): Promise<void> {
  const { settleNs, awaited } = order;
  const startMs = performance.now();
  let last = received();
  let lastMs = startMs;
  while (!signal.aborted && (awaited === null || last < awaited)) {
    const nowMs = performance.now();
    if (nowMs - lastMs >= settleNs / 1e6 || nowMs - startMs >= (3 * settleNs + 2e9) / 1e6) return;
    await sleepNs(lookEveryNs);
    const now = received();
    if (now > last) lastMs = performance.now();
    last = now;
  }
}
