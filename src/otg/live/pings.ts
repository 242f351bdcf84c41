/** Echo requests from the interfaces of devices. */
import { invalid } from "../refusal.js";
import { numberOf } from "../translate/pattern.js";
import type { Value } from "../wire/read-value.js";
import type { LiveConfig } from "./live-config.js";

interface PingRequest {
  readonly src_name?: string;
  readonly dst_ip?: string;
}

interface OfFamily {
  readonly ping: { readonly requests: readonly PingRequest[] };
}

export interface PingAction {
  readonly protocol: { readonly choice: "ipv4" | "ipv6"; readonly ipv4?: OfFamily; readonly ipv6?: OfFamily };
}

const pingMs = 1_000;

/** Both are in one network of this prefix length. */
function isOnLink(own: string, other: string, prefix: number): boolean {
  const kind = own.includes(":") ? "ipv6" : "ipv4";
  const behind = BigInt((kind === "ipv6" ? 128 : 32) - prefix);
  return numberOf(kind, own) >> behind === numberOf(kind, other) >> behind;
}

/** @throws OtgRefusal */
function pingOf(
  { session, plan }: LiveConfig,
  { src_name: src, dst_ip: dst }: PingRequest,
  family: 4 | 6,
  path: string,
): () => Promise<Value> {
  const endpoint = src === undefined ? undefined : plan.endpoints.get(src);
  if (endpoint === undefined || endpoint.family !== family) {
    throw invalid(`${path}.src_name: there is no ipv${family} interface "${src ?? ""}"`);
  }
  if (dst === undefined) throw invalid(`${path}.dst_ip: is needed`);
  if (!isOnLink(endpoint.address!, dst, endpoint.prefix)) {
    throw invalid(`${path}.dst_ip: ${dst} is not in the network of ${src}: pings beyond a gateway are not supported`);
  }
  return async () => {
    const { answered } = await session.ping(endpoint.ethernet, dst, pingMs);
    return { src_name: src, dst_ip: dst, result: answered ? "succeeded" : "failed" };
  };
}

/** All at once. @throws OtgRefusal */
export async function ping(live: LiveConfig, { protocol }: PingAction): Promise<Value> {
  const { choice } = protocol;
  const at = `protocol.${choice}.ping.requests`;
  const family = choice === "ipv4" ? 4 : 6;
  const asked = protocol[choice]!.ping.requests.map((one, k) => pingOf(live, one, family, `${at}[${k}]`));
  const responses = await Promise.all(asked.map((send) => send()));
  return { choice: "protocol", protocol: { choice, [choice]: { choice: "ping", ping: { responses } } } };
}
