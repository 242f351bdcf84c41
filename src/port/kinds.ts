/**
 * The kinds of ports, a line each: the kind as data, and what opens its ports, which is loaded only when one is opened.
 */
import type { AnyPortSpec, PortKind } from "./kind.js";
import { libpcapKind } from "./libpcap/spec.js";
import { nullKind } from "./null/spec.js";
import type { OpenPortOptions } from "./options.js";
import { packetKind } from "./packet/spec.js";
import { pcapKind } from "./pcap/spec.js";
import type { Port } from "./port.js";
import { rawKind } from "./raw/spec.js";
import { tapKind } from "./tap/spec.js";
import { vhostKind } from "./vhost-user/spec.js";
import { virtioUserKind } from "./virtio-user/spec.js";
import { xdpKind } from "./xdp/spec.js";

type Opener<Spec> = (spec: Spec, options: OpenPortOptions) => Port | Promise<Port>;

interface Entry<Spec extends AnyPortSpec> {
  readonly kind: PortKind<Spec>;
  readonly opener: () => Promise<Opener<Spec>>;
}

const entry = <Spec extends AnyPortSpec>(kind: PortKind<Spec>, opener: () => Promise<Opener<Spec>>): Entry<Spec> => ({
  kind,
  opener,
});

/** In the order in which help lists them. */
const entries = [
  entry(virtioUserKind, async () => (await import("./virtio-user/port.js")).openVirtioUserPort),
  entry(vhostKind, async () => (await import("./vhost-user/port.js")).openVhostPort),
  entry(packetKind, async () => (await import("./packet/port.js")).openPacketPort),
  entry(xdpKind, async () => (await import("./xdp/port.js")).openXdpPort),
  entry(nullKind, async () => (await import("./null/port.js")).openNullPort),
  entry(libpcapKind, async () => (await import("./libpcap/port.js")).openLibpcapPort),
  entry(rawKind, async () => (await import("./raw/port.js")).openRawPort),
  entry(pcapKind, async () => (await import("./pcap/port.js")).openCapturePort),
  entry(tapKind, async () => (await import("./tap/port.js")).openTapPort),
];

type SpecOf<OneEntry> = OneEntry extends Entry<infer Spec> ? Spec : never;

/** `kind:target[,option=value…]`, parsed and validated: one of the kinds' own specs. */
export type PortSpec = SpecOf<(typeof entries)[number]>;

export const portKinds: readonly PortKind<PortSpec>[] = entries.map(({ kind }) => kind);

/** An entry and its spec agree in their kind, which the compiler cannot see. */
const entryOf = (spec: PortSpec): Entry<PortSpec> =>
  entries.find(({ kind }) => kind.name === spec.kind) as unknown as Entry<PortSpec>;

export const kindOf = (spec: PortSpec): PortKind<PortSpec> => entryOf(spec).kind;

/** What opens a port of this spec. */
export const openerOf = (spec: PortSpec): Promise<Opener<PortSpec>> => entryOf(spec).opener();
