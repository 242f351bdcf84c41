/** How evenly frames leave at a set rate, and whether the rate asked for is the rate sent; also past 2^31 and 2^32. */
import type { TrialReport } from "../src/stats/trial-report.js";
import { openRig, sentPps } from "./generate.js";
import { alternate } from "./harness.js";
import { compared, type Outcome } from "./outcome.js";
import { openPlace, ownCpu } from "./place.js";
import { hasTestpmd, Testpmd } from "./testpmd.js";

async function withSink<T>(
  run: (trial: Awaited<ReturnType<typeof openRig>>["trial"]) => Promise<T>,
  mode: string,
): Promise<T> {
  using place = openPlace();
  const socket = place.path("sink.sock");
  const sink = await Testpmd.onSocket({ directory: place.directory, socket, mode });
  try {
    await sink.command("start");
    await using rig = await openRig(`virtio-user:${socket},ring=packed,size=1024`, 1, ownCpu);
    return await run(rig.trial);
  } finally {
    await sink.quit();
  }
}

const rates = [1e3, 1e5, 1e6];

export async function pacingBench(rounds: number): Promise<Outcome> {
  if (!hasTestpmd()) return compared([]);
  const details: unknown[] = [];
  const series = await alternate(
    rates.flatMap((pps) => {
      let report: TrialReport;
      const name = `${pps / 1000} kpps for 5 s into testpmd`;
      return [
        {
          name: `${name}: rate off by`,
          better: "lower" as const,
          run: () =>
            withSink(async (trial) => {
              report = await trial({ load: { kind: "paced", pps }, durationNs: 5e9 });
              details.push({ pps, transmit: { ...report.transmit, queues: undefined } });
              return (Math.abs(sentPps(report) - pps) / pps) * 100;
            }, "rxonly"),
        },
        { name: `${name}: gaps within 64 ns`, run: async () => (report.transmit.pacing?.within64ns ?? 0) * 100 },
        {
          name: `${name}: p99.99 of the gaps, us`,
          better: "lower" as const,
          run: async () => (report.transmit.pacing?.p99_99Ns ?? 0) / 1000,
        },
      ];
    }),
    rounds,
    "%",
  );
  const outcome = compared(series, { details });
  return { ...outcome, lines: outcome.lines.filter((line) => !line.includes("ratio")), ratios: {} };
}

/** Frames numbered past 2^31 and 2^32 must cause no phantom loss and no step in the rate. */
export async function sequenceBench(_rounds: number): Promise<Outcome> {
  if (!hasTestpmd()) return compared([]);
  const lines: string[] = [];
  for (const start of [0, 2 ** 31 - 100_000, 2 ** 32 - 100_000]) {
    const report = await withSink(
      (trial) => trial({ startSequence: start, load: { kind: "paced", pps: 100_000 }, durationNs: 2e9 }),
      "io",
    );
    const { transmit, receive } = report;
    const lost = transmit.intended - transmit.blocked - transmit.missed - receive.accepted;
    lines.push(
      `from ${start}: sent ${transmit.intended - transmit.blocked}, accepted ${receive.accepted}, lost ${lost}, ` +
        `reordered ${receive.reordered}, tooOld ${receive.tooOld}, ${(sentPps(report) / 1000).toFixed(2)} kpps`,
    );
  }
  return { lines, series: [], ratios: {} };
}
