/** The addresses in streams' outermost headers, as text. */
import { formatIpv4, formatIpv6, formatMac, type Header } from "../../src/packet/index.js";
import type { TrafficSpec } from "../../src/stream/spec/traffic.js";

export function endsOf(layers: readonly Header[]): object {
  const [first] = layers;
  const ip = layers.find(({ protocol }) => protocol === "ipv4" || protocol === "ipv6");
  const text =
    ip?.protocol === "ipv4"
      ? { src: formatIpv4(ip.src), dst: formatIpv4(ip.dst) }
      : ip?.protocol === "ipv6"
        ? { src: formatIpv6(ip.src), dst: formatIpv6(ip.dst) }
        : {};
  return first?.protocol === "ethernet"
    ? { srcMac: formatMac(first.src), dstMac: formatMac(first.dst), ...text }
    : text;
}

/** One for each stream. */
export const addressEnds = (traffic: TrafficSpec): object[] => traffic.streams.map(({ layers }) => endsOf(layers));
