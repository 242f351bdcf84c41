/** `packet:` through the command, on veth pairs of the test's own: every count against the kernel's own counters. */
import { expect, it, vi } from "vitest";
import { kicker } from "../../src/engine/loop/kick.js";
import { openPort, parsePortSpec } from "../../src/port/index.js";
import { moverOf } from "../../src/port/movers.js";
import { openTxRing } from "../../src/ring/index.js";
import { arena } from "../../src/sys/arena.js";
import { Epoll } from "../../src/sys/epoll.js";
import { faults } from "../support/faults.js";
import { inside, ip, makeNetns, makeVeth, type VethEnd, type VethPair, vethPair } from "../support/netns.js";
import { describeLab, processesWith } from "../support/probe.js";
import { type CliResult, runCli } from "../support/run-cli.js";
import { expectRefusal, interfaceRuns, statistics, sum } from "./interface-run.js";

const { port, run } = interfaceRuns("packet");

describeLab("packet: counts as the kernel does", ["netns"], () => {
  it.each([
    ["one queue", "", []],
    ["two queues, the kernel's stamps", ",timestamp=kernel,fanout=lb", ["--queues", "2"]],
    ["VLAN tags, from a ring, through the qdisc", ",tx=ring,qdisc=on", ["--vlan", "100"]],
    ["IPv6 and 16 flows", ",fanout=hash", ["--ip", "6", "--flows", "16", "--queues", "2"]],
  ] as const)("to the frame, on both ends: %s", async (_, options, more) => {
    using pair = vethPair({ queues: 2 });
    const [txBefore, rxBefore] = [statistics(pair.a), statistics(pair.b)];
    const sizes = [84, 512, 1518];
    const args = ["--sizes", sizes.join(","), "--count", "5000", "--rate", "20kpps", ...more];
    const { document, stderr } = await run({ pair, options, rxOptions: options }, args);
    const { trials } = document;
    expect(stderr).toBe("");
    expect(faults(...trials)).toEqual([]);
    const [tx, rx] = [statistics(pair.a), statistics(pair.b)];
    expect(tx.txPackets - txBefore.txPackets).toBe(sum(trials, "sent"));
    expect(rx.rxPackets - rxBefore.rxPackets).toBe(sum(trials, "received") + sum(trials, "foreign"));
    expect(sum(trials, "accepted")).toBe(15_000);
    expect(sum(trials, "foreign")).toBe(0);
    const bytes = sizes.reduce((total, frameBytes) => total + 5_000 * (frameBytes - 4), 0);
    expect(tx.txBytes - txBefore.txBytes).toBe(bytes);
    expect(rx.rxBytes - rxBefore.rxBytes).toBe(bytes);
    for (const { latencyNs, durationNs } of trials) {
      expect(latencyNs.count).toBe(5_000);
      // No frame was under way for longer than the trial with its settling: a wrong clock would show here.
      expect(latencyNs.max).toBeLessThan(durationNs + 5e9);
      expect(latencyNs.mean).toBeGreaterThan(0);
    }
  });

  it("to the frame at max, whoever loses them", async () => {
    using pair = vethPair();
    const { document } = await run({ pair }, ["--sizes", "64", "--rate", "max", "--duration", "300ms"]);
    const [trial] = document.trials;
    const [tx, rx] = [statistics(pair.a), statistics(pair.b)];
    expect(tx.txPackets).toBe(trial.sent);
    expect(rx.rxPackets).toBe(trial.received + (trial.receiveDrops ?? 0));
    expect(trial.lost).toBe(trial.receiveDrops ?? 0);
  });

  it("both ways at once", async () => {
    using pair = vethPair();
    const args = ["--sizes", "64", "--count", "5000", "--rate", "10kpps", "--bidirectional"];
    const { document } = await run({ pair }, args);
    expect(faults(...document.trials)).toEqual([]);
    expect(document.trials.map((trial: { accepted: number }) => trial.accepted)).toEqual([5_000, 5_000]);
    expect(statistics(pair.a)).toMatchObject({ txPackets: 5_000, rxPackets: 5_000 });
  });

  it("over loopback, which needs no leave", async () => {
    using netns = makeNetns();
    const args = ["--dut", "external", "--tx", `packet:lo,netns=${netns.name}`, "--count", "2000", "--rate", "10kpps"];
    const result = await runCli([...args, "--sizes", "64", "--settle", "200ms", "--json", "-"]);
    expect(JSON.parse(result.stdout).trials[0]).toMatchObject({ accepted: 2_000, lost: 0, foreign: 0 });
  });

  it("what its own ring had no room for, by name, and never as the device's loss", async () => {
    using pair = vethPair();
    const args = ["--sizes", "64", "--rate", "200kpps", "--duration", "500ms", "--busy"];
    const { code, document } = await run({ pair, rxOptions: ",size=4" }, args);
    const [trial] = document.trials;
    expect(trial.lost).toBeGreaterThan(0);
    expect(trial.receiveDrops).toBe(trial.lost);
    expect(trial.reasons.join()).toContain("its receive side had no room for");
    expect(trial.verdict).toBe("invalid");
    expect(code).toBe(4);
  });
});

