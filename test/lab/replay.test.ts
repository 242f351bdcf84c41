/** `replay` over veth pairs of the test's own and through a real testpmd: every frame, byte for byte. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { Testpmd } from "../../bench/testpmd.js";
import { writeCaptureFile } from "../../src/pcap/index.js";
import { inside, makeNetns, vethPair } from "../support/netns.js";
import { describeLab } from "../support/probe.js";
import { runCli } from "../support/run-cli.js";

const golden = join(import.meta.dirname, "../../pcaps/golden");
const folder = mkdtempSync(join(tmpdir(), "pktgen-lab-replay-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describeLab("replay over a veth pair", ["netns"], () => {
  it.each(["imix.pcap", "vlan.pcap", "odd-sizes.pcap"])("%s arrives as it is", async (name) => {
    using pair = vethPair();
    const path = join(golden, name);
    const port = ({ netns, name: iface }: { netns: string; name: string }) => `packet:${iface},netns=${netns}`;
    const args = [
      "replay",
      path,
      "--tx",
      port(pair.a),
      "--rx",
      port(pair.b),
      "--rate",
      "1kpps",
      "--settle",
      "300ms",
      "--expect",
      path,
    ];
    const done = await runCli([...args, "--json", "-"]);
    const result = JSON.parse(done.stdout);
    expect(result.reasons).toEqual([]);
    expect(result.comparison).toMatchObject({ missing: 0, unexpected: 0, changed: 0, reordered: 0 });
    expect(result.sent).toBe(result.comparison.same);
    expect(done.code).toBe(0);
  });
});

describeLab("replay out of an interface where nobody looks for frames", ["netns", "tun"], () => {
  const args = ["--rate", "100pps", "--loops", "2"];
  const imix = join(golden, "imix.pcap");

  it("packet: has the socket that sends, and none that receives", async () => {
    using pair = vethPair();
    const socketsOf = (): string[] =>
      inside(pair.a.netns, "cat", "/proc/net/packet")
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => line.trim().split(/\s+/)[3]!);
    let seen: string[] = [];
    const looking = setInterval(() => {
      const now = socketsOf();
      if (now.length > seen.length) seen = now;
    }, 50);
    const done = await runCli(["replay", imix, "--tx", `packet:${pair.a.name},netns=${pair.a.netns}`, ...args]);
    clearInterval(looking);
    expect(done.stdout).toContain(`packet:${pair.a.name},netns=${pair.a.netns}: sent 48\n`);
    expect(seen).toEqual(["0000"]);
  });

  it("a tap's frames are left to lie", async () => {
    using netns = makeNetns({ ipv6: true });
    const done = await runCli(["replay", imix, "--tx", `tap:t0,netns=${netns.name}`, ...args, "--json", "-"]);
    const { ports, verdict } = JSON.parse(done.stdout);
    // IPv6 speaks on a fresh interface.
    expect(ports).toMatchObject([{ sent: 48, receives: false, received: 0 }]);
    expect(verdict).toBe("pass");
  });
});

const sizes = [60, 124, 252, 508, 1020, 1276, 1514];

/** 1,000 numbered frames of seven sizes, 500 µs apart. */
function sizesCapture(): string {
  const path = join(folder, "sizes.pcap");
  const frames = Array.from({ length: 1_000 }, (_, i) => {
    const bytes = new Uint8Array(sizes[i % sizes.length]!).fill(i);
    bytes.set([0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1, 0x88, 0xb5, i >> 8, i & 255]);
    return { seconds: 1_700_000_000, nanoseconds: i * 500_000, bytes, originalBytes: bytes.length };
  });
  writeCaptureFile(path, frames);
  return path;
}

describeLab("replay through a real testpmd", ["testpmd"], () => {
  it.each([
    ["paced", ["--rate", "2kpps"]],
    ["one by one", ["--one-by-one"]],
  ])("%s: every frame comes back as it went, in order", { timeout: 60_000, retry: 2 }, async (_, pace) => {
    const directory = mkdtempSync(join(folder, "testpmd-"));
    const socket = join(directory, "vhost.sock");
    const testpmd = await Testpmd.onSocket({ directory, socket, mode: "io" });
    try {
      await testpmd.command("start");
      const path = sizesCapture();
      const done = await runCli([
        "replay",
        path,
        "--tx",
        `virtio-user:${socket}`,
        ...pace,
        "--expect",
        path,
        "--json",
        "-",
      ]);
      const result = JSON.parse(done.stdout);
      expect(result.reasons).toEqual([]);
      expect(result).toMatchObject({ sent: 1_000, verdict: "pass" });
      expect(result.comparison).toMatchObject({ same: 1_000, missing: 0, unexpected: 0, changed: 0, reordered: 0 });
      // And so say the counters of somebody else.
      expect(await testpmd.rates()).toMatchObject({ rxPackets: 1_000, txPackets: 1_000 });
      expect(done.code).toBe(0);
    } finally {
      await testpmd.quit();
    }
  });
});
