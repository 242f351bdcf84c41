/** `plan` at the door: what it is asked for, and what it prints without doing anything. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCli } from "../support/run-cli.js";

const plan = join(import.meta.dirname, "../../profiles/plans/virtio-user-no-huge.yaml");
const folder = mkdtempSync(join(tmpdir(), "pktgen-plan-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const broken = join(folder, "broken.yaml");
writeFileSync(broken, "title: t\ndevices: {}\ncases: [{}]\ndevcies: {}\n");

/** Arguments → what standard error says. All end with exit code 2, before anything is started. */
const mistakes: readonly (readonly [args: readonly string[], sentence: RegExp])[] = [
  [[], /^pktgen-ts: plan: which plan\?; accepted: one file/],
  [[plan, "more"], /plan: what is 'more'\?/],
  [["/nowhere.yaml"], /plan: the test plan \/nowhere\.yaml does not exist/],
  [[broken], /broken\.yaml:4:1: unknown key "devcies"; accepted: .*did you mean devices\?/],
  [[plan, "--case", "7"], /--case: .* has no case 7; accepted: 1 \(one queue\), 2 \(two queues\)/],
  [[plan, "--case", "all"], /--case: "all" is no whole number/],
  [[plan, "--sizes", "10"], /--sizes: frame size 10 is below 64/],
  [[plan, "--rate", "fast"], /--rate: "fast" is not a rate/],
  [[plan, "--warmup", "soon"], /--warmup: "soon" is not a duration/],
  [[plan, "--count", "5", "--duration", "1s"], /--count: --count and --duration contradict each other/],
  [[plan, "--dut", "contaner=none"], /testpmd has no option "contaner"; .*did you mean container=\?/],
  [[plan, "--dut", "ring=split-mergeable"], /--dut: ring cannot be set for a plan; accepted: container, huge, program/],
  [[plan, "--dut", "huge=on"], /--dut huge=on: .* has no hugepages/],
  [[plan, "--tolerance", "2"], /--tolerance: "2" is not a ratio/],
  [[plan, "--update-expected"], /--update-expected: where to\?; accepted: --expected FILE/],
  [[plan, "--expected", "/nowhere.json"], /--expected: \/nowhere\.json does not exist/],
  [[plan, "--on-full", "later"], /--on-full: "later" is not known; accepted: stop, go-on/],
  [[plan, "--record-tx", "/nowhere/t.pcap"], /--record-tx: the folder \/nowhere does not exist/],
  [[plan, "--record-tx", "/tmp/x", "--record-rx", "/tmp/x"], /--record-rx: \/tmp\/x is taken by --record-tx/],
  [[plan, "--json", "/nowhere/r.json"], /--json: the folder \/nowhere does not exist/],
];

describe("a mistake", () => {
  it.each(mistakes)("%j", async (args, sentence) => {
    const { code, stderr, stdout } = await runCli(["plan", ...args, "--dry-run"]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(sentence);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});

describe("a dry run", () => {
  it("prints the steps with their command lines, and leaves nothing", async () => {
    const { code, stdout } = await runCli(["plan", plan, "--case", "2", "--sizes", "64,512", "--dry-run"], {
      cwd: folder,
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/Case 2: two queues \(test_no_huge_two_queues\)/);
    expect(stdout).toMatch(/run: {2}stdbuf -oL dpdk-testpmd .*--no-huge -m 256 .*--rxq=2 --txq=2/);
    expect(stdout).toMatch(
      /2\.6 +send 5,000 frames of 64, 512 bytes at 5kpps, 64 flows, 2 queues, to gen\.sock; check: loss 0/,
    );
    expect(readdirSync(folder)).toEqual(["broken.yaml"]);
  });
});
