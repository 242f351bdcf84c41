/** Frames are built from layers and dissected into them again. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PktgenError } from "../../src/errors.js";
import {
  buildFrame,
  dissect,
  ethernet,
  type Header,
  headersBytes,
  type Ipv4Address,
  type Ipv6Address,
  ipv4,
  ipv6,
  type MacAddress,
  parseIpv4,
  parseIpv6,
  parseMac,
  udp,
  vlan,
} from "../../src/packet/index.js";

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const mac = bytesOf(6) as fc.Arbitrary<MacAddress>;
const bits = (count: number) => fc.nat(2 ** count - 1);

const anyEthernet = fc.record({ dst: mac, src: mac }).map(ethernet);
const anyVlan = fc
  .record({
    id: bits(12),
    priority: bits(3),
    dropEligible: fc.boolean(),
    tpid: fc.constantFrom<0x8100 | 0x88a8>(0x8100, 0x88a8),
  })
  .map(vlan);
const anyIpv4 = fc
  .record({
    src: bytesOf(4) as fc.Arbitrary<Ipv4Address>,
    dst: bytesOf(4) as fc.Arbitrary<Ipv4Address>,
    dscp: bits(6),
    ecn: bits(2),
    identification: bits(16),
    ttl: bits(8),
    options: fc.nat(10).chain((words) => bytesOf(4 * words)),
  })
  .map(ipv4);
const anyIpv6 = fc
  .record({
    src: bytesOf(16) as fc.Arbitrary<Ipv6Address>,
    dst: bytesOf(16) as fc.Arbitrary<Ipv6Address>,
    trafficClass: bits(8),
    flowLabel: bits(20),
    hopLimit: bits(8),
  })
  .map(ipv6);
const anyUdp = fc.record({ srcPort: bits(16), dstPort: bits(16) }).map(udp);

const anyStack: fc.Arbitrary<readonly Header[]> = fc
  .tuple(anyEthernet, fc.array(anyVlan, { maxLength: 2 }), fc.oneof(anyIpv4, anyIpv6), anyUdp)
  .map(([outer, tags, ip, inner]) => [outer, ...tags, ip, inner]);

/** The stack with `wrong` lengths and checksums somewhere. */
const anyWrongStack = fc.tuple(anyStack, fc.nat(0xffff), fc.nat(0xffff), fc.nat(3)).map(([layers, a, b, which]) =>
  layers.map((layer) => {
    if (layer.protocol === "ipv4" && which === 0) return { ...layer, wrong: { totalLength: a, checksum: b } };
    if (layer.protocol === "ipv6" && which === 1) return { ...layer, wrong: { payloadLength: a } };
    if (layer.protocol === "udp" && which === 2) return { ...layer, wrong: { length: a, checksum: b } };
    return layer;
  }),
);

const plan = [
  ethernet({ dst: parseMac("00:11:22:33:44:10"), src: parseMac("02:00:00:00:00:01") }),
  ipv4({ src: parseIpv4("198.18.0.1"), dst: parseIpv4("198.19.0.1") }),
  udp({ srcPort: 1024, dstPort: 9 }),
];

describe("building", () => {
  it("writes the bytes of RFC 768 in RFC 791 in Ethernet", () => {
    const frame = buildFrame(plan, 48);
    expect(Buffer.from(frame).toString("hex")).toBe(
      // Worked out by hand: IPv4 0x4500 + 0x0022 + 0x4011 + 0xc612 + 1 + 0xc613 + 1 → 0x115c → 0xeea3;
      // UDP 0xc612 + 1 + 0xc613 + 1 + 0x11 + 0x0e + 0x0400 + 9 + 0x0e + 0x0001 + 0x0203 + 0x0405 → 0x9667 → 0x6998.
      `${"001122334410"}${"020000000001"}0800` +
        `45000022${"00000000"}4011eea3c6120001c6130001` +
        "04000009000e6998" +
        "000102030405",
    );
  });

  it("refuses a frame too small for its headers, a payload of another size, and layers that do not go together", () => {
    expect(() => buildFrame(plan, 41)).toThrow(PktgenError);
    expect(() => buildFrame(plan, 60, new Uint8Array(17))).toThrow(/payload/);
    expect(() => buildFrame([plan[2], plan[1]], 60)).toThrow(/udp cannot carry ipv4/);
  });

  it("refuses fields that do not fit, naming them", () => {
    expect(() => udp({ srcPort: 65_536, dstPort: 1 })).toThrow(expect.objectContaining({ where: "udp.srcPort" }));
    expect(() => vlan({ id: 4096 })).toThrow(expect.objectContaining({ where: "vlan.id" }));
    const addresses = { src: parseIpv4("1.1.1.1"), dst: parseIpv4("2.2.2.2") };
    expect(() => ipv4({ ...addresses, ttl: 1.5 })).toThrow(expect.objectContaining({ where: "ipv4.ttl" }));
    expect(() => ipv4({ ...addresses, options: new Uint8Array(3) })).toThrow(PktgenError);
    expect(() => ipv4({ ...addresses, options: new Uint8Array(44) })).toThrow(PktgenError);
    const addresses6 = { src: parseIpv6("::1"), dst: parseIpv6("::2") };
    expect(() => ipv6({ ...addresses6, flowLabel: 2 ** 20 })).toThrow(
      expect.objectContaining({ where: "ipv6.flowLabel" }),
    );
  });
});

