/** `xdp:` through the command, on veth pairs of the test's own: every count against the kernel's own counters. */
import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { expect, it } from "vitest";
import { kicker } from "../../src/engine/loop/kick.js";
import { LiveSender } from "../../src/engine/transmit/live-sender.js";
import { openPort, parsePortSpec } from "../../src/port/index.js";
import { openRxRing, openTxRing } from "../../src/ring/index.js";
import { compileStream } from "../../src/stream/frames/compile.js";
import { checkSignature, fixedTrial, readSequence, readTrial } from "../../src/stream/frames/signature.js";
import { streamSpec } from "../../src/stream/spec.js";
import { arena } from "../../src/sys/arena.js";
import { type InterfaceStatistics, readInterface } from "../../src/sys/net/netdev.js";
import { inNetns } from "../../src/sys/net/netns.js";
import { loadXdp } from "../../src/sys/xdp/bpf.js";
import { BpfAssembler } from "../../src/sys/xdp/bpf-assembler.js";
import { attachXdpOverNetlink } from "../../src/sys/xdp/xdp-attach.js";
import { fixedSize } from "../../src/units.js";
import { faults } from "../support/faults.js";
import { inside, ip, makeNetns, makeVeth, type VethEnd, type VethPair, vethPair } from "../support/netns.js";
import { describeLab } from "../support/probe.js";
import { builtMain, type CliOptions, type CliResult, runCli } from "../support/run-cli.js";

const statistics = ({ netns, name }: VethEnd): InterfaceStatistics =>
  inNetns(netns, "test", () => readInterface(name)!.statistics);

const port = ({ netns, name }: VethEnd, options = ""): string => `xdp:${name},netns=${netns}${options}`;

/** A program on the interface, as `ip -d link` shows it. */
const hasProgram = ({ netns, name }: VethEnd): boolean => /xdp/.test(ip(netns, "-d", "link", "show", "dev", name));

interface Asked {
  readonly pair: VethPair;
  readonly options?: string;
  readonly rxOptions?: string;
}

const asking = ({ pair, options = "", rxOptions = "" }: Asked): string[] => [
  "--dut",
  "external",
  "--tx",
  port(pair.a, options),
  "--rx",
  port(pair.b, rxOptions),
];

/** A run from a to b without warm-up, so that every frame on the wire is one of the result's. */
async function run(asked: Asked, args: readonly string[], how: CliOptions = {}) {
  const result = await runCli([...asking(asked), "--warmup", "0ms", "--settle", "200ms", "--json", "-", ...args], how);
  return { ...result, document: result.stdout === "" ? null : JSON.parse(result.stdout) };
}

const sum = (trials: readonly Record<string, number>[], field: string): number =>
  trials.reduce((total, trial) => total + trial[field]!, 0);

function expectRefusal(result: CliResult, code: number, sentence: RegExp): void {
  expect(result.stderr).toMatch(sentence);
  expect(result.stderr).toMatch(/^pktgen-ts: [^\n]+\n$/);
  expect(result).toMatchObject({ code, stdout: "" });
}

