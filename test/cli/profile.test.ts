/** `profile show|check|graph`: looked at before anything is sent. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCli } from "../support/run-cli.js";

const scratch = mkdtempSync(join(tmpdir(), "pktgen-cli-profile-"));
afterAll(() => rmSync(scratch, { recursive: true }));

describe("profile", () => {
  it("shows streams, what changes, and the first frame field by field", async () => {
    const { code, stdout, stderr } = await runCli(["profile", "show", "profiles/vxlan.yaml", "--set", "vni=7"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("overlay: ethernet / ipv4 / udp / vxlan / ethernet / ipv4 / udp, 96 bytes with FCS");
    expect(stdout).toContain("changes   udp.srcPort: increment 49152 to 49215 by 1");
    expect(stdout).toMatch(/ 46 {2}vxlan\.vni +0x000007\n/);
    expect(stdout).toMatch(/106 {2}signature +18 bytes\n/);
  });

  it("shows what is wrong on purpose, and plain profiles too", async () => {
    const malformed = await runCli(["profile", "show", "profiles/malformed.yaml"]);
    expect(malformed.stdout).toMatch(/24 {2}wrong: ipv4\.checksum +0x1234, expected 0x/);
    const plain = await runCli(["profile", "show", "profiles/vlan.yaml"]);
    expect(plain.stdout).toMatch(/vlan\.id +100\n/);
  });

  it("draws the load over time", async () => {
    const { code, stdout } = await runCli(["profile", "graph", "profiles/ramp.yaml", "--ascii"]);
    expect(code).toBe(0);
    const [, bars] = stdout.split("|");
    expect([bars[0], bars[59]]).toEqual([".", "#"]);
    expect([...bars].map((bar) => ".:-=+*%#".indexOf(bar))).toEqual(
      [...bars].map((bar) => ".:-=+*%#".indexOf(bar)).sort(),
    );
  });

  it("draws rates in bits and percent as so many frames of each stream's own size", async () => {
    const file = join(scratch, "sizes.yaml");
    const stream = (name: string, size: number, rate: string): string =>
      `  - { name: ${name}, packet: [ethernet, ipv4, udp], size: ${size}, rate: ${rate} }\n`;
    writeFileSync(file, `streams:\n${stream("a", 64, "512kbps")}${stream("b", 1230, "1%")}`);
    const { code, stdout } = await runCli(["profile", "graph", file, "--line-rate", "1Gbps"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/a .*512kbps, at most 1 kpps\n/);
    expect(stdout).toMatch(/b .*1%, at most 1 kpps\n/);
  });

  it.each([
    [["profile", "check", "profiles/imix.yaml"], 0, "profiles/imix.yaml: 1 stream, nothing wrong"],
    [["profile"], 2, "accepted: show FILE, check FILE, graph FILE"],
    [["profile", "shwo", "x.yaml"], 2, '"shwo x.yaml" is not what profile does'],
    [["profile", "check", "none.yaml"], 2, "the profile none.yaml does not exist"],
    [["profile", "check", "profiles/vxlan.yaml", "--set", "vin=1"], 2, "did you mean vni?"],
    [["profile", "graph", "profiles/imix.yaml", "--rate", "max"], 2, "as fast as it can be has no graph"],
  ])("%j ends with %d", async (args, code, message) => {
    const result = await runCli(args);
    expect([result.code, result.stdout]).toEqual([code, ""]);
    expect(result.stderr).toContain(message);
  });

  it("check lists every mistake, each in a line", async () => {
    const file = join(scratch, "several.yaml");
    writeFileSync(file, "sizes: 63\nstreams:\n  - packet: [ethernet, ipv5]\nstream: 1\n");
    const { code, stderr } = await runCli(["profile", "check", file]);
    expect(code).toBe(2);
    expect(
      stderr
        .trimEnd()
        .split("\n")
        .map((line) => line.replace(/; accepted.*/, "")),
    ).toEqual([
      `pktgen-ts: ${file}:1:8: frame size 63 is below 64`,
      `pktgen-ts: ${file}:3:24: there is no protocol "ipv5"`,
      `pktgen-ts: ${file}:4:1: unknown key "stream"`,
    ]);
  });

  it("check warns of an empty file", async () => {
    const file = join(scratch, "empty.yaml");
    writeFileSync(file, "# nothing\n");
    const { code, stderr } = await runCli(["profile", "check", file]);
    expect([code, stderr]).toEqual([
      0,
      `${file} is empty: traffic is as without a profile\n${file}: 1 stream, nothing wrong\n`,
    ]);
  });

  it("says where a mistake is", async () => {
    const file = join(scratch, "bad.yaml");
    writeFileSync(file, "streams:\n  - packet: [ethernet, ipv4: { ttl: 300 }, udp]\n");
    const { code, stderr } = await runCli(["profile", "check", file]);
    expect([code, stderr]).toEqual([2, `pktgen-ts: ${file}:2:37: 300 is not accepted; accepted: 0 to 255\n`]);
  });
});
