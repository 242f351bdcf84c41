/**
 * Live sessions: how long a start takes to its first frame, and a change of rate to its effect, while thousands of flows
 * run; CPU time a frame beside a trial of as many streams; and what readers of the counters cost the traffic.
 */
import { parsePortSpec } from "../src/port/index.js";
import { type FlowSpec, openSession, type Session, type SessionEvent } from "../src/session/index.js";
import { median } from "../src/stats/rank-test.js";
import { plainStream, type TrafficSpec } from "../src/stream/index.js";
import { defaultPlainTraffic, layersOf } from "../src/stream/spec.js";
import { monotonicClock } from "../src/sys/clock.js";
import { fixedSize } from "../src/units.js";
import { startOwnDevice } from "./device.js";
import { openRig, sentPps } from "./generate.js";
import { alternate, pairedRatio } from "./harness.js";
import { type Outcome, seriesLine } from "./outcome.js";
import { openPlace, ownCpu, sleep } from "./place.js";
import { trafficOf } from "./traffic.js";

const manyFlows = 4_096;
const { nowNs } = monotonicClock();
const pps = (value: number) => ({ kind: "pps", pps: value }) as const;

const flowOf = (name: string, number: number, to: string, changes: Partial<FlowSpec> = {}): FlowSpec => ({
  name,
  from: "p0",
  to: [to],
  frames: { kind: "stream", layers: layersOf(defaultPlainTraffic, number), size: fixedSize(64) },
  rate: pps(5),
  ...changes,
});

/** A session on both sides of one socket, with these many flows at 20 kpps together, and one more. */
async function openMany(path: string): Promise<Session> {
  const port = (name: string, text: string) => ({ name, port: parsePortSpec(text) });
  const session = await openSession({
    ports: [port("p0", `vhost:${path},server=on`), port("p1", `virtio-user:${path}`)],
    capacity: 2 * manyFlows,
    cpu: ownCpu,
  });
  const each = pps(20_000 / (manyFlows - 1));
  await session.addFlows(Array.from({ length: manyFlows - 1 }, (_, k) => flowOf(`f${k}`, k, "p1", { rate: each })));
  await session.start("all");
  return session;
}

/** What to take from the clock that all threads share to have a session's time. */
async function epochOf(session: Session): Promise<number> {
  let epochNs = 0;
  const end = session.onEvent((event: SessionEvent) => {
    epochNs = nowNs() - event.atNs;
  });
  await session.setRate(["f0"], pps(5));
  end();
  return epochNs;
}

interface Delays {
  readonly startMs: number[];
  readonly rateMs: number[];
}

/** The probe's counters once it has sent so many in this generation. */
async function probeSent(session: Session, generation: number, frames: number) {
  for (;;) {
    const probe = session.sample().flows.find(({ name }) => name === "probe")!;
    if (probe.generation === generation && probe.sent === frames) return probe;
    await sleep(5);
  }
}

/** A flow that sends twice, the second time because its rate was changed. */
async function delays(session: Session, epochNs: number, times: number): Promise<Delays> {
  const found: Delays = { startMs: [], rateMs: [] };
  await session.addFlows([flowOf("probe", manyFlows, "p1", { duration: { kind: "frames", frames: 2 } })]);
  for (let time = 1; time <= times; time++) {
    await session.setRate(["probe"], pps(1));
    await sleep(20);
    const startedNs = nowNs() - epochNs;
    await session.start(["probe"]);
    const { firstSentNs } = await probeSent(session, time, 1);
    found.startMs.push((firstSentNs! - startedNs) / 1e6);
    await sleep(20);
    const changedNs = nowNs() - epochNs;
    await session.setRate(["probe"], pps(10_000));
    const { lastSentNs } = await probeSent(session, time, 2);
    found.rateMs.push((lastSentNs! - changedNs) / 1e6);
  }
  return found;
}

/** Ten pages look four times a second, and something asks a hundred times a second. Returns how it ends. */
function readers(session: Session): () => void {
  const look = (): number => JSON.stringify(session.snapshot()).length;
  const timers = [
    ...Array.from({ length: 10 }, () => setInterval(look, 250)),
    setInterval(() => session.snapshot().ports.length, 10),
  ];
  return () => {
    for (const timer of timers) clearInterval(timer);
  };
}

