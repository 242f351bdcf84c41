/**
 * What goes out on a wire of somebody else's: the frames of the trials, and beside them nothing but what the result
 * says. Every count against the kernel's own counters of a veth pair that carries nothing else.
 */
import { readFileSync } from "node:fs";
import { expect, it, vi } from "vitest";
import { readInterface } from "../../src/sys/net/netdev.js";
import { inNetns } from "../../src/sys/net/netns.js";
import { inside, ip, type VethEnd, type VethPair, vethPair } from "../support/netns.js";
import { describeLab } from "../support/probe.js";
import { runCli } from "../support/run-cli.js";

vi.setConfig({ testTimeout: 120_000 });

interface Document {
  readonly besideTrials: { warmUp: number; learning: number; probes: number; neighbours: number };
  readonly trials: readonly { phase: string; direction?: string; sent: number; answered?: number; txPps: number }[];
}

const out = ({ netns, name }: VethEnd): number =>
  inNetns(netns, "test", () => readInterface(name)!.statistics.txPackets);

/** Runs a command between the pair's ends; what it says, and what the kernel counted on the way out of each. */
async function across(pair: VethPair, command: readonly string[], kind = "packet") {
  const port = ({ netns, name }: VethEnd): string => `${kind}:${name},netns=${netns}`;
  const before = [out(pair.a), out(pair.b)];
  const ports = ["--dut", "external", "--tx", port(pair.a), "--rx", port(pair.b), "--settle", "200ms"];
  const { stdout, stderr } = await runCli([...command, ...ports, "--json", "-"], { timeoutMs: 100_000 });
  expect(stderr.replace(/^trial .*\n/gm, "")).toBe("");
  const counted = [out(pair.a) - before[0]!, out(pair.b) - before[1]!];
  return { document: JSON.parse(stdout) as Document, counted };
}

const sentBy = ({ trials }: Document, direction?: string): number =>
  trials.filter((trial) => trial.direction === direction).reduce((sum, { sent }) => sum + sent, 0);
const nothing = { warmUp: 0, learning: 0, probes: 0, neighbours: 0 };

describeLab("on a wire there is what was asked for", ["netns"], () => {
  it.each([
    ["--count 1000 --rate 1kpps", [1_000, 0]],
    ["--count 100 --warmup 2s --rate 1kpps", [100, 0]],
    ["--count 500 --rate 1kpps --flows 8 --queues 2", [500, 0]],
    ["--count 500 --rate 1kpps --bidirectional", [500, 500]],
    ["--count 700 --rate 50% --line-rate 1Mbps", [700, 0]],
  ] as const)("%s", async (text, expected) => {
    using pair = vethPair({ queues: 2 });
    const { document, counted } = await across(pair, ["--sizes", "64", ...text.split(" ")]);
    expect(counted).toEqual(expected);
    expect(document.besideTrials).toEqual(nothing);
  });

  it("streams of a profile at their own rates", async () => {
    using pair = vethPair();
    const options = ["--profile", "profiles/qinq.yaml", "--sizes", "128", "--rate", "1kpps", "--count", "400"];
    const { counted, document } = await across(pair, options);
    expect(counted).toEqual([sentBy(document), 0]);
    expect(document.besideTrials).toEqual(nothing);
  });

  it("latency at 500 frames per second: the trials and the learning frames that the result has", async () => {
    using pair = vethPair();
    const method = ["rfc2544", "--tests", "latency", "--throughput", "500pps", "--quick", "--learning", "4"];
    const { counted, document } = await across(pair, [...method, "--sizes", "64"]);
    const { learning } = document.besideTrials;
    expect(counted[0]! + counted[1]!).toBe(sentBy(document) + learning);
    expect(learning).toBe(4 * document.trials.length);
    expect(document.besideTrials).toEqual({ ...nothing, learning });
    expect(document.trials.every(({ sent }) => sent <= 500)).toBe(true);
  });

  it("send: exactly the count", async () => {
    using pair = vethPair();
    const { a } = pair;
    const before = out(a);
    const frames = ["--sizes", "64,512", "--count", "300", "--rate", "1kpps", "--gap", "100ms"];
    await runCli(["send", `packet:${a.name},netns=${a.netns}`, ...frames]);
    expect(out(a) - before).toBe(600);
  });

  it("questions to a gateway, and answers to its own, are counted", async () => {
    using pair = vethPair();
    ip(pair.b.netns, "addr", "add", "198.18.0.1/24", "dev", "b");
    inside(pair.b.netns, "sysctl", "-qw", "net.ipv4.ip_forward=0");
    const addresses = ["--tx-address", "198.18.0.2/24", "--gateway", "198.18.0.1", "--rx-address", "198.18.1.2/24"];
    const { counted, document } = await across(pair, [
      "--sizes",
      "64",
      "--count",
      "200",
      "--rate",
      "1kpps",
      ...addresses,
    ]);
    const { neighbours } = document.besideTrials;
    expect(neighbours).toBeGreaterThanOrEqual(1);
    const answered = document.trials.reduce((sum, trial) => sum + (trial.answered ?? 0), 0);
    expect(counted[0]).toBe(200 + neighbours + answered);
  });
});

describeLab("on a wire there is what was asked for, through AF_XDP", ["netns", "af_xdp"], () => {
  it("--count 1000 --rate 1kpps", async () => {
    using pair = vethPair();
    const { counted } = await across(pair, ["--sizes", "64", "--count", "1000", "--rate", "1kpps"], "xdp");
    expect(counted).toEqual([1_000, 0]);
  });
});

describeLab("on a wire there is what was asked for, through a tap", ["netns", "tun"], () => {
  it("--count 1000 --rate 1kpps", async () => {
    using pair = vethPair();
    const { netns } = pair.a;
    for (const name of ["t0", "t1"]) ip(netns, "tuntap", "add", name, "mode", "tap");
    const ports = ["--tx", `tap:t0,netns=${netns}`, "--rx", `tap:t1,netns=${netns}`];
    const asked = ["--sizes", "64", "--count", "1000", "--rate", "1kpps", "--settle", "200ms"];
    await runCli(["--dut", "external", ...ports, ...asked, "--json", "-"]);
    const read = inNetns(netns, "test", () => readFileSync("/proc/thread-self/net/dev", "utf8"));
    // What the tap's file was written the kernel received.
    expect(/t0: *\d+ +(\d+)/.exec(read)?.[1]).toBe("1000");
  });
});
