/** What bad input gets: for every kind of mistake, in a real file, the line and column, what is wrong, what is accepted. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { PktgenError } from "../../src/errors.js";
import { loadProfile } from "../../src/profile/index.js";

const scratch = mkdtempSync(join(tmpdir(), "pktgen-bad-profile-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const file = join(scratch, "p.yaml");

const failure = (text: string): string => {
  writeFileSync(file, text);
  try {
    loadProfile(file);
  } catch (error) {
    if (error instanceof PktgenError) return `${error.exitCode} ${error.toLine().replace(`${scratch}/`, "")}`;
    throw error;
  }
  return "no error";
};

const stack = (packet: string): string => `streams:\n  - packet: ${packet}\n`;
const stream = (keys: string): string => `${stack("[ethernet, ipv4, udp]")}${keys.replaceAll(/^/gm, "    ")}\n`;
const change = (...changes: readonly string[]): string =>
  stream(["fields:", ...changes.map((each) => `  - ${each}`)].join("\n"));

type Mistake = readonly [what: string, text: string, sentence: string];

const mistakes: readonly Mistake[] = [
  [
    "an unknown protocol",
    stack("[ethernet, ipv5, udp]"),
    '2:24: there is no protocol "ipv5"; accepted: ethernet, vlan, mpls, pppoe, ppp, llc, snap, arp, lldp, ',
  ],
  [
    "an unknown field",
    stack("[ethernet, ipv4: { ttll: 5 }, udp]"),
    '2:38: ipv4 has no field "ttll"; accepted: src, dst, dscp, ecn, identification, flags, fragmentOffset, ttl, ',
  ],
  [
    "an unknown field to change",
    change("{ field: udp.srcPrt, list: [1] }"),
    '4:18: udp has no field "srcPrt"; accepted: srcPort, dstPort, length, checksum; did you mean srcPort?',
  ],
  [
    "an unknown layer to change",
    change("{ field: upd.srcPort, list: [1] }"),
    "4:18: this frame has no upd; accepted: ethernet, ipv4, udp; did you mean udp?",
  ],
  [
    "a header's value out of range",
    stack("[ethernet, vlan: { id: 4096 }, ipv4, udp]"),
    "2:36: 4096 is not accepted; accepted: 0 to 4095",
  ],
  [
    "a listed value out of range",
    change("{ field: udp.srcPort, list: [1, 70000] }"),
    "4:41: 70000 does not fit into 16 bits; accepted: 0 to 65535",
  ],
  [
    "an end out of range",
    change("{ field: udp.srcPort, increment: { min: 0, max: 70000 } }"),
    "4:57: 70000 does not fit into 16 bits; accepted: 0 to 65535",
  ],
  [
    "a range that ends before it begins",
    change("{ field: udp.srcPort, decrement: { min: 9, max: 2 } }"),
    "4:42: 9 to 2 is no range; accepted: min up to max",
  ],
  [
    "a value of another kind",
    change("{ field: ipv4.src, increment: { min: 2001:2::1, max: 198.18.0.1 } }"),
    '4:46: "2001:2::1" is not an IPv4 address; accepted: four decimal bytes, e.g. 198.18.0.1',
  ],
  [
    "a tag announced by no TPID",
    stack("[ethernet, vlan: { id: 5, tpid: 0x9200 }, ipv4, udp]"),
    "2:45: 37376 is not accepted; accepted: customer (0x8100), service (0x88a8), qinq (0x9100); " +
      "for any other number, set etherType of the header before the tag",
  ],
  ["UDP over ARP", stack("[ethernet, arp, udp]"), "2:29: arp cannot carry udp; accepted: raw"],
  [
    "TCP over UDP",
    stack("[ethernet, ipv4, udp, tcp]"),
    "2:35: udp cannot carry tcp; accepted: vxlan, geneve, gtpu, raw",
  ],
  [
    "no Ethernet",
    stack("[ipv4, udp]"),
    "2:14: a frame cannot begin with ipv4; accepted: ethernet first, or raw for bytes of your own",
  ],
  [
    "a stream's size too small for its headers",
    `${stack("[ethernet, ipv6, tcp]")}    size: 64\n`,
    "3:11: ethernet / ipv6 / tcp needs 78 bytes with FCS, more than a frame of 64; accepted: sizes from 78",
  ],
  [
    "one of the sizes too small for a stream's headers",
    `sizes: [64, 128]\n${stack("[ethernet, ipv6, tcp]")}`,
    "1:8: ethernet / ipv6 / tcp needs 78 bytes with FCS, more than a frame of 64; accepted: sizes from 78",
  ],
  [
    "a size beyond the largest",
    stream("size: { min: 64, max: 20000 }"),
    "3:11: frame size 20000 is not a whole number up to 9018; accepted: sizes from 64 to 9018 with FCS",
  ],
  [
    "a field changed twice",
    change("{ field: udp.srcPort, list: [1] }", "{ field: udp.srcPort, list: [2] }"),
    "5:9: udp.srcPort and udp.srcPort change the same bits; accepted: one change for each bit",
  ],
  [
    "changes that overlap",
    change("{ field: udp.srcPort, list: [1] }", "{ bits: { offset: 34, mask: 0xff, bytes: 2 }, list: [2] }"),
    "5:9: udp.srcPort and bits 34/0xff change the same bits; accepted: one change for each bit",
  ],
  [
    "changes that carry in a circle",
    change(
      "{ field: udp.srcPort, list: [1], after: udp.dstPort }",
      "{ field: udp.dstPort, list: [1], after: udp.srcPort }",
    ),
    "5:49: fields carry into each other in a circle; accepted: a chain with a beginning",
  ],
  [
    "a change in the signature",
    change("{ bits: { offset: 50, mask: 0xff, bytes: 1 }, list: [2] }"),
    "4:9: bits 50/0xff lies in the signature, the last 18 bytes; accepted: bytes 0 to 41",
  ],
  [
    "a change outside of the frame",
    change("{ bits: { offset: 80, mask: 0xff, bytes: 1 }, list: [2] }"),
    "4:9: bits 80/0xff lies outside of the smallest frame (60 bytes without FCS); accepted: bytes 0 to 41",
  ],
  [
    "a chain of streams in a circle",
    "streams:\n  - { name: a, packet: [ethernet], schedule: { after: b } }\n" +
      "  - { name: b, packet: [ethernet], schedule: { after: a } }\n",
    "2:5: streams come after each other in a circle: a, b, a; accepted: a chain",
  ],
  ["a rate of nothing", stream("rate: 0pps"), '3:11: the rate "0pps" is not above 0; accepted: max, 10kpps, 1Mpps, '],
  ["a rate beyond all", stream("rate: 999Gpps"), '3:11: "999Gpps" is above 1Gpps; accepted: up to 1Gpps, or max'],
  [
    "more than the line carries",
    stream("rate: 200%"),
    '3:11: "200%" is more than the line carries; accepted: up to 100%',
  ],
  [
    "max for a stream of its own",
    stream("rate: max"),
    "3:11: max is no rate of a stream's own; accepted: a rate, e.g. 10kpps, or none and --rate max",
  ],
  [
    "a ramp from nothing to nothing",
    stream("rate: 1kpps\nschedule: { ramp: { from: 0%, to: 0%, within: 1s } }"),
    "4:15: a ramp from nothing to nothing sends nothing; accepted: a share above 0",
  ],
  [
    "bursts of nothing",
    stream("rate: 1kpps\nschedule: { bursts: { frames: 0, gap: 1ms } }"),
    "4:35: schedule.bursts.frames can't be 0; accepted: a whole number from 1",
  ],
  ["a queue that is not there", stream("pin: { queue: 2, of: 2 }"), "3:10: there is no queue 2 of 2; accepted: 0 to 1"],
  [
    "a pinned stream without ports",
    `${stack("[ethernet, ipv4, igmp: { version: 3 }]")}    pin: { queue: 0, of: 2 }\n`,
    "3:10: there are no ports that could be chosen; accepted: a packet with udp, tcp or sctp right behind its first IP",
  ],
  [
    "a pinned stream with ports none of which fits",
    `${change("{ field: udp.srcPort, list: [1024] }")}    pin: { queue: 127, of: 128 }\n`,
    "5:10: none of the 1 source ports puts a flow on queue 127 of 128; accepted: more ports to choose from",
  ],
  [
    "a plain profile with flows that queues do not share evenly",
    "flows: 3\npinFlows: 2\n",
    "2:11: 3 flows cannot be pinned to 2 queues; accepted: a multiple of 2",
  ],
  [
    "more counts than a field has values",
    change("{ field: udp.srcPort, increment: { min: 1, max: 4 }, perQueue: [9, 9] }"),
    "4:72: counts of 9, 9 per queue; accepted: a count from 1 for each queue, together no more than the field has ",
  ],
];

describe("a mistake is shown where it is, with what is accepted", () => {
  it.each(mistakes)("%s", (_, text, sentence) => {
    const said = failure(text);
    expect(said.slice(0, `2 p.yaml:${sentence}`.length)).toBe(`2 p.yaml:${sentence}`);
    expect(said).toMatch(/; accepted: ./);
  });

  it("a list that is too long for memory, in a file that is not", () => {
    const values = Array.from({ length: 60_000 }, (_, i) => i).join(",");
    const text = `streams:\n  - packet: [ethernet, ipv4, udp]\n    fields: [{ field: udp.srcPort, list: &all [${values}] }]\n`;
    const more = Array.from(
      { length: 66 },
      (_, i) => `  - { name: s${i}, packet: [ethernet, ipv4, udp], fields: [{ field: udp.srcPort, list: *all }] }\n`,
    );
    expect(failure(text + more.join(""))).toMatch(
      /^2 p\.yaml:69:\d+: lists of more than 4000000 values in all are too long for memory; accepted: shorter lists, or ranges$/,
    );
  });

  it("a file that is too long for memory", () => {
    expect(failure(`sizes: [${"64,".repeat(400_000)}64]`)).toMatch(
      /p\.yaml is longer than 1,000,000 bytes; accepted: a YAML file of up to 1000000 bytes, such as /,
    );
  });

  it("sizes of a file that includes the stream which does not fit into them", () => {
    writeFileSync(join(scratch, "inner.yaml"), stack("[ethernet, ipv6, tcp]"));
    expect(failure("include: inner.yaml\nsizes: 64\n")).toMatch(
      /^2 p\.yaml:2:8: ethernet \/ ipv6 \/ tcp needs 78 bytes/,
    );
  });
});
