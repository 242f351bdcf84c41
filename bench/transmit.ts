/**
 * How fast frames leave: 64-byte frames with a full signature over a packed ring into testpmd rxonly, against
 * testpmd's own txonly over virtio_user (which sends prebuilt frames), and Pktgen-DPDK where it is; and into our own
 * device side, which takes frames without looking at them and so is not the limit.
 */
import type { TrialSpec } from "../src/engine/loop/trial-spec.js";
import { startOwnDevice } from "./device.js";
import { openRig, sentPps } from "./generate.js";
import { alternate, type Contender } from "./harness.js";
import { compared, type Outcome } from "./outcome.js";
import { findPktgen, PktgenDpdk } from "./pktgen-dpdk.js";
import { openPlace, ownCpu, sleep } from "./place.js";
import { hasTestpmd, Testpmd } from "./testpmd.js";

const runMs = 1_500;

/** testpmd's own ways of sending over virtio_user, best first on machines with AVX-512. */
export const senderVariants: Readonly<Record<string, { vdev: string; eal: readonly string[] }>> = {
  "packed in-order vectorised": {
    vdev: "packed_vq=1,in_order=1,mrg_rxbuf=0,vectorized=1",
    eal: ["--force-max-simd-bitwidth=512"],
  },
  "packed in-order": { vdev: "packed_vq=1,in_order=1,mrg_rxbuf=0", eal: [] },
  "split in-order": { vdev: "packed_vq=0,in_order=1,mrg_rxbuf=0", eal: [] },
};

const startSink = (directory: string, socket: string): Promise<Testpmd> =>
  Testpmd.onSocket({ directory, socket, mode: "rxonly" });

/** What the sink counts is the figure, whoever sends. */
async function sinkMpps(sink: Testpmd): Promise<number> {
  await sink.rates();
  await sleep(runMs);
  return (await sink.rates()).rxPps / 1e6;
}

/** Our frames as `order` has them, signed. */
export const oursIntoTestpmd = (
  name: string,
  ring: string,
  order: Partial<TrialSpec> = {},
  programs: readonly string[] = [],
): Contender => ({
  name,
  async run() {
    using place = openPlace();
    const socket = place.path("sink.sock");
    const sink = await startSink(place.directory, socket);
    try {
      await sink.command("start");
      await using rig = await openRig(`virtio-user:${socket},ring=${ring},size=1024`, 1, ownCpu, null, programs);
      const sending = rig.trial({ ...order, durationNs: (runMs + 800) * 1e6 });
      await sleep(300);
      const mpps = await sinkMpps(sink);
      await sending;
      return mpps;
    } finally {
      await sink.quit();
    }
  },
});

/** testpmd's own frames; `app`: more of its arguments. */
export const testpmdIntoTestpmd = (name: string, variant: string, app: readonly string[] = []): Contender => ({
  name,
  async run() {
    using place = openPlace();
    const socket = place.path("sink.sock");
    const sink = await startSink(place.directory, socket);
    const { vdev, eal } = senderVariants[variant];
    const sender = await Testpmd.start({
      directory: place.directory,
      prefix: "sender",
      cpu: ownCpu,
      vdevs: [`net_virtio_user0,path=${socket},queues=1,queue_size=1024,${vdev}`],
      eal,
      app: ["--forward-mode=txonly", "--txpkts=60", "--txd=1024", "--rxd=1024", ...app],
    });
    try {
      await sink.command("start");
      await sender.command("start");
      await sleep(300);
      return await sinkMpps(sink);
    } finally {
      await sender.quit();
      await sink.quit();
    }
  },
});

/** Pktgen-DPDK at its best; `range`: a field changes from frame to frame, as in ours. */
const pktgenIntoTestpmd = (path: string, range: boolean): Contender => ({
  name: `Pktgen-DPDK, ${range ? "range: a field changes" : "frames never touched"}`,
  async run() {
    using place = openPlace();
    const socket = place.path("sink.sock");
    const sink = await startSink(place.directory, socket);
    try {
      await sink.command("start");
      await using _pktgen = await PktgenDpdk.sending({ path, directory: place.path("pktgen"), socket, range });
      await sleep(300);
      return await sinkMpps(sink);
    } finally {
      await sink.quit();
    }
  },
});

