/** `--record-tx` and `--record-rx` keep every frame of a run, once, on every command that has them. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readCapture } from "../../src/pcap/index.js";
import { grouped } from "../../src/stats/words.js";
import { checkSignature, readSequence } from "../../src/stream/frames/signature.js";
import { skips } from "../support/probe.js";
import { runCli } from "../support/run-cli.js";
import { noSmallDisk, smallDisk } from "../support/small-disk.js";

const folder = mkdtempSync(join(tmpdir(), "pktgen-record-test-"));

const disk = smallDisk(1);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Sequence numbers of a capture's frames; every one has a whole signature. */
const sequences = (path: string): number[] =>
  readCapture(readFileSync(path)).frames.map(({ bytes }) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    expect(checkSignature(view, bytes.length)).toBe(true);
    return readSequence(view, bytes.length);
  });

it("a run records every frame that its trial sent and received, once, and no warm-up", async () => {
  const [tx, rx] = [join(folder, "tx.pcap"), join(folder, "rx.pcap")];
  const args = ["--sizes", "64", "--count", "500", "--rate", "5kpps", "--record-tx", tx, "--record-rx", rx];
  const { stdout } = await runCli([...args, "--json", "-"]);
  const [trial] = JSON.parse(stdout).trials;
  expect(trial).toMatchObject({ sent: 500, received: 500 });
  expect(trial.notes.join("; ")).toContain(`recorded 500 frames in ${tx}`);
  expect(sequences(tx)).toEqual(Array.from({ length: 500 }, (_, i) => i));
  expect(sequences(rx)).toEqual(sequences(tx));
});

it("threads of one generator record into one file, in its times' order", async () => {
  const [tx, rx] = [join(folder, "threads-tx.pcap"), join(folder, "threads-rx.pcap")];
  const args = ["--sizes", "64", "--count", "20000", "--rate", "max", "--workers", "2", "--queues", "4"];
  const { stdout } = await runCli([...args, "--record-tx", tx, "--record-rx", rx, "--json", "-"]);
  const [trial] = JSON.parse(stdout).trials;
  expect(trial).toMatchObject({ sent: 20_000, workers: [{ sent: 10_000 }, { sent: 10_000 }] });
  // At max the device may drop frames where its queue is full: they are in one file and not in the other.
  const all = Array.from({ length: 20_000 }, (_, k) => Math.floor(k / 2));
  for (const [file, recorded] of [
    [tx, 20_000],
    [rx, trial.received],
  ] as const) {
    expect(trial.notes.join("; ")).toMatch(new RegExp(`recorded ${grouped(recorded)} frames in ${file}(;|$)`));
    const { frames } = readCapture(readFileSync(file));
    expect(frames.length).toBe(recorded);
    const times = frames.map(({ seconds, nanoseconds }) => BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds));
    expect(times.every((time, k) => k === 0 || time >= times[k - 1]!)).toBe(true);
    // Each thread's stream of the signature has its own numbers from 0 on.
    const numbers = sequences(file).sort((a, b) => a - b);
    if (recorded === 20_000) expect(numbers).toEqual(all);
    else expect(numbers.every((number, k) => number < 10_000 && number !== numbers[k - 2])).toBe(true);
  }
});

it("a method records the frames of its trials, and says so", async () => {
  const rx = join(folder, "burst.pcap");
  const args = ["burst", "--sizes", "64", "--load", "20kpps", "--frames", "64", "--dut", "embedded,rate=20kpps"];
  const { stdout } = await runCli([...args, "--record-rx", rx, "--json", "-"]);
  const { trials } = JSON.parse(stdout);
  const received = trials.reduce((sum: number, trial: { received: number }) => sum + trial.received, 0);
  expect(received).toBeGreaterThan(0);
  expect(trials.at(-1).notes.join("; ")).toMatch(new RegExp(`recorded ${received} frames in ${rx}$`));
  expect(readCapture(readFileSync(rx)).frames.length).toBe(received);
});

it("send and receive record their side", async () => {
  const [tx, rx] = [join(folder, "sent.pcap"), join(folder, "came.pcap")];
  const both = ["--sizes", "64", "--count", "300", "--rate", "10kpps"];
  const sent = await runCli(["send", "null:", ...both, "--record-tx", tx]);
  expect(sent.stdout).toContain(`recorded 300 frames in ${tx}`);
  expect(sent.code).toBe(0);
  expect(sequences(tx)).toEqual(Array.from({ length: 300 }, (_, i) => i));
  const came = await runCli(["receive", `pcap:${tx},open=read`, ...both, "--record-rx", rx, "--json", "-"]);
  expect(JSON.parse(came.stdout).recorded).toEqual([{ file: rx, frames: 300, missed: 0, failure: null }]);
  expect(sequences(rx)).toEqual(sequences(tx));
});

