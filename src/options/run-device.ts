/** From the options of `run` to the device under test, and to the ports of the user's own. Pure. */
import { type ExternalSide, mirroredHops, parseHops, parseSide, refuseTwice } from "../dut/external/index.js";
import { usageError } from "../errors.js";
import type { DutChoice, ExternalChoice, GeneratorPorts } from "../measure/plan.js";
import type { PortSpec } from "../port/kinds.js";
import type { Profile } from "../profile/index.js";
import { type AskedDut, parseDut } from "./dut-option.js";
import { nameOf } from "./option.js";
import { findRunOption, type RunValues } from "./run-options.js";

/** Devices that this program starts bring the ports to send on, and their counters. */
function refusePorts(given: RunValues, kind: string, allowed: readonly string[] = []): void {
  const found = findRunOption(
    ({ external }, key) => external === true && given[key] !== undefined && !allowed.includes(key),
  );
  if (found === undefined) return;
  const hint = "add --dut external to use ports of your own";
  const where = nameOf(found);
  throw usageError(`the ${kind} device brings its own ports`, { where, accepted: "no ports with it", hint });
}

/** Where its first port is an interface or a NIC, the generator sends through a port of the user's. */
function testpmdDut(given: RunValues, { options }: Extract<AskedDut, { readonly kind: "testpmd" }>): DutChoice {
  const { kind } = options.port;
  refusePorts(given, "testpmd", kind === "vhost" ? [] : ["tx", "rx"]);
  const own = kind === "vhost" || (kind === "tap" && given.tx === undefined && given.rx === undefined);
  const ports = own ? null : generatorPorts(given, `testpmd with port=${kind}`, "packet:veth0");
  return { kind: "testpmd", options, ports };
}

/** @throws PktgenError (2): options that contradict each other. */
export function dutOf(given: RunValues, profile: Profile | null): DutChoice {
  const dut = given.dut ?? parseDut("embedded", "--dut");
  if (dut.kind === "testpmd") return testpmdDut(given, dut);
  if (dut.kind === "external") return externalDut(given, profile);
  refusePorts(given, "embedded");
  return dut;
}

/** A port's own queues= wins over --queues; without either it has one. */
function portWithQueues(port: PortSpec, option: string, queues: number | undefined): PortSpec {
  if (queues === undefined || queues === port.queues) return port;
  if (!/,queues=/.test(port.text)) return { ...port, queues };
  if (port.queues > queues) return port;
  const accepted = `at least ${queues} queues, as --queues asks`;
  throw usageError(`the port has ${port.queues} queue pairs`, { where: `${option} ${port.text}`, accepted });
}

/** `device` and `example`: for the error where there is none to send on. */
function generatorPorts({ tx, rx, queues }: RunValues, device: string, example: string): GeneratorPorts {
  if (tx === undefined) {
    const what = `${device} needs a port to send on`;
    throw usageError(what, { where: "--tx", accepted: `e.g. ${example}`, hint: "see pktgen-ts ports" });
  }
  const same = rx === undefined || rx.text === tx.text;
  return {
    tx: portWithQueues(tx, "--tx", queues),
    rx: same ? null : portWithQueues(rx, "--rx", queues),
  };
}

/** null: none of the options that make a neighbour of a port is given. */
function sidesOf(given: RunValues, rx: PortSpec | null): ExternalChoice["sides"] {
  const { txAddress, rxAddress, gateway, rxGateway } = given;
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

/** What the options or the profile name stays as it is. */
function keepsOf(given: RunValues, profile: Profile | null): ExternalChoice["keeps"] {
  const said = profile?.stream ?? {};
  const keeps = {
    srcMac: given.srcMac ?? said.srcMac ?? null,
    dstMac: given.gateway === undefined && (given.dstMac !== undefined || said.dstMac !== undefined),
    srcAddress: said.srcAddress !== undefined,
    dstAddress: said.dstAddress !== undefined,
  };
  if (given.dstMac !== undefined && given.gateway !== undefined) {
    const what = "--dst-mac and --gateway contradict each other: the gateway tells its MAC address";
    throw usageError(what, { where: "--gateway", accepted: "one of them" });
  }
  return keeps;
}

function externalDut(given: RunValues, profile: Profile | null): ExternalChoice {
  const { hop = [], reverseHop = [] } = given;
  const ports = generatorPorts(given, "an external device", "virtio-user:/tmp/vhost0");
  if (reverseHop.length > 0 && given.bidirectional !== true) {
    throw usageError("there is no way back to count", { where: "--reverse-hop", accepted: "with --bidirectional" });
  }
  const hops = parseHops(hop, "--hop");
  return {
    kind: "external",
    ...ports,
    sides: sidesOf(given, ports.rx),
    keeps: keepsOf(given, profile),
    hops,
    reverseHops: reverseHop.length > 0 ? parseHops(reverseHop, "--reverse-hop") : (mirroredHops(hops) ?? []),
  };
}

/** Two directions need an external device behind two ports. */
export function bidirectionalOf({ bidirectional }: RunValues, dut: DutChoice): boolean {
  if (bidirectional !== true) return false;
  if (dut.kind === "external" && dut.rx !== null) return true;
  const what =
    dut.kind === "external"
      ? "two directions need two ports"
      : `the ${dut.kind} device has one port for both directions`;
  throw usageError(what, { where: "--bidirectional", accepted: "with --dut external, --tx and another --rx" });
}

/** Queue pairs in use: as asked, else as many as the ports have. */
export function queuesOf(asked: number | undefined, dut: DutChoice): number {
  if (asked !== undefined) return asked;
  if (dut.kind !== "external") return 1;
  return Math.min(dut.tx.queues, dut.rx?.queues ?? dut.tx.queues);
}
