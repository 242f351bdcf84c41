/**
 * Ten thousand streams, each at a rate of its own (20 to 200 frames a second, together 1.1 Mpps), on one thread through a
 * packed ring to another process and back: how many frames each stream sent and got back, over its rate × time.
 */
import { readFileSync } from "node:fs";
import type { TrialReport } from "../src/stats/trial-report.js";
import type { TrafficSpec } from "../src/stream/index.js";
import { udp4 } from "../src/stream/program/api.js";
import { fixedSize } from "../src/units.js";
import { startOwnDevice } from "./device.js";
import { openRig } from "./generate.js";
import type { Outcome } from "./outcome.js";
import { openPlace, ownCpu } from "./place.js";
import { hasTestpmd, Testpmd } from "./testpmd.js";
import { changing, counted, trafficOf } from "./traffic.js";

const streams = 10_000;
/** The slowest stream sends 200 frames, so that one of them is half a percent. */
const durationNs = 10e9;
/** Less than 1 where a machine cannot do 1.1 Mpps there and back on one thread. */
const scale = Number(process.env["BENCH_STREAMS_SCALE"] ?? 1);
const ppsOf = (stream: number): number => scale * (20 + ((stream * 7919) % 181));

const spec: TrafficSpec = trafficOf(
  ...Array.from({ length: streams }, (_, k) => ({
    ...changing(udp4(), [counted("udp.srcPort", k, k + 7)], `s${k}`),
    rate: { kind: "pps" as const, pps: ppsOf(k) },
  })),
);

/** CPU time that the hypervisor took, in seconds of one CPU. */
const stolenSeconds = (): number => Number(readFileSync("/proc/stat", "utf8").split("\n")[0].split(/\s+/)[8]) / 100;

/** Share of the frames that should be; one frame more or less is where the time begins and ends. */
const offBy = (frames: number, wanted: number): number => Math.max(0, Math.abs(frames - wanted) - 1) / wanted;

function described(name: string, { transmit, receive }: TrialReport, stolen: number): string[] {
  const ratios = (frames: readonly number[]): number[] =>
    frames.map((count, stream) => offBy(count, (ppsOf(stream) * durationNs) / 1e9)).sort((a, b) => a - b);
  const line = (what: string, frames: readonly number[]): string => {
    const off = ratios(frames);
    const within = off.filter((share) => share <= 0.01).length;
    const worst = ((off.at(-1) ?? 0) * 100).toFixed(2);
    return `${name}: ${what} within 1 % of its rate: ${within} of ${streams} streams, the worst off by ${worst} %`;
  };
  const sent = (transmit.streams ?? []).map((stream) => stream.sent);
  const total = sent.reduce((sum, count) => sum + count, 0);
  const { late, missed, blocked } = transmit;
  return [
    `${name}: ${((total * 1e3) / durationNs).toFixed(3)} Mpps; late ${late}, missed ${missed}, blocked ${blocked}; the hypervisor took ${stolen.toFixed(2)} s`,
    line("sent", sent),
    ...(receive.streams === undefined || receive.accepted === 0
      ? []
      : [
          line(
            "came back",
            receive.streams.map(({ accepted }) => accepted),
          ),
        ]),
  ];
}

async function run(name: string, socket: string): Promise<string[]> {
  await using rig = await openRig(`virtio-user:${socket},ring=packed,size=1024`, 1, ownCpu);
  const before = stolenSeconds();
  const load = { kind: "own", lineRateBps: null } as const;
  const report = await rig.trial({ stream: spec, size: fixedSize(64), load, durationNs });
  return described(name, report, stolenSeconds() - before);
}

async function intoOurs(): Promise<string[]> {
  using place = openPlace();
  const socket = place.path("streams.sock");
  await using _device = await startOwnDevice(socket, "io");
  return await run("embedded io", socket);
}

async function intoTestpmd(): Promise<string[]> {
  using place = openPlace();
  const socket = place.path("streams.sock");
  const forwarder = await Testpmd.onSocket({ directory: place.directory, socket, mode: "io" });
  try {
    await forwarder.command("start");
    return await run("testpmd io", socket);
  } finally {
    await forwarder.quit();
  }
}

export async function streamsBench(rounds: number): Promise<Outcome> {
  const lines: string[] = [];
  for (let round = 0; round < Math.min(rounds, 3); round++) {
    lines.push(...(await intoOurs()));
    if (hasTestpmd()) lines.push(...(await intoTestpmd()));
  }
  return { lines, series: [], ratios: {} };
}
