/**
 * `replay`: at top speed on a vhost-user ring beside generated traffic, and on a veth beside tcpreplay; and with a file's
 * own gaps at 100 kpps beside tcpreplay's, as a third program with the kernel's timestamps sees them at the other end. A replay has
 * one thread more than a generator, which reads the file: on two CPUs it shares one with a device that polls, and the
 * figure on a ring is then the scheduler's.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { CaptureReader } from "../src/pcap/index.js";
import { median } from "../src/stats/rank-test.js";
import { readInterface } from "../src/sys/net/netdev.js";
import { inNetns } from "../src/sys/net/netns.js";
import { startOwnDevice } from "./device.js";
import { openRig, sentPps } from "./generate.js";
import { alternate, type Contender } from "./harness.js";
import { compared, type Outcome } from "./outcome.js";
import { openPlace, ownCpu, peerCpu, sleep } from "./place.js";
import { frameCapture, netns, openPair, runMs, tcpreplayPeers, unit } from "./veth.js";

const run = promisify(execFile);
const command = "dist/cli/main.js";

/** The built command, as its users run it; what its JSON says. */
async function replay(...args: readonly string[]): Promise<{ readonly sent: number; readonly durationNs: number }> {
  const words = [command, "replay", ...args, "--cores", String(ownCpu), "--busy", "--settle", "100ms", "--json", "-"];
  return JSON.parse((await run(process.execPath, words, { maxBuffer: 1e8 })).stdout);
}

const atTopSpeed = ["--top-speed", "--loops", "forever", "--duration", `${runMs}ms`];

/** Into our own device side, which takes frames without looking at them and so is not the limit. */
const onRing = (name: string, send: (port: string) => Promise<number>): Contender => ({
  name,
  async run() {
    using place = openPlace();
    const socket = place.path("sink.sock");
    await using _device = await startOwnDevice(socket, "rxonly");
    return await send(`virtio-user:${socket},ring=packed,size=1024`);
  },
});

const ringContenders = (capture: string): Contender[] => [
  onRing("vhost-user, replayed at top speed", async (port) => {
    const { sent, durationNs } = await replay(capture, "--tx", port, ...atTopSpeed);
    return (sent * 1e3) / durationNs;
  }),
  onRing("vhost-user, generated", async (port) => {
    await using rig = await openRig(port, 1, ownCpu);
    return sentPps(await rig.trial({ durationNs: runMs * 1e6 })) / 1e6;
  }),
];

const receivedAt = (): number => inNetns(netns, "bench", () => readInterface("v2")!.statistics.rxPackets);

const onVeth = (capture: string, kind: "packet" | "xdp"): Contender => ({
  name: `veth, replayed at top speed, ${kind}:`,
  async run() {
    using _pair = openPair();
    const before = receivedAt();
    const { durationNs } = await replay(capture, "--tx", `${kind}:v1,netns=${netns}`, ...atTopSpeed);
    return ((receivedAt() - before) * 1e3) / durationNs;
  },
});

const timedFrames = 200_000;
const gapNs = 10_000;

/** How far the gaps that a receiver saw are from the file's, sorted, over all rounds of a contender. */
interface Timed {
  readonly name: string;
  readonly offNs: number[];
  /** Of each run, how far its first gap was off: what a cold path costs. */
  readonly firstOffNs: number[];
  lost: number;
}

const shareWithin = (offNs: readonly number[], limitNs: number): number =>
  offNs.filter((off) => off <= limitNs).length / offNs.length;

/** Gaps of a capture that has every frame; frames that are not there make longer gaps, and count as such. */
async function gapsOff(path: string): Promise<{ readonly offNs: number[]; readonly frames: number }> {
  using reader = await CaptureReader.open(path);
  const offNs: number[] = [];
  let frames = 0;
  let [seconds, nanoseconds] = [0, 0];
  for await (const batch of reader.batches()) {
    for (let i = 0; i < batch.count; i++) {
      const gap = (batch.seconds[i] - seconds) * 1e9 + batch.nanoseconds[i] - nanoseconds;
      [seconds, nanoseconds] = [batch.seconds[i], batch.nanoseconds[i]];
      if (frames++ > 0) offNs.push(Math.abs(gap - gapNs));
    }
  }
  return { offNs, frames };
}