describeLab("packet: when the interface goes", ["netns"], () => {
  it("down after it lost its carrier, no loop is woken by the socket that receives on", async () => {
    using pair = vethPair();
    await using opened = await openPort(parsePortSpec(port(pair.a)));
    using epoll = new Epoll();
    epoll.addReadable(opened.rings()!.queues[0]!.rxReadable!);
    ip(pair.b.netns, "link", "set", "dev", "b", "down");
    await vi.waitUntil(() => opened.rings() === null, { timeout: 10_000 });
    ip(pair.a.netns, "link", "set", "dev", "a", "down");
    expect(epoll.wait(0)).toBe(true);
    await vi.waitUntil(() => !epoll.wait(0), { timeout: 10_000 });
  });

  it.each([
    [
      "removed",
      (pair: VethPair) => ip(pair.a.netns, "link", "del", "dev", "a"),
      /interface a was removed|interface b was removed|went down or was removed/,
    ],
    [
      "set down",
      (pair: VethPair) => ip(pair.a.netns, "link", "set", "dev", "a", "down"),
      /interface a went down|interface b lost its carrier/,
    ],
    [
      "without carrier",
      (pair: VethPair) => ip(pair.b.netns, "link", "set", "dev", "b", "down"),
      /interface a lost its carrier|interface b went down/,
    ],
    [
      "down and up again",
      (pair: VethPair) => {
        ip(pair.a.netns, "link", "set", "dev", "a", "down");
        ip(pair.a.netns, "link", "set", "dev", "a", "up");
      },
      /went away in the trial: ((sendto|tx): )?interface (a went down|b lost its carrier)/,
    ],
  ])("%s in a run: what was measured is kept, the trial is invalid", async (_, spoil, reason) => {
    using pair = vethPair();
    const args = ["--sizes", "64,128", "--rate", "3kpps", "--count", "3000"];
    const { code, document, stderr } = await run({ pair }, args, {
      during: (child) => {
        const wait = setInterval(() => {
          if (child.exitCode !== null) clearInterval(wait);
          // In the second trial, so that the first is there to be kept.
          else if (statistics(pair.a).txPackets >= 3_500) {
            clearInterval(wait);
            spoil(pair);
          }
        }, 20);
      },
    });
    expect(code, stderr).toBe(4);
    expect(document.trials.length).toBe(2);
    expect(document.trials[0]).toMatchObject({ accepted: 3_000, lost: 0 });
    expect(faults(document.trials[0])).toEqual([]);
    expect(document.trials[1].verdict).toBe("invalid");
    expect(document.trials[1].reasons.join("; ")).toMatch(reason);
    expect(document.trials[1].reasons.join("; ")).not.toContain("add up");
  });

  it("and drops what comes in, a port that only sends has lost nothing by it", async () => {
    using pair = vethPair();
    const options = { maxFrameBytes: 1518, sendFrameBytes: 64, sends: true };
    await using sender = await openPort(parsePortSpec(port(pair.a)), { ...options, receives: false });
    await using other = await openPort(parsePortSpec(port(pair.b)), { ...options, receives: true });
    const before = statistics(pair.a).rxDropped;
    // Frames of a type that nobody takes: the kernel counts them as dropped by the interface.
    const memory = arena().memory();
    const { tx, txKick } = other.rings()!.queues[0]!;
    const ring = openTxRing(memory, tx!, moverOf);
    ring.reclaim();
    for (let k = 0; k < 10; k++) memory.u8.fill(0xff, ring.place(k, 60), ring.place(k, 60) + 60);
    ring.publish(10);
    kicker(txKick)();
    await vi.waitFor(() => expect(statistics(pair.a).rxDropped - before).toBe(10));
    expect(sender.receiveDrops?.()).toBe(0);
  });

  it("takes no more frames of a size: the sentence names it", async () => {
    using pair = vethPair();
    const args = ["--sizes", "1518", "--rate", "2kpps", "--duration", "2s"];
    const { code, document } = await run({ pair }, args, {
      during: () => {
        const wait = setInterval(() => {
          if (statistics(pair.a).txPackets < 100) return;
          clearInterval(wait);
          ip(pair.a.netns, "link", "set", "dev", "a", "mtu", "1000");
        }, 20);
      },
    });
    expect(code).toBe(4);
    expect(document.trials[0].reasons.join("; ")).toMatch(/frame of 1518 bytes: longer than|too long for interface a/);
  });
});

