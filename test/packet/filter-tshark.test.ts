/** What our filters choose beside what tshark's choose, and what they read beside what tshark reads, from the same file. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, describe, expect, it } from "vitest";
import { formatIpv4, formatMac, ipv4From, macFrom, parseIpv6 } from "../../src/packet/address.js";
import { parseFilter } from "../../src/packet/filter.js";
import { type FilterField, type FrameFacts, fieldNamed, fieldNames } from "../../src/packet/filter-fields.js";
import { FoundHeaders } from "../../src/packet/found-headers.js";
import { walkHeaders } from "../../src/packet/header-walk.js";
import { type CapturedFrame, writeCapture } from "../../src/pcap/index.js";
import { missing, skips } from "../support/probe.js";
import { tsharkNumbers, tsharkValues } from "../support/tshark.js";
import { cutFrames, filterFrames } from "./filter-frames.js";

const noTshark = missing("tshark");
const scratch = mkdtempSync(`${tmpdir()}/pktgen-filter-`);
afterAll(() => rmSync(scratch, { recursive: true }));

interface Capture {
  readonly frames: readonly CapturedFrame[];
  readonly path: string;
}
function captureOf(name: string, frames: readonly CapturedFrame[]): Capture {
  const path = `${scratch}/${name}.pcap`;
  writeFileSync(path, writeCapture(frames));
  return { frames, path };
}
/** More seeds by hand: PKTGEN_SEEDS=1,2,3. */
const seeds = (process.env.PKTGEN_SEEDS ?? "2026,2027,2029").split(",").map(Number);
const first = captureOf("first", filterFrames(400, seeds[0]!));

const headers = new FoundHeaders();
/** Frame `i` as filters see it, until the next one is asked for. */
function factsOf({ frames }: Capture, i: number): FrameFacts {
  const { bytes, originalBytes, nanoseconds } = frames[i]!;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  walkHeaders(headers, view, 0, bytes.length, originalBytes);
  return {
    view,
    headers,
    number: i + 1,
    wireBytes: originalBytes,
    capturedBytes: bytes.length,
    relativeNs: nanoseconds,
    interfaceId: -1,
  };
}

/** Numbers of the frames that we choose. */
function ours(expression: string): number[] {
  const filter = parseFilter(expression, "--filter");
  return first.frames.flatMap((_, i) => (filter(factsOf(first, i)) ? [i + 1] : []));
}

/** A filter for the frames that the expression chooses and that are not among these, and the other way round. */
function differenceFrom(expression: string, numbers: readonly number[]): string {
  const ranges: string[] = [];
  for (let i = 0; i < numbers.length; ) {
    const first = i++;
    while (numbers[i] === numbers[i - 1] + 1) i++;
    ranges.push(`${numbers[first]}..${numbers[i - 1]}`);
  }
  const listed = `frame.number in {${ranges.length === 0 ? "0" : ranges.join(", ")}}`;
  return `((${expression}) && !(${listed})) || (!(${expression}) && ${listed})`;
}

const canBe = (name: string, what: string): boolean => {
  try {
    parseFilter(`${name} ${what}`, "");
    return true;
  } catch {
    return false;
  }
};
const numeric = fieldNames.filter((name) => canBe(name, ">= 0"));
/** Of each field: values that frames have, and what lies on both sides of them. */
const compared = numeric
  .filter((name) => name !== "frame.time_relative")
  .flatMap((name) => {
    const value =
      { "eth.type": 0x8100, "vlan.etype": 0x800, "frame.len": 80, "frame.cap_len": 72 }[name] ??
      (canBe(name, "== 7") ? 7 : 1);
    return [`${name} == ${value}`, `${name} != ${value}`, `${name} > ${value}`, `${name} <= ${value}`];
  });

const chosen = [
  "ip.src == 198.18.0.1",
  "ip.addr != 198.18.0.1",
  "ip.src == 198.18.0.0/15",
  "!(ip.dst == 198.18.0.0/16)",
  "ip.addr == 0.0.0.0/1",
  "ip.src in {198.18.0.0..198.18.0.255}",
  "ip.src in {198.18.0.2..198.19.0.200, 10.0.0.0/8}",
  "ip.addr in {0.0.0.0..127.255.255.255}",
  "ip.dst > 128.0.0.0",
  "ip.dst <= 198.18.1.2",
  "ipv6.src == 2001:2::1",
  "ipv6.dst in {2001:2::..2001:2::ffff}",
  "ipv6.addr == 2001:2::/48",
  "ipv6.addr >= 8000::",
  "eth.src == 02:00:00:00:00:01",
  "eth.addr == 02:00:00:00:01:02",
  "eth.dst != 02:00:00:00:00:02",
  "eth.addr in {02:00:00:00:00:00..02:00:00:00:ff:ff}",
  "eth.src < 80:00:00:00:00:00",
  "eth.type == 0x0800",
  "eth.type == 0x8100 || eth.type == 0x88a8",
  "eth.type in {0x0800..0x86dd}",
  "vlan.id == 7 && vlan.id == 8",
  "vlan.id in {1..100}",
  "ieee8021ad.id == 100",
  "ieee8021ad.svid == 100 && ieee8021ad.cvid == 9",
  "udp.port in {9, 4789, 50000..50001}",
  "udp.port != 9",
  "tcp.port == 80 and tcp.flags.syn == 1 and not tcp.flags.ack == 1",
  "tcp.flags.syn == 1 || tcp.flags.fin == 1",
  "tcp.flags.reset != 1",
  "tcp.flags == 0x018",
  "tcp.len == 30",
  "tcp.len > 0",
  "ip.flags.mf == 1",
  "ip.flags.df == 0",
  "ip.frag_offset > 0",
  "ip.version == 6",
  "ip.version == 4 && ip.version == 6",
  "icmp.type in {3, 11} && udp",
  "icmp && tcp",
  "icmpv6.type <= 4 && ipv6.src == 2001:2::1",
  "mpls.label == 100 && mpls.label == 7",
  "vxlan.vni == 77 || geneve.vni in {79, 80} || gtp.teid == 82",
  "gre.key == 5",
  "ip && ip.proto == 6 || ipv6.nxt == 17",
  "frame.time_relative >= 0.01 && frame.time_relative < 0.02",
  "frame.time_relative == 0.005",
  "frame.number in {1..5, 9}",
];

