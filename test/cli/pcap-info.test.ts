/** `pcap info`: what is in a capture whose every figure is known by hand. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  type CapturedFrame,
  CaptureWriter,
  defaultCaptureFormat,
  ethernetInterface,
  writeCapture,
} from "../../src/pcap/index.js";
import { runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "pktgen-info-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const place = (name: string): string => join(folder, name);

const header = (type: readonly number[], more: readonly number[] = []): number[] => [
  ...[0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1, ...type],
  ...more,
];
const ipv4 = (protocol: number): number[] =>
  header([0x08, 0], [0x45, 0, 0, 46, 0, 0, 0, 0, 64, protocol, 0, 0, 198, 18, 0, 1, 198, 19, 0, 1]);
const frame = (bytes: readonly number[], length: number, nanoseconds: number, originalBytes = length) => {
  const padded = new Uint8Array(length);
  padded.set(bytes);
  return { seconds: 1_700_000_000, nanoseconds, bytes: padded, originalBytes } satisfies CapturedFrame;
};

/** 10 frames in 9 ms: 5 UDP, 2 TCP, 1 ARP, 1 tagged UDP, 1 UDP of which the capture kept 60 bytes of 1514. */
const frames: readonly CapturedFrame[] = [
  ...[0, 1, 2, 3, 4].map((i) => frame(ipv4(17), 60, i * 1_000_000)),
  ...[5, 6].map((i) => frame(ipv4(6), 508, i * 1_000_000)),
  frame(header([0x08, 0x06]), 60, 7_000_000),
  frame([...header([0x81, 0]), 0, 7, 0x08, 0, ...ipv4(17).slice(14)], 64, 8_000_000),
  frame(ipv4(17), 60, 9_000_000, 1514),
];
const wireBytes = 6 * 60 + 2 * 508 + 64 + 1514;

beforeAll(() => writeFileSync(place("known.pcap"), writeCapture(frames)));

it("counts, sizes, rates, protocols, duration and histograms are those of the file", async () => {
  const { code, stdout, stderr } = await runCli(["pcap", "info", place("known.pcap"), "--json"]);
  expect(JSON.parse(stdout)).toEqual({
    file: place("known.pcap"),
    format: "pcap",
    fileBytes: readFileSync(place("known.pcap")).length,
    interfaces: [
      {
        linkType: "Ethernet",
        snapBytes: defaultCaptureFormat.snapBytes,
        ticksPerSecond: 1e9,
        name: null,
        frames: 10,
        dropped: null,
      },
    ],
    frames: 10,
    cut: 1,
    untimed: 0,
    contradictory: 0,
    comments: 0,
    wireBytes,
    capturedBytes: wireBytes - 1514 + 60,
    smallest: 60,
    largest: 1514,
    first: "2023-11-14 22:13:20.000000000",
    last: "2023-11-14 22:13:20.009000000",
    durationNs: 9_000_000,
    // As capinfos counts: all frames over the time from the first to the last.
    pps: 10 / 0.009,
    bps: (wireBytes * 8) / 0.009,
    backwards: 0,
    protocols: { "IPv4 UDP": 6, "IPv4 TCP": 2, ARP: 1, "VLAN IPv4 UDP": 1 },
    sizes: [
      { from: 60, frames: 6 },
      { from: 61, frames: 1 },
      { from: 124, frames: 0 },
      { from: 252, frames: 0 },
      { from: 508, frames: 2 },
      { from: 1020, frames: 0 },
      { from: 1276, frames: 1 },
    ],
    gapsNs: [{ from: 1_000_000, frames: 9 }],
    fault: null,
  });
  expect(stderr).toBe("");
  expect(code).toBe(0);
});

