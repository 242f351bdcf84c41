/** Tap ports on a real kernel: made, kept, measured through, removed. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { TrialSpec } from "../../src/engine/loop/trial-spec.js";
import { startGenerator } from "../../src/engine/trial/start-generator.js";
import type { PktgenError } from "../../src/errors.js";
import { openPort, type Port, parsePortSpec } from "../../src/port/index.js";
import { type InterfaceFacts, readInterface } from "../../src/sys/net/netdev.js";
import { inNetns } from "../../src/sys/net/netns.js";
import { fixedSize } from "../../src/units.js";
import { printedCommands } from "../support/documents.js";
import { ip, makeNetns } from "../support/netns.js";
import { defaultTraffic, plain } from "../support/plain.js";
import { describeLab } from "../support/probe.js";
import { builtMain, runCli } from "../support/run-cli.js";

const order: TrialSpec = {
  trial: 1,
  stream: defaultTraffic,
  size: fixedSize(64),
  queues: 1,
  startSequence: 0,
  load: { kind: "paced", pps: 20_000 },
  count: 4_000,
  durationNs: Number.POSITIVE_INFINITY,
  settleNs: 500e6,
  integrity: false,
  cooperative: true,
};
/** An ordinary user, whom nothing belongs to. */
const nobody = 65_534;
const never = new AbortController().signal;

const lineOf = async (act: () => Promise<Port>): Promise<string> => {
  try {
    await using _port = await act();
  } catch (error) {
    return `${(error as PktgenError).exitCode}: ${(error as PktgenError).toLine()}`;
  }
  return "accepted";
};

/** What lies after the first colon of a spec that names a namespace. */
const shown = (line: string, netns: string): string => line.replaceAll(netns, "NS");

