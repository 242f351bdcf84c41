/** Two captures are compared frame by frame: what is missing, unexpected, changed and reordered. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compareCaptures } from "../../src/capture/compare/compare.js";
import type { ComparePlan } from "../../src/capture/compare/plan.js";
import { parseFilter } from "../../src/packet/filter.js";
import { buildFrame, ethernet, ipv4, parseIpv4, parseMac, udp, vlan } from "../../src/packet/index.js";
import {
  type CapturedFrame,
  CaptureReader,
  CaptureWriter,
  defaultCaptureFormat,
  ethernetInterface,
  writeCapture,
} from "../../src/pcap/index.js";
import { renderComparison, renderComparisonJunit } from "../../src/report/compare-text.js";
import { compareResultSchema } from "../../src/result/compare-schema.js";
import { writeSignature } from "../../src/stream/frames/signature.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pktgen-compare-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Recipe {
  readonly ttl?: number;
  readonly srcMac?: string;
  readonly vlanId?: number;
  readonly port?: number;
  readonly flip?: number;
  readonly stampNs?: number;
  readonly size?: number;
}

/** Frame `i`: its number is in the payload, so that no two are the same. */
function frame(i: number, recipe: Recipe = {}): Uint8Array {
  const tag = recipe.vlanId === undefined ? [] : [vlan({ id: recipe.vlanId })];
  const headers = [
    ethernet({ dst: parseMac("02:00:00:00:00:02"), src: parseMac(recipe.srcMac ?? "02:00:00:00:00:01") }),
    ...tag,
    ipv4({ src: parseIpv4("198.18.0.1"), dst: parseIpv4("198.18.0.2"), ttl: recipe.ttl ?? 64 }),
    udp({ srcPort: recipe.port ?? 1024, dstPort: 53 }),
  ];
  const payload = new Uint8Array(recipe.size ?? 40);
  new DataView(payload.buffer).setUint32(0, i);
  const bytes = buildFrame(headers, 42 + 4 * tag.length + payload.length, payload);
  if (recipe.stampNs !== undefined) {
    const view = new DataView(bytes.buffer);
    writeSignature(view, bytes.length, 0x7470, 1, i, recipe.stampNs, 0);
  }
  if (recipe.flip !== undefined) bytes[recipe.flip] ^= 0x10;
  return bytes;
}

const capture = (frames: readonly Uint8Array[], atNs: (i: number) => number = (i) => i * 1000): Uint8Array =>
  writeCapture(
    frames.map(
      (bytes, i): CapturedFrame => ({
        seconds: 1_700_000_000,
        nanoseconds: atNs(i),
        originalBytes: bytes.length,
        bytes,
      }),
    ),
  );

let files = 0;
async function compare(expected: Uint8Array, actual: Uint8Array, plan: Partial<ComparePlan> = {}) {
  const [a, b] = [join(folder, `${++files}-e.pcap`), join(folder, `${files}-a.pcap`)];
  writeFileSync(a, expected);
  writeFileSync(b, actual);
  const result = await compareCaptures({
    expected: a,
    actual: b,
    by: "content",
    masks: [],
    order: "strict",
    timingToleranceNs: null,
    speed: 1,
    filter: null,
    skipsOthers: false,
    annotated: null,
    commandLine: "pktgen-ts compare",
    tool: { name: "pktgen-ts", version: "0", node: "v20" },
    ...plan,
  });
  expect(compareResultSchema.safeParse(result).error).toBeUndefined();
  const { same, changed, missing, unexpected } = result;
  expect(same + changed + missing).toBe(result.expected.frames);
  expect(same + changed + unexpected).toBe(result.actual.frames);
  return result;
}

const numbers = (n: number) => Array.from({ length: n }, (_, i) => i);
const frames = numbers(50).map((i) => frame(i));
const without = (...gone: number[]) => frames.filter((_, i) => !gone.includes(i));

