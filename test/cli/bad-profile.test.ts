/** Profiles that go wrong, through the command: before anything is sent where that can be known, else nothing after it. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readCapture } from "../../src/pcap/index.js";
import { runCli } from "../support/run-cli.js";

const scratch = mkdtempSync(join(tmpdir(), "pktgen-cli-bad-profile-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const write = (name: string, text: string): string => {
  writeFileSync(join(scratch, name), text);
  return join(scratch, name);
};

const run = (profile: string, sent: string) =>
  runCli(["--profile", profile, "--sizes", "64", "--count", "5000", "--rate", "20kpps", "--record-tx", sent]);

describe("a profile that goes wrong", () => {
  it("sends nothing, and opens nothing, where its text says so", async () => {
    const profile = write("vlan.yaml", "streams:\n  - packet: [ethernet, vlan: { id: 5, tpid: 0x9200 }, ipv4, udp]\n");
    const sent = join(scratch, "nothing.pcap");
    const { code, stdout, stderr } = await run(profile, sent);
    expect([code, stdout, existsSync(sent)]).toEqual([2, "", false]);
    expect(stderr).toMatch(/^pktgen-ts: .*vlan\.yaml:2:45: 37376 is not accepted; accepted: [^\n]*\n$/);
  });

  it.each([
    [
      "throws",
      'if (index === 700) throw new Error("no more");',
      /no more \(at eachFrame \(file:\S*throws\.ts:3:\d+\)\)\n/,
    ],
    [
      "writes outside of its frame",
      "if (index === 700) frame.set32(58, 7);",
      /4 bytes at 58 lie outside of what a program may touch \(at eachFrame \(file:\S*\.ts:3:\d+\)\); accepted: offsets 0 to 38/,
    ],
    [
      "has a value that does not fit",
      "if (index === 700) frame.ipv4.ttl = 256;",
      /256 does not fit into ipv4\.ttl \(at eachFrame \(file:\S*\.ts:3:\d+\)\); accepted: 0 to 255/,
    ],
  ])("is stopped at the frame where its program %s, and sends nothing after it", async (name, statement, sentence) => {
    const head =
      'import { stream, udp4 } from "pktgen-ts";\nexport default stream({ packet: udp4(), eachFrame(frame, index) {\n';
    const profile = write(
      `${name.split(" ")[0]}.ts`,
      `${head}  ${statement}\n  frame.udp.srcPort = index & 1023;\n} });\n`,
    );
    const sent = join(scratch, `${name.split(" ")[0]}.pcap`);
    const { code, stdout, stderr } = await run(profile, sent);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/pktgen-ts: stream "program": eachFrame stopped at frame 700: /);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/this is a bug|PktgenError/);
    if (existsSync(sent)) expect(readCapture(readFileSync(sent)).frames.length).toBeLessThanOrEqual(700);
  });

  it("of frames too small for the signature is sent, and said to be", async () => {
    const bytes = "00".repeat(16);
    const profile = write(
      "unsigned.yaml",
      `sizes: 96\nstreams:\n  - packet: [ethernet, ipv6, udp, raw: { bytes: "${bytes}" }]\n`,
    );
    const { stdout } = await runCli(["--profile", profile, "--count", "200", "--rate", "2kpps"]);
    expect(stdout).toContain("frames too small for a signature: sequence and latency were not measured");
    expect(stdout).toContain("200 frames sent, 200 accepted, 0 lost");
  });
});
