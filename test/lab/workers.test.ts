/**
 * `--workers` behind a real bridge and a real router: the kernel spreads flows over the sockets of both threads as it
 * likes, so that half of all frames come in at the thread that did not send them.
 */
import { expect, it, vi } from "vitest";
import type { RunResult } from "../../src/result/run-result.js";
import { resultSchema } from "../../src/result/run-schema.js";
import { inside, ip, makeNetns, makeVeth } from "../support/netns.js";
import { describeLab } from "../support/probe.js";
import { runCli } from "../support/run-cli.js";

vi.setConfig({ testTimeout: 120_000 });

interface Lab extends Disposable {
  readonly gen: string;
  readonly dut: string;
}

/** Generator's interfaces ga and gb, the device's da and db. */
function makeLab(prepare: (dut: string) => void): Lab {
  const [gen, dut] = [makeNetns(), makeNetns()];
  for (const side of ["a", "b"]) {
    makeVeth({ netns: gen.name, name: `g${side}` }, { netns: dut.name, name: `d${side}` });
  }
  prepare(dut.name);
  const dispose = (): void => {
    gen[Symbol.dispose]();
    dut[Symbol.dispose]();
  };
  return { gen: gen.name, dut: dut.name, [Symbol.dispose]: dispose };
}

function bridge(dut: string): void {
  ip(dut, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0");
  for (const name of ["da", "db"]) ip(dut, "link", "set", name, "master", "br0");
  ip(dut, "link", "set", "br0", "up");
}

function router(dut: string): void {
  inside(dut, "sysctl", "-qw", "net.ipv4.ip_forward=1");
  ip(dut, "addr", "add", "198.18.0.1/24", "dev", "da");
  ip(dut, "addr", "add", "198.18.1.1/24", "dev", "db");
}

const paced = ["--sizes", "128", "--count", "6000", "--rate", "5kpps", "--settle", "300ms", "--warmup", "50ms"];

async function run({ gen }: Lab, args: readonly string[]): Promise<RunResult> {
  const ports = ["--tx", `packet:ga,netns=${gen},queues=2`, "--rx", `packet:gb,netns=${gen},queues=2`];
  const usual = ["--dut", "external", ...ports, "--workers", "2", ...paced, "--json", "-"];
  const { stdout, stderr } = await runCli([...usual, ...args], { timeoutMs: 60_000 });
  expect(stderr).toBe("");
  return resultSchema.parse(JSON.parse(stdout)) as RunResult;
}

describeLab("two generator threads on interfaces", ["root", "netns"], () => {
  it("count every frame of 16 flows, on whichever thread it comes in, to the bridge's last frame", async () => {
    using lab = makeLab(bridge);
    const counters = `bridge,rx=netdev:da@${lab.dut},tx=netdev:db@${lab.dut}`;
    const { trials } = await run(lab, ["--flows", "16", "--hop", counters]);
    const [trial] = trials;
    expect(trial).toMatchObject({ sent: 6000, accepted: 6000, lost: 0, duplicate: 0, reordered: 0, unaccounted: 0 });
    expect(trial!.queuesSeen.map(({ sent, accepted }) => [sent, accepted])).toEqual([
      [3000, 3000],
      [3000, 3000],
    ]);
    const flows = trial!.flows!.list;
    expect(flows.map(({ queues }) => queues.reduce((a, b) => a + b))).toEqual(Array.from({ length: 16 }, () => 375));
    expect(trial!.workers!.map(({ strayed }) => strayed)).toEqual([0, 0]);
  });

  it("both ways at once", async () => {
    using lab = makeLab(bridge);
    const { trials } = await run(lab, ["--flows", "16", "--bidirectional"]);
    expect(trials.map(({ direction, sent, accepted, lost }) => [direction, sent, accepted, lost])).toEqual([
      ["forward", 6000, 6000, 0],
      ["reverse", 6000, 6000, 0],
    ]);
  });

  it("ask a router for its address, and answer it, on whichever thread it speaks", async () => {
    using lab = makeLab(router);
    const addresses = ["--tx-address", "198.18.0.2/24", "--rx-address", "198.18.1.2/24"];
    const { trials, besideTrials } = await run(lab, [...addresses, "--gateway", "198.18.0.1", "--flows", "4"]);
    expect(trials[0]).toMatchObject({ sent: 6000, accepted: 6000, lost: 0 });
    expect(besideTrials!.neighbours + (trials[0]!.answered ?? 0)).toBeGreaterThan(0);
  });
});
