/**
 * 64-byte frames over one veth pair in a network namespace of the benchmark's own. Ours are numbered, stamped and judged
 * by an xdp: port on the other end; what trafgen and tcpreplay do is in veth.ts. One core sends in each case; the figure
 * is what the other end received.
 */
import { readInterface } from "../src/sys/net/netdev.js";
import { inNetns } from "../src/sys/net/netns.js";
import { openRig } from "./generate.js";
import { alternate, type Contender } from "./harness.js";
import { compared, type Outcome } from "./outcome.js";
import { openPlace, ownCpu } from "./place.js";
import { netns, openPair, peers, runMs, unit } from "./veth.js";

/** Frames that came to no account, over all runs of ours: none should. */
let unexplained = 0;

const ours = (name: string, tx: string): Contender => ({
  name: `pktgen-ts ${name}, signed, into xdp:, judged`,
  async run() {
    using _pair = openPair();
    await using rig = await openRig(`xdp:v1,netns=${netns}${tx}`, 1, ownCpu, `xdp:v2,netns=${netns}`);
    const before = inNetns(netns, "bench", () => readInterface("v2")!.statistics);
    const { transmit, receive } = await rig.trial({ durationNs: runMs * 1e6 });
    const after = inNetns(netns, "bench", () => readInterface("v2")!.statistics);
    const sent = transmit.queues.reduce((sum, queue) => sum + queue.published - queue.outstanding, 0);
    unexplained += Math.abs(sent - receive.accepted - (after.rxDropped - before.rxDropped));
    return ((receive.inWindow?.frames ?? 0) * 1e3) / transmit.windowNs;
  },
});

export async function xdpBench(rounds: number): Promise<Outcome> {
  using place = openPlace();
  const contenders = [ours("tx=live", ",tx=live"), ...peers(place), ours("tx=ring", "")];
  return compared(await alternate(contenders, rounds, unit), { unexplained });
}
