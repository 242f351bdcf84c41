/** Waiting for a port's peer, which an interrupt ends at once. */
import { environmentError } from "../errors.js";
import type { Port } from "../port/port.js";

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
    refuse = () => reject(environmentError(interrupted()));
    signal.addEventListener("abort", refuse, { once: true });
    if (signal.aborted) refuse();
  });
  try {
    await Promise.race([port.ready(timeoutMs), aborted]);
  } finally {
    signal.removeEventListener("abort", refuse);
  }
}
