/** Answers between the prompts of testpmd are told apart. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Evidence } from "../../../src/dut/testpmd/evidence.js";
import { lastLines, recogniseFailure } from "../../../src/dut/testpmd/failures.js";
import { parsePortSummary } from "../../../src/dut/testpmd/parse.js";
import { PromptReader, withoutEcho } from "../../../src/dut/testpmd/prompt.js";
import { isAtLeast, parseDpdkVersion } from "../../../src/dut/testpmd/version.js";
import { transcript, versions } from "./transcript.js";

describe("answers between prompts", () => {
  it("are the same in whatever pieces they come", () => {
    const session = transcript("22.11", 2, "container");
    const whole = new PromptReader();
    whole.feed(session);
    const all = Array.from({ length: whole.prompts }, (_, i) => whole.take(i));
    expect(all).toHaveLength(15);
    expect(parsePortSummary(all[1]!)).toMatchObject([{ name: "virtio_user0" }]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 97 }), { minLength: 1 }), (pieces) => {
        const reader = new PromptReader();
        for (let at = 0, i = 0; at < session.length; at += pieces[i++ % pieces.length]!) {
          reader.feed(session.slice(at, at + pieces[i % pieces.length]!));
        }
        expect(all.map((_, i) => reader.take(i))).toEqual(all);
      }),
      { numRuns: 25 },
    );
  });

  it("that nobody waited for are passed over, not taken for the next one's", () => {
    const reader = new PromptReader();
    reader.feed("start testpmd> one\r\nfirst\ntestpmd> two\r\nsecond\ntestpmd> ");
    expect(reader.take(2)).toBe("two\r\nsecond\n");
    expect(reader.take(1)).toBeNull();
    expect(reader.take(3)).toBeNull();
    reader.feed("three\r\nthird\ntestpmd> ");
    expect(withoutEcho(reader.take(3)!, "three")).toBe("third\n");
  });

  it("lose their echo, and keep a log line that came before it", () => {
    expect(withoutEcho("\nPort 0: queue state event\nstop\r\r\nDone.\r\n", "stop")).toBe(
      "Port 0: queue state event\nDone.\n",
    );
  });
});

describe("versions", () => {
  it.each([
    ["EAL: RTE Version: 'DPDK 22.11.11'\n", "22.11.11"],
    ["EAL: RTE Version: 'DPDK 26.07.0-rc1'\n", "26.07.0-rc1"],
    ["DPDK 20.11.10 ", "20.11.10"],
    ["19.05", "19.05"],
    ["v18.11.2", "18.11.2"],
  ])("%j is %s", (text, version) => {
    expect(parseDpdkVersion(text)?.text).toBe(version);
  });

  it("are compared by year and month", () => {
    expect(isAtLeast(parseDpdkVersion("22.11.11"), "22.11")).toBe(true);
    expect(isAtLeast(parseDpdkVersion("22.03"), "22.11")).toBe(false);
    expect(isAtLeast(parseDpdkVersion("23.03"), "22.11")).toBe(true);
    expect(isAtLeast(null, "99.01")).toBe(true);
    expect(parseDpdkVersion("no version")).toBeNull();
  });
});

describe("known complaints", () => {
  const context = { who: "the host's testpmd", where: "--file-prefix=x" };
  const said = (output: string, running = false): string | undefined =>
    recogniseFailure(output, context, running)?.toLine();

  // Words of 22.11, of other versions and of container engines, each as it was printed.
  it.each([
    [
      "stdbuf: failed to run command ‘dpdk-testpmd’: No such file or directory",
      /dpdk-testpmd is not installed; npm run/,
    ],
    ['Error: runc: exec: "dpdk-testpmd": executable file not found in $PATH: OCI', /dpdk-testpmd is not installed/],
    [
      "EAL: Cannot create lock on '/var/run/dpdk/x/config'. Is another primary process running?",
      /file prefix is in use/,
    ],
    ['EAL: failed to parse device "net_vhost0"', /lacks a driver \(net_vhost0\)/],
    ["EAL: Cannot get hugepage information.", /no free hugepages are mounted/],
    ["EAL: Not enough memory available! Requested: 1024MB, available: 12MB", /requested 1024MB, available: 12MB/],
    ["EAL: lcore 7 unavailable", /may not use the CPUs it was given \(no CPU 7\)/],
    ["vhost_user_setup(): connect error, No such file or directory", /other side's socket: No such file or directory/],
  ])("%s", (output, sentence) => {
    expect(said(output)).toMatch(sentence);
    // At its prompt with all ports, these are only remarks.
    expect(said(output, true)).toBeUndefined();
  });

  it.each([
    ["vhost_user_set_memory_table(): Failed to set memory table", /more than 8 files/],
    [
      "VHOST_CONFIG: (x) failed to bind: Address already in use; remove it and try again",
      /socket: Address already in use;/,
    ],
    ["Fail to configure port 0\nStart ports failed", /its port 0 does not start/],
  ])("%s, also at the prompt", (output, sentence) => {
    expect(said(output, true)).toMatch(sentence);
  });

  it("are not found in sessions that went well", () => {
    for (const version of versions) {
      for (const side of ["host", "container"]) expect(said(transcript(version, 2, side), true)).toBeUndefined();
    }
  });

  it("or else its last words are told, without vhost's chatter", () => {
    expect(lastLines("a\nb\r\nVHOST_CONFIG: x\ntestpmd> c\n\n")).toBe("b / c");
    expect(lastLines("")).toBe("");
  });

  it("stand for the reason where a program refuses its arguments, since nothing else keeps them", () => {
    const said = "EAL: Invalid 'command line' arguments.\nEAL: Error - exiting with code: 1\n";
    expect(recogniseFailure(said, { who: "the host's testpmd", where: "--dut" })?.toLine()).toBe(
      "--dut: the host's testpmd cannot be used: it refuses its arguments; " +
        "it said: EAL: Invalid 'command line' arguments. / EAL: Error - exiting with code: 1",
    );
  });
});

describe("evidence", () => {
  it("says who said what", () => {
    const evidence = new Evidence();
    evidence.add("note", "started\n");
    evidence.add("stdout", "testpmd> ");
    evidence.add("command", "stop\n");
    evidence.add("stderr", "one\r\ntwo\n");
    expect(evidence.toString()).toBe("# started\ntestpmd> \n$ stop\n! one\n! two\n");
  });

  it("keeps the beginning and the end of what is too much", () => {
    const evidence = new Evidence();
    evidence.add("note", "the start\n");
    for (let i = 0; i < 10_000; i++) evidence.add("stderr", `${i} ${"x".repeat(1000)}\n`);
    evidence.add("note", "the end\n");
    const text = evidence.toString();
    expect(text).toMatch(/^# the start\n/);
    expect(text).toMatch(/\n# the end\n$/);
    expect(text).toMatch(/\n# \d+ characters left out\n/);
    expect(text.length).toBeLessThan(7 * 2 ** 20);
  });
});