/** As a capture with a snap length has them. */
const snapped = (all: readonly Uint8Array[], snap: number, wire: (bytes: Uint8Array) => number = (b) => b.length) =>
  writeCapture(
    all.map((bytes, i) => ({
      seconds: 1_700_000_000,
      nanoseconds: i * 1000,
      originalBytes: wire(bytes),
      bytes: bytes.subarray(0, snap),
    })),
  );

describe("captures that cut frames", () => {
  const long = numbers(20).map((i) => frame(i, { size: 200 }));

  it("are the same as far as they go, and it is said how many were cut", async () => {
    const result = await compare(snapped(long, 60), snapped(long, 60));
    expect(result).toMatchObject({ same: 20, verdict: "pass", expected: { cut: 20 }, actual: { cut: 20 } });
    expect(renderComparison(result)).toMatch(/what captures cut off frames was not compared: 20 of .*, 20 of /);
  });

  it("are not the same where the frames had different lengths on the wire", async () => {
    const result = await compare(
      snapped(long, 60),
      snapped(long, 60, (bytes) => bytes.length - 10),
    );
    expect(result).toMatchObject({ same: 0, changed: 20, verdict: "fail" });
    expect(result.findings[0].changes).toEqual([
      { field: "frame.length", offset: 0, expected: "242", actual: "232" },
      { field: "frame.captured", offset: 0, expected: "60 of 242 bytes", actual: "60 of 232 bytes" },
    ]);
  });

  it("on one side only: each frame is changed, by nothing but what the capture has of it", async () => {
    const result = await compare(capture(long), snapped(long, 60));
    expect(result).toMatchObject({ same: 0, changed: 20, missing: 0, unexpected: 0, verdict: "fail" });
    expect(result.findings[3].changes).toEqual([
      { field: "frame.captured", offset: 0, expected: "242 of 242 bytes", actual: "60 of 242 bytes" },
    ]);
  });
});

describe("frames that a device changed all alike", () => {
  it.each([
    ["a tag more", numbers(50).map((i) => frame(i, { vlanId: 7 })), "none", "id 7"],
    ["a tag less", numbers(50).map((i) => frame(i)), "id 9", "none"],
  ])("%s: changed, by that tag", async (_, other, was, is) => {
    const sent = was === "none" ? frames : numbers(50).map((i) => frame(i, { vlanId: 9 }));
    const result = await compare(capture(sent), capture(other));
    expect(result).toMatchObject({ changed: 50, missing: 0, unexpected: 0, verdict: "fail" });
    for (const { expected, actual, changes } of result.findings) {
      expect(actual).toBe(expected);
      expect(changes.filter(({ field }) => field !== "frame.length")).toEqual([
        { field: "vlan tags", offset: 12, expected: was, actual: is },
      ]);
    }
  });

  it("other ports, also of short frames: changed, not missing", async () => {
    const short = numbers(10).map((i) => frame(i, { size: 18 }));
    const mapped = numbers(10).map((i) => frame(i, { size: 18, port: 8443 }));
    const result = await compare(capture(short), capture(mapped));
    expect(result).toMatchObject({ changed: 10, missing: 0, unexpected: 0 });
    expect(result.findings[0].changes[0]).toMatchObject({ field: "udp.srcPort", expected: "1024", actual: "8443" });
  });

  it("sent at twice the speed: times are compared with half of the file's", async () => {
    const fast = capture(frames, (i) => i * 500);
    expect(await compare(capture(frames), fast, { speed: 2, timingToleranceNs: 1 })).toMatchObject({
      verdict: "pass",
      timeOffNs: { max: 0 },
    });
    expect(await compare(capture(frames), fast, { timingToleranceNs: 1 })).toMatchObject({ verdict: "fail" });
  });
});