/** The share of frames that leave late, with and without readers. */
async function lateShare(session: Session, seconds: number): Promise<number> {
  const sum = () => {
    const { flows } = session.sample();
    return flows.reduce((all, { sent, late }) => ({ sent: all.sent + sent, late: all.late + late }), {
      sent: 0,
      late: 0,
    });
  };
  const before = sum();
  await sleep(seconds * 1000);
  const after = sum();
  return (after.late - before.late) / (after.sent - before.sent);
}

const spread = (name: string, values: readonly number[]): string =>
  `${name.padEnd(58)} ${median(values).toFixed(2)} ms   (max ${Math.max(...values).toFixed(2)}, ${values.length} times)`;

async function liveLines(rounds: number): Promise<string[]> {
  using place = openPlace();
  await using session = await openMany(place.path("s"));
  const epochNs = await epochOf(session);
  await sleep(1000);
  const { startMs, rateMs } = await delays(session, epochNs, 10 * rounds);
  const samples = Array.from({ length: 10 }, () => {
    const from = performance.now();
    session.sample();
    return performance.now() - from;
  });
  const late: [alone: number[], read: number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    late[0].push(await lateShare(session, 2));
    const end = readers(session);
    late[1].push(await lateShare(session, 2));
    end();
  }
  const [alone, read] = late.map((shares) => `${(median(shares) * 100).toFixed(2)} %`);
  return [
    spread(`${manyFlows} flows: start to first frame`, startMs),
    spread(`${manyFlows} flows: change of rate to its effect`, rateMs),
    spread(`${manyFlows} flows: a sample`, samples),
    `frames late alone ${alone}, with 10 pages and 100 questions a second ${read}`,
  ];
}

/** More than any thread sends: what leaves is what it can do. */
const tooMuchPps = 12e6;

const trafficWith = (streams: number): TrafficSpec =>
  trafficOf(
    ...Array.from({ length: streams }, (_, k) => ({
      ...plainStream(`s${k}`, layersOf(defaultPlainTraffic, k)),
      rate: pps(tooMuchPps / streams),
    })),
  );

async function sessionNs(flows: number): Promise<number> {
  using place = openPlace();
  const socket = place.path("io");
  await using _device = await startOwnDevice(socket, "io");
  const port = parsePortSpec(`virtio-user:${socket},ring=packed,size=1024`);
  await using session = await openSession({ ports: [{ name: "p0", port }], cpu: ownCpu, busy: true });
  const rate = pps(tooMuchPps / flows);
  await session.addFlows(Array.from({ length: flows }, (_, k) => flowOf(`f${k}`, k, "p0", { rate })));
  await session.start("all");
  await sleep(500);
  const before = session.sample();
  await sleep(1_500);
  const after = session.sample();
  return (after.atNs - before.atNs) / (after.ports[0]!.txFrames - before.ports[0]!.txFrames);
}

async function trialNs(streams: number): Promise<number> {
  using place = openPlace();
  const socket = place.path("io");
  await using _device = await startOwnDevice(socket, "io");
  await using rig = await openRig(`virtio-user:${socket},ring=packed,size=1024`, 1, ownCpu);
  const load = { kind: "own", lineRateBps: null } as const;
  const report = await rig.trial({ stream: trafficWith(streams), size: fixedSize(64), load, durationNs: 2e9 });
  return 1e9 / sentPps(report);
}

export async function sessionBench(rounds: number): Promise<Outcome> {
  const lines: string[] = [];
  const contenders = [1, 16, 1_000, manyFlows].flatMap((flows) => [
    { name: `session, ${flows} flows, there and back: a frame`, run: () => sessionNs(flows) },
    { name: `trial, ${flows} streams, there and back: a frame`, run: () => trialNs(flows) },
  ]);
  const series = await alternate(contenders, rounds, "ns", "lower");
  const ratios: Record<string, number> = {};
  for (let k = 0; k < series.length; k += 2) {
    const [live, trial] = [series[k]!, series[k + 1]!];
    ratios[`${live.name} / ${trial.name}`] = pairedRatio(live, trial);
  }
  lines.push(...series.map(seriesLine));
  for (const [name, ratio] of Object.entries(ratios)) lines.push(`  ratio ${ratio.toFixed(2)}   ${name}`);
  lines.push(...(await liveLines(rounds)));
  return { lines, series, ratios };
}
