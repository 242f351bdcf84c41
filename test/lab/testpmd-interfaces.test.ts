/** Real testpmds whose first port is a Linux interface, with the generator on a port of its own. */
import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { makeNetns, makeVeth } from "../support/netns.js";
import { describeLab } from "../support/probe.js";
import { builtMain } from "../support/run-cli.js";

interface Answer {
  readonly code: number | null;
  readonly stderr: string;
  readonly trials: readonly Record<string, unknown>[];
}

/** In the namespace: what DPDK opens lies there as well. */
function run(netns: string, ...args: readonly string[]): Answer {
  const words = ["netns", "exec", netns, process.execPath, builtMain(), ...args, "--json", "-"];
  const { status, stdout, stderr } = spawnSync("ip", words, { encoding: "utf8" });
  return { code: status, stderr, trials: stdout === "" ? [] : JSON.parse(stdout).trials };
}

const accounted = { sent: 10_000, accepted: 10_000, lost: 0, unaccounted: 0 };

describeLab("--dut testpmd with the generator on an interface", ["testpmd", "root", "netns", "af_xdp"], () => {
  it.each([
    ["af_packet:v1", ["--tx", "packet:v0"]],
    // Rings of 4,096: a testpmd that polls on a shared CPU was seen to be away for 110 ms, and a tap never holds back.
    ["tap:pktgentap,size=4096", []],
    ["af_xdp:v1", ["--tx", "packet:v0"]],
  ] as const)(
    "port=%s: every frame through three hops, none unaccounted",
    { retry: 2, timeout: 60_000 },
    (port, ports) => {
      using netns = makeNetns();
      makeVeth({ netns: netns.name, name: "v0" }, { netns: netns.name, name: "v1" });
      const dut = `testpmd,container=none,port=${port}`;
      const { code, stderr, trials } = run(netns.name, "--dut", dut, ...ports, "--sizes", "64", "--warmup", "0s");
      // The second trial, at max, is only to be there: three hops on two CPUs lose what the kernel's queues do not hold.
      expect(stderr).toBe("");
      expect(trials[0]).toMatchObject({ ...accounted, verdict: "pass" });
      expect([0, 4]).toContain(code);
    },
  );

  it("names an interface that is not there", { timeout: 60_000 }, () => {
    using netns = makeNetns();
    const { code, stderr } = run(netns.name, "--dut", "testpmd,container=none,port=af_packet:v1", "--tx", "packet:v0");
    expect(code).toBe(3);
    expect(stderr).toMatch(/v1|v0/);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});
