/** Compares testpmd's own rate with ours, in a trial at max: two looks at both while frames go. */
import type { TrialProgress } from "../engine/trial/index.js";
import { rateWord } from "../stats/words.js";
import { sleepNs } from "../sys/sleep.js";
import type { RunningDevice } from "./device.js";
import type { PlannedTraffic } from "./planned.js";

/** Shorter than this, the time that a command takes is too much of it. */
const leastDurationNs = 500_000_000;

interface Look {
  readonly received: number;
  readonly elapsedNs: number;
  /** Of testpmd, since the look before. */
  readonly txPps: number;
}

/** `show port stats` between two looks at our counters: theirs lies half path. */
async function look(device: RunningDevice, port: number, progress: () => TrialProgress | null): Promise<Look | null> {
  const before = progress();
  const stats = (await device.portStats()).find((one) => one.port === port);
  const after = progress();
  if (before === null || after === null || stats?.txPps == null || after.phase !== "sending") return null;
  return {
    received: (before.received + after.received) / 2,
    elapsedNs: (before.elapsedNs + after.elapsedNs) / 2,
    txPps: stats.txPps,
  };
}

/**
 * A sentence with both rates over the same piece of the trial; null where the trial is too short to tell.
 * `device` has the other end of the generator's port.
 */
export async function compareRates(
  { path, durationNs }: PlannedTraffic,
  device: RunningDevice | undefined,
  progress: () => TrialProgress | null,
): Promise<string | null> {
  const port = path[0]?.rxPort;
  if (device === undefined || port === undefined || durationNs === null || durationNs < leastDurationNs) return null;
  await sleepNs(durationNs * 0.2);
  const first = await look(device, port, progress);
  await sleepNs(durationNs * 0.6);
  const second = await look(device, port, progress);
  if (first === null || second === null) return null;
  const spanNs = second.elapsedNs - first.elapsedNs;
  const oursPps = ((second.received - first.received) * 1e9) / spanNs;
  const apart = Math.abs(oursPps - second.txPps) / Math.max(oursPps, 1);
  const ours = `${rateWord(oursPps)} arrived`;
  return `over ${Math.round(spanNs / 1e6)} ms testpmd's port ${port} sent ${rateWord(second.txPps)} by its own figures, and ${ours} (${(apart * 100).toFixed(2)} % apart)`;
}
