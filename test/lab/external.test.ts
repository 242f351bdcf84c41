/**
 * Devices of the kernel behind two packet ports, in namespaces of the test: the recipes of the README. Every count is
 * compared with the kernel's, to the frame. The kernel itself is silent here, because a frame that it sends between the
 * sample of the device's counters and the sample of ours would be counted once. Foreign frames are sent by a test.
 */
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { readInterface } from "../../src/sys/net/netdev.js";
import { inNetns } from "../../src/sys/net/netns.js";
import { faults } from "../support/faults.js";
import { inside, ip, makeNetns, makeVeth } from "../support/netns.js";
import { describeLab } from "../support/probe.js";
import { type CliOptions, type CliResult, runCli } from "../support/run-cli.js";

/** Each starts several runs, on a machine that may have more to do. */
vi.setConfig({ testTimeout: 120_000 });

/** Generator's interfaces ga and gb, the device's da and db. */
interface Lab extends Disposable {
  readonly gen: string;
  readonly dut: string;
}

/** Interfaces that are made here later speak IPv6 when asked to, and say nothing on their own. */
function silence(netns: string): void {
  const settings = ["addr_gen_mode=1", "router_solicitations=0", "mldv2_unsolicited_report_interval=1"];
  inside(netns, "sysctl", "-qw", ...settings.map((setting) => `net.ipv6.conf.default.${setting}`));
}

/** The kernel asks a neighbour once, and not again while a test runs. */
function rememberNeighbours(netns: string, name: string): void {
  for (const cache of ["arp_cache", "ndisc_cache"])
    ip(netns, "ntable", "change", "name", cache, "dev", name, "base_reachable", "600000", "delay_probe", "600000");
}

function makeLab(prepare: (dut: string) => void, { ipv6 = false } = {}): Lab {
  const [gen, dut] = [makeNetns(), makeNetns({ ipv6 })];
  const dispose = (): void => {
    gen[Symbol.dispose]();
    dut[Symbol.dispose]();
  };
  try {
    if (ipv6) silence(dut.name);
    for (const side of ["a", "b"])
      makeVeth({ netns: gen.name, name: `g${side}` }, { netns: dut.name, name: `d${side}` });
    prepare(dut.name);
  } catch (error) {
    dispose();
    throw error;
  }
  return { gen: gen.name, dut: dut.name, [Symbol.dispose]: dispose };
}

