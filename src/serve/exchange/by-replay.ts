/** An exchange on ports that are opened for it: a replay of the frames, and a recording of what comes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ReplayPlan, runReplay } from "../../capture/replay.js";
import { PktgenError } from "../../errors.js";
import { planReplay } from "../../options/replay-plan.js";
import { decodeCapture, encodeCapture } from "../../pcap/codec.js";
import type { PortSpec } from "../../port/kinds.js";
import { packageVersion } from "../../sys/version.js";
import { formatRate } from "../../units.js";
import { type ExchangeOrder, mostSendNs } from "./order.js";
import type { ExchangeOutcome } from "./outcome.js";

/** Of what comes back. */
const mostBytes = 64 << 20;

export interface ExchangePorts {
  readonly tx: PortSpec;
  readonly rx: PortSpec;
  readonly yesThisInterface: boolean;
}

/** Rejects with a PktgenError where a port cannot be opened, its peer goes, or it takes nothing. */
export async function exchangeByReplay(
  order: ExchangeOrder,
  ports: ExchangePorts,
  signal: AbortSignal,
): Promise<ExchangeOutcome> {
  const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-exchange-"));
  try {
    const [sent, back] = [join(folder, "sent.pcap"), join(folder, "back.pcapng")];
    writeFileSync(sent, encodeCapture(order.frames));
    const result = await runReplay(planOf(order, ports, sent, back), { signal, onProgress: () => {} });
    const gone = result.reasons.find((_, index) => result.causes?.[index] === "fault");
    if (result.verdict === "invalid" && gone !== undefined && !signal.aborted) throw new PktgenError(1, gone);
    const index = result.ports.findIndex(({ port }) => port === ports.rx.text);
    const frames = decodeCapture(readFileSync(back)).frames.filter((frame) => frame.interface === index);
    const { sent: taken, late, durationNs } = result;
    return { sent: taken, late, received: result.ports[index]!.received, frames, tookMs: durationNs / 1e6 };
  } catch (error) {
    throw withoutPath(error, folder, ports);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Clients are told of no path of this machine, but of the port, or the body. */
function withoutPath(error: unknown, folder: string, { tx, rx }: ExchangePorts): unknown {
  if (!(error instanceof PktgenError)) return error;
  const { where = "" } = error.details;
  const field = [["tx", tx.text] as const, ["rx", rx.text] as const].find(
    ([, text]) => where !== "" && text.includes(where),
  );
  if (field === undefined && !where.startsWith(folder)) return error;
  return new PktgenError(error.exitCode, error.message, { ...error.details, where: field?.[0] ?? "body" });
}

/** The plan of the command `replay`, with a bound on what is recorded. */
function planOf(order: ExchangeOrder, ports: ExchangePorts, sent: string, back: string): ReplayPlan {
  const { rate, settleNs, maxFrameBytes, awaited, mostFrames, waitPeerNs } = order;
  const texts = {
    ...{ tx: ports.tx.text, rx: ports.rx.text, recordRx: back },
    ...(rate === null ? {} : { rate: formatRate(rate) }),
    ...{
      settle: `${settleNs}ns`,
      waitPeer: `${waitPeerNs}ns`,
      maxFrame: String(maxFrameBytes),
      duration: `${mostSendNs + 1e9}ns`,
    },
    ...(ports.yesThisInterface ? { yesThisInterface: true as const } : {}),
  };
  const tool = { name: "pktgen-ts", version: packageVersion(), node: process.version };
  const plan = planReplay(sent, texts, "", tool);
  return { ...plan, awaited, recordMost: { frames: mostFrames, bytes: mostBytes } };
}
