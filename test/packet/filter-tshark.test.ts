/** What our filters choose beside what tshark's choose, for the same words and the same file. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, describe, expect, it } from "vitest";
import { parseFilter } from "../../src/packet/filter.js";
import { fieldNames } from "../../src/packet/filter-fields.js";
import { HeaderWalk } from "../../src/packet/header-walk.js";
import { writeCapture } from "../../src/pcap/index.js";
import { missing, skips } from "../support/probe.js";
import { tsharkNumbers } from "../support/tshark.js";
import { filterFrames } from "./filter-frames.js";

const noTshark = missing("tshark");
const scratch = mkdtempSync(`${tmpdir()}/pktgen-filter-`);
afterAll(() => rmSync(scratch, { recursive: true }));
const frames = filterFrames(400);
const path = `${scratch}/frames.pcap`;
writeFileSync(path, writeCapture(frames));

const headers = new HeaderWalk();
/** Numbers of the frames that we choose. */
function ours(expression: string): number[] {
  const filter = parseFilter(expression, "--filter");
  return frames.flatMap(({ bytes, originalBytes, nanoseconds }, i) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    headers.walk(view, 0, bytes.length, originalBytes);
    const facts = {
      view,
      headers,
      number: i + 1,
      wireBytes: originalBytes,
      capturedBytes: bytes.length,
      relativeNs: nanoseconds,
      interfaceId: -1,
    };
    return filter(facts) ? [i + 1] : [];
  });
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

describe.skipIf(skips(noTshark))(`tshark${noTshark === null ? "" : ` (skipped: ${noTshark})`}`, () => {
  /** One run of tshark for many expressions; only where it finds a difference each is asked alone. */
  const expectSame = (expressions: readonly string[]): void => {
    const found: string[] = [];
    for (let first = 0; first < expressions.length; first += 30) {
      const some = expressions.slice(first, first + 30);
      const differences = some.map((expression) => differenceFrom(expression, ours(expression)));
      if (tsharkNumbers(path, differences.map((one) => `(${one})`).join(" || ")).length === 0) continue;
      for (const [i, expression] of some.entries()) {
        const different = tsharkNumbers(path, differences[i]);
        if (different.length > 0) found.push(`${expression}: ${different.join(", ")}`);
      }
    }
    expect(found).toEqual([]);
  };

  it("sees every frame that is chosen wrongly", () => {
    expect(tsharkNumbers(path, differenceFrom("udp", ours("udp").slice(1)))).toEqual([ours("udp")[0]]);
    expect(tsharkNumbers(path, differenceFrom("udp", [...ours("udp"), 2]))).toEqual([2]);
  });

  it("has each field where we have it", () => expectSame(fieldNames));
  it("compares numbers as we do", () => expectSame(compared));
  it("means the same by addresses, ranges, flags, tunnels and times", () => expectSame(chosen));
});
