/**
 * `packet:` beside trafgen and tcpreplay: 64-byte frames over one veth pair in a namespace, one core sending; the figure
 * is what the other end's interface counted. Ours carry a signature each. Then the same rate less a tenth, received and
 * analysed by a packet: port on the other end, which must lose nothing.
 */
import { readInterface } from "../src/sys/net/netdev.js";
import { inNetns } from "../src/sys/net/netns.js";
import { openRig } from "./generate.js";
import { alternate, type Contender } from "./harness.js";
import { compared, type Outcome } from "./outcome.js";
import { openPlace, ownCpu } from "./place.js";
import { netns, openPair, peers, runMs, unit } from "./veth.js";

const port = (end: string): string => `packet:${end},netns=${netns}`;
const receivedAt = (): number => inNetns(netns, "bench", () => readInterface("v2")!.statistics.rxPackets);

const sends: Contender = {
  name: "pktgen-ts packet:, signed",
  async run() {
    using _pair = openPair();
    await using rig = await openRig(port("v1"), 1, ownCpu);
    const before = receivedAt();
    const { transmit } = await rig.trial({ durationNs: runMs * 1e6 });
    return ((receivedAt() - before) * 1e3) / transmit.windowNs;
  },
};

/** Lost of sent at nine tenths of this rate, in one thread that sends and analyses. */
async function lossAt(mpps: number): Promise<{ readonly sent: number; readonly lost: number }> {
  using _pair = openPair();
  await using rig = await openRig(port("v1"), 1, ownCpu, port("v2"));
  const load = { kind: "paced", pps: 0.9 * mpps * 1e6 } as const;
  const { transmit, receive } = await rig.trial({ load, durationNs: runMs * 1e6 });
  const sent = transmit.queues.reduce((sum, queue) => sum + queue.published - queue.outstanding, 0);
  return { sent, lost: sent - receive.accepted };
}

export async function interfacesBench(rounds: number): Promise<Outcome> {
  using place = openPlace();
  const series = await alternate([sends, ...peers(place)], rounds, unit);
  const outcome = compared(series, {});
  const rate = await sends.run();
  const { sent, lost } = await lossAt(rate);
  const line = `received with full analysis at 90 % of ${rate.toFixed(3)} Mpps: ${lost} of ${sent} frames lost`;
  return { ...outcome, lines: [...outcome.lines, line] };
}