/** Ours beside Pktgen-DPDK's, in rounds of their own: each is short, and a phase of the machine may be too. */
export async function besidePktgen(rounds: number): Promise<Outcome> {
  const path = findPktgen();
  if (path === null) return { ...compared([]), lines: ["Pktgen-DPDK is not installed: not beside it"] };
  const ours = oursIntoTestpmd("pktgen-ts, packed ring, signed, beside Pktgen-DPDK", "packed");
  const theirs = [false, true].map((range) => pktgenIntoTestpmd(path, range));
  return compared(await alternate([ours, ...theirs], rounds, "Mpps at testpmd"));
}

export async function transmitBench(rounds: number): Promise<Outcome> {
  if (!hasTestpmd()) return compared([]);
  const ours = (ring: string): Contender => oursIntoTestpmd(`pktgen-ts, ${ring} ring, signed`, ring);
  const theirs = (variant: string): Contender => testpmdIntoTestpmd(`testpmd txonly, ${variant}`, variant);
  const contenders = [ours("packed"), ...Object.keys(senderVariants).map(theirs), ours("split")];
  const testpmd = compared(await alternate(contenders, rounds, "Mpps at testpmd"));
  const pktgen = await besidePktgen(rounds);
  return {
    lines: [...testpmd.lines, ...pktgen.lines],
    series: [...testpmd.series, ...pktgen.series],
    ratios: { ...testpmd.ratios, ...pktgen.ratios },
  };
}

/** testpmd's own frames into its null driver: Mpps for the CPU time that they took. */
export const testpmdIntoNull = (name: string, app: readonly string[] = []): Contender => ({
  name,
  async run() {
    using place = openPlace();
    const sender = await Testpmd.start({
      directory: place.directory,
      prefix: "null",
      cpu: ownCpu,
      vdevs: ["net_null0,size=60,copy=0"],
      app: ["--forward-mode=txonly", "--txpkts=60", "--txd=1024", "--rxd=1024", ...app],
    });
    try {
      await sender.command("start");
      await sleep(300);
      const [before, cpuBefore] = [await sender.rates(), sender.cpuNs()];
      await sleep(runMs);
      const [after, cpuAfter] = [await sender.rates(), sender.cpuNs()];
      return ((after.txPackets - before.txPackets) * 1e3) / (cpuAfter - cpuBefore);
    } finally {
      await sender.quit();
    }
  },
});

const intoNullDevice = (queues: number): Contender => ({
  name: `pktgen-ts into its own device side, ${queues} queue${queues > 1 ? "s" : ""}`,
  async run() {
    using place = openPlace();
    const socket = place.path("null.sock");
    await using _device = await startOwnDevice(socket, "rxonly", queues);
    await using rig = await openRig(`virtio-user:${socket},ring=packed,size=1024,queues=${queues}`, queues, ownCpu);
    return sentPps(await rig.trial({ durationNs: runMs * 1e6 })) / 1e6;
  },
});

const intoNullPort = (queues: number): Contender => ({
  name: `pktgen-ts into null:, nobody there, ${queues} queue${queues > 1 ? "s" : ""}`,
  async run() {
    await using rig = await openRig(`null:,queues=${queues}`, queues, ownCpu);
    return sentPps(await rig.trial({ durationNs: runMs * 1e6 })) / 1e6;
  },
});

export async function nullDeviceBench(rounds: number): Promise<Outcome> {
  const contenders = [intoNullDevice(1), intoNullDevice(2), intoNullPort(1), intoNullPort(2)];
  const series = await alternate(contenders, rounds, "Mpps");
  const outcome = compared(series);
  const costs = series.map(({ name, median }) => `${name}: ${(1000 / median).toFixed(1)} ns a frame`);
  return { ...outcome, lines: [...outcome.lines, ...costs] };
}
