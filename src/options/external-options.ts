/** The options of `--dut external`: ports of ours, what they are to their neighbours, and where hops are counted. */
import { type ExternalSide, mirroredHops, parseHops, parseSide, refuseTwice } from "../dut/external/index.js";
import { usageError } from "../errors.js";
import type { ExternalChoice, GeneratorPorts } from "../measure/plan.js";
import type { PortSpec } from "../port/kinds.js";
import type { Profile } from "../profile/index.js";
import { parsePort } from "./option-values.js";
import type { RunOptions } from "./run-options.js";

/** Those that say nothing without it. */
export const externalOptions = {
  tx: "--tx",
  rx: "--rx",
  txAddress: "--tx-address",
  rxAddress: "--rx-address",
  gateway: "--gateway",
  rxGateway: "--rx-gateway",
  hop: "--hop",
  reverseHop: "--reverse-hop",
} as const satisfies Partial<Record<keyof RunOptions, string>>;

/** A port's own queues= wins over --queues; without either it has one. */
function portWithQueues(text: string, option: string, queues: number | undefined): PortSpec {
  const spec = parsePort(text, option);
  if (queues === undefined || queues === spec.queues) return spec;
  if (!/,queues=/.test(text)) return { ...spec, queues };
  if (spec.queues > queues) return spec;
  const accepted = `at least ${queues} queues, as --queues asks`;
  throw usageError(`the port has ${spec.queues} queue pairs`, { where: `${option} ${text}`, accepted });
}

/** `device` and `example`: for the error where there is none to send on. */
export function generatorPorts(
  { tx, rx }: RunOptions,
  queues: number | undefined,
  device: string,
  example: string,
): GeneratorPorts {
  if (tx === undefined) {
    const what = `${device} needs a port to send on`;
    throw usageError(what, { where: "--tx", accepted: `e.g. ${example}`, hint: "see pktgen-ts ports" });
  }
  const same = rx === undefined || rx === tx;
  return {
    tx: portWithQueues(tx, "--tx", queues),
    rx: same ? null : portWithQueues(rx, "--rx", queues),
  };
}

/** null: none of the options that make a neighbour of a port is given. */
function sidesOf(options: RunOptions, rx: PortSpec | null): ExternalChoice["sides"] {
  const { txAddress, rxAddress, gateway, rxGateway } = options;
  const second = rxAddress === undefined ? (rxGateway === undefined ? null : "--rx-gateway") : "--rx-address";
  if (second !== null && rx === null) {
    throw usageError("there is no second port", { where: second, accepted: "with --rx" });
  }
  if ([txAddress, rxAddress, gateway, rxGateway].every((text) => text === undefined)) return null;
  const tx = parseSide(txAddress, gateway, { address: "--tx-address", gateway: "--gateway" });
  const other: ExternalSide = parseSide(rxAddress, rxGateway, { address: "--rx-address", gateway: "--rx-gateway" });
  refuseTwice([...tx.addresses, ...other.addresses], "--rx-address");
  return [tx, other];
}

/** What was asked for in so many words stays as it is. */
function keepsOf(options: RunOptions, profile: Profile | null): ExternalChoice["keeps"] {
  const said = profile?.stream ?? {};
  const keeps = {
    srcMac: options.srcMac ?? said.srcMac ?? null,
    dstMac: options.gateway === undefined && (options.dstMac !== undefined || said.dstMac !== undefined),
    srcAddress: said.srcAddress !== undefined,
    dstAddress: said.dstAddress !== undefined,
  };
  if (options.dstMac !== undefined && options.gateway !== undefined) {
    const what = "--dst-mac and --gateway contradict each other: the gateway tells its MAC address";
    throw usageError(what, { where: "--gateway", accepted: "one of them" });
  }
  return keeps;
}

/** @throws PktgenError (2) */
export function externalDut(options: RunOptions, profile: Profile | null, queues: number | undefined): ExternalChoice {
  const { hop = [], reverseHop = [] } = options;
  const ports = generatorPorts(options, queues, "an external device", "virtio-user:/tmp/vhost0");
  if (reverseHop.length > 0 && options.bidirectional !== true) {
    throw usageError("there is no way back to count", { where: "--reverse-hop", accepted: "with --bidirectional" });
  }
  const hops = parseHops(hop, "--hop");
  return {
    kind: "external",
    ...ports,
    sides: sidesOf(options, ports.rx),
    keeps: keepsOf(options, profile),
    hops,
    reverseHops: reverseHop.length > 0 ? parseHops(reverseHop, "--reverse-hop") : (mirroredHops(hops) ?? []),
  };
}
