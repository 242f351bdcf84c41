/** `send` and `receive` as two processes on two ends of a wire, and what `merge` makes of it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { resultSchema } from "../../src/result/run-schema.js";
import { readInterface } from "../../src/sys/net/netdev.js";
import { inNetns } from "../../src/sys/net/netns.js";
import { type VethPair, vethPair } from "../support/netns.js";
import { describeLab } from "../support/probe.js";
import { type CliResult, runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "pktgen-one-way-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const sentFile = join(folder, "sent.json");
const receivedFile = join(folder, "received.json");

interface Sides {
  readonly both: readonly string[];
  readonly send?: readonly string[];
  readonly receive?: readonly string[];
  readonly receivePort?: string;
  /** Once the receiver listens, before the sender begins. */
  readonly before?: () => Promise<unknown>;
}

/** The receiver first; the sender once it listens. */
async function across(pair: VethPair, { both, send = [], receive = [], receivePort = "", before }: Sides) {
  const listening = (): boolean =>
    inNetns(pair.b.netns, "test", () => readFileSync("/proc/thread-self/net/packet", "utf8"))
      .trim()
      .split("\n").length > 1;
  const receiver = runCli([
    ...["receive", `packet:b,netns=${pair.b.netns}${receivePort}`, ...both, "--quiet", "300ms", "--wait", "20s"],
    ...["--json", receivedFile, ...receive],
  ]);
  while (!listening()) await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await before?.();
  const sender = await runCli([
    "send",
    `packet:a,netns=${pair.a.netns}`,
    ...both,
    "--gap",
    "800ms",
    "--json",
    sentFile,
    ...send,
  ]);
  return { sender, receiver: await receiver };
}

const merge = async (
  ...args: string[]
): Promise<CliResult & { readonly document: ReturnType<typeof resultSchema.parse> }> => {
  const result = await runCli(["merge", sentFile, receivedFile, "--json", "-", ...args]);
  return { ...result, document: resultSchema.parse(JSON.parse(result.stdout)) };
};

