/**
 * The host testpmd's first port, which faces the generator: by default another net_vhost, which needs nothing. It
 * may be a Linux interface or a physical NIC instead; then the generator sends through a separate port. This file turns
 * the option's text into typed values and into testpmd's words. Pure.
 */
import { usageError } from "../../errors.js";
import { didYouMean } from "../../nearest.js";
import type { Vdev } from "./vdev.js";

export type GeneratorSide =
  | { readonly kind: "vhost" }
  /** testpmd opens (af_packet, af_xdp) or makes (tap) this interface. */
  | { readonly kind: "af_packet" | "af_xdp" | "tap"; readonly interfaceName: string }
  /** A NIC that a DPDK driver has, e.g. 0000:03:00.0; something outside connects it to the generator's interface. */
  | { readonly kind: "pci"; readonly address: string };

const targets = { af_packet: "IFACE", af_xdp: "IFACE", tap: "NAME", pci: "ADDRESS" } as const;

export const generatorSideWords = `vhost, ${Object.entries(targets)
  .map(([kind, target]) => `${kind}:${target}`)
  .join(", ")}`;

/** PCI addresses as `lspci -D` and DPDK write them; the domain may be left out. */
const pciAddress = /^([0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i;
const longestInterfaceName = 15;

/** @throws PktgenError (2) */
export function parseGeneratorSide(text: string, where: string): GeneratorSide {
  const accepted = generatorSideWords;
  if (text === "vhost") return { kind: "vhost" };
  const colon = text.indexOf(":");
  const kind = colon < 0 ? text : text.slice(0, colon);
  const target = colon < 0 ? "" : text.slice(colon + 1);
  if (!Object.hasOwn(targets, kind)) {
    const hint = didYouMean(kind, ["vhost", ...Object.keys(targets)]);
    throw usageError(`testpmd has no port "${kind}" for the generator`, { where, accepted, ...hint });
  }
  const known = kind as keyof typeof targets;
  if (known === "pci") {
    if (pciAddress.test(target)) return { kind: known, address: target.toLowerCase() };
    throw usageError(`"${target}" is no PCI address`, { where, accepted: "e.g. pci:0000:03:00.0" });
  }
  if (target === "" || Buffer.byteLength(target) > longestInterfaceName || /[\s/,:]/.test(target)) {
    throw usageError(`"${target}" is no interface name`, { where, accepted: `${known}: and 1 to 15 bytes` });
  }
  return { kind: known, interfaceName: target };
}

/** testpmd's port 0 as a virtual device; null: it is a PCI device. */
export function generatorVdev(side: GeneratorSide, socketPath: string, queues: number): Vdev | null {
  switch (side.kind) {
    case "vhost":
      return { kind: "net_vhost", name: "net_vhost1", path: socketPath, queues, client: false };
    case "af_packet":
      return { kind: "literal", text: `net_af_packet0,iface=${side.interfaceName},qpairs=${queues}` };
    case "af_xdp":
      return { kind: "literal", text: `net_af_xdp0,iface=${side.interfaceName},start_queue=0,queue_count=${queues}` };
    case "tap":
      return { kind: "literal", text: `net_tap0,iface=${side.interfaceName}` };
    case "pci":
      return null;
  }
}

/** DPDK's name of the driver, for the report. */
export const generatorDriver = (side: GeneratorSide): string =>
  side.kind === "pci" ? side.address : `net_${side.kind}`;