it("as text, for people", async () => {
  const { code, stdout } = await runCli(["pcap", "info", place("known.pcap")]);
  for (const line of [
    "10 frames, 2,954 bytes without FCS, 1,500 of them captured",
    "sizes 60 to 1,514 bytes without FCS, mean 295.4",
    "2023-11-14 22:13:20.000000000 to 2023-11-14 22:13:20.009000000: 9 ms, 1,111 frames/s, 2,625,778 bit/s on layer 2",
    "! 1 frame was cut at the snap length",
  ])
    expect(stdout.split("\n")).toContain(line);
  expect(stdout).toMatch(/^ +IPv4 UDP +6$/m);
  expect(stdout).toMatch(/^ +508 to 1019 +2 {2}#+$/m);
  expect(stdout).toMatch(/^ +from 1 ms +9 {2}#{40}$/m);
  expect(code).toBe(0);
});

it("an interface's name cannot steer the terminal, and is in the document as it is", async () => {
  const name = "\x1b]0;pwned\x07\x1b[2J\nPASS";
  const interfaces = [{ ...ethernetInterface, name }];
  const pcapng = { byteOrder: "little", interfaces, application: "test" } as const;
  using writer = await CaptureWriter.create(place("name.pcapng"), { pcapng });
  writer.frame(new Uint8Array(60), 0, 60, 60, 1, 0);
  writer.close();
  const { stdout } = await runCli(["pcap", "info", place("name.pcapng")]);
  expect(stdout).toContain("interface 0 \\x1b]0;pwned\\x07\\x1b[2J\\nPASS: Ethernet");
  const document = await runCli(["pcap", "info", place("name.pcapng"), "--json"]);
  expect(JSON.parse(document.stdout).interfaces[0].name).toBe(name);
});

it("frames without a time of their own are no part of times and rates", async () => {
  const interfaces = [ethernetInterface];
  const pcapng = { byteOrder: "little", interfaces, application: null } as const;
  using writer = await CaptureWriter.create(place("untimed.pcapng"), { pcapng });
  const simple = new Uint8Array(60 + 16);
  const view = new DataView(simple.buffer);
  view.setUint32(0, 3, true);
  view.setUint32(4, simple.length, true);
  view.setUint32(8, 60, true);
  view.setUint32(simple.length - 4, simple.length, true);
  writer.pcapng!.block(simple);
  for (const i of [0, 1, 2]) writer.frame(new Uint8Array(60), 0, 60, 60, 1_700_000_000 + i, 500);
  writer.close();
  const { stdout } = await runCli(["pcap", "info", place("untimed.pcapng"), "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({
    frames: 4,
    untimed: 1,
    first: "2023-11-14 22:13:20.000000500",
    durationNs: 2e9,
    pps: 1.5,
  });
});

it("a named pipe to which nobody writes ends on Ctrl-C", async () => {
  expect(spawnSync("mkfifo", [place("silent.pcap")]).status).toBe(0);
  const { code, signal } = await runCli(["pcap", "info", place("silent.pcap")], {
    during: (child) => {
      const timer = setInterval(() => child.kill("SIGINT"), 500);
      child.once("exit", () => clearInterval(timer));
    },
  });
  expect(signal === "SIGINT" || code === 130).toBe(true);
});

it("time that goes back is said, and is no gap", async () => {
  const [first, second, third] = frames;
  writeFileSync(place("back.pcap"), writeCapture([second!, first!, third!]));
  const { code, stdout } = await runCli(["pcap", "info", place("back.pcap"), "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({
    backwards: 1,
    durationNs: 2_000_000,
    gapsNs: [{ from: 1_000_000, frames: 1 }],
  });
  expect(code).toBe(0);
});

it.each([
  ["cut.pcap", (file: Uint8Array) => file],
  ["cut.pcap.gz", (file: Uint8Array) => gzipSync(file)],
])("%s: what is whole is told, where it ends is named, exit code 2", async (name, pack) => {
  const whole = writeCapture(frames);
  writeFileSync(place(name), pack(whole.subarray(0, whole.length - 1)));
  const { code, stdout, stderr } = await runCli(["pcap", "info", place(name)]);
  expect(stdout).toContain("9 frames, ");
  expect(stdout).toContain("! damaged: ");
  expect(stderr).toContain(place(name));
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(code).toBe(2);
});

it("bytes behind the end of gzip data are named, and every frame is told", async () => {
  const packed = gzipSync(writeCapture(frames));
  writeFileSync(place("trail.pcap.gz"), Buffer.concat([packed, Buffer.from("and a text")]));
  const { code, stdout, stderr } = await runCli(["pcap", "info", place("trail.pcap.gz")]);
  expect(stdout).toContain("10 frames, ");
  const what = `bytes that are no gzip data follow the end of it, from byte ${packed.length} of the compressed file on`;
  const line = `${place("trail.pcap.gz")}:byte ${writeCapture(frames).length}: ${what}; 10 whole frames come before it`;
  expect(stdout.split("\n")).toContain(`! damaged: ${line}`);
  expect(stderr).toBe(`pktgen-ts: ${line}\n`);
  expect(code).toBe(2);
});

it("no frame at all is said, with no rates made up", async () => {
  writeFileSync(place("empty.pcap"), writeCapture([]));
  const { code, stdout } = await runCli(["pcap", "info", place("empty.pcap"), "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ frames: 0, pps: null, bps: null, first: null, sizes: [], gapsNs: [] });
  expect(code).toBe(0);
});

it.each([
  ["no file", [], /which file\?/],
  ["a second one", ["a.pcap", "b.pcap"], /b\.pcap/],
  ["one that is not there", [join(folder, "none.pcap")], /none\.pcap/],
  ["a directory", [folder], /directory/],
])("%s: exit code 2, one line", async (_, words, message) => {
  const { code, stdout, stderr } = await runCli(["pcap", "info", ...words]);
  expect(stdout).toBe("");
  expect(stderr).toMatch(message);
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(code).toBe(2);
});