describeLab("a tap port", ["netns", "tun"], () => {
  let netns: ReturnType<typeof makeNetns>;
  const open = (text: string, sendFrameBytes = 64): Promise<Port> =>
    openPort(parsePortSpec(`tap:${text},netns=${netns.name}`), { maxFrameBytes: 1518, sendFrameBytes });
  const facts = (name: string): InterfaceFacts | null => inNetns(netns.name, "test", () => readInterface(name));
  /** Frames that come in on one go out on the others. */
  const bridge = (...names: readonly string[]): void => {
    ip(netns.name, "link", "add", "bridge", "type", "bridge", "mcast_snooping", "0");
    for (const name of names) ip(netns.name, "link", "set", "dev", name, "master", "bridge");
    ip(netns.name, "link", "set", "dev", "bridge", "up");
  };

  beforeEach(() => {
    netns = makeNetns();
  });
  afterEach(() => netns[Symbol.dispose]());

  for (const io of ["io_uring", "calls"] as const) {
    for (const queues of [1, 2]) {
      it(`counts as the kernel does, to the frame: ${io}, ${queues} queues`, async () => {
        await using tx = await open(`t0,io=${io},queues=${queues}`);
        await using rx = await open(`t1,io=${io},queues=${queues}`);
        bridge("t0", "t1");
        expect(tx.facts().features[0]).toBe(io === "calls" ? "a system call per frame" : "io_uring");
        const before = { t0: facts("t0")!.statistics, t1: facts("t1")!.statistics };
        await using generator = await startGenerator({ tx, rx, cpu: null, busy: false });
        const stream = plain({ flows: 4 });
        const { transmit, receive } = await generator.runTrial({ ...order, stream, queues }, never);
        const sent = transmit.queues.reduce((sum, { published, outstanding }) => sum + published - outstanding, 0);
        expect(sent).toBe(4_000);
        expect(receive).toMatchObject({ accepted: 4_000, duplicate: 0, corrupt: 0 });
        const after = { t0: facts("t0")!.statistics, t1: facts("t1")!.statistics };
        expect(after.t0.rxPackets - before.t0.rxPackets).toBe(4_000);
        expect(after.t0.rxBytes - before.t0.rxBytes).toBe(60 * 4_000);
        expect(after.t1.txPackets - before.t1.txPackets).toBe(4_000);
        expect(after.t1.txDropped).toBe(before.t1.txDropped);
      });
    }
  }

  it("is gone when it is closed, and its counts are bursts' at max", async () => {
    await using tx = await open("t0");
    await using rx = await open("t1");
    bridge("t0", "t1");
    {
      await using generator = await startGenerator({ tx, rx, cpu: null, busy: false });
      const count = 50_000;
      const { transmit } = await generator.runTrial({ ...order, load: { kind: "max" }, count }, never);
      expect(transmit.queues[0]).toMatchObject({ published: count, outstanding: 0 });
      expect(facts("t0")!.statistics.rxPackets).toBe(count);
    }
    await tx[Symbol.asyncDispose]();
    await rx[Symbol.asyncDispose]();
    expect(facts("t0")).toBeNull();
    expect(facts("t1")).toBeNull();
  });

  it("stays where asked to, and one that was there is left as it was", async () => {
    {
      await using _port = await open("kept,persist=on,size=77");
      expect(facts("kept")).toMatchObject({ up: true, mtu: 1500 });
    }
    expect(facts("kept")).not.toBeNull();
    ip(netns.name, "tuntap", "add", "theirs", "mode", "tap");
    {
      await using port = await open("theirs");
      expect(facts("theirs")).toMatchObject({ up: true, carrier: true });
      expect(port.facts().features).toContain("was there");
    }
    expect(facts("theirs")).toMatchObject({ up: false });
    ip(netns.name, "tuntap", "add", "many", "mode", "tap", "multi_queue");
    await using port = await open("many");
    expect(port.facts().features).toContain("multi_queue");
  });

  it("is made big enough for the longest frame", async () => {
    const spec = parsePortSpec(`tap:big,netns=${netns.name}`);
    await using _port = await openPort(spec, { maxFrameBytes: 9018, sendFrameBytes: 9018 });
    expect(facts("big")!.mtu).toBe(9000);
  });

  it("refuses what is no tap, is in use, is down or too small, and leaves nothing", async () => {
    const { name } = netns;
    ip(name, "link", "add", "v0", "type", "veth", "peer", "name", "v1");
    ip(name, "tuntap", "add", "l3", "mode", "tun");
    ip(name, "tuntap", "add", "tap1", "mode", "tap");
    ip(name, "link", "set", "dev", "tap1", "mtu", "1000");
    const line = async (text: string, sendFrameBytes = 64): Promise<string> =>
      shown(await lineOf(() => open(text, sendFrameBytes)), name);
    expect(await line("v0")).toBe(
      "3: tap:v0,netns=NS: there is an interface v0 already, and it is no tap: veth; use another name, or packet:v0",
    );
    expect(await line("l3")).toBe(
      "3: tap:l3,netns=NS: there is an interface l3 already, and it is no tap: a tun interface, whose packets have no Ethernet header; use another name",
    );
    expect(await line("tap1,up=off")).toBe("3: tap:tap1,up=off,netns=NS: interface tap1 is down; ip link set tap1 up");
    expect(await line("tap1", 1518)).toBe(
      "3: tap:tap1,netns=NS: frames of 1518 bytes do not fit interface tap1: its MTU is 1000; send at most 1018 bytes, or ip link set tap1 mtu 1500",
    );
    expect(facts("tap1")).toMatchObject({ up: false });
    expect(await line("tap1,queues=2")).toBe(
      "3: tap:tap1,queues=2,netns=NS: tap interface tap1 was made for one queue; accepted: queues=1; or make it anew: ip tuntap del tap1 mode tap; ip tuntap add tap1 mode tap multi_queue",
    );
    await using _holder = await open("tap1");
    expect(await line("tap1")).toBe(
      "3: tap:tap1,netns=NS: tap interface tap1 is in use by another program; end that program, or use another name",
    );
    expect(await lineOf(() => openPort(parsePortSpec("tap:t,netns=no-such-namespace")))).toMatch(
      /^3: tap:t,netns=no-such-namespace: there is no network namespace/,
    );
  });

  it("comes back when the interface is set down and up again", async () => {
    await using port = await open("t0");
    ip(netns.name, "link", "set", "dev", "t0", "down");
    await vi.waitFor(() => expect(port.rings()).toBeNull(), 5_000);
    expect(port.whyLost(1)).toBe("interface t0 went down");
    ip(netns.name, "link", "set", "dev", "t0", "up");
    expect((await port.ready(5_000)).generation).toBe(2);
    ip(netns.name, "link", "del", "t0");
    await vi.waitFor(() => expect(port.whyLost(2)).toBe("interface t0 was removed"), 5_000);
    await expect(port.ready(5_000)).rejects.toThrow("interface t0 was removed");
  });

  it("says how much the kernel had no room to keep for it", async () => {
    await using tx = await open("t0");
    await using rx = await open("t1,size=10");
    bridge("t0", "t1");
    await using generator = await startGenerator({ tx, rx: null, cpu: null, busy: false });
    const { transmit } = await generator.runTrial({ ...order, count: 100, settleNs: 1e6 }, never);
    expect(transmit.queues[0]).toMatchObject({ published: 100, outstanding: 0 });
    expect(rx.receiveDrops?.()).toBe(90);
  });

  it("makes a run invalid when it is deleted in it, and the counts stay", async () => {
    const { name } = netns;
    for (const tap of ["t0", "t1"]) ip(name, "tuntap", "add", tap, "mode", "tap");
    bridge("t0", "t1");
    const ports = ["--tx", `tap:t0,netns=${name}`, "--rx", `tap:t1,netns=${name}`];
    const load = ["--sizes", "64", "--rate", "10kpps", "--duration", "20s", "--ndjson", "--json", "-"];
    const { code, stdout, stderr } = await runCli(["--dut", "external", ...ports, ...load.toSpliced(6, 1)], {
      during: () => {
        // What the generator sends, the kernel has received at the tap.
        const timer = setInterval(() => {
          const [link] = JSON.parse(ip(name, "-j", "-s", "link", "show", "t0"));
          if (link.stats64.rx.packets < 2_000) return;
          clearInterval(timer);
          ip(name, "link", "del", "t0");
        }, 100);
      },
    });
    expect(`${code} ${stderr}`).toMatch(/^4 /);
    const [trial] = JSON.parse(stdout).trials;
    expect(trial).toMatchObject({ verdict: "invalid", lost: 0, duplicate: 0, corrupt: 0 });
    expect(trial.sent).toBeGreaterThan(1_000);
    expect(trial.accepted).toBe(trial.sent);
    expect(trial.reasons.join()).toMatch(/interface t0 (went down or )?was removed/);
    expect(facts("t0")).toBeNull();
    expect(facts("t1")).toMatchObject({ up: false });
  });

  it("runs the recipe of the documents as an ordinary user", async () => {
    const [recipe] = printedCommands("unshare -rn sh -c 'ip tuntap");
    const script = recipe!.replace("pktgen-ts", `${process.execPath} ${builtMain()}`);
    const child = spawn("sh", ["-c", script], { uid: nobody, gid: nobody, stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (data) => {
      text += data;
    });
    const [code] = await once(child, "close");
    expect(text).toMatch(/^ +64 +10,000 +10,000 +0 /m);
    expect(text).toMatch(/^ 1518 +10,000 +10,000 +0 /m);
    // Invalid and 4 where others on this machine spoiled the pace.
    expect(text).toMatch(/^(PASS|INVALID): 2 sizes, 4 trials:/m);
    expect(code).toBe(text.includes("INVALID: 2 sizes") ? 4 : 0);
  });

  for (const signal of ["SIGTERM", "SIGINT", "SIGKILL"] as const) {
    it(`leaves nothing behind on ${signal}`, async () => {
      const port = `tap:gone,netns=${netns.name}`;
      const args = [builtMain(), "--dut", "external", "--tx", port, "--sizes", "64", "--rate", "1kpps"];
      const child = spawn(process.execPath, [...args, "--duration", "30s"], { stdio: "ignore" });
      const ended = once(child, "exit");
      while (facts("gone") === null) await new Promise((resolve) => setTimeout(resolve, 50));
      await new Promise((resolve) => setTimeout(resolve, 500));
      child.kill(signal);
      await ended;
      expect(facts("gone")).toBeNull();
    });
  }
});

/** Runs a program of ours on the built files; what it prints. */
async function runProgram(source: string, command: readonly string[], uid = 0): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "pktgen-tap-"));
  try {
    chmodSync(folder, 0o755);
    const dist = join(builtMain(), "../..");
    writeFileSync(
      join(folder, "program.mjs"),
      `import { openPort, parsePortSpec } from "${dist}/port/index.js";
      import { libc, addressOf } from "${dist}/sys/libc.js";
      const show = async () => {
        try {
          await using port = await openPort(parsePortSpec("tap:t0"));
          console.log(port.facts().features.join(", "));
        } catch (error) { console.log(error.exitCode + ": " + error.toLine()); }
      };
      ${source}`.replaceAll("await using", "const"),
      { mode: 0o644 },
    );
    const [program, ...args] = [...command, process.execPath, join(folder, "program.mjs")];
    const child = spawn(program!, args, { stdio: ["ignore", "pipe", "pipe"], uid, gid: uid });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data) => {
        text += data;
      });
    }
    await once(child, "close");
    return text.trim();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Makes io_uring_setup fail with EPERM in this thread, as container engines do. */
