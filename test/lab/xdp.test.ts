/** `xdp:` through the command, on veth pairs of the test's own: every count against the kernel's own counters. */

import { spawn } from "node:child_process";
import { expect, it } from "vitest";
import { kicker } from "../../src/engine/loop/kick.js";
import { LiveSender } from "../../src/engine/transmit/live-sender.js";
import { openPort, parsePortSpec } from "../../src/port/index.js";
import { openRxRing, openTxRing } from "../../src/ring/index.js";
import { compileStream } from "../../src/stream/frames/compile.js";
import { checkSignature, fixedTrial, readSequence, readTrial } from "../../src/stream/frames/signature.js";
import { arena } from "../../src/sys/arena.js";
import { readInterface } from "../../src/sys/net/netdev.js";
import { inNetns } from "../../src/sys/net/netns.js";
import { fixedSize } from "../../src/units.js";
import { faults } from "../support/faults.js";
import { inside, ip, makeNetns, makeVeth, type VethPair, vethPair } from "../support/netns.js";
import { plain } from "../support/plain.js";
import { describeLab } from "../support/probe.js";
import { runCli } from "../support/run-cli.js";
import { interfaceRuns, statistics, sum } from "./interface-run.js";

const { port, run } = interfaceRuns("xdp");

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
    const program = compileStream(plain(), fixedSize(frameBytes));
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
