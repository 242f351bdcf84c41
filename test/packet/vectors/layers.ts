/** Layers that golden frames share, and the shape of a row of their tables. */
import { ethernet, type Header, ipv4, ipv6, parseIpv4, parseIpv6, parseMac, udp } from "../../../src/packet/index.js";

/** `payloadBytes` and `tshark` as in `Vector`. */
export type Row = readonly [name: string, layers: readonly Header[], payloadBytes: number, tshark: string | null];

export const v4 = parseIpv4;
export const v6 = parseIpv6;
export const ours = parseMac("02:00:00:00:00:01");
export const theirs = parseMac("00:11:22:33:44:10");
export const from = (dst: string): Header => ethernet({ dst: parseMac(dst), src: ours });
export const eth = ethernet({ dst: theirs, src: ours });
export const inner = ethernet({ dst: parseMac("02:00:00:00:00:04"), src: parseMac("02:00:00:00:00:03") });
export const [src, dst] = [v4("198.18.0.1"), v4("198.19.0.1")];
export const [src6, dst6] = [v6("2001:2::1"), v6("2001:2:0:8000::1")];
export const ip4 = ipv4({ src, dst });
export const inner4 = ipv4({ src: v4("198.18.1.1"), dst: v4("198.19.1.1") });
export const ip6 = ipv6({ src: src6, dst: dst6, hopLimit: 255 });
export const inner6 = ipv6({ src: v6("2001:2:1::1"), dst: v6("2001:2:1:8000::1") });
export const local = (to: string): Header => ipv6({ src: v6("fe80::1"), dst: v6(to), hopLimit: 255 });
export const u = udp({ srcPort: 1024, dstPort: 9 });
export const routerAlert = Uint8Array.of(0x94, 4, 0, 0);
/** With router alert, from TTL 1; version 3 asks for internetwork control, 48, too (RFC 3376 §4). */
export const multicast = (group: string, dscp = 0): Header =>
  ipv4({ src, dst: v4(group), ttl: 1, dscp, options: routerAlert });