const forbidUring = `
  const filter = new Uint8Array(4 * 8), f = new DataView(filter.buffer);
  [[0x20, 0, 0, 0], [0x15, 0, 1, 425], [0x06, 0, 0, 0x00050001], [0x06, 0, 0, 0x7fff0000]].forEach(([code, t, e, k], i) => {
    f.setUint16(8 * i, code, true); f.setUint8(8 * i + 2, t); f.setUint8(8 * i + 3, e); f.setUint32(8 * i + 4, k, true);
  });
  const program = new Uint8Array(16), p = new DataView(program.buffer);
  p.setUint16(0, 4, true); p.setBigUint64(8, addressOf(filter), true);
  libc.prctl(38, 1, 0, 0, 0);
  if (libc.prctl(22, 2, Number(addressOf(program)), 0, 0) !== 0) throw new Error("no seccomp");
`;

describeLab("a tap port without rights", ["netns", "tun"], () => {
  it("falls back to a call a frame where io_uring is not allowed, and says so", async () => {
    const said = await runProgram(`${forbidUring} await show();`, ["unshare", "-n"]);
    expect(said).toBe(
      "a system call per frame: io_uring is not allowed here (kernel.io_uring_disabled, or a seccomp filter), mtu 1500, made by us",
    );
  });

  it("says which capability an ordinary user lacks, and works in a namespace of the user's own", async () => {
    expect(await runProgram("await show();", [], nobody)).toMatch(
      /^3: tap:t0: no permission to make tap interface t0; that needs CAP_NET_ADMIN: run as root, .* `ip tuntap add t0 mode tap user USER`/,
    );
    expect(await runProgram("await show();", ["unshare", "-rn"], nobody)).toMatch(/made by us$/);
  });

  it("says what to do where the kernel has no tun", async () => {
    const hidden = ["unshare", "-nm", "sh", "-c", 'mount -t tmpfs none /dev/net && exec "$@"', "sh"];
    expect(await runProgram("await show();", hidden)).toMatch(
      /^3: tap:t0: this machine has no tap interfaces \(\/dev\/net\/tun: ENOENT\); modprobe tun; in a container/,
    );
  });
});
