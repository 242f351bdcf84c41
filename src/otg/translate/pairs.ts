/** The ends of a flow between devices, in pairs, and what its headers take from them where they do not say it. */
import type { OtgHeader, Router } from "../model.js";
import { invalid } from "../refusal.js";
import type { DeviceEnd } from "./devices.js";
import type { AutoValues } from "./packet.js";
import { type FieldValues, listOf, numberOf } from "./pattern.js";

export interface Pair {
  readonly tx: DeviceEnd;
  readonly rx: DeviceEnd;
}

/** By name of an endpoint: its gateway's MAC address. */
export type GatewayMacs = ReadonlyMap<string, string>;

function named(
  names: readonly string[],
  endpoints: ReadonlyMap<string, DeviceEnd>,
  path: string,
): readonly DeviceEnd[] {
  return names.map((name, k) => {
    const endpoint = endpoints.get(name);
    if (endpoint !== undefined) return endpoint;
    throw invalid(`${path}[${k}]: there is no interface "${name}"; accepted: names of ethernet, ipv4, ipv6 interfaces`);
  });
}

const mostPairs = 65_536;

/** @throws OtgRefusal */
export function pairsOf(router: Router, endpoints: ReadonlyMap<string, DeviceEnd>, path: string): readonly Pair[] {
  const [tx, rx] = [
    named(router.tx_names, endpoints, `${path}.tx_names`),
    named(router.rx_names, endpoints, `${path}.rx_names`),
  ];
  const [first] = tx as [DeviceEnd];
  for (const [k, { family }] of rx.entries()) {
    if (family === first.family) continue;
    throw invalid(`${path}.rx_names[${k}]: it is not of the same kind as ${first.name}`);
  }
  for (const [k, { port, family }] of tx.entries()) {
    if (family !== first.family) throw invalid(`${path}.tx_names[${k}]: it is not of the same kind as ${first.name}`);
    if (port === first.port) continue;
    throw invalid(`${path}.tx_names[${k}]: it is at port ${port}, others at ${first.port}; make a flow for each port`);
  }
  const devices = new Set(tx.map(({ device }) => device));
  const own = rx.findIndex(({ device }) => devices.has(device));
  if (own >= 0) throw invalid(`${path}.rx_names[${own}]: device ${rx[own]!.device} is on both sides`);
  if (router.mode === "one_to_one" && tx.length !== rx.length) {
    throw invalid(`${path}.rx_names: ${rx.length} for ${tx.length} of tx_names; accepted: as many`);
  }
  if (tx.length * rx.length > mostPairs) {
    throw invalid(`${path}: ${tx.length * rx.length} pairs are too many; accepted: up to ${mostPairs}`);
  }
  if (router.mode === "one_to_one") return tx.map((end, k) => ({ tx: end, rx: rx[k]! }));
  return tx.flatMap((end) => rx.map((other) => ({ tx: end, rx: other })));
}

/** Those whose gateway has to be asked for. */
export const askedGateways = (pairs: readonly Pair[]): readonly DeviceEnd[] => [
  ...new Map(
    pairs.filter(({ tx }) => tx.gateway !== null && tx.gatewayMac === null).map(({ tx }) => [tx.name, tx]),
  ).values(),
];

const unknownMac = "00:00:00:00:00:00";

const destination = ({ tx, rx }: Pair, macs: GatewayMacs): string =>
  tx.gateway === null ? rx.mac : (tx.gatewayMac ?? macs.get(tx.name) ?? unknownMac);

/** One value for each pair, in their order. */
export function autoOf(headers: readonly OtgHeader[], pairs: readonly Pair[], macs: GatewayMacs): AutoValues {
  const ip = pairs[0]!.tx.family === 6 ? "ipv6" : "ipv4";
  const ipAt = headers.findIndex(({ choice }) => choice === ip);
  const vlanAt = headers.findIndex(({ choice }) => choice === "vlan");
  const list = (kind: "mac" | "ipv4" | "ipv6" | "uint", of: (pair: Pair) => string | number): FieldValues =>
    listOf(pairs.map((pair) => numberOf(kind, of(pair))));
  return (header, index, field) => {
    if (header === "ethernet" && index === 0) {
      if (field === "dst") return list("mac", (pair) => destination(pair, macs));
      return field === "src" ? list("mac", ({ tx }) => tx.mac) : undefined;
    }
    if (header === ip && index === ipAt && pairs[0]!.tx.family !== null) {
      if (field === "src") return list(ip, ({ tx }) => tx.address!);
      return field === "dst" ? list(ip, ({ rx }) => rx.address!) : undefined;
    }
    if (header !== "vlan" || index !== vlanAt || field !== "id") return undefined;
    return pairs.every(({ tx }) => tx.vlan !== null) ? list("uint", ({ tx }) => tx.vlan!) : undefined;
  };
}

/** The way back has other addresses: they cannot be given. @throws OtgRefusal */
export function checkBothWays(headers: readonly OtgHeader[], path: string): void {
  for (const [k, header] of headers.entries()) {
    if (!["ethernet", "ipv4", "ipv6"].includes(header.choice)) continue;
    for (const field of ["src", "dst"]) {
      const pattern = (header[header.choice] as Readonly<Record<string, { readonly choice: string }>>)[field];
      if (pattern === undefined || pattern.choice === "auto") continue;
      throw invalid(
        `${path}[${k}].${header.choice}.${field}: a bidirectional flow takes its addresses from its ends; leave it out`,
      );
    }
  }
}