it("frames of other link types are refused by name, or left out and counted", async () => {
  const other = writeCapture(
    frames.map((bytes) => ({ seconds: 1, nanoseconds: 0, originalBytes: bytes.length, bytes })),
    { ...defaultCaptureFormat, linkType: 101 },
  );
  await expect(compare(other, other)).rejects.toThrow("frame 1 is raw IP");
  const result = await compare(capture(frames), other, { skipsOthers: true });
  expect(result).toMatchObject({ missing: 50, actual: { frames: 0, notEthernet: 50 }, verdict: "fail" });
  expect(await compare(other, other, { skipsOthers: true })).toMatchObject({ verdict: "invalid" });
  expect(renderComparison(result)).toContain("0 frames, 50 not Ethernet, left out");
});

describe("two captures", () => {
  it("that are the same", async () => {
    const result = await compare(capture(frames), capture(frames));
    expect(result).toMatchObject({ verdict: "pass", same: 50, changed: 0, missing: 0, unexpected: 0, reordered: 0 });
    expect(renderComparison(result)).toContain("PASS");
  });

  it("of which a filter takes some by time: since the file's first frame", async () => {
    const seconds = capture(frames.slice(0, 10), (i) => i * 100_000_000);
    const filter = parseFilter("frame.time_relative >= 0.5", "--filter");
    const result = await compare(seconds, seconds, { filter });
    expect(result).toMatchObject({ same: 5, expected: { frames: 5, filtered: 5 }, verdict: "pass" });
  });

  it("missing, unexpected and changed at once, each named", async () => {
    const other = [...without(7), frame(1000, { port: 9 })];
    other[20] = frame(21, { ttl: 63 });
    const result = await compare(capture(frames), capture(other));
    expect(result).toMatchObject({ verdict: "fail", same: 48, changed: 1, missing: 1, unexpected: 1, reordered: 0 });
    const [missing, changed, unexpected] = ["missing", "changed", "unexpected"].map(
      (kind) => result.findings.find((finding) => finding.kind === kind)!,
    );
    expect(missing).toMatchObject({
      expected: 8,
      actual: null,
      frame: "UDP 198.18.0.1:1024 > 198.18.0.2:53, 82 bytes",
    });
    expect(unexpected).toMatchObject({ expected: null, actual: 50 });
    expect(changed.expected).toBe(22);
    expect(changed.changes.map(({ field, expected, actual }) => [field, expected, actual])).toEqual([
      ["ipv4.ttl", "64", "63"],
      ["ipv4.checksum", expect.stringMatching(/^0x/), expect.stringMatching(/^0x/)],
    ]);
    const text = renderComparison(result);
    expect(text).toContain("ipv4.ttl: expected 64, actual 63");
    expect(text).toContain("FAIL: 1 frame missing; 1 frame unexpected; 1 frame changed");
    const junit = renderComparisonJunit(result);
    expect(junit).toMatch(/failures="3"/);
    expect(junit).toContain("ipv4.ttl: expected 64, actual 63");
  });

  it("fields of a header in a tunnel are named apart from those of the one around it", async () => {
    const [a, b] = [parseIpv4("198.18.0.1"), parseIpv4("198.18.0.2")];
    const tunnelled = (outer: number, inner: number): Uint8Array =>
      buildFrame(
        [
          ethernet({ dst: parseMac("02:00:00:00:00:02"), src: parseMac("02:00:00:00:00:01") }),
          ipv4({ src: a, dst: b, ttl: outer }),
          ipv4({ src: b, dst: a, ttl: inner }),
          udp({ srcPort: 1024, dstPort: 53 }),
        ],
        82,
        new Uint8Array(20),
      );
    const result = await compare(capture([tunnelled(64, 60)]), capture([tunnelled(63, 59)]));
    expect(result.findings[0].changes.map(({ field, actual }) => [field, actual])).toEqual([
      ["ipv4.ttl", "63"],
      ["ipv4.checksum", expect.stringMatching(/^0x/)],
      ["ipv4[1].ttl", "59"],
      ["ipv4[1].checksum", expect.stringMatching(/^0x/)],
    ]);
  });

  it("a lost frame and a corrupt one of the same flow are not taken for each other", async () => {
    const other = without(5);
    other[8] = frame(9, { flip: 70 });
    const result = await compare(capture(frames), capture(other));
    expect(result).toMatchObject({ same: 48, changed: 1, missing: 1, causes: ["lost", "corrupt"] });
    expect(result.findings.find(({ kind }) => kind === "missing")?.expected).toBe(6);
    expect(result.findings.find(({ kind }) => kind === "changed")).toMatchObject({ expected: 10, actual: 9 });
  });

  it("in another order: one that moved is one, and with free order none", async () => {
    const late = [...without(10).slice(0, 30), frames[10], ...without(10).slice(30)];
    const early = [...frames.slice(0, 5), frames[40], ...frames.slice(5, 40), ...frames.slice(41)];
    for (const other of [late, early]) {
      const strict = await compare(capture(frames), capture(other));
      expect(strict).toMatchObject({ verdict: "fail", same: 50, reordered: 1, reasons: ["1 frame out of order"] });
      expect(strict.causes).toEqual(["not intact"]);
      expect(await compare(capture(frames), capture(other), { order: "free" })).toMatchObject({ verdict: "pass" });
    }
  });

  it.each<[string, Recipe, string[]]>([
    ["ttl", { ttl: 60 }, ["ttl"]],
    ["MAC", { srcMac: "02:00:00:00:00:77" }, ["macs"]],
    ["VLAN tag", { vlanId: 7 }, ["vlan"]],
    ["port", { port: 4000 }, ["ports"]],
  ])("a changed %s counts unless it is masked", async (_, recipe, masks) => {
    const other = numbers(50).map((i) => frame(i, recipe));
    const plain = await compare(capture(frames), capture(other));
    expect(plain.same).toBe(0);
    expect(plain.verdict).toBe("fail");
    expect(await compare(capture(frames), capture(other), { masks })).toMatchObject({ verdict: "pass", same: 50 });
  });

  it("by signature: changed is certain, and the sender's time does not count", async () => {
    const sent = numbers(50).map((i) => frame(i, { stampNs: 1000 + i }));
    const other = numbers(50).map((i) => frame(i, { stampNs: 999_000 + i * 7, ttl: i === 3 ? 12 : 64 }));
    const signed = await compare(capture(sent), capture(other), { by: "signature", masks: ["checksums"] });
    expect(signed).toMatchObject({ same: 49, changed: 1, missing: 0, unexpected: 0 });
    expect(signed.findings[0].changes).toEqual([{ field: "ipv4.ttl", offset: 22, expected: "64", actual: "12" }]);
  });

  it("times within a tolerance, and beyond it", async () => {
    const shifted = capture(frames, (i) => 5_000_000 + i * 1000 + (i === 20 ? 300 : 0));
    expect(await compare(capture(frames), shifted, { timingToleranceNs: 400 })).toMatchObject({ verdict: "pass" });
    const result = await compare(capture(frames), shifted, { timingToleranceNs: 200 });
    expect(result).toMatchObject({ verdict: "fail", mistimed: 1, timeOffNs: { max: 300 } });
    expect(result.findings[0]).toMatchObject({ kind: "mistimed", expected: 21, offByNs: 300 });
  });

  it("only frames that pass the filter count", async () => {
    const other = [...frames, frame(1, { port: 5 })];
    const filter = parseFilter("udp.srcport == 1024", "--filter");
    expect(await compare(capture(frames), capture(other), { filter })).toMatchObject({
      verdict: "pass",
      actual: { frames: 50, filtered: 1 },
    });
  });

  it("a cut file is compared as far as it goes, and the result is invalid", async () => {
    const result = await compare(capture(frames), capture(frames).subarray(0, -10));
    expect(result).toMatchObject({ verdict: "invalid", same: 49, missing: 1 });
    expect(result.actual.fault).toContain("the file ends 10 bytes before");
    expect((await compare(capture([]), capture(frames))).verdict).toBe("invalid");
  });

  it("of equal frames, only their number counts", async () => {
    const equal = Array.from({ length: 30 }, () => frame(1));
    expect(await compare(capture(equal), capture(equal.slice(2)))).toMatchObject({
      same: 28,
      missing: 2,
      unexpected: 0,
    });
  });

  it("everything lost, doubled or changed within the window, against a slow and obvious count", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("keep", "keep", "keep", "drop", "double", "change", "late"), {
          minLength: 1,
          maxLength: 60,
        }),
        async (fates) => {
          const sent = fates.map((_, i) => frame(i));
          const got: Uint8Array[] = [];
          const held: Uint8Array[] = [];
          fates.forEach((fate, i) => {
            if (fate === "change") got.push(frame(i, { flip: 60 }));
            else if (fate === "late") held.push(sent[i]);
            else if (fate !== "drop") got.push(sent[i]);
            if (fate === "double") got.push(sent[i]);
          });
          got.push(...held);
          const result = await compare(capture(sent), capture(got), { order: "free" });
          const count = (fate: string) => fates.filter((one) => one === fate).length;
          expect(result.same).toBe(fates.length - count("drop") - count("change"));
          expect(result.changed + result.missing).toBe(count("drop") + count("change"));
          expect(result.changed).toBeGreaterThanOrEqual(
            Math.min(count("change"), result.unexpected === 0 ? count("change") : 0),
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});

it("the annotated capture has the reasons, and the missing frames where they belong", async () => {
  const annotated = join(folder, "why.pcapng");
  const other = without(7);
  other[20] = frame(21, { ttl: 63 });
  await compare(
    capture(frames),
    capture(other, (i) => (i < 7 ? i : i + 1) * 1000),
    { annotated },
  );
  using reader = await CaptureReader.open(annotated);
  const batch = (await reader.next())!;
  expect(batch.count).toBe(50);
  expect(reader.interfaces.map(({ name }) => name)).toEqual(["actual", "expected"]);
  expect([...batch.comments.keys()]).toEqual([7, 21]);
  expect(batch.interfaces[7]).toBe(1);
  expect(batch.comments.get(7)).toEqual(["missing: expected frame 8"]);
  expect(batch.comments.get(21)?.[0]).toMatch(
    /^changed: expected frame 22; ipv4\.ttl: expected 64, actual 63; ipv4\.checksum/,
  );
});

it("the annotated capture keeps the file's own interfaces and comments", async () => {
  const [own, annotated] = [join(folder, "own.pcapng"), join(folder, "own-why.pcapng")];
  const interfaces = ["left", "right"].map((name) => ({ ...ethernetInterface, name }));
  using writer = await CaptureWriter.create(own, { pcapng: { byteOrder: "big", interfaces, application: "test" } });
  const encoder = writer.pcapng!;
  frames.forEach((bytes, i) => {
    const place = { captured: bytes.length, original: bytes.length, seconds: 1, nanoseconds: i, iface: i % 2 };
    encoder.bytes.set(bytes, encoder.placeWith(place, i === 3 ? ["mine"] : [], 0));
  });
  writer.close();
  const changed = without(9);
  changed[3] = frame(3, { ttl: 1 });
  await compare(capture(changed), readFileSync(own), { annotated });
  using reader = await CaptureReader.open(annotated);
  const batch = (await reader.next())!;
  expect(reader.interfaces.map(({ name }) => name)).toEqual(["left", "right", "expected"]);
  expect(batch.interfaces.slice(0, 4)).toEqual(Uint32Array.of(0, 1, 0, 1));
  expect(batch.comments.get(3)).toEqual(["mine", expect.stringContaining("changed: expected frame 4")]);
  expect(batch.comments.get(9)).toEqual(["unexpected"]);
});
