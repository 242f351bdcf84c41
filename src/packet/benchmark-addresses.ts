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

const { srcPort: _, dstPort: __, ...addresses } = benchmark;

const names: ReadonlyMap<Uint8Array, string> = new Map(Object.entries(addresses).map(([name, bytes]) => [bytes, name]));

/**
 * True where this address was never given. Headers without a given address share these very arrays. A given address,
 * even the same one, is another array. A copy to another thread loses the difference.
 */
export const isUnsaid = (address: Uint8Array): boolean => names.has(address);

/** Which of them it is, for a copy that keeps the difference. null: it was given. */
export const unsaidName = (address: Uint8Array): string | null => names.get(address) ?? null;

/** null: none has this name. */
export const unsaidAddress = (name: string): Uint8Array | null =>
  Object.hasOwn(addresses, name) ? addresses[name as keyof typeof addresses] : null;
