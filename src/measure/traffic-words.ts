/**
 * Describes what is sent. Two runs have the same words exactly where their frames are the same, so that their figures
 * can be compared.
 */
import { createHash } from "node:crypto";
import type { TrafficSpec } from "../stream/spec/traffic.js";

/** Sizes, rate and seed are said elsewhere in the result. */
export function trafficWords(traffic: TrafficSpec): string {
  if (traffic.plain === undefined) {
    const { seed: _, sizes: __, ...rest } = traffic;
    const names = traffic.streams.slice(0, 3).map(({ name }) => name);
    const more = traffic.streams.length > names.length ? ` and ${traffic.streams.length - names.length} more` : "";
    return `streams ${names.join(", ")}${more}, ${fingerprint(rest)}`;
  }
  const { ip, vlan, flows, pinQueues, srcMac, dstMac, srcAddress, dstAddress, srcPort, dstPort } = traffic.plain;
  return [
    `UDP over IPv${ip}`,
    ...(vlan === null ? [] : [`VLAN ${vlan}`]),
    `${flows} ${flows === 1 ? "flow" : "flows"}${pinQueues === null ? "" : ` pinned to ${pinQueues} queues`}`,
    `${srcMac} to ${dstMac}`,
    `${srcAddress} port ${srcPort} to ${dstAddress} port ${dstPort}`,
  ].join(", ");
}

/** Of everything that a profile says of its streams. */
function fingerprint(spec: object): string {
  const text = JSON.stringify(spec, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
