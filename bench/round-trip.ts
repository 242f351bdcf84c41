/**
 * There and back through testpmd io on one queue: our thread sends, receives and analyses every frame (signature,
 * sequence, duplicates, latency histogram), against testpmd's flowgen, which sends, receives and looks at nothing.
 */
import { openRig, receivedPps } from "./generate.js";
import { alternate, type Contender } from "./harness.js";
import { compared, type Outcome } from "./outcome.js";
import { openPlace, ownCpu, sleep } from "./place.js";
import { hasTestpmd, Testpmd } from "./testpmd.js";
import { senderVariants } from "./transmit.js";

const runMs = 1_500;

const startForwarder = (directory: string, socket: string): Promise<Testpmd> =>
  Testpmd.onSocket({ directory, socket, mode: "io" });

const ours: Contender = {
  name: "pktgen-ts, packed ring, every frame analysed",
  async run() {
    using place = openPlace();
    const socket = place.path("io.sock");
    const forwarder = await startForwarder(place.directory, socket);
    try {
      await forwarder.command("start");
      await using rig = await openRig(`virtio-user:${socket},ring=packed,size=1024`, 1, ownCpu);
      return receivedPps(await rig.trial({ durationNs: runMs * 1e6 })) / 1e6;
    } finally {
      await forwarder.quit();
    }
  },
};

const theirs = (variant: string): Contender => ({
  name: `testpmd flowgen, ${variant}`,
  async run() {
    using place = openPlace();
    const socket = place.path("io.sock");
    const forwarder = await startForwarder(place.directory, socket);
    const { vdev, eal } = senderVariants[variant];
    const sender = await Testpmd.start({
      directory: place.directory,
      prefix: "flowgen",
      cpu: ownCpu,
      vdevs: [`net_virtio_user0,path=${socket},queues=1,queue_size=1024,${vdev}`],
      eal,
      app: ["--forward-mode=flowgen", "--txpkts=60", "--txd=1024", "--rxd=1024"],
    });
    try {
      await forwarder.command("start");
      await sender.command("start");
      await sleep(300);
      await sender.rates();
      await sleep(runMs);
      return (await sender.rates()).rxPps / 1e6;
    } finally {
      await sender.quit();
      await forwarder.quit();
    }
  },
});

export async function roundTripBench(rounds: number): Promise<Outcome> {
  if (!hasTestpmd()) return compared([]);
  const contenders = [ours, ...Object.keys(senderVariants).map(theirs)];
  return compared(await alternate(contenders, rounds, "Mpps back"));
}