describeLab("xdp: counts as the kernel does", ["netns", "af_xdp"], () => {
  it.each([
    ["the driver's XDP", "", ",queues=2", []],
    ["the kernel's generic XDP", ",mode=skb", ",mode=skb,queues=2", []],
    ["two queues, VLAN tags, flows", ",queues=2", ",queues=2", ["--queues", "2", "--vlan", "100", "--flows", "16"]],
    ["live frames", ",tx=live", ",queues=2", []],
    ["live frames of IPv6, one at a time", ",tx=live,batch=1", ",queues=2", ["--ip", "6"]],
  ] as const)("to the frame, on both ends: %s", async (_, options, rxOptions, more) => {
    using pair = vethPair({ queues: 2 });
    const [txBefore, rxBefore] = [statistics(pair.a), statistics(pair.b)];
    const sizes = [84, 512, 1518];
    const args = ["--sizes", sizes.join(","), "--count", "5000", "--rate", "20kpps", ...more];
    const { document, stderr } = await run({ pair, options, rxOptions }, args);
    const { trials } = document;
    expect(stderr).toBe("");
    expect(faults(...trials)).toEqual([]);
    const [tx, rx] = [statistics(pair.a), statistics(pair.b)];
    expect(tx.txPackets - txBefore.txPackets).toBe(sum(trials, "sent"));
    expect(rx.rxPackets - rxBefore.rxPackets).toBe(sum(trials, "received"));
    expect(sum(trials, "accepted")).toBe(15_000);
    expect(sum(trials, "foreign")).toBe(0);
    const hook = options.includes("skb") ? "generic" : "native";
    expect(trials[0].notes).toContain(`xdp:b: ${hook} XDP, copied`);
    expect(document.dut.ports[1].features).toEqual(["driver veth", "mtu 1500", `${hook} XDP`, "copied"]);
    for (const { latencyNs, durationNs } of trials) {
      expect(latencyNs.count).toBe(5_000);
      // No frame was under way for longer than the trial with its settling: a wrong clock would show here.
      expect(latencyNs.max).toBeLessThan(durationNs + 5e9);
      expect(latencyNs.mean).toBeGreaterThan(0);
    }
  });

  it.each([
    ["a ring", ""],
    ["live frames", ",tx=live"],
    ["live frames in the largest batches", ",tx=live,batch=256"],
  ])("to the frame at max, whoever loses them: %s", async (_, options) => {
    using pair = vethPair();
    const { document } = await run({ pair, options }, ["--sizes", "64", "--rate", "max", "--duration", "300ms"]);
    const [trial] = document.trials;
    const [tx, rx] = [statistics(pair.a), statistics(pair.b)];
    expect(tx.txPackets + tx.txDropped).toBe(trial.sent);
    expect(rx.rxPackets).toBeGreaterThanOrEqual(trial.received);
    expect(trial.sent - trial.received).toBe(trial.lost);
    expect(trial.lost).toBe(trial.receiveDrops ?? 0);
  });

  it("both ways at once, one of them live", async () => {
    using pair = vethPair();
    const args = ["--sizes", "64", "--count", "5000", "--rate", "10kpps", "--bidirectional"];
    const { document } = await run({ pair, options: ",tx=live" }, args);
    expect(faults(...document.trials)).toEqual([]);
    expect(document.trials.map((trial: { accepted: number }) => trial.accepted)).toEqual([5_000, 5_000]);
  });

  it("what came in where it has no socket, by name", async () => {
    using pair = vethPair({ queues: 2 });
    await using a = await openPort(parsePortSpec(port(pair.a, ",queues=2")));
    await using b = await openPort(parsePortSpec(port(pair.b)));
    const { tx, txKick } = a.rings()!.queues[1]!;
    const ring = openTxRing(arena().memory(), tx!);
    ring.reclaim();
    for (let k = 0; k < 50; k++)
      arena()
        .memory()
        .u8.fill(0xff, ring.place(k, 60), ring.place(k, 60) + 60);
    ring.publish(50);
    kicker(txKick)();
    expect(b.receiveDrops?.()).toBe(50);
    expect(b.namedDrops?.().filter(({ frames }) => frames > 0)).toEqual([
      { what: "came in on queues of b without a socket: queues=1 takes no more", frames: 50 },
    ]);
    // The kernel had them, and made nothing of them.
    expect(statistics(pair.b)).toMatchObject({ rxPackets: 50, rxDropped: 50 });
  });

  it("what its own rings had no room for, by name, and never as the device's loss", async () => {
    using pair = vethPair();
    const args = ["--sizes", "64", "--rate", "300kpps", "--duration", "300ms"];
    const { code, document } = await run({ pair, options: ",tx=live", rxOptions: ",size=4" }, args);
    const [trial] = document.trials;
    expect(trial.lost).toBeGreaterThan(0);
    expect(trial.receiveDrops).toBe(trial.lost);
    expect(trial.reasons.join()).toContain("its receive side had no room for");
    expect(trial.notes.join()).toMatch(/frames? found (no memory free at|the rx ring of) xdp:b/);
    expect(trial.verdict).toBe("invalid");
    expect(code).toBe(4);
  });
});