describeLab("send here, receive there", ["netns"], () => {
  it("counts to the frame, finds nothing missing, and knows the latency on one machine's clock", async () => {
    using pair = vethPair();
    const both = ["--sizes", "64,512", "--count", "4000", "--rate", "10kpps", "--queues", "2"];
    const { sender, receiver } = await across(pair, { both });
    expect(receiver.stderr).toBe("");
    expect(receiver.stdout).toMatch(
      /^64 bytes, 10kpps: received 4000 frames\n512 bytes, 10kpps: received 4000 frames\n$/,
    );
    expect(receiver.code).toBe(0);
    expect(sender.stdout).toMatch(/^64 bytes, 10kpps: sent 4000 of 4000 frames, /);
    const kernel = inNetns(pair.b.netns, "test", () => readInterface("b")!.statistics.rxPackets);
    expect(kernel).toBe(8_000);
    const { document } = await merge();
    expect(document.trials.map(({ sent, received, accepted, lost }) => [sent, received, accepted, lost])).toEqual([
      [4_000, 4_000, 4_000, 0],
      [4_000, 4_000, 4_000, 0],
    ]);
    for (const { durationNs, latencyNs, ipdvNs } of document.trials) {
      expect(latencyNs?.count).toBe(4_000);
      expect(latencyNs!.min).toBeGreaterThan(0);
      // A wrong clock would show: no frame was under way for longer than the trial.
      expect(latencyNs!.min).toBeLessThan(durationNs + 5e9);
      expect(ipdvNs).not.toBeNull();
    }
  });

  it("says of two clocks that they are not known to be synchronised, and takes the word for it where it is given", async () => {
    using pair = vethPair();
    const both = ["--sizes", "64", "--count", "500", "--rate", "2kpps"];
    await across(pair, { both });
    // As if the other half came from another machine.
    writeFileSync(receivedFile, readFileSync(receivedFile, "utf8").replace(/"bootId":"[^"]+"/, '"bootId":"another"'));
    const { document } = await merge();
    expect(document.trials[0]).toMatchObject({ accepted: 500, latencyNs: null, ipdvNs: null });
    expect(document.trials[0]!.notes.join()).toContain(
      "no one-way latency: the two clocks are not known to be synchronised",
    );
    await across(pair, { both: [...both, "--clocks-synchronised"], receivePort: ",timestamp=kernel" });
    writeFileSync(receivedFile, readFileSync(receivedFile, "utf8").replace(/"bootId":"[^"]+"/, '"bootId":"another"'));
    const synchronised = await merge();
    const { durationNs, latencyNs, accepted } = synchronised.document.trials[0]!;
    expect([accepted, latencyNs?.count]).toEqual([500, 500]);
    expect(latencyNs!.min).toBeLessThan(durationNs + 5e9);
  });

  it("finds what is lost, inside and at the end, from the sequence alone", async () => {
    using pair = vethPair();
    // A ring of four slots, and frames as fast as they go: some find no room, and that is said to be ours.
    const both = ["--sizes", "64", "--duration", "200ms", "--rate", "max"];
    const { receiver } = await across(pair, { both, receivePort: ",size=4" });
    expect(receiver.code).toBe(1);
    expect(receiver.stdout).toMatch(/missing, .*\d+ found no room in our own ring/);
    const { document } = await merge("--loss", "0");
    const [trial] = document.trials;
    expect(trial!.lost).toBeGreaterThan(0);
    expect(trial!.lost).toBe(trial!.sent - trial!.accepted);
    expect(trial!.receiveDrops).toBe(trial!.lost);
    expect(trial!.lostRanges.length).toBeGreaterThan(0);
    expect(document.verdict).toBe("invalid");
  });

  it("waits for the next frame of a slow sender, however short the quiet time", async () => {
    using pair = vethPair();
    const both = ["--sizes", "64", "--count", "3", "--rate", "1pps"];
    const { receiver } = await across(pair, { both });
    expect(receiver.stdout).toBe("64 bytes, 1pps: received 3 frames\n");
    const { document } = await merge();
    expect(document.trials[0]).toMatchObject({ sent: 3, accepted: 3, lost: 0 });
  });

  it("takes no frames of another run for those of its own, and says how many came", async () => {
    using pair = vethPair();
    const args = ["--sizes", "64", "--rate", "1kpps", "--count"];
    const other = (count: string) => ["send", `packet:a,netns=${pair.a.netns}`, ...args, count];
    const receiving = across(pair, {
      both: [...args, "300", "--run-id", "1193046"],
      // The other run begins when the receiver listens already, and ends before the sender begins.
      before: () => runCli([...other("200"), "--run-id", "11259375"]),
    });
    const { receiver } = await receiving;
    expect(receiver.stdout).toBe("64 bytes, 1kpps: received 300 frames, 200 stale\n");
    const { document } = await merge();
    expect(document.runId).toBe(1_193_046);
    expect(document.trials[0]).toMatchObject({ sent: 300, accepted: 300, lost: 0, stale: 200, staleOfOthers: 200 });
    expect(document.trials[0]!.notes.join()).toContain("200 frames of another run or generator came in");
  });

  it("without an id it is the run of the first frame, and merge says that this was another", async () => {
    using pair = vethPair();
    const args = ["--sizes", "64", "--rate", "1kpps", "--count"];
    const send = ["send", `packet:a,netns=${pair.a.netns}`, ...args, "300", "--run-id", "11259375"];
    await across(pair, { both: [...args, "300"], before: () => runCli(send) });
    const { code, stderr } = await runCli(["merge", sentFile, receivedFile]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/the runs differ: \d+ was sent, and 11259375 was received/);
  });

  it("gives up when nothing comes", async () => {
    using pair = vethPair();
    const args = ["receive", `packet:b,netns=${pair.b.netns}`, "--sizes", "64", "--count", "10", "--wait", "200ms"];
    const { code, stdout } = await runCli(args);
    expect(stdout).toMatch(/^64 bytes, max: received 0 frames\n$/);
    expect(code).toBe(4);
  });
});

describeLab("what merge refuses", ["netns"], () => {
  const said = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runCli(["merge", ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^pktgen-ts: [^\n]+\n$/);
    return stderr;
  };

  it("halves of different runs, files that are no halves, one half twice", async () => {
    using pair = vethPair();
    await across(pair, { both: ["--sizes", "64", "--count", "100", "--rate", "1kpps"] });
    expect(await said()).toContain("which two results?");
    expect(await said(sentFile, sentFile)).toContain("both are results of send");
    expect(await said(sentFile, join(folder, "none.json"))).toContain("it does not exist");
    const other = join(folder, "other.json");
    writeFileSync(other, "{}");
    expect(await said(sentFile, other)).toContain("it is no result of send or receive");
    const text = readFileSync(receivedFile, "utf8");
    writeFileSync(other, text.replace('"seed":1', '"seed":2'));
    expect(await said(sentFile, other)).toContain("the seeds differ: 1 and 2");
    const runId = Number(/"runId":(\d+)/.exec(text)![1]);
    writeFileSync(other, text.replace(/"runId":\d+/, `"runId":${(runId + 5000) % 2 ** 24}`));
    expect(await said(sentFile, other)).toContain(`the runs differ: ${runId} was sent, and`);
    writeFileSync(other, text.replace('"queues":1,"startSequence":0', '"queues":2,"startSequence":0'));
    expect(await said(sentFile, other)).toContain("trial 1 was received with another --queues than it was sent with");
    writeFileSync(other, text.replace('"received":100', '"received":-3'));
    expect(await said(sentFile, other)).toContain("received");
    writeFileSync(other, text.slice(0, 500));
    await said(sentFile, other);
  });
});
