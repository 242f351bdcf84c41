/**
 * Values for headers whose fields were not given: addresses set aside for benchmarks (RFC 2544 Appendix C.2.2, RFC 5180
 * §8) and the discard port (RFC 863).
 */
import { parseIpv4, parseIpv6, parseMac } from "./address.js";

export const benchmark = {
  srcMac: parseMac("02:00:00:00:00:01"),
  dstMac: parseMac("00:11:22:33:44:10"),
  srcIpv4: parseIpv4("198.18.0.1"),
  dstIpv4: parseIpv4("198.19.0.1"),
  srcIpv6: parseIpv6("2001:2::1"),
  dstIpv6: parseIpv6("2001:2:0:8000::1"),
  srcPort: 1024,
  dstPort: 9,
} as const;

const addresses: ReadonlySet<Uint8Array> = new Set([
  benchmark.srcMac,
  benchmark.dstMac,
  benchmark.srcIpv4,
  benchmark.dstIpv4,
  benchmark.srcIpv6,
  benchmark.dstIpv6,
]);

/**
 * True where this address was never given. Headers without a given address share these very arrays. A given address,
 * even the same one, is another array. A copy to another thread loses the difference.
 */
export const isUnsaid = (address: Uint8Array): boolean => addresses.has(address);
