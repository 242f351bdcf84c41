/** A virtual machine from power-on behind two vhost-user ports: its drivers' counters and ours agree to the frame. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it, vi } from "vitest";
import { Guest } from "../support/guest.js";
import { describeLab } from "../support/probe.js";
import { runCli } from "../support/run-cli.js";

vi.setConfig({ testTimeout: 300_000 });

const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-guest-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Counted {
  readonly direction?: string | null;
  readonly sent: number;
  readonly received: number;
  readonly accepted: number;
  readonly foreign: number;
  readonly corrupt: number;
  readonly duplicate: number;
}

const sum = (trials: readonly Counted[], pick: (trial: Counted) => number): number =>
  trials.reduce((total, trial) => total + pick(trial), 0);

/** A guest says a few things of its own when its links come up, also while no trial looks. */
const ownFrames = 8;

function expectAllOf(sentByGuest: number, trials: readonly Counted[]): void {
  const beside = sentByGuest - sum(trials, ({ received, foreign }) => received + foreign);
  expect(beside).toBeGreaterThanOrEqual(0);
  expect(beside).toBeLessThanOrEqual(ownFrames);
}

describeLab("a guest of QEMU's", ["guest"], () => {
  it("boots while we wait for it, and counts what we count, in both directions, also when we come again", async () => {
    const sockets = [join(folder, "g0.sock"), join(folder, "g1.sock")] as const;
    const ports = ["--dut", "external", "--tx", `vhost:${sockets[0]}`, "--rx", `vhost:${sockets[1]}`];
    const run = async (...args: readonly string[]): Promise<readonly Counted[]> => {
      const more = ["--wait-peer", "120s", "--settle", "1s", "--json", "-"];
      const { stdout, stderr } = await runCli([...ports, ...args, ...more], { timeoutMs: 240_000 });
      if (stdout === "") throw new Error(stderr);
      return (JSON.parse(stdout) as { readonly trials: Counted[] }).trials;
    };
    await using guest = new Guest(sockets);
    // Its rings start before its bridge does: what it counts is what was sent, whether or not it forwards by then.
    const first = await run("--sizes", "64", "--count", "200", "--rate", "500pps");
    await guest.ready();
    const [in0, out0] = await guest.count();
    expect(in0.rxPackets).toBe(sum(first, ({ sent }) => sent));
    expectAllOf(out0.txPackets, first);

    const second = await run("--sizes", "64,512,1518", "--count", "500", "--rate", "500pps", "--bidirectional");
    expect(second).toHaveLength(6);
    const [in1, out1] = await guest.count();
    const [forward, reverse] = ["forward", "reverse"].map((way) => second.filter(({ direction }) => direction === way));
    expect(in1.rxPackets - in0.rxPackets).toBe(sum(forward!, ({ sent }) => sent));
    expect(out1.rxPackets - out0.rxPackets).toBe(sum(reverse!, ({ sent }) => sent));
    expectAllOf(out1.txPackets - out0.txPackets, forward!);
    expectAllOf(in1.txPackets - in0.txPackets, reverse!);
    for (const trial of second) expect(trial).toMatchObject({ corrupt: 0, duplicate: 0 });
    // The guest takes a while to bring its links up again: what came before that is lost, and counted as such.
    expect(sum(second, ({ accepted }) => accepted)).toBeGreaterThan(0);
  });
});