it("a capture that cannot be written is refused before anything is sent", async () => {
  const { code, stderr, stdout } = await runCli(["--sizes", "64", "--count", "9", "--record-tx", "/nowhere/t.pcap"]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain("--record-tx: the folder /nowhere does not exist");
});

it("what the kernel makes cannot be recorded where it is sent, and is refused", async () => {
  const args = ["--dut", "external", "--tx", "xdp:v0,tx=live", "--rx", "xdp:v1", "--sizes", "64"];
  const { code, stderr } = await runCli([...args, "--record-tx", join(folder, "live.pcap")]);
  expect(stderr).toContain("--record-tx: with tx=live the kernel makes the frames");
  expect(code).toBe(2);
});

describe.skipIf(skips(noSmallDisk(disk)))("a disk that is full (needs root, to mount a small one)", () => {
  const wanted = 3_000;

  /** As many whole frames as the report says, the first ones that were received, and no broken end. */
  function expectWholeFrames(path: string, count: number): void {
    const { frames, fault } = readCapture(readFileSync(path));
    expect(fault).toBeNull();
    expect(frames.length).toBe(count);
    expect(count).toBeGreaterThan(300);
    expect(count).toBeLessThan(wanted);
    expect(sequences(path)).toEqual(Array.from({ length: count }, (_, i) => i));
  }

  it.each(["go-on", "stop"])("--on-full %s: the file ends after its last whole frame, and it is said", async (how) => {
    const rx = join(disk!, `${how}.pcap`);
    const args = ["--sizes", "1518", "--count", `${wanted}`, "--rate", "2kpps", "--record-rx", rx, "--on-full", how];
    const { code, stdout } = await runCli([...args, "--json", "-"]);
    const [trial] = JSON.parse(stdout).trials;
    const note = trial.notes.find((text: string) => text.includes(rx));
    const [, written, missed] = /recorded ([\d,]+) frames .*; ([\d,]+) frames were not: .*ENOSPC/.exec(note)!;
    const figure = (text: string | undefined): number => Number(text!.replaceAll(",", ""));
    expect(figure(written) + figure(missed)).toBe(trial.received);
    expectWholeFrames(rx, figure(written));
    if (how === "go-on") expect(trial.sent).toBe(wanted);
    else {
      expect(trial.sent).toBeLessThan(wanted);
      expect(trial.reasons).toContain("the recording's disk was full, which was to end the run");
      expect(code).toBe(4);
    }
    rmSync(rx);
  });

  it("of a method, --on-full stop: it ends there, invalid", async () => {
    const rx = join(disk!, "method.pcap");
    const args = ["burst", "--sizes", "1518", "--load", "2kpps", "--frames", "500,1000,2000", "--dut", "embedded"];
    const { code, stdout } = await runCli([...args, "--record-rx", rx, "--on-full", "stop", "--json", "-"]);
    const { trials, verdict } = JSON.parse(stdout);
    expect(trials.at(-1).reasons).toContain("the recording's disk was full, which was to end the run");
    expect(trials.at(-1).notes.join("; ")).toMatch(/frames were not: .*ENOSPC/);
    expect({ verdict, code }).toEqual({ verdict: "invalid", code: 4 });
    rmSync(rx);
  });

  it.each(["go-on", "stop"])("of a replay, --on-full %s: the same, and the replay fails", async (how) => {
    const [source, tx] = [join(folder, "source.pcap"), join(disk!, `replay-${how}.pcap`)];
    const stream = ["pcap", "profiles/rfc2544.yaml", "-o", source, "--count", `${wanted}`, "--sizes", "1518"];
    expect((await runCli(stream)).code).toBe(0);
    const args = ["replay", source, "--tx", "null:", "--rate", "2kpps", "--record-tx", tx, "--on-full", how];
    const { code, stdout } = await runCli([...args, "--json", "-"]);
    const { sent, unsent, recorded, verdict } = JSON.parse(stdout);
    expect(recorded).toMatchObject([{ file: tx, failure: expect.stringContaining("ENOSPC") }]);
    expect(recorded[0].frames + recorded[0].missed).toBe(sent);
    expectWholeFrames(tx, recorded[0].frames);
    expect(JSON.parse(stdout).reasons.join("; ")).toMatch(/frames were not recorded: .*ENOSPC/);
    expect(sent + unsent).toBe(wanted);
    if (how === "go-on") expect(unsent).toBe(0);
    else expect(unsent).toBeGreaterThan(0);
    expect({ verdict, code }).toEqual({ verdict: "fail", code: 1 });
    rmSync(tx);
  });
});