describeLab("xdp: a router gets each live frame as it should be", ["netns", "af_xdp"], () => {
  it("though it writes into pages that are used again", async () => {
    using ends = makeNetns();
    using router = makeNetns();
    makeVeth({ netns: ends.name, name: "a" }, { netns: router.name, name: "ra" });
    makeVeth({ netns: ends.name, name: "b" }, { netns: router.name, name: "rb" });
    inside(router.name, "sysctl", "-qw", "net.ipv4.ip_forward=1");
    ip(router.name, "addr", "add", "198.18.0.254/24", "dev", "ra");
    ip(router.name, "addr", "add", "198.19.0.254/24", "dev", "rb");
    ip(router.name, "neigh", "add", "198.19.0.1", "lladdr", "02:00:00:00:00:0b", "dev", "rb");
    inside(router.name, "ethtool", "-K", "ra", "gro", "on");
    const mac = inNetns(router.name, "test", () => readInterface("ra")!.mac!);
    const on = (name: string, more = ""): string => `xdp:${name},netns=${ends.name}${more}`;
    const args = ["--dut", "external", "--tx", on("a", ",tx=live,batch=16"), "--rx", on("b"), "--dst-mac", mac];
    // More frames than a page pool has pages: a page that kept the router's changes would lose a hop each time.
    const load = ["--sizes", "64,200", "--count", "20000", "--rate", "20kpps", "--integrity", "--json", "-"];
    const { stdout } = await runCli([...args, ...load]);
    const { trials } = JSON.parse(stdout);
    expect(faults(...trials)).toEqual([]);
    expect(trials.map((trial: { accepted: number }) => trial.accepted)).toEqual([20_000, 20_000]);
  });
});