function bridge(dut: string, ...options: readonly string[]): void {
  // A bridge that snoops joins a group of its own, and reports that out of its ports within a second.
  ip(dut, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0", ...options);
  for (const name of ["da", "db"]) ip(dut, "link", "set", name, "master", "br0");
  ip(dut, "link", "set", "br0", "up");
}

function router(dut: string): void {
  inside(dut, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
  for (const [name, four, six] of [
    ["da", "198.18.0.1/24", "2001:2::1/64"],
    ["db", "198.18.1.1/24", "2001:2:0:1::1/64"],
  ] as const) {
    rememberNeighbours(dut, name);
    ip(dut, "addr", "add", four, "dev", name);
    ip(dut, "addr", "add", six, "dev", name, "nodad");
  }
}

const paced = ["--count", "3000", "--rate", "5kpps", "--settle", "300ms", "--warmup", "50ms"];
const hop = ({ dut }: Lab, name = "device"): string[] => [
  "--hop",
  `${name},rx=netdev:da@${dut},tx=netdev:db@${dut},dropped=netdev:da@${dut}:rx_dropped + netdev:db@${dut}:tx_dropped`,
];
const neighbours = [
  ...["--tx-address", "198.18.0.2/24,2001:2::2/64", "--rx-address", "198.18.1.2/24,2001:2:0:1::2/64"],
  ...["--gateway", "198.18.0.1,2001:2::1", "--rx-gateway", "198.18.1.1,2001:2:0:1::1"],
];

interface Run extends CliResult {
  // biome-ignore lint/suspicious/noExplicitAny: a parsed document
  readonly trials: any[];
}

async function run({ gen }: Lab, args: readonly string[], how: CliOptions = {}): Promise<Run> {
  const ports = ["--tx", `packet:ga,netns=${gen}`, "--rx", `packet:gb,netns=${gen}`];
  const result = await runCli(["--dut", "external", ...ports, "--json", "-", ...args], { timeoutMs: 60_000, ...how });
  return { ...result, trials: result.stdout === "" ? [] : JSON.parse(result.stdout).trials };
}

function expectWhole(result: Run, trials: number): void {
  expect(result.stderr).toBe("");
  expect(result.trials).toHaveLength(trials);
  for (const trial of result.trials) {
    expect(faults(trial)).toEqual([]);
    expect(trial).toMatchObject({ sent: 3000, accepted: 3000, received: 3000, lost: 0, duplicate: 0, unaccounted: 0 });
    // The hop counts everything, and every foreign frame is named.
    expect(trial.hops[0].rx).toBe(trial.sent + trial.foreignSent);
    expect(trial.hops[0].tx).toBe(trial.received + trial.foreign);
  }
}

const packetsOf = (netns: string, name: string): { rx: number; tx: number } => {
  const { rxPackets, txPackets } = inNetns(netns, "test", () => readInterface(name)!.statistics);
  return { rx: rxPackets, tx: txPackets };
};

/** Sends broadcast frames of an experimental EtherType out of an interface: what the generator has not sent. */
function chatter(netns: string, name: string, count: number): void {
  const send = [
    "import socket",
    "s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    `s.bind(("${name}", 0))`,
    'frame = b"\\xff" * 6 + bytes.fromhex("02000000000988b5") + bytes(46)',
    `for i in range(${count}): s.send(frame)`,
  ];
  inside(netns, "python3", "-c", send.join("\n"));
}

/** Calls `then` once this many frames have come in at the device, unless the child ends first. */
function onceArrived({ dut }: Lab, frames: number, child: ChildProcess, then: () => void): void {
  const before = packetsOf(dut, "da").rx;
  const looking = setInterval(() => {
    if (packetsOf(dut, "da").rx - before < frames) return;
    clearInterval(looking);
    then();
  }, 10);
  child.once("exit", () => clearInterval(looking));
}

describeLab("a bridge as device under test", ["netns", "python3"], () => {
  it("forwards all", async () => {
    using lab = makeLab(bridge);
    const before = [packetsOf(lab.dut, "da"), packetsOf(lab.dut, "db")];
    const result = await run(lab, ["--sizes", "64,1518", ...paced, ...hop(lab)]);
    expectWhole(result, 2);
    const after = [packetsOf(lab.dut, "da"), packetsOf(lab.dut, "db")];
    expect(after[0]!.rx - before[0]!.rx).toBeGreaterThanOrEqual(6000);
    expect(after[1]!.tx - before[1]!.tx).toBeGreaterThanOrEqual(6000);
  });

  it("others' frames in a trial are foreign, to the frame", async () => {
    using lab = makeLab(bridge);
    const frames = 25_000;
    let chattered = false;
    const result = await run(lab, ["--sizes", "64", "--count", `${frames}`, "--rate", "5kpps", ...hop(lab)], {
      // The warm-up is over by then, and the last frame is seconds away: who sends the others has to start first.
      during: (child) =>
        onceArrived(lab, frames / 5, child, () => {
          chatter(lab.gen, "ga", 7);
          chatter(lab.dut, "db", 5);
          chattered = true;
        }),
    });
    expect(chattered).toBe(true);
    const [trial] = result.trials;
    expect(faults(trial)).toEqual([]);
    expect(trial).toMatchObject({ sent: frames, accepted: frames, foreignSent: 7, foreign: 12, unaccounted: 0 });
    expect(trial.hops[0]).toMatchObject({ rx: frames + 7, tx: frames + 12 });
  });

  it("both ways at once: each way its own account", async () => {
    using lab = makeLab(bridge);
    const result = await run(lab, ["--sizes", "128", "--bidirectional", ...paced, ...hop(lab)]);
    expectWhole(result, 2);
    expect(result.trials.map(({ direction }) => direction)).toEqual(["forward", "reverse"]);
    expect(result.trials.map(({ returned }) => returned)).toEqual([0, 0]);
  });

  it("hands tagged frames on as they are", async () => {
    using lab = makeLab(bridge);
    expectWhole(await run(lab, ["--sizes", "68,512", "--vlan", "100", ...paced, ...hop(lab)]), 2);
  });
});

describeLab("a bridge with VLANs as device under test", ["netns", "bridge_vlan"], () => {
  it("tagged frames pass their VLAN, and another's do not", async () => {
    using lab = makeLab((dut) => {
      bridge(dut, "vlan_filtering", "1");
      for (const name of ["da", "db"]) inside(dut, "bridge", "vlan", "add", "dev", name, "vid", "100");
    });
    expectWhole(await run(lab, ["--sizes", "68,512", "--vlan", "100", ...paced, ...hop(lab)]), 2);
    const refused = await run(lab, ["--sizes", "68", "--vlan", "200", ...paced]);
    expect(refused.trials[0]).toMatchObject({ accepted: 0, lost: 3000, unaccounted: null });
    expect(faults(refused.trials[0])).toEqual(["none of 3,000 frames came back intact"]);
  });
});

describeLab("a veth pair as device under test", ["netns"], () => {
  it("hands on all, and the kernel's counters are ours", async () => {
    using netns = makeNetns();
    makeVeth({ netns: netns.name, name: "ga" }, { netns: netns.name, name: "gb" });
    const lab = { gen: netns.name, dut: netns.name, [Symbol.dispose]: () => {} };
    const counters = `pair,rx=netdev:ga@${lab.dut}:tx_packets,tx=netdev:gb@${lab.dut}:rx_packets`;
    expectWhole(await run(lab, ["--sizes", "64", ...paced, "--hop", counters]), 1);
  });
});

describeLab("a router as device under test", ["netns"], () => {
  for (const [version, size] of [
    [4, 64],
    [6, 84],
  ] as const) {
    it(`IPv${version}: asks for its neighbours' addresses, is asked for its own, and forwards all`, async () => {
      using lab = makeLab(router, { ipv6: true });
      const how = ["--ip", `${version}`, "--sizes", `${size}`, ...paced, ...neighbours, ...hop(lab)];
      expectWhole(await run(lab, how), 1);
      const both = await run(lab, [...how, "--bidirectional"]);
      expectWhole(both, 2);
      const known = ip(lab.dut, `-${version}`, "neigh", "show", "dev", "db");
      const mac = JSON.parse(ip(lab.gen, "-j", "link", "show", "dev", "gb"))[0].address;
      expect(known).toContain(`${version === 4 ? "198.18.1.2" : "2001:2:0:1::2"} lladdr ${mac}`);
    });
  }

  const profile = (name: string, text: string): string => {
    const file = join(scratch, name);
    writeFileSync(file, text);
    return file;
  };
  const scratch = mkdtempSync(join(tmpdir(), "pktgen-ts-external-"));
  afterAll(() => rmSync(scratch, { recursive: true }));

  it("streams of a profile are addressed as plain traffic is, both ways", async () => {
    using lab = makeLab(router, { ipv6: true });
    const both = profile(
      "both.yaml",
      "sizes: 128\nstreams:\n  - { name: four, packet: [ethernet, ipv4, tcp] }\n  - { name: six, packet: [ethernet, ipv6, udp] }\n",
    );
    const how = ["--profile", both, ...paced, ...neighbours, ...hop(lab)];
    expectWhole(await run(lab, how), 1);
    expectWhole(await run(lab, [...how, "--bidirectional"]), 2);
  });

  it("a program is addressed, too", async () => {
    using lab = makeLab(router, { ipv6: true });
    const program = profile(
      "ports.mjs",
      'import { stream, udp4 } from "pktgen-ts";\n' +
        "export default stream({ packet: udp4(), eachFrame: (frame, i) => { frame.udp.srcPort = 1024 + (i % 7); } });\n",
    );
    expectWhole(await run(lab, ["--profile", program, "--sizes", "128", ...paced, ...neighbours, ...hop(lab)]), 1);
  });

  it("echo requests of the router are answered in a trial, and none of them is a test frame", async () => {
    using lab = makeLab(router, { ipv6: true });
    let pinged = "";
    const result = await run(
      lab,
      ["--sizes", "64", "--count", "10000", "--rate", "5kpps", ...neighbours, ...hop(lab)],
      {
        during: () => {
          setTimeout(() => {
            pinged = inside(
              lab.dut,
              "sh",
              "-c",
              "ping -c 2 -W 2 198.18.1.2 || true; ping -6 -c 1 -W 2 2001:2::2 || true",
            );
          }, 2200);
        },
      },
    );
    const [trial] = result.trials;
    expect(faults(trial)).toEqual([]);
    expect(trial).toMatchObject({ sent: 10_000, accepted: 10_000, unaccounted: 0 });
    if (pinged.includes("PING")) {
      expect(pinged).toContain("2 received");
      expect(trial.answered).toBeGreaterThanOrEqual(2);
    }
  });
});

describeLab("what goes wrong behind two ports", ["netns"], () => {
  let lab: Lab;
  beforeAll(() => {
    lab = makeLab(router, { ipv6: true });
  });
  afterAll(() => {
    lab[Symbol.dispose]();
  });
  const refusal = async (args: readonly string[], code: number, sentence: RegExp): Promise<void> => {
    const result = await run(lab, ["--sizes", "64", ...paced, ...args]);
    expect(result.stderr).toMatch(sentence);
    expect(result.stderr).toMatch(/^pktgen-ts: [^\n]+\n$/);
    expect(result).toMatchObject({ code, stdout: "" });
  };

  it("a gateway that is not there", async () => {
    const nobody = ["--tx-address", "198.18.0.2/24", "--gateway", "198.18.0.77"];
    await refusal(nobody, 3, /--gateway: the gateway 198\.18\.0\.77 does not answer ARP within 3 s; has the device/);
    const nobody6 = ["--ip", "6", "--sizes", "84", "--tx-address", "2001:2::2/64", "--gateway", "2001:2::77"];
    await refusal(nobody6, 3, /the gateway 2001:2::77 does not answer neighbour discovery within 3 s/);
  });

  it("counters that cannot be read, before anything is sent", async () => {
    const [before] = [packetsOf(lab.dut, "da")];
    const of = (source: string): string[] => ["--hop", `r,rx=${source},tx=netdev:db@${lab.dut}`];
    await refusal(
      of(`netdev:nope@${lab.dut}`),
      3,
      /--hop r: the counter netdev:nope@\S+ cannot be read: there is no interface nope/,
    );
    await refusal(of("netdev:da@no-such-space"), 3, /there is no network namespace "no-such-space"/);
    await refusal(of(`ethtool:da@${lab.dut}:rx_good`), 3, /its driver has no such counter/);
    await refusal(of("command:/rx=(\\d+)/:echo tx=7"), 3, /nothing in its output matches: tx=7/);
    await refusal(of("command:/rx=(\\d+)/:exit 3"), 3, /cannot be read: it failed: exit code 3/);
    await refusal(of("telemetry:/nope/dpdk_telemetry.v2:0:ipackets"), 3, /the counter telemetry:\S+ cannot be read/);
    expect(packetsOf(lab.dut, "da").rx - before.rx).toBeLessThan(10);
  });

  it("a device that forwards nothing, with counters and without", async () => {
    inside(lab.dut, "sysctl", "-qw", "net.ipv4.ip_forward=0");
    try {
      const blind = await run(lab, ["--sizes", "64", ...paced, ...neighbours]);
      expect(blind.trials[0]).toMatchObject({ lost: 3000, unaccounted: null });
      expect(faults(blind.trials[0])).toEqual(["none of 3,000 frames came back intact"]);
      const counted = await run(lab, ["--sizes", "64", ...paced, ...neighbours, ...hop(lab)]);
      // It took them, and none of its counters says where they went.
      expect(counted.code).toBe(4);
      expect(counted.trials[0]).toMatchObject({ verdict: "invalid", lost: 3000, unaccounted: 3000 });
      expect(counted.trials[0].reasons[0]).toMatch(
        /3,000 frames unaccounted for: device took 3,0\d\d frames that it neither/,
      );
    } finally {
      inside(lab.dut, "sysctl", "-qw", "net.ipv4.ip_forward=1");
    }
  });

  it("an interface that vanishes in a trial", async () => {
    using own = makeLab(router, { ipv6: true });
    const result = await run(
      own,
      ["--sizes", "64", "--duration", "20s", "--rate", "1kpps", ...neighbours, ...hop(own)],
      {
        during: () => {
          setTimeout(() => ip(own.dut, "link", "del", "db"), 6_000);
        },
      },
    );
    expect([3, 4]).toContain(result.code);
    expect(result.stdout + result.stderr).toMatch(/interface gb was removed|there is no interface db/);
  });
});

describeLab("hop counters from a command", ["netns"], () => {
  it("add up as the kernel's do", async () => {
    using lab = makeLab(bridge);
    const from = (name: string, field: string): string =>
      `command:/^(\\d+)$/:ip netns exec ${lab.dut} sh -c 'ip -j -s link show dev ${name}' | grep -o '"${field}":{"bytes":[0-9]*\\,"packets":[0-9]*' | grep -o '[0-9]*$'`;
    const commands = `bridge,rx=${from("da", "rx")},tx=${from("db", "tx")}`;
    expectWhole(await run(lab, ["--sizes", "64", ...paced, "--hop", commands]), 1);
  });
});
