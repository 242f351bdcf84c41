/** Waiting for the peers of ports, which an interrupt ends at once. */
import { interruptedError, PktgenError } from "../errors.js";
import type { Port } from "../port/port.js";

/** For a peer that runs already; one that has to boot first gets its time by --wait-peer. */
const usualWaitMs = 10_000;
/** For a peer that went away in a trial to come back. */
const usualReturnMs = 3_000;
/** The longest timer. */
const longestWaitMs = 2 ** 31 - 1;

/** How long peers are waited for: at the beginning, and after a trial in which one went away. */
export interface PeerPatience {
  readonly firstMs: number;
  readonly returnMs: number;
}

/** `waitPeerNs`: as asked for (--wait-peer), Infinity: for ever; undefined: what is usual. */
export function peerPatience(waitPeerNs: number | undefined): PeerPatience {
  if (waitPeerNs === undefined) return { firstMs: usualWaitMs, returnMs: usualReturnMs };
  const ms = Math.min(waitPeerNs / 1e6, longestWaitMs);
  return { firstMs: ms, returnMs: ms };
}

/** Waits for all of them. @throws PktgenError (3): one did not come in time, and what to do. */
export async function waitForPeers(
  ports: readonly Port[],
  waitPeerNs: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { firstMs } = peerPatience(waitPeerNs);
  for (const port of ports) {
    const began = performance.now();
    await untilReady(port, firstMs, signal).catch((error: unknown) => {
      const isLate = performance.now() - began >= firstMs && !signal.aborted;
      throw error instanceof PktgenError && isLate ? withHint(error, "--wait-peer 2m gives it more time") : error;
    });
  }
}

function withHint(error: PktgenError, hint: string): PktgenError {
  const all = error.hint === undefined ? hint : `${error.hint}; ${hint}`;
  return new PktgenError(error.exitCode, error.message, { ...error.details, hint: all, cause: error });
}

/** `interrupted`: the message of an interrupt; default: that it came while the peer was waited for. */
export async function untilReady(
  port: Port,
  timeoutMs: number,
  signal: AbortSignal,
  interrupted: () => string = () => `interrupted while waiting for the peer of ${port.spec.text}`,
): Promise<void> {
  if (port.rings() !== null) return;
  let refuse = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    refuse = () => reject(interruptedError(interrupted()));
    signal.addEventListener("abort", refuse, { once: true });
    if (signal.aborted) refuse();
  });
  try {
    await Promise.race([port.ready(timeoutMs), aborted]);
  } finally {
    signal.removeEventListener("abort", refuse);
  }
}
