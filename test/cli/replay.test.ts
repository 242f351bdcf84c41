/** The command `replay`: what is sent, in which order and how often, and what a comparison says. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseEmbeddedOptions, startEmbeddedDut } from "../../src/dut/index.js";
import {
  type CapturedFrame,
  CaptureReader,
  CaptureWriter,
  defaultCaptureFormat,
  ethernetInterface,
  readCapture,
  writeCapture,
} from "../../src/pcap/index.js";
import type { ReplayResult } from "../../src/result/replay-result.js";
import { replayResultSchema } from "../../src/result/replay-schema.js";
import { runCli } from "../support/run-cli.js";

const golden = join(import.meta.dirname, "../../pcaps/golden");
const imix = join(golden, "imix.pcap");
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pktgen-replay-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function replay(...args: string[]) {
  const done = await runCli(["replay", ...args, "--settle", "100ms", "--json", "-"]);
  const result = done.stdout === "" ? null : (JSON.parse(done.stdout) as ReplayResult);
  if (result !== null) {
    expect(replayResultSchema.safeParse(result).error).toBeUndefined();
    const { source } = result;
    expect(source.read).toBe(
      source.filtered + source.notEthernet + source.cutSkipped + source.tooShort + source.tooLong + source.fed,
    );
    if (result.intended !== null) expect(result.intended).toBe(result.sent + result.unsent! + result.tooLong);
  }
  return { ...done, result };
}

const frame = (i: number, more: Partial<CapturedFrame> = {}): CapturedFrame => {
  const bytes = new Uint8Array(60).fill(i);
  return { seconds: 1, nanoseconds: i * 1000, originalBytes: 60, bytes, ...more };
};
const file = (name: string, frames: readonly CapturedFrame[], format = defaultCaptureFormat): string => {
  const path = join(folder, name);
  writeFileSync(path, writeCapture(frames, format));
  return path;
};

describe("replay into null:", () => {
  it.each([
    ["with the file's gaps", []],
    ["at twice the speed", ["--speed", "2x"]],
    ["at a rate", ["--rate", "10kpps"]],
    ["at top speed", ["--top-speed"]],
    ["by bits", ["--rate", "100Mbps-l1"]],
  ])("%s sends every frame of every loop", async (_, args) => {
    const { code, result } = await replay(imix, "--tx", "null:", "--loops", "50", ...args);
    expect(result).toMatchObject({ sent: 1200, intended: 1200, unsent: 0, loops: 50, verdict: "pass" });
    expect(code).toBe(0);
  });

  it("what was sent is recorded, in order, byte for byte", async () => {
    const sent = join(folder, "sent.pcap");
    const { result } = await replay(imix, "--tx", "null:", "--top-speed", "--record-tx", sent);
    expect(result?.recorded).toEqual([{ file: sent, frames: 24, missed: 0, failure: null }]);
    const [a, b] = [imix, sent].map((path) =>
      readCapture(readFileSync(path)).frames.map(({ bytes }) => Buffer.from(bytes).toString("hex")),
    );
    expect(b).toEqual(a);
  });

  it("many loops at top speed: every frame of each, in order", async () => {
    const sent = join(folder, "loops.pcap");
    const args = ["--top-speed", "--loops", "40", "--record-tx", sent];
    const { result } = await replay(imix, "--tx", "null:,size=64", ...args);
    expect(result).toMatchObject({ sent: 960, loops: 40, gapOffNs: null, late: 0 });
    const [once, all] = [imix, sent].map((path) =>
      readCapture(readFileSync(path)).frames.map(({ bytes }) => Buffer.from(bytes).toString("hex")),
    );
    expect(all).toEqual(Array.from({ length: 40 }, () => once).flat());
  });

  it("a delay between loops is kept at top speed, too", async () => {
    const { result } = await replay(imix, "--tx", "null:", "--top-speed", "--loops", "4", "--loop-delay", "20ms");
    expect(result).toMatchObject({ sent: 96, loops: 4 });
    expect(result!.durationNs).toBeGreaterThanOrEqual(60e6);
  });

  it("filters, ranges, limits and loops", async () => {
    const some = await replay(imix, "--tx", "null:", "--filter", "frame.len == 60", "--frames", "1-12");
    expect(some.result?.sent).toBe(7);
    expect((await replay(imix, "--tx", "null:", "--count", "30", "--loops", "forever")).result?.sent).toBe(30);
    const timed = await replay(imix, "--tx", "null:", "--duration", "200ms", "--loops", "forever", "--rate", "1kpps");
    expect(timed.result?.intended).toBeNull();
    expect(timed.result?.sent).toBeGreaterThan(0);
  });

  it("unique addresses in every loop, tags, and two ports by direction", async () => {
    const sent = join(folder, "unique.pcapng");
    const args = ["--unique-addresses", "--vlan", "7", "--loops", "3", "--top-speed", "--record-tx", sent];
    expect((await replay(imix, "--tx", "null:", ...args)).result?.sent).toBe(72);
    using reader = await CaptureReader.open(sent);
    const batch = (await reader.next())!;
    const addresses = new Set(
      Array.from({ length: 72 }, (_, i) => Buffer.from(batch.frame(i).subarray(30, 34)).toString("hex")),
    );
    expect(addresses.size).toBe(3);
    const split = await replay(
      join(golden, "flows.pcap"),
      "--tx",
      "null:",
      "--tx2",
      "null:,size=256",
      "--split",
      "client",
    );
    expect(split.result?.ports.map(({ sent: n }) => n)).toEqual([8, 0]);
  });

  it("over several queues by flow or in turn, each frame once and each flow in order", async () => {
    const sent = join(folder, "queues.pcap");
    const flows = join(folder, "flows.pcap");
    const made = ["pcap", "profiles/flows-1k.yaml", "-o", flows, "--count", "400", "--sizes", "64"];
    expect((await runCli(made)).code).toBe(0);
    const count = async (...how: string[]) => {
      const { result, code } = await replay(flows, "--tx", "null:,queues=4", "--record-tx", sent, ...how);
      expect(code).toBe(0);
      expect(result).toMatchObject({ sent: 400, verdict: "pass" });
      return result!.ports[0]!.handedOverByQueue;
    };
    expect(await count("--spread", "turn", "--top-speed")).toEqual([100, 100, 100, 100]);
    const byFlow = await count("--rate", "100kpps");
    expect(byFlow.reduce((sum, n) => sum + n, 0)).toBe(400);
    expect(Math.min(...byFlow)).toBeGreaterThan(0);
    const [a, b] = [flows, sent].map((path) =>
      readCapture(readFileSync(path)).frames.map(({ bytes }) => Buffer.from(bytes).toString("hex")),
    );
    expect(b).toEqual(a);
    const one = await replay(flows, "--tx", "null:", "--spread", "flow");
    expect(one).toMatchObject({ code: 2, result: null });
    expect(one.stderr).toContain("--spread: there is one queue only");
  });

  it("cut frames are refused, padded or left out, and it is said", async () => {
    const cut = file("cut.pcap", [frame(1), frame(2, { originalBytes: 100 })]);
    const refused = await replay(cut, "--tx", "null:");
    expect(refused).toMatchObject({ code: 2, result: null });
    expect(refused.stderr).toContain("frame 2 was cut at 60 of 100 bytes");
    expect((await replay(cut, "--tx", "null:", "--cut", "pad")).result).toMatchObject({
      sent: 2,
      source: { cutPadded: 1 },
    });
    expect((await replay(cut, "--tx", "null:", "--cut", "skip")).result).toMatchObject({
      sent: 1,
      source: { cutSkipped: 1 },
    });
  });

  it.each([0xffff_fff0, 0xffff_ffff, 100_000_000, 262_145])(
    "a cut frame that had %i bytes by the file's word is counted, not padded, and fails",
    async (originalBytes) => {
      const lie = file("lie.pcap", [frame(1), frame(2, { originalBytes }), frame(3)]);
      const { code, result, stderr } = await replay(lie, "--tx", "null:", "--cut", "pad", "--top-speed");
      expect(stderr).toBe("");
      expect(result).toMatchObject({
        sent: 2,
        unsent: 0,
        verdict: "fail",
        source: { cutPadded: 0, tooLong: 1, fed: 2 },
      });
      expect(code).toBe(1);
      const alone = file("lie-alone.pcap", [frame(1, { originalBytes })]);
      const nothing = await replay(alone, "--tx", "null:", "--cut", "pad");
      expect(nothing.code).toBe(2);
      expect(nothing.stderr).toContain("1 too long");
    },
  );

  it("frames that are not Ethernet are left out and counted, if that is asked for", async () => {
    const mixed = join(folder, "mixed.pcapng");
    const interfaces = [ethernetInterface, { ...ethernetInterface, linkType: 101 }];
    using writer = await CaptureWriter.create(mixed, {
      pcapng: { byteOrder: "little", interfaces, application: null },
    });
    for (let i = 0; i < 6; i++) writer.frame(new Uint8Array(60), 0, 60, 60, 1, i, i % 2);
    writer.close();
    const refused = await replay(mixed, "--tx", "null:");
    expect(refused).toMatchObject({ code: 2, result: null });
    expect(refused.stderr).toContain("--not-ethernet skip");
    const { code, result } = await replay(mixed, "--tx", "null:", "--not-ethernet", "skip", "--speed", "200%");
    expect(result).toMatchObject({ sent: 3, source: { notEthernet: 3, fed: 3 }, verdict: "pass" });
    expect(result?.pace).toBe("at 2 times the file's speed");
    expect(code).toBe(0);
  });

  it("times in a filter count from the file's first frame, whichever frames are sent", async () => {
    const ten = file(
      "ten.pcap",
      Array.from({ length: 10 }, (_, i) => frame(i, { seconds: i, nanoseconds: 0 })),
    );
    const late = await replay(ten, "--tx", "null:", "--top-speed", "--filter", "frame.time_relative >= 5");
    expect(late.result).toMatchObject({ sent: 5, source: { filtered: 5, spanNs: 4e9 } });
    const both = "frame.number > 3 && frame.time_relative < 5";
    expect((await replay(ten, "--tx", "null:", "--top-speed", "--filter", both)).result?.sent).toBe(2);
  });

  it("only transmits where nobody looks for frames", async () => {
    const sent = join(folder, "port.pcap");
    const { code, result } = await replay(imix, "--tx", `pcap:${sent}`);
    expect({ code, ports: result?.ports }).toMatchObject({ code: 0, ports: [{ sends: true, receives: false }] });
    expect(readCapture(readFileSync(sent)).frames.length).toBe(24);
    const both = await replay(imix, "--tx", "null:", "--record-rx", join(folder, "came.pcap"));
    expect(both.result?.ports).toMatchObject([{ sends: true, receives: true }]);
  });

  it("time that goes back is counted, and the frame goes with the one before", async () => {
    const back = file("back.pcap", [frame(9), frame(2), frame(10)]);
    expect((await replay(back, "--tx", "null:")).result).toMatchObject({
      sent: 3,
      source: { backwards: 1, spanNs: 1000 },
    });
  });
});

describe("never exit code 0 having sent nothing, or half", () => {
  it.each<[string, () => string, string[], number, string]>([
    ["an empty file", () => file("none.pcap", []), [], 2, "there is no frame in it"],
    ["nothing passes", () => imix, ["--filter", "tcp"], 2, "none of its 24 frames is left to send: 24 by the filter"],
    [
      "not Ethernet",
      () => file("raw.pcap", [frame(1)], { ...defaultCaptureFormat, linkType: 101 }),
      [],
      2,
      "frame 1 is raw IP, which cannot be sent as Ethernet",
    ],
    ["no such file", () => join(folder, "nope.pcap"), [], 2, "ENOENT"],
    ["a directory", () => folder, [], 2, "this is a directory"],
    ["no port", () => imix, ["--tx", "nul:"], 2, "unknown port kind"],
    ["a filter that is wrong", () => imix, ["--filter", "ip.scr == 1"], 2, "--filter: column 1"],
    ["two paces", () => imix, ["--speed", "2x", "--top-speed"], 2, "only one of"],
    ["an expected file that there is not", () => imix, ["--expect", "/none.pcap"], 2, "ENOENT"],
  ])("%s", async (_, path, args, code, what) => {
    const done = await replay(path(), "--tx", "null:", ...args);
    expect(done.stderr).toContain(what);
    expect(done.code).toBe(code);
  });

  it("a cut file: what was whole is sent, the rest named, INVALID, exit code 4", async () => {
    const path = join(folder, "short.pcap");
    writeFileSync(path, readFileSync(imix).subarray(0, -10));
    const { code, result } = await replay(path, "--tx", "null:");
    expect(result).toMatchObject({ sent: 23, verdict: "invalid", causes: ["fault"] });
    expect(result?.source.fault).toContain("the file ends 10 bytes before");
    expect(code).toBe(4);
    const compared = await runCli(["compare", imix, path]);
    expect(compared.stdout).toMatch(/^INVALID/m);
    expect(compared.code).toBe(4);
  });

  it("frames too long for the port: the others are sent, exit code 1", async () => {
    const long = file("long.pcap", [frame(1), frame(2, { bytes: new Uint8Array(2000), originalBytes: 2000 })]);
    const { code, result } = await replay(long, "--tx", "null:");
    expect(result).toMatchObject({ sent: 1, tooLong: 1, verdict: "fail", causes: ["load"] });
    expect(code).toBe(1);
    expect((await replay(long, "--tx", "null:", "--max-frame", "2004")).result).toMatchObject({
      sent: 2,
      verdict: "pass",
    });
  });
});

describe("replay through the built-in device, and back", () => {
  const through = async (dut: string, args: readonly string[], run = replay) => {
    const started = await startEmbeddedDut(parseEmbeddedOptions(dut, "--dut"), {
      queues: 1,
      maxFrameBytes: 1518,
      busy: false,
    });
    try {
      const port = started.generatorPorts[0];
      return await run(imix, "--tx", port, "--rx", port, "--expect", imix, ...args);
    } finally {
      await started[Symbol.asyncDispose]();
    }
  };

  it("all comes back as expected", async () => {
    const { code, result } = await through("", ["--rate", "2kpps"]);
    expect(result).toMatchObject({ sent: 24, received: 24, verdict: "pass", comparison: { same: 24 } });
    expect(code).toBe(0);
  });

  it.each([
    ["", "PASS"],
    ["loss=2", "FAIL: 2 frames missing"],
  ])("as text has one verdict, with '%s': %s", async (dut, verdict) => {
    const asText = async (...args: string[]) => {
      const done = await runCli(["replay", ...args]);
      return { ...done, result: null };
    };
    const { stdout } = await through(dut, ["--rate", "2kpps"], asText);
    expect(stdout.split("\n").filter((line) => /^(PASS|FAIL|INVALID)/.test(line))).toEqual([verdict]);
  });

  it("one by one", async () => {
    const { result } = await through("", ["--one-by-one"]);
    expect(result).toMatchObject({ sent: 24, received: 24, unanswered: 0, verdict: "pass" });
  });

  it("a loss is named, and fails", async () => {
    const junit = join(folder, "report.xml");
    const { code, result } = await through("loss=20%", ["--rate", "2kpps", "--junit", junit]);
    expect(code).toBe(1);
    expect(result!.comparison!.missing).toBe(24 - result!.received);
    expect(result!.comparison!.missing).toBeGreaterThan(0);
    expect(readFileSync(junit, "utf8")).toContain("every expected frame is there");
  });
});

it("leaves no file behind", () => {
  expect(dirname(folder)).toBe(tmpdir());
});