/** The share of gaps within 10 µs, as dumpcap saw them: it writes nanoseconds, and knows neither of the senders. */
const timed = (into: Timed, send: () => Promise<unknown>): Contender => ({
  name: into.name,
  async run() {
    using place = openPlace();
    using _pair = openPair();
    const seen = place.path("seen.pcapng");
    const limits = ["-a", "duration:15", "-c", String(timedFrames), "-B", "128", "-s", "64"];
    const words = ["netns", "exec", netns, "taskset", "-c", String(peerCpu), "dumpcap", "-q", "-i", "v2", ...limits];
    const judge = spawn("ip", [...words, "-w", seen], { stdio: "ignore" });
    const ended = once(judge, "close");
    for (let i = 0; i < 50 && !(existsSync(seen) && readFileSync(seen).length > 0); i++) await sleep(100);
    await sleep(300);
    await send();
    await sleep(1_000);
    judge.kill("SIGINT");
    await ended;
    const { offNs, frames } = await gapsOff(seen);
    for (const off of offNs) into.offNs.push(off);
    into.firstOffNs.push(offNs[0] ?? Number.NaN);
    into.lost += timedFrames - frames;
    return shareWithin(offNs, 10_000) * 100;
  },
});

function distribution({ name, offNs, firstOffNs, lost }: Timed): string {
  const sorted = Float64Array.from(offNs).sort();
  const micros = (ns: number): string => `${(ns / 1e3).toFixed(2)} µs`;
  const at = (share: number): string => micros(sorted[Math.floor((sorted.length - 1) * share)]);
  const points = [0.5, 0.9, 0.99, 0.999, 1].map((share) => `${+(share * 100).toFixed(1)} %: ${at(share)}`).join(", ");
  const within = [1, 10, 100].map((us) => `${us} µs ${(shareWithin(offNs, us * 1e3) * 100).toFixed(2)} %`).join(", ");
  return `${name}: off by ${points}; within ${within}; the first gap ${micros(median(firstOffNs))}; ${lost} frames not seen`;
}

async function timing(capture: string, rounds: number): Promise<{ outcome: Outcome; lines: string[] }> {
  const tables: Timed[] = [];
  const contender = (name: string, send: () => Promise<unknown>): Contender => {
    const table: Timed = { name, offNs: [], firstOffNs: [], lost: 0 };
    tables.push(table);
    return timed(table, send);
  };
  // Its most exact timer; with --timer=nano it sleeps, and needs several times the file's duration.
  const words = [
    "netns",
    "exec",
    netns,
    "taskset",
    "-c",
    String(ownCpu),
    "tcpreplay",
    "--preload-pcap",
    "--timer=gtod",
  ];
  const theirs = (): Contender =>
    contender("tcpreplay --timer=gtod", () => run("ip", [...words, "-i", "v1", capture], { timeout: 12_000 }));
  const contenders = [
    contender("pktgen-ts replay", () => replay(capture, "--tx", `packet:v1,netns=${netns}`)),
    ...(existsSync("/usr/bin/tcpreplay") ? [theirs()] : []),
  ];
  const outcome = compared(await alternate(contenders, rounds, "% of gaps within 10 µs"));
  return { outcome, lines: tables.map(distribution) };
}

export async function replayBench(rounds: number): Promise<Outcome> {
  using place = openPlace();
  const capture = frameCapture(place);
  const ring = compared(await alternate(ringContenders(capture), rounds, "Mpps"));
  const peers = tcpreplayPeers(capture);
  const veth = compared(await alternate([onVeth(capture, "packet"), ...peers], rounds, unit));
  const xdp = compared(await alternate([onVeth(capture, "xdp"), ...peers], rounds, unit));
  const parts = [ring, veth, xdp];
  const lines: string[] = [];
  if (existsSync("/usr/bin/dumpcap")) {
    const { outcome, lines: more } = await timing(frameCapture(place, timedFrames, gapNs), rounds);
    parts.push(outcome);
    lines.push(...more);
  } else lines.push("dumpcap is not installed: nobody to see the gaps");
  return {
    lines: [...parts.flatMap((part) => part.lines), ...lines],
    series: parts.flatMap(({ series }) => series),
    ratios: Object.assign({}, ...parts.map(({ ratios }) => ratios)),
  };
}
