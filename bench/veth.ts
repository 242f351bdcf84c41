/**
 * What benchmarks of interfaces share: one veth pair in a network namespace of the benchmark's own, and the other
 * programs that send on it: trafgen and tcpreplay, each one 64-byte frame again and again, on one core, into an end that
 * nobody listens at, which is the least work.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { writeCaptureFile } from "../src/pcap/index.js";
import { compileStream } from "../src/stream/frames/compile.js";
import { frameAt } from "../src/stream/frames/frame.js";
import { defaultPlainTraffic, trafficOf } from "../src/stream/spec.js";
import { readInterface } from "../src/sys/net/netdev.js";
import { inNetns } from "../src/sys/net/netns.js";
import { fixedSize } from "../src/units.js";
import type { Contender } from "./harness.js";
import { ownCpu, type Place, sleep } from "./place.js";

export const netns = `pktgen-bench-${process.pid}`;
export const runMs = 1_000;
const settleMs = 500;
export const unit = "Mpps received";

const ip = (...args: readonly string[]): unknown => execFileSync("ip", args, { stdio: "ignore" });

/** A fresh pair each time: nothing of the contender before is left on it. */
export function openPair(): Disposable {
  ip("netns", "add", netns);
  const quiet = ["net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"];
  ip("netns", "exec", netns, "sysctl", "-qw", ...quiet);
  ip("-n", netns, "link", "add", "v1", "type", "veth", "peer", "name", "v2");
  for (const end of ["v1", "v2"]) ip("-n", netns, "link", "set", end, "up");
  return { [Symbol.dispose]: () => ip("netns", "del", netns) };
}

const received = (): number => inNetns(netns, "bench", () => readInterface("v2")!.statistics.rxPackets);

/** Runs a program in the namespace, on our CPU, for as long as it is measured. */
const theirs = (name: string, program: string, args: readonly string[]): Contender => ({
  name,
  async run() {
    using _pair = openPair();
    // It ends by itself, whatever becomes of us; trafgen forks, and both of it must go.
    const limit = ["timeout", "--kill-after=1", String((2 * settleMs + runMs) / 1e3)];
    const words = ["netns", "exec", netns, ...limit, "taskset", "-c", String(ownCpu), program, ...args];
    const child = spawn("ip", words, { stdio: "ignore" });
    const ended = new Promise((resolve) => child.once("close", resolve));
    await sleep(settleMs);
    const [startNs, start] = [process.hrtime.bigint(), received()];
    await sleep(runMs);
    const mpps = ((received() - start) * 1e3) / Number(process.hrtime.bigint() - startNs);
    await ended;
    return mpps;
  },
});

const installed = (path: string): boolean => existsSync(path);

/** The frame that everybody sends. */
function benchFrame(): Uint8Array {
  const program = compileStream(trafficOf(defaultPlainTraffic), fixedSize(64));
  return frameAt(program, 0, { trial: 0, stream: 0, sequence: 0, timeNs: 0 });
}

/** A capture of `count` such frames, `gapNs` apart. */
export function frameCapture(place: Place, count = 1_000, gapNs = 0): string {
  const path = place.path(`frames-${count}.pcap`);
  const bytes = benchFrame();
  const frames = Array.from({ length: count }, (_, i) => ({
    seconds: Math.floor((i * gapNs) / 1e9),
    nanoseconds: (i * gapNs) % 1e9,
    bytes,
    originalBytes: bytes.length,
  }));
  writeCaptureFile(path, frames);
  return path;
}

/** None where it is not installed. */
export const tcpreplayPeers = (capture: string): Contender[] =>
  installed("/usr/bin/tcpreplay")
    ? [theirs("tcpreplay --topspeed", "tcpreplay", ["--topspeed", "--preload-pcap", "--loop=0", "-i", "v1", capture])]
    : [];

/** The peers that are installed. */
export function peers(place: Place): Contender[] {
  const config = place.path("frame.cfg");
  writeFileSync(config, `{ ${[...benchFrame()].map((byte) => `0x${byte.toString(16)}`).join(", ")} }\n`);
  return [
    ...(installed("/usr/sbin/trafgen")
      ? [theirs("trafgen", "trafgen", ["--dev", "v1", "--conf", config, "--cpus", "1", "--no-sock-mem"])]
      : []),
    ...tcpreplayPeers(frameCapture(place)),
  ];
}
