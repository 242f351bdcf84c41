/** The end of what readers follow: they get it before the server leaves them. */
import { sleepNs } from "../../sys/sleep.js";

/** How long slow readers may take for it. */
const patienceMs = 2_000;
const lookEveryNs = 20e6;

/** Resolves when nobody reads any more. One who takes nothing is not waited for. */
export async function lastEventsRead(server: { readonly eventStreams: number }): Promise<void> {
  const untilMs = performance.now() + patienceMs;
  while (server.eventStreams > 0 && performance.now() < untilMs) await sleepNs(lookEveryNs);
}
