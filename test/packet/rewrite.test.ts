/** Frames are rewritten: addresses, tags, ports and the checksums that follow. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { prefixMask } from "../../src/packet/filter-value.js";
import {
  buildFrame,
  dissect,
  ethernet,
  formatIpv4,
  headersBytes,
  ipv4,
  ipv6,
  parseIpv4,
  parseIpv6,
  parseMac,
  sctp,
  sctpChunk,
  udp,
  vlan,
} from "../../src/packet/index.js";
import { type RewriteRules, Rewriter } from "../../src/packet/rewrite.js";

const noRewrite: RewriteRules = {
  srcMac: null,
  dstMac: null,
  vlan: null,
  prefixes: [],
  ports: new Map(),
  uniquePerLoop: false,
  fixChecksums: false,
};

const eth = ethernet({ dst: parseMac("02:00:00:00:00:02"), src: parseMac("02:00:00:00:00:01") });
const ports = udp({ srcPort: 1024, dstPort: 53 });
const frame4 = buildFrame([eth, ipv4({ src: parseIpv4("198.18.0.1"), dst: parseIpv4("198.18.7.2") }), ports], 61);
const frame6 = buildFrame([eth, ipv6({ src: parseIpv6("2001:2::1"), dst: parseIpv6("2001:2::2") }), ports], 83);
const tagged = buildFrame(
  [eth, vlan({ id: 5, priority: 3 }), ipv4({ src: parseIpv4("198.18.0.1"), dst: parseIpv4("198.18.7.2") }), ports],
  65,
);

function rewrite(frame: Uint8Array, rules: Partial<RewriteRules>, loop = 0): Uint8Array {
  const bytes = new Uint8Array(frame.length + 4 + 3);
  bytes.set(frame, 3);
  const length = new Rewriter({ ...noRewrite, ...rules }).apply(
    bytes,
    new DataView(bytes.buffer),
    3,
    frame.length,
    loop,
  );
  return bytes.slice(3, 3 + length);
}

const map16 = {
  version: 4,
  from: Uint8Array.of(198, 18, 0, 0),
  to: Uint8Array.of(198, 19, 0, 0),
  mask: prefixMask(32, 16),
} as const;

/** Headers by name, and nothing wrong with them. */
function headers(frame: Uint8Array) {
  const { layers, faults } = dissect(frame);
  expect(faults).toEqual([]);
  return Object.fromEntries(layers.map(({ header }) => [header.protocol, header])) as Record<string, never>;
}

describe("rewriting", () => {
  it("MAC addresses", () => {
    const frame = rewrite(frame4, { srcMac: parseMac("02:00:00:00:00:0a"), dstMac: parseMac("02:00:00:00:00:0b") });
    expect(headers(frame)["ethernet"]).toMatchObject({
      src: parseMac("02:00:00:00:00:0a"),
      dst: parseMac("02:00:00:00:00:0b"),
    });
  });

  it("VLAN tags: one put in, one changed that keeps its priority, all taken away", () => {
    const put = rewrite(frame4, { vlan: 9 });
    expect(put.length).toBe(frame4.length + 4);
    expect(headers(put)["vlan"]).toMatchObject({ id: 9, priority: 0 });
    expect(headers(rewrite(tagged, { vlan: 9 }))["vlan"]).toMatchObject({ id: 9, priority: 3 });
    expect(rewrite(tagged, { vlan: "none" })).toEqual(frame4);
  });

  it("prefixes and ports, with the checksums of IPv4, UDP over IPv4 and UDP over IPv6", () => {
    const frame = rewrite(frame4, { prefixes: [map16], ports: new Map([[53, 5353]]) });
    const { ipv4: ip, udp: transport } = headers(frame) as never as { ipv4: { src: never; dst: never }; udp: object };
    expect([formatIpv4(ip.src), formatIpv4(ip.dst)]).toEqual(["198.19.0.1", "198.19.7.2"]);
    expect(transport).toMatchObject({ srcPort: 1024, dstPort: 5353 });
    headers(rewrite(frame6, { ports: new Map([[1024, 7]]), uniquePerLoop: true }, 70_000));
  });

  it("unique addresses per loop differ in every loop, and checksums stay right", () => {
    const seen = new Set<string>();
    for (let loop = 0; loop < 300; loop++) {
      const frame = rewrite(frame4, { uniquePerLoop: true }, loop);
      headers(frame);
      seen.add(Buffer.from(frame.subarray(26, 34)).toString("hex"));
    }
    expect(seen.size).toBe(300);
  });

  it("a checksum that was wrong stays wrong, unless it is to be computed anew; none stays none", () => {
    const wrong = frame4.slice();
    wrong[41] ^= 1;
    wrong[25] ^= 1;
    expect(dissect(rewrite(wrong, { prefixes: [map16] })).faults).toHaveLength(2);
    headers(rewrite(wrong, { prefixes: [map16], fixChecksums: true }));
    const none = frame4.slice();
    none[40] = none[41] = 0;
    const frame = rewrite(none, { prefixes: [map16], fixChecksums: true });
    expect([frame[40], frame[41]]).toEqual([0, 0]);
  });

  it("SCTP: its CRC follows ports, whatever the addresses do, and is computed anew on demand", () => {
    const addresses4 = ipv4({ src: parseIpv4("198.18.0.1"), dst: parseIpv4("198.18.7.2") });
    const addresses6 = ipv6({ src: parseIpv6("2001:2::1"), dst: parseIpv6("2001:2::2") });
    const header = sctp({
      srcPort: 1024,
      dstPort: 53,
      verificationTag: 7,
      chunks: [sctpChunk(6, new Uint8Array(36).fill(3), 0)],
    });
    for (const addresses of [addresses4, addresses6]) {
      const stack = [eth, addresses, header];
      const frame = buildFrame(stack, headersBytes(stack));
      // Both ports, and padding behind the packet.
      const padded = new Uint8Array([...frame, 1, 2, 3, 4]);
      const mapped = rewrite(padded, {
        ports: new Map([
          [1024, 9],
          [53, 5353],
        ]),
        prefixes: [map16],
      });
      expect(headers(mapped)["sctp"]).toMatchObject({ srcPort: 9, dstPort: 5353 });
      const wrong = frame.slice();
      wrong[frame.length - 1] ^= 1;
      expect(dissect(wrong).faults.map(({ field }) => field)).toEqual(["checksum"]);
      expect(dissect(rewrite(wrong, { ports: new Map([[53, 80]]) })).faults).toMatchObject([{ field: "checksum" }]);
      expect(headers(rewrite(wrong, { fixChecksums: true }))["sctp"]).toMatchObject({ dstPort: 53 });
    }
  });

  it("of any bytes: never throws, never writes outside", () => {
    const rules = { vlan: 7, prefixes: [map16], ports: new Map([[1, 2]]), uniquePerLoop: true, fixChecksums: true };
    fc.assert(
      fc.property(
        fc.constantFrom(frame4, frame6, tagged),
        fc.array(fc.tuple(fc.nat(60), fc.nat(255))),
        fc.nat(80),
        (base, flips, length) => {
          const frame = base.slice(0, length);
          for (const [at, value] of flips) if (at < frame.length) frame[at] = value;
          const result = rewrite(frame, rules, 3);
          expect(result.length - frame.length === 0 || result.length - frame.length === 4).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
