/** Runs our generator on a port for a benchmark: one trial, its report. */

import type { TrialSpec } from "../src/engine/loop/trial-spec.js";
import type { Generator } from "../src/engine/trial/generator.js";
import { startGenerator } from "../src/engine/trial/start-generator.js";
import { openPort, type Port, parsePortSpec } from "../src/port/index.js";
import type { TrialReport } from "../src/stats/trial-report.js";
import { defaultPlainTraffic, trafficOf } from "../src/stream/spec.js";
import { fixedSize } from "../src/units.js";

export interface Rig extends AsyncDisposable {
  trial(changes: Partial<TrialSpec>): Promise<TrialReport>;
}

/** Two seconds of 64-byte frames at max, unless a benchmark says otherwise. */
export const baseOrder: TrialSpec = {
  trial: 1,
  stream: trafficOf(defaultPlainTraffic),
  size: fixedSize(64),
  queues: 1,
  startSequence: 0,
  load: { kind: "max" },
  count: null,
  durationNs: 2e9,
  settleNs: 100e6,
  integrity: false,
  cooperative: false,
};

/**
 * Opens the port (and another to receive on), starts the generator's thread on `cpu`, and warms its loops up.
 */
export async function openRig(
  spec: string,
  queues: number,
  cpu: number,
  rxSpec: string | null = null,
  programs: readonly string[] = [],
): Promise<Rig> {
  const opened: Port[] = [];
  let generator: Generator | null = null;
  const close = async (): Promise<void> => {
    await generator?.[Symbol.asyncDispose]();
    for (const port of opened) await port[Symbol.asyncDispose]();
  };
  try {
    const both = rxSpec === null;
    opened.push(await openPort(parsePortSpec(spec), { maxFrameBytes: 1518, receives: both }));
    if (!both) opened.push(await openPort(parsePortSpec(rxSpec), { maxFrameBytes: 1518, sends: false }));
    for (const port of opened) await port.ready(10_000);
    generator = await startGenerator({ tx: opened[0]!, rx: opened[1] ?? null, programs, cpu, busy: true });
    const { runTrial } = generator;
    const trial = (changes: Partial<TrialSpec>): Promise<TrialReport> =>
      runTrial({ ...baseOrder, queues, ...changes }, new AbortController().signal);
    await trial({ trial: 0, durationNs: 300e6 });
    return { trial, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

export const sentPps = ({ transmit }: TrialReport): number =>
  (transmit.queues.reduce((sum, queue) => sum + queue.published - queue.outstanding, 0) * 1e9) / transmit.windowNs;

export const receivedPps = ({ transmit, receive }: TrialReport): number =>
  ((receive.inWindow?.frames ?? 0) * 1e9) / transmit.windowNs;