describeLab("xdp: live frames one by one", ["netns", "af_xdp"], () => {
  /** Live frames in this thread, from a to b. */
  async function open(pair: VethPair, frameBytes: number, startSequence = 0) {
    const [tx, rx] = [
      await openPort(parsePortSpec(port(pair.a, ",tx=live"))),
      await openPort(parsePortSpec(port(pair.b))),
    ];
    const memory = arena().memory();
    const program = compileStream(streamSpec(), fixedSize(frameBytes));
    const sender = new LiveSender({ memory, program, queues: 1, trial: fixedTrial(7), firstStream: 3, startSequence });
    const { live } = tx.rings()!.queues[0]!;
    sender.attach({ tx: null, rx: null, live: live!, notifyTx: () => {}, notifyRx: () => {} });
    sender.start(0);
    const ring = openRxRing(memory, rx.rings()!.queues[0]!.rx!);
    const dispose = async (): Promise<void> => {
      await tx[Symbol.asyncDispose]();
      await rx[Symbol.asyncDispose]();
    };
    return { sender, ring, memory, [Symbol.asyncDispose]: dispose };
  }

  it.each([
    [64, 0],
    [65, 0],
    [131, 0],
    [1518, 0],
    // Over the end of 32 bits.
    [64, 2 ** 32 - 100],
  ])("of %i bytes from number %i on: numbers, signature, checksum and time are right", async (frameBytes, first) => {
    using pair = vethPair();
    await using ends = await open(pair, frameBytes, first);
    const { view, u8 } = ends.memory;
    let expected = first;
    let lastTime = 0n;
    for (let round = 0; round < 10; round++) {
      expect(ends.sender.send(round * 7)).toBe(round * 7);
      const n = ends.ring.poll(256);
      expect(n).toBe(round * 7);
      for (let k = 0; k < n; k++, expected++) {
        const at = ends.ring.offsets[k]!;
        const end = at + ends.ring.lengths[k]!;
        expect(ends.ring.lengths[k]).toBe(frameBytes - 4);
        expect(readTrial(view, end)).toBe(fixedTrial(7));
        expect(readSequence(view, end)).toBe(expected % 2 ** 32);
        expect(view.getUint32(end - 16, true)).toBe(7 | (3 << 8));
        expect(checkSignature(view, end)).toBe(true);
        expect(udpSum(u8.subarray(at, end))).toBe(0xffff);
        const time = view.getBigUint64(end - 8, true) & 0xffff_ffff_ffffn;
        expect(time >= lastTime).toBe(true);
        lastTime = time;
      }
      ends.ring.release(n);
    }
    expect(ends.sender.published).toBe(expected - first);
    expect(ends.sender.bytes).toBe((expected - first) * (frameBytes - 4));
    expect(statistics(pair.a).txPackets).toBe(expected - first);
  });

  it("as many as were asked for, however many signals end its calls", async () => {
    using pair = vethPair();
    await using ends = await open(pair, 64);
    let signals = 0;
    const count = (): void => void signals++;
    process.on("SIGUSR2", count);
    const shell = spawn("sh", ["-c", `while kill -USR2 ${process.pid}; do sleep 0.001; done`], { stdio: "ignore" });
    try {
      for (let call = 0; call < 40; call++) {
        expect(ends.sender.send(20_000)).toBe(20_000);
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      shell.kill();
      await new Promise((resolve) => shell.once("close", resolve));
      process.off("SIGUSR2", count);
    }
    expect(signals).toBeGreaterThan(0);
    expect(ends.sender.published).toBe(800_000);
    const { txPackets, txDropped } = statistics(pair.a);
    expect(txPackets + txDropped).toBe(800_000);
  });
});

/** UDP over IPv4 without options: sum of pseudo header and datagram, 0xffff where the checksum is right. */
function udpSum(frame: Uint8Array): number {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const udpBytes = view.getUint16(38);
  let sum = 17 + udpBytes;
  for (let at = 26; at < 34 + udpBytes; at += 2) sum += at + 1 < frame.length ? view.getUint16(at) : frame[at]! << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

describeLab("xdp: when the interface goes", ["netns", "af_xdp"], () => {
  it.each([
    ["a ring", "removed", "", (pair: VethPair) => ip(pair.a.netns, "link", "del", "dev", "a")],
    ["a ring", "set down", "", (pair: VethPair) => ip(pair.a.netns, "link", "set", "dev", "a", "down")],
    ["live frames", "removed", ",tx=live", (pair: VethPair) => ip(pair.a.netns, "link", "del", "dev", "a")],
    ["live frames", "set down", ",tx=live", (pair: VethPair) => ip(pair.a.netns, "link", "set", "dev", "a", "down")],
  ])("%s, %s in a run: what was measured is kept, the trial is invalid", async (_, __, options, spoil) => {
    using pair = vethPair();
    const args = ["--sizes", "64,128", "--rate", "3kpps", "--count", "3000"];
    const { code, document, stderr } = await run({ pair, options }, args, {
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
    expect(document.trials[1].verdict).toBe("invalid");
    expect(document.trials[1].reasons.join("; ")).toMatch(
      /interface [ab] (was removed|went down|lost its carrier)|went down or was removed/,
    );
    expect(document.trials[1].reasons.join("; ")).not.toContain("add up");
  });
});

describeLab("xdp: leaves nothing", ["netns", "af_xdp"], () => {
  it.each(["", ",tx=live"])("after a run, after an interrupt, and after SIGKILL%s", async (options) => {
    using pair = vethPair();
    const args = [...asking({ pair, options }), "--sizes", "64", "--rate", "1kpps"];
    await runCli([...args, "--count", "100", "--settle", "100ms"]);
    expect([hasProgram(pair.a), hasProgram(pair.b)]).toEqual([false, false]);
    for (const signal of ["SIGINT", "SIGKILL"] as const) {
      let seen = false;
      const before = statistics(pair.b).rxPackets;
      await runCli([...args, "--duration", "20s"], {
        during: (child) => {
          const wait = setInterval(() => {
            if (child.exitCode !== null || child.signalCode !== null) clearInterval(wait);
            else if (statistics(pair.b).rxPackets >= before + 200) {
              seen = hasProgram(pair.b);
              clearInterval(wait);
              child.kill(signal);
            }
          }, 20);
        },
      });
      expect(seen).toBe(true);
      // The kernel lets go of a dead process's descriptors a moment after it is reaped.
      await expect.poll(() => [hasProgram(pair.a), hasProgram(pair.b)]).toEqual([false, false]);
      expect(ip(pair.b.netns, "-d", "link", "show", "dev", "b")).not.toContain("promiscuity 1");
    }
  });
});

describeLab("xdp: on kernels without links", ["netns", "af_xdp"], () => {
  it("a program is attached over netlink, not over another's, and taken off again", () => {
    using pair = vethPair();
    const { netns, name } = pair.a;
    inNetns(netns, "test", () => {
      const { index: interfaceIndex } = readInterface(name)!;
      const pass = loadXdp("pktgen_test", new BpfAssembler().alu("mov", 0, 2).exit().bytes());
      const place = { interfaceIndex, netns, hook: "native" } as const;
      const attached = attachXdpOverNetlink(pass, place);
      if ("refused" in attached) throw new Error(attached.refused);
      expect(hasProgram(pair.a)).toBe(true);
      expect(attachXdpOverNetlink(pass, place)).toEqual({ refused: "EBUSY" });
      attached.detach();
      expect(hasProgram(pair.a)).toBe(false);
      closeSync(pass);
    });
  });

  it("a program that the verifier refuses: its words are in the error", () => {
    const leaks = new BpfAssembler().load(8, 0, 1, 0).exit().bytes();
    expect(() => loadXdp("pktgen_test", leaks)).toThrow(
      /verifier refuses the XDP program pktgen_test \(EACCES\): .*invalid bpf_context access/,
    );
  });
});

describeLab("xdp: what it refuses", ["netns", "af_xdp"], () => {
  const ask = (tx: string, ...more: string[]): Promise<CliResult> =>
    runCli(["--dut", "external", "--tx", tx, "--sizes", "64", "--count", "10", "--rate", "1kpps", ...more]);

  it("an interface that another program is on, a queue that it has not, a kind of XDP that it has not", async () => {
    using pair = vethPair();
    await using _first = await openPort(parsePortSpec(port(pair.a)));
    expectRefusal(await ask(port(pair.a)), 3, /another XDP program is on interface a \(EBUSY\); end the program that/);
    expectRefusal(await ask(port(pair.a, ",mode=skb")), 3, /another XDP program is on interface a \((EBUSY|EEXIST)\)/);
    expectRefusal(
      await ask(port(pair.b, ",queues=2")),
      3,
      /interface b has no queue 1 .*; accepted: as many queues= as/,
    );
    expectRefusal(
      await ask(port(pair.b, ",mode=zerocopy")),
      3,
      /interface b has no XDP of the kind asked for \(native XDP without copying: E(OP)?NOTSUPP?\); mode=auto takes what there is/,
    );
    expect(hasProgram(pair.b)).toBe(false);
  });

  it("frames that do not fit, and traffic that live frames cannot be", async () => {
    using pair = vethPair({ mtu: 9000 });
    const live = port(pair.a, ",tx=live");
    expectRefusal(
      await ask(port(pair.a), "--sizes", "4000"),
      2,
      /an xdp port takes no frames of 4000 bytes; accepted: frames of at most 3840 bytes/,
    );
    expectRefusal(
      await ask(live, "--sizes", "3600"),
      2,
      /tx=live makes no frames of 3600 bytes; accepted: at most 3300/,
    );
    expectRefusal(
      await ask(live, "--sizes", "imix"),
      2,
      /tx=live sends frames that differ in nothing but their number/,
    );
    expectRefusal(await ask(live, "--flows", "4"), 2, /tx=live sends frames that differ in nothing but their number/);
    expectRefusal(await ask(live, "--queues", "2"), 2, /tx=live sends on one queue/);
    expect(hasProgram(pair.a)).toBe(false);
  }, 60_000);

  it("not the longest frames that it takes", async () => {
    // Native XDP on veth takes MTUs up to a page; the longest live frames fit, too.
    using pair = vethPair({ mtu: 3400 });
    const load = ["--count", "200", "--rate", "5kpps"];
    const live = await run({ pair, options: ",tx=live" }, ["--sizes", "3300", ...load]);
    expect(live.document.trials[0]).toMatchObject({ accepted: 200, lost: 0 });
    using large = vethPair({ mtu: 9000 });
    const generic = await run({ pair: large, options: ",mode=skb", rxOptions: ",mode=skb" }, [
      "--sizes",
      "3840",
      ...load,
    ]);
    expect(generic.document.trials[0]).toMatchObject({ accepted: 200, lost: 0 });
  });

  it("live frames on an interface that takes none: named, and never the device's loss", async () => {
    using pair = vethPair();
    const args = ["--dut", "external", "--tx", port(pair.a, ",tx=live"), "--rx", `packet:b,netns=${pair.b.netns}`];
    const load = ["--sizes", "64", "--count", "500", "--rate", "5kpps", "--settle", "200ms", "--json", "-"];
    const { code, stdout } = await runCli([...args, ...load]);
    const [trial] = JSON.parse(stdout).trials;
    expect(trial).toMatchObject({ sent: 500, lost: 500, sendDrops: 500, verdict: "invalid" });
    expect(trial.reasons.join()).toContain("its own interface did not take 500 frames");
    expect(trial.notes.join()).toMatch(/500 frames were not taken by interface a: .* gro on/);
    expect(code).toBe(4);
  });

  const without = (pair: VethPair, capability: string, limits: string): string => {
    const node = [
      "setpriv",
      "--bounding-set",
      `-${capability}`,
      "--inh-caps",
      `-${capability}`,
      process.execPath,
      builtMain(),
    ];
    const args = ["--dut", "external", "--tx", "xdp:a", "--sizes", "64", "--count", "10"];
    return inside(pair.a.netns, "sh", "-c", `${limits} ${[...node, ...args].join(" ")} 2>&1; echo "exit $?"`);
  };

  it.each([
    ["net_raw", /CAP_NET_RAW is missing/],
    [
      "bpf,-sys_admin",
      /no permission for making the BPF map pktgen_page \(EPERM\): that needs CAP_BPF and CAP_NET_ADMIN/,
    ],
    ["net_admin,-sys_admin", /CAP_NET_ADMIN/],
  ])("who may not, and says how to be allowed: without CAP_%s", (capability, sentence) => {
    using pair = vethPair();
    const said = without(pair, capability, "");
    expect(said).toMatch(sentence);
    expect(said).toMatch(/setcap cap_net_raw(,cap_net_admin,cap_bpf)?\+ep/);
    expect(said).toContain("exit 3");
    expect(hasProgram(pair.a)).toBe(false);
  });

  it("rings that may not be so large", () => {
    using pair = vethPair();
    const said = without(pair, "ipc_lock", "ulimit -l 1024;");
    expect(said).toMatch(
      /only so much memory may be locked, and the port needs \d+ bytes \(ENOBUFS\); raise `ulimit -l`/,
    );
    expect(said).toContain("exit 3");
    expect(hasProgram(pair.a)).toBe(false);
  });
});
