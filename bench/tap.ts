/**
 * How fast frames go through a tap, 64 bytes with a full signature, both ways of moving them: into the kernel, which
 * drops them, and through a Linux bridge to a second tap, where each is analysed by the same thread.
 */
import { startGenerator } from "../src/engine/trial/start-generator.js";
import { openPort, parsePortSpec } from "../src/port/index.js";
import { ip, makeNetns } from "../test/support/netns.js";
import { baseOrder, openRig, receivedPps, sentPps } from "./generate.js";
import { alternate, type Contender } from "./harness.js";
import { compared, type Outcome } from "./outcome.js";
import { ownCpu } from "./place.js";

const runNs = 1.5e9;
const ways = ["io_uring", "calls"] as const;

const intoKernel = (io: string): Contender => ({
  name: `tap to kernel, ${io}`,
  async run() {
    using netns = makeNetns();
    await using rig = await openRig(`tap:t0,netns=${netns.name},io=${io}`, 1, ownCpu);
    return sentPps(await rig.trial({ durationNs: runNs })) / 1e6;
  },
});

const overBridge = (io: string): Contender => ({
  name: `tap to bridge to tap, sent and received, ${io}`,
  async run() {
    using netns = makeNetns();
    const port = (name: string) => openPort(parsePortSpec(`tap:${name},netns=${netns.name},io=${io}`));
    await using tx = await port("t0");
    await using rx = await port("t1");
    ip(netns.name, "link", "add", "bridge", "up", "type", "bridge", "mcast_snooping", "0");
    for (const name of ["t0", "t1"]) ip(netns.name, "link", "set", "dev", name, "master", "bridge");
    await using generator = await startGenerator({ tx, rx, cpu: ownCpu, busy: true });
    const trial = (number: number, durationNs: number) =>
      generator.runTrial({ ...baseOrder, trial: number, durationNs }, new AbortController().signal);
    await trial(0, 3e8);
    return receivedPps(await trial(1, runNs)) / 1e6;
  },
});

export async function tapBench(rounds: number): Promise<Outcome> {
  const [kernel, bridge] = [
    compared(await alternate(ways.map(intoKernel), rounds, "Mpps")),
    compared(await alternate(ways.map(overBridge), rounds, "Mpps")),
  ];
  return {
    lines: [...kernel.lines, ...bridge.lines],
    series: [...kernel.series, ...bridge.series],
    ratios: { ...kernel.ratios, ...bridge.ratios },
  };
}
