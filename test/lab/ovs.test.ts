/** Open vSwitch with DPDK between two vhost-user ports of ours: its counters and ours agree to the frame. */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { OpenVSwitch } from "../support/ovs.js";
import { describeLab } from "../support/probe.js";
import { runCli } from "../support/run-cli.js";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

interface Counted {
  readonly sent: number;
  readonly received: number;
  readonly accepted: number;
  readonly lost: number;
  readonly foreign: number;
  readonly duplicate: number;
  readonly corrupt: number;
  readonly unaccounted: number | null;
}

const sum = (trials: readonly Counted[], pick: (trial: Counted) => number): number =>
  trials.reduce((total, trial) => total + pick(trial), 0);

describeLab("Open vSwitch with DPDK", ["ovs", "root", "hugetlbfs"], () => {
  const ovs = new OpenVSwitch();
  beforeAll(() => ovs.start());
  afterAll(() => ovs[Symbol.asyncDispose]());

  // A patch of the switch's: its flows count what the ports took, also after the peers of the ports are gone.
  it.each([
    ["one way", [], 1],
    ["both ways, split rings, two sizes", ["--bidirectional", "--sizes", "64,1518"], 4],
  ] as const)("forwards %s, and takes as many frames as we say we sent", async (_, more, trials) => {
    const before = [ovs.flowPackets(1), ovs.flowPackets(2)];
    const rings = more.length === 0 ? "" : ",ring=split";
    const ports = [1, 2].map((port) => `virtio-user:${ovs.socket(port as 1 | 2)},server=on${rings}`);
    const hop = `ovs,rx=${ovs.counter(1, "rx pkts=(\\d+)")},tx=${ovs.counter(2, "tx pkts=(\\d+)")}`;
    const dropped = ovs.counter(2, "tx pkts=\\d+\\, bytes=\\d+\\, drop=(\\d+)");
    const args = ["--dut", "external", "--tx", ports[0]!, "--rx", ports[1]!, "--hop", `${hop},dropped=${dropped}`];
    const asked = ["--sizes", "64", "--count", "2000", "--rate", "2kpps", "--settle", "500ms", "--json", "-"];
    const { stdout, stderr } = await runCli([...args, ...asked, ...more], { timeoutMs: 100_000 });
    if (stdout === "") throw new Error(stderr);
    const all = (JSON.parse(stdout) as { readonly trials: (Counted & { readonly direction?: string | null })[] })
      .trials;
    expect(all).toHaveLength(trials);
    const forward = all.filter(({ direction }) => direction !== "reverse");
    const reverse = all.filter(({ direction }) => direction === "reverse");
    // The switch's ports begin to poll some time after the handshake: what found no free slot until then was never sent.
    expect(ovs.flowPackets(1) - before[0]!).toBe(sum(forward, ({ sent }) => sent));
    expect(ovs.flowPackets(2) - before[1]!).toBe(sum(reverse, ({ sent }) => sent));
    expect(sum(all, ({ accepted }) => accepted)).toBeGreaterThan(0);
    for (const trial of all) {
      expect(trial).toMatchObject({ duplicate: 0, corrupt: 0, foreign: 0 });
      expect(trial.accepted + trial.lost).toBe(trial.sent);
    }
    for (const trial of forward) expect(trial.unaccounted).toBe(0);
  });
});
