/** The Toeplitz hash of receive-side scaling, by the published vectors. */
import { describe, expect, it } from "vitest";
import { parseIpv4, parseIpv6, rssHash, rssQueue, toeplitz } from "../../src/packet/index.js";

/** Microsoft, "Verifying the RSS Hash Calculation": destination, source, hash of the addresses, hash with TCP's ports. */
const ipv4 = [
  ["161.142.100.80", 1766, "66.9.149.187", 2794, 0x323e8fc2, 0x51ccc178],
  ["65.69.140.83", 4739, "199.92.111.2", 14230, 0xd718262a, 0xc626b0ea],
  ["12.22.207.184", 38024, "24.19.198.95", 12898, 0xd2d0a5de, 0x5c2b394a],
  ["209.142.163.6", 2217, "38.27.205.30", 48228, 0x82989176, 0xafc7327f],
  ["202.188.127.2", 1303, "153.39.163.191", 44251, 0x5d1809c5, 0x10e828a2],
] as const;
const ipv6 = [
  ["3ffe:2501:200:3::1", 1766, "3ffe:2501:200:1fff::7", 2794, 0x2cc18cd5, 0x40207d3d],
  ["ff02::1", 4739, "3ffe:501:8::260:97ff:fe40:efab", 14230, 0x0f0c461c, 0xdde51bbf],
  ["fe80::200:f8ff:fe21:67cf", 38024, "3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251, 0x4b61e985, 0x02d1feef],
] as const;

describe("the Toeplitz hash", () => {
  it.each([...ipv4, ...ipv6])("of %s:%i from %s:%i is as published", (to, dstPort, from, srcPort, alone, withPorts) => {
    const parse = to.includes(":") ? parseIpv6 : parseIpv4;
    const [dst, src] = [parse(to), parse(from)];
    expect(toeplitz(Uint8Array.from([...src, ...dst]))).toBe(alone);
    expect(rssHash({ src, dst, srcPort, dstPort })).toBe(withPorts);
  });

  it("takes the low seven bits of it to a table that is filled with the queues in turn", () => {
    const tuple = { src: parseIpv4("66.9.149.187"), dst: parseIpv4("161.142.100.80"), srcPort: 2794, dstPort: 1766 };
    expect(rssQueue(tuple, 4)).toBe(0x78 % 4);
    expect(rssQueue(tuple, 3)).toBe(0x78 % 3);
    expect(rssQueue(tuple, 1)).toBe(0);
  });
});