describe("taking apart", () => {
  it("finds every layer that was built, and nothing wrong", () => {
    fc.assert(
      fc.property(anyStack, fc.nat(200), (layers, payloadBytes) => {
        const frame = buildFrame(layers, headersBytes(layers) + payloadBytes);
        const found = dissect(frame);
        expect(found.faults).toEqual([]);
        expect(found.trailerBytes).toBe(0);
        expect(found.layers.map(({ header }) => header)).toMatchObject(layers.map(withoutDerived));
        expect(found.payload.end - found.payload.start).toBe(payloadBytes);
      }),
    );
  });

  it("and builds the same bytes again, wrong lengths and checksums included", () => {
    fc.assert(
      fc.property(anyWrongStack, fc.nat(100), (layers, payloadBytes) => {
        const frame = buildFrame(layers, headersBytes(layers) + payloadBytes);
        const found = dissect(frame);
        const headers = found.layers.map(({ header }) => header);
        const known = headersBytes(headers);
        // A wrong length moves the end that inner layers see; what is behind it is trailer.
        fc.pre(found.trailerBytes === 0);
        expect(buildFrame(headers, frame.length, frame.subarray(known))).toEqual(frame);
      }),
    );
  });

  it("tells a wrong checksum with its place", () => {
    const frame = buildFrame(plan, 60);
    frame[24] ^= 1;
    frame[59] ^= 1;
    expect(dissect(frame).faults.map(({ protocol, field, offset }) => [protocol, field, offset])).toEqual([
      ["ipv4", "checksum", 24],
      ["udp", "checksum", 40],
    ]);
  });

  it("takes an absent UDP checksum as right over IPv4 and wrong over IPv6", () => {
    const none = udp({ srcPort: 1, dstPort: 2, wrong: { checksum: 0 } });
    expect(dissect(buildFrame([plan[0], plan[1], none], 60)).faults).toEqual([]);
    const over6 = ipv6({ src: parseIpv6("::1"), dst: parseIpv6("::2") });
    expect(dissect(buildFrame([plan[0], over6, none], 80)).faults).toMatchObject([{ field: "checksum" }]);
  });

  it("sends a UDP checksum that comes out as 0 as 0xffff (RFC 768)", () => {
    // The checksum over six zeros, put into the payload, makes the sum zero.
    const zeros = buildFrame(plan, 48, new Uint8Array(6));
    const frame = buildFrame(plan, 48, Uint8Array.of(zeros[40], zeros[41], 0, 0, 0, 0));
    expect([frame[40], frame[41]]).toEqual([0xff, 0xff]);
    expect(dissect(frame).faults).toEqual([]);
  });

  it("takes IPv4's other zero as right, since it verifies", () => {
    const [outer, ip, inner] = plan;
    const at = (identification: number, wrong = {}) =>
      buildFrame([outer, { ...ip, identification, wrong } as Header, inner], 60);
    const zero = at(0);
    const balanced = at((zero[24] << 8) | zero[25]);
    expect([balanced[24], balanced[25]]).toEqual([0, 0]);
    balanced.fill(0xff, 24, 26);
    expect(dissect(balanced).faults).toEqual([]);
    expect(dissect(balanced).layers[1].header).toMatchObject({ wrong: { checksum: 0xffff } });
  });

  it("takes lengths shorter than the header as wrong, and goes on with what is there", () => {
    const frame = buildFrame(plan, 60);
    frame[39] = 7;
    expect(dissect(frame)).toMatchObject({ payload: { start: 42, end: 60 } });
    expect(dissect(frame).faults).toMatchObject([{ field: "length", offset: 38 }, { field: "checksum" }]);
    const short = buildFrame([plan[0], { ...plan[1], wrong: { totalLength: 19 } } as Header, plan[2]], 60);
    expect(dissect(short)).toMatchObject({ payload: { start: 42, end: 60 } });
    expect(dissect(short).faults).toMatchObject([{ field: "totalLength", offset: 16 }]);
  });

  it("sees Ethernet padding as trailer, and does not look into fragments", () => {
    const padded = new Uint8Array(64);
    padded.set(buildFrame(plan, 50));
    expect(dissect(padded)).toMatchObject({ trailerBytes: 14, faults: [], payload: { start: 42, end: 50 } });
    const fragment = ipv4({ src: parseIpv4("1.1.1.1"), dst: parseIpv4("2.2.2.2"), fragmentOffset: 100 });
    expect(dissect(buildFrame([plan[0], fragment, plan[2]], 60)).layers).toHaveLength(2);
  });

  it("names what is too short or of another version", () => {
    const frame = buildFrame(plan, 60);
    expect(dissect(frame.subarray(0, 10)).faults).toMatchObject([{ protocol: "ethernet", offset: 0 }]);
    expect(dissect(frame.subarray(0, 30)).faults).toMatchObject([{ protocol: "ipv4", offset: 14 }]);
    frame[14] = 0x65;
    expect(dissect(frame).faults).toMatchObject([{ field: "version", what: "6, expected 4" }]);
    frame[14] = 0x44;
    expect(dissect(frame).faults).toMatchObject([{ field: "headerLength" }]);
  });

  it("never throws, whatever the bytes", () => {
    const flipped = fc
      .tuple(anyStack, fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 6 }), fc.nat(200))
      .map(([layers, flips, cut]) => {
        const frame = buildFrame(layers, headersBytes(layers) + 32);
        for (const [at, value] of flips) if (at < frame.length) frame[at] = value;
        return frame.subarray(0, cut);
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 120 }), flipped), (bytes) => {
        const { payload, trailerBytes } = dissect(bytes);
        expect(payload.start).toBeLessThanOrEqual(payload.end);
        expect(payload.end + trailerBytes).toBe(bytes.length);
      }),
      { numRuns: 500 },
    );
  });
});

/** Numbers that follow from the next layer are null in what is built and found in what is read. */
function withoutDerived(header: Header): object {
  const { etherType: _e, ipProtocol: _i, nextHeader: _n, ...rest } = header as unknown as Record<string, unknown>;
  return rest;
}