describeLab("packet: what it refuses", ["netns"], () => {
  const ask = (tx: string, ...more: string[]): Promise<CliResult> =>
    runCli(["--dut", "external", "--tx", tx, "--sizes", "64", "--count", "10", "--rate", "1kpps", ...more]);

  it("interfaces that are not there, down, without carrier, of another kind, too small", async () => {
    using netns = makeNetns();
    const on = (name: string): string => `packet:${name},netns=${netns.name}`;
    makeVeth({ netns: netns.name, name: "a" }, { netns: netns.name, name: "b" });
    makeVeth({ netns: netns.name, name: "c" }, { netns: netns.name, name: "d" });
    ip(netns.name, "link", "set", "dev", "d", "down");
    ip(netns.name, "tuntap", "add", "dev", "t0", "mode", "tun");
    expectRefusal(await ask(on("nope")), 3, /there is no interface nope; accepted: lo, /);
    expectRefusal(await ask(on("d")), 3, /interface d is down; ip link set d up/);
    expectRefusal(await ask(on("c")), 3, /interface c has no carrier; set its peer up, too/);
    expectRefusal(await ask(on("t0")), 3, /t0 is no Ethernet interface: no link layer \(tun\)/);
    expectRefusal(
      await ask(on("a"), "--sizes", "1600"),
      3,
      /frames of 1600 bytes do not fit interface a: its MTU is 1500; send at most 1518 bytes, or ip link set a mtu 1582/,
    );
    expectRefusal(await ask(on("a-name-too-long0")), 2, /"a-name-too-long0" has 16 bytes; accepted: at most 15/);
    expectRefusal(await ask("packet:a,netns=nowhere-at-all"), 3, /no network namespace "nowhere-at-all"/);
    expectRefusal(
      await ask(`${on("a")},timestamp=hardware`),
      3,
      /interface a does not stamp what it receives; use timestamp=kernel/,
    );
  });

  it("who may not, and says how to be allowed", async () => {
    using pair = vethPair();
    const args = ["--dut", "external", "--tx", "packet:a", "--sizes", "64", "--count", "10"];
    const { builtMain } = await import("../support/run-cli.js");
    const asNobody = ["setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw", process.execPath, builtMain()];
    const script = `${[...asNobody, ...args].join(" ")} 2>&1; echo "exit $?"`;
    const said = inside(pair.a.netns, "sh", "-c", script);
    expect(said).toMatch(/no permission to open a packet socket: CAP_NET_RAW is missing; run as root, or grant it/);
    expect(said).toContain("setcap cap_net_raw+ep");
    expect(said).toContain("exit 3");
  });

  it("an interface that the machine lives by, before anything is sent, unless told to", async () => {
    using pair = vethPair();
    ip(pair.a.netns, "addr", "add", "198.18.0.1/24", "dev", "a");
    ip(pair.a.netns, "route", "add", "default", "via", "198.18.0.2");
    const sentence =
      /interface a carries this machine's default route, and nothing is sent on it unasked; use another interface, or say --yes-this-interface/;
    expectRefusal(await ask(port(pair.a), "--rx", port(pair.b)), 2, sentence);
    expect(statistics(pair.a).txPackets).toBe(0);
    // To receive there is harmless, and needs no leave.
    const back = await ask(port(pair.b), "--rx", port(pair.a), "--settle", "100ms");
    expect(back.stderr).toBe("");
    const told = await ask(port(pair.a), "--rx", port(pair.b), "--settle", "100ms", "--yes-this-interface");
    expect(told.stderr).toBe("");
    expect(statistics(pair.a).txPackets).toBeGreaterThanOrEqual(10);
    const ssh = { env: { SSH_CONNECTION: "198.18.0.9 40000 198.18.0.1 22" } };
    ip(pair.a.netns, "route", "del", "default");
    const refused = await runCli(["--dut", "external", "--tx", port(pair.a), "--sizes", "64"], ssh);
    expectRefusal(refused, 2, /carries the SSH connection that this program was started over/);
  });
});

describeLab("packet: leaves nothing behind", ["netns"], () => {
  it.each(["SIGINT", "SIGKILL"] as const)("after %s", async (signal) => {
    using pair = vethPair();
    const mark = `PKTGEN_TEST_MARK=${process.pid}-${signal}`;
    const promiscuity = (end: VethEnd): number =>
      JSON.parse(ip(end.netns, "-j", "-d", "link", "show", "dev", end.name))[0].promiscuity;
    let seen = 0;
    await run({ pair }, ["--sizes", "64", "--rate", "5kpps", "--duration", "20s"], {
      env: { [mark.split("=")[0]!]: mark.split("=")[1]! },
      during: (child) => {
        const wait = setInterval(() => {
          if (statistics(pair.a).txPackets < 100) return;
          clearInterval(wait);
          seen = promiscuity(pair.b);
          child.kill(signal);
        }, 20);
      },
    }).catch(() => {});
    expect(seen).toBe(1);
    expect(promiscuity(pair.b)).toBe(0);
    expect(processesWith(mark)).toEqual([]);
    expect(inside(pair.a.netns, "cat", "/proc/net/packet").trim().split("\n").length).toBe(1);
  });
});
