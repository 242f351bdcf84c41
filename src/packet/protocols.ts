/** The table of protocols: a new one joins with its file and one line here. */
import { arpProtocol } from "./arp.js";
import { ethernetProtocol } from "./ethernet.js";
import { icmpProtocol } from "./icmp.js";
import { icmpv6Protocol } from "./icmpv6.js";
import { ipv4Protocol } from "./ipv4.js";
import { ipv6Protocol } from "./ipv6.js";
import type { NumberSpace, Protocol } from "./protocol.js";
import { udpProtocol } from "./udp.js";
import { vlanProtocol } from "./vlan.js";

const protocols = {
  ethernet: ethernetProtocol,
  vlan: vlanProtocol,
  arp: arpProtocol,
  ipv4: ipv4Protocol,
  ipv6: ipv6Protocol,
  icmp: icmpProtocol,
  icmpv6: icmpv6Protocol,
  udp: udpProtocol,
} as const;

/** Any header of the table; its `protocol` says which. */
export type Header = Parameters<(typeof protocols)[keyof typeof protocols]["emit"]>[0];
export type ProtocolName = keyof typeof protocols;

const table: Readonly<Record<ProtocolName, Protocol<{ readonly protocol: string }>>> = protocols as never;

const byNumber = new Map(
  Object.values(table).flatMap((protocol) =>
    Object.entries(protocol.numbers).flatMap(([space, numbers]) =>
      (numbers ?? []).map((number) => [`${space} ${number}`, protocol] as const),
    ),
  ),
);

export const protocolNamed = (name: ProtocolName): Protocol<{ readonly protocol: string }> => table[name];

/** The protocol that outer layers know by this number, or null. */
export const protocolNumbered = (space: NumberSpace, number: number): Protocol<{ readonly protocol: string }> | null =>
  byNumber.get(`${space} ${number}`) ?? null;