/** A frame's number and layers for people, and where it was cut. */
function frameName({ frames }: Capture, number: number, protocols: string): string {
  const { bytes, originalBytes } = frames[number - 1]!;
  const cut = bytes.length < originalBytes ? `, cut at ${bytes.length} of ${originalBytes}` : "";
  return `frame ${number} (${protocols}${cut})`;
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
/** All values that we read, and tshark's, written alike. Of a protocol: whether it is there. */
function ourValues(field: FilterField, facts: FrameFacts): string[] {
  const found: string[] = [];
  const bytes = new Uint8Array(facts.view.buffer, facts.view.byteOffset, facts.view.byteLength);
  const text = (value: number): string => {
    if (field.kind === "protocol") return "yes";
    if (field.kind === "mac") return formatMac(macFrom(bytes, value));
    if (field.kind === "ipv4") return formatIpv4(ipv4From(bytes, value));
    return field.kind === "ipv6" ? hexOf(bytes.subarray(value, value + 16)) : String(value);
  };
  field.some(facts, (value) => {
    found.push(text(value));
    return false;
  });
  return [...new Set(found)].sort();
}
function theirValues({ kind }: FilterField, values: readonly string[]): string[] {
  const text = (value: string): string => {
    if (kind === "protocol") return "yes";
    if (kind === "mac" || kind === "ipv4") return value;
    if (kind === "ipv6") return hexOf(parseIpv6(value));
    return String(kind === "seconds" ? Math.round(Number(value) * 1e9) : Number(value));
  };
  return [...new Set(values.map(text))].sort();
}

/** Where we read other values than tshark. */
function differences(capture: Capture): string[] {
  const rows = tsharkValues(capture.path, ["frame.protocols", ...fieldNames]);
  expect(rows.length).toBe(capture.frames.length);
  return rows.flatMap(([protocols, ...values], i) => {
    const facts = factsOf(capture, i);
    return fieldNames.flatMap((name, at) => {
      const field = fieldNamed(name)!;
      const [we, they] = [ourValues(field, facts).join(" "), theirValues(field, values[at]!).join(" ")];
      if (we === they) return [];
      return [`${name}: we [${we}], tshark [${they}]; ${frameName(capture, i + 1, protocols!.join(" "))}`];
    });
  });
}

describe.skipIf(skips(noTshark))(`tshark${noTshark === null ? "" : ` (skipped: ${noTshark})`}`, () => {
  const path = first.path;
  /** One run of tshark for many expressions; only where it finds a difference each is asked alone. */
  const expectSame = (expressions: readonly string[]): void => {
    const found: string[] = [];
    for (let next = 0; next < expressions.length; next += 30) {
      const some = expressions.slice(next, next + 30);
      const chosenByUs = some.map(ours);
      const asked = some.map((expression, i) => differenceFrom(expression, chosenByUs[i]!));
      if (tsharkNumbers(path, asked.map((one) => `(${one})`).join(" || ")).length === 0) continue;
      const protocols = tsharkValues(path, ["frame.protocols"]).map(([layers]) => layers!.join(" "));
      for (const [i, expression] of some.entries()) {
        for (const number of tsharkNumbers(path, asked[i]!)) {
          const who = chosenByUs[i]!.includes(number)
            ? "we choose it, tshark does not"
            : "tshark chooses it, we do not";
          found.push(`${expression}: ${who}; ${frameName(first, number, protocols[number - 1]!)}`);
        }
      }
    }
    expect(found).toEqual([]);
  };

  it("sees every frame that is chosen wrongly", () => {
    expect(tsharkNumbers(path, differenceFrom("udp", ours("udp").slice(1)))).toEqual([ours("udp")[0]]);
    expect(tsharkNumbers(path, differenceFrom("udp", [...ours("udp"), 2]))).toEqual([2]);
  });

  it.each(seeds)("reads the values that we read, of frames by hand and by chance (seed %i)", (seed) => {
    expect(differences(captureOf(`seed-${seed}`, filterFrames(400, seed)))).toEqual([]);
  });
  it("reads the values that we read, wherever a frame is cut", () => {
    expect(differences(captureOf("cut", cutFrames()))).toEqual([]);
  });

  it("has each field where we have it", () => expectSame(fieldNames));
  it("compares numbers as we do", () => expectSame(compared));
  it("means the same by addresses, ranges, flags, tunnels and times", () => expectSame(chosen));
});
