/** The layout of a stack of headers: where each layer and field lies. */
import { describe, expect, it } from "vitest";
import { PktgenError } from "../../src/errors.js";
import {
  arp,
  buildFrame,
  checkStack,
  checksumPlaces,
  dissect,
  ethernet,
  fieldPlace,
  gre,
  gtpu,
  headersBytes,
  icmp,
  icmpEcho,
  ipv4,
  layerNames,
  namesAt,
  parseIpv4,
  parseMac,
  raw,
  tunnelDepths,
  udp,
  vlan,
  vxlan,
} from "../../src/packet/index.js";

const mac = parseMac("02:00:00:00:00:01");
const address = parseIpv4("198.18.0.1");
const eth = ethernet({ dst: mac, src: mac });
const ip = ipv4({ src: address, dst: address });
const u = udp({ srcPort: 1024, dstPort: 9 });
const overlay = [eth, vlan({ id: 5 }), ip, udp({ srcPort: 1 }), vxlan({ vni: 7 }), eth, vlan({ id: 6 }), ip, u];

const failure = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof PktgenError) return error.toLine();
    throw error;
  }
  return "nothing thrown";
};

describe("paths", () => {
  it.each([
    ["ethernet.dst", 0],
    ["vlan.id", 14 * 8 + 4],
    ["ipv4.dst", (18 + 16) * 8],
    ["ipv4[0].dst", (18 + 16) * 8],
    ["udp.dstPort", (38 + 2) * 8],
    ["vxlan.vni", (46 + 4) * 8],
    ["ethernet[1].src", (54 + 6) * 8],
    ["inner.ethernet.src", (54 + 6) * 8],
    ["inner.vlan.id", 68 * 8 + 4],
    ["inner.ipv4.ttl", (72 + 8) * 8],
    ["udp[1].checksum", (92 + 6) * 8],
  ])("%s begins at bit %d", (path, bit) => expect(fieldPlace(overlay, path).frameBitOffset).toBe(bit));

  it("name every layer of a stack once, and its depth in tunnels", () => {
    expect(layerNames(overlay).slice(5)).toEqual(["ethernet[1]", "vlan[1]", "ipv4[1]", "udp[1]"]);
    expect(tunnelDepths(overlay)).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1]);
    expect(tunnelDepths([eth, ip, ip, gre(), ip, u])).toEqual([0, 0, 1, 1, 2, 2]);
    expect(fieldPlace([eth, ip, ip, gre(), ip, u], "inner.inner.ipv4.src").layer).toBe(4);
  });

  it.each([
    ["ipv4.tll", 'ipv4.tll: ipv4 has no field "tll"; accepted: version, .*; did you mean ttl\\?'],
    ["ipv5.ttl", "this frame has no ipv5; accepted: ethernet, vlan, .*; did you mean ipv4\\?"],
    ["ipv4[2].ttl", "this frame has no ipv4\\[2\\]"],
    ["inner.inner.ipv4.ttl", "this frame has no inner.inner.ipv4"],
    ["ttl", '"ttl" names no field; accepted: protocol.field'],
  ])("that mean nothing are refused with the nearest: %s", (path, message) => {
    expect(failure(() => fieldPlace(overlay, path))).toMatch(new RegExp(message));
  });
});

describe("checksums", () => {
  it("are listed innermost first with what they cover, those set wrong left out", () => {
    const places = checksumPlaces(overlay, 130);
    expect(places.map(({ path, at, start, end }) => [path, at, start, end])).toEqual([
      ["udp[1].checksum", 98, 92, 130],
      ["ipv4[1].checksum", 82, 72, 92],
      ["udp.checksum", 44, 38, 130],
      ["ipv4.checksum", 28, 18, 38],
    ]);
    expect(places[0].pseudo).toEqual({ ranges: [{ start: 84, end: 92 }], rest: 17 + 38 });
    const none = [eth, ip, udp({ srcPort: 1, dstPort: 2, wrong: { checksum: 0 } })];
    expect(checksumPlaces(none, 60).map(({ path }) => path)).toEqual(["ipv4.checksum"]);
  });

  it("do not count what stands behind a layer that carries nothing", () => {
    const query = [eth, ip, icmpEcho({ identifier: 1, sequence: 1 })];
    expect(checksumPlaces(query, 60)[0].end).toBe(60);
    const frame = buildFrame([eth, arp({ senderMac: mac, senderIp: address, targetIp: address })], 60);
    expect(dissect(frame)).toMatchObject({ trailerBytes: 18, faults: [] });
  });
});

describe("stacks that cannot be", () => {
  it.each([
    [[eth, arp({ senderMac: mac, senderIp: address, targetIp: address }), u], "arp cannot carry udp"],
    [[eth, u], "ethernet cannot carry udp"],
    [[eth, ip, vxlan({ vni: 1 })], "ipv4 cannot carry vxlan"],
    [[eth, ip, u, ip], "udp cannot carry ipv4"],
    [[raw(Uint8Array.of(1)), eth], "raw cannot carry ethernet"],
    [[eth, ip, udp({ srcPort: 1 }), gtpu({ teid: 1, messageType: 1 }), ip], "gtpu cannot carry ipv4"],
  ])("are refused, naming both: %#", (layers, message) => expect(failure(() => checkStack(layers))).toContain(message));

  it("an ICMP error may quote a datagram, a ping may not", () => {
    const quote = (type: number) => [eth, ip, icmp({ type }), ip, u];
    expect(failure(() => checkStack(quote(8)))).toContain("icmp cannot carry ipv4");
    const frame = buildFrame(quote(3), 90);
    const found = dissect(frame);
    expect(found).toMatchObject({ faults: [], payload: { start: 42, end: 90 } });
    expect(dissect(frame.subarray(42), "ipv4").layers.map(({ header }) => header.protocol)).toEqual(["ipv4", "udp"]);
    expect(dissect(frame.subarray(42), "ipv4").faults).toEqual([]);
  });

  it("raw bytes may stand behind anything", () => {
    const layers = [eth, arp({ senderMac: mac, senderIp: address, targetIp: address }), raw(Uint8Array.of(1, 2, 3))];
    expect([...buildFrame(layers, headersBytes(layers)).slice(-3)]).toEqual([1, 2, 3]);
  });
});

describe("a byte of a frame", () => {
  const frame = new Uint8Array(70);
  frame.set(buildFrame([eth, ip, u], 60));
  const named = (at: number): readonly string[] => namesAt(frame, dissect(frame), at);

  it.each([
    [0, ["ethernet.dst"]],
    [20, ["ipv4.flags", "ipv4.fragmentOffset"]],
    [22, ["ipv4.ttl"]],
    [41, ["udp.checksum"]],
    [42, ["payload+0"]],
    [69, ["trailer+9"]],
    [70, ["beyond+0"]],
  ])("%d is %j", (at, names) => expect(named(at)).toEqual(names));
});
