/**
 * Network interfaces of the calling thread's namespace (see netns.ts): what they are, and whether a port may be opened
 * on one. Everything comes over netlink and ioctl, since /sys shows another namespace's.
 */
import { closeSync } from "node:fs";
import { environmentError } from "../../errors.js";
import { addressOf, checked, libc, systemError } from "../libc.js";
import { checkInterfaceName, IFNAMSIZ } from "./interface-name.js";
import { askNetlink, netlinkAttribute, netlinkAttributes, netlinkUint32 as uint32 } from "./netlink.js";

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0x80000;
const RTM_GETLINK = 18;
const SIOCETHTOOL = 0x8946;
const ETHTOOL_GSET = 0x1;
const ETHTOOL_GDRVINFO = 0x3;
const ENODEV = 19;

/** linux/if_link.h */
const ifla = {
  address: 1,
  ifname: 3,
  mtu: 4,
  link: 5,
  master: 10,
  linkinfo: 18,
  stats64: 23,
  txQueues: 31,
  rxQueues: 32,
  carrier: 33,
  carrierChanges: 35,
  linkNetnsid: 37,
} as const;
const IFLA_INFO_KIND = 1;
/** linux/if.h */
const IFF_UP = 0x1;
const IFF_LOOPBACK = 0x8;
const IFF_PROMISC = 0x100;
/** linux/if_arp.h: link layers whose frames begin with an Ethernet header. */
const ARPHRD_ETHER = 1;
const ARPHRD_LOOPBACK = 772;
const arphrdNames: Readonly<Record<number, string>> = {
  [ARPHRD_ETHER]: "ethernet",
  [ARPHRD_LOOPBACK]: "loopback",
  512: "ppp",
  768: "ipip tunnel",
  769: "ip6 tunnel",
  776: "sit tunnel",
  778: "gre tunnel",
  801: "802.11",
  803: "802.11 radiotap",
  65534: "no link layer (tun)",
};

/** rtnl_link_stats64, as far as tests compare with it. Absolute, since the interface was made. */
export interface InterfaceStatistics {
  readonly rxPackets: number;
  readonly txPackets: number;
  readonly rxBytes: number;
  readonly txBytes: number;
  readonly rxErrors: number;
  readonly txErrors: number;
  readonly rxDropped: number;
  readonly txDropped: number;
  readonly rxMissed: number;
}

export interface InterfaceFacts {
  readonly name: string;
  readonly index: number;
  /** ARPHRD_ number. */
  readonly linkType: number;
  /** ethernet, loopback, … */
  readonly linkTypeName: string;
  readonly up: boolean;
  readonly carrier: boolean;
  /** How often the carrier came or went since the interface was made. */
  readonly carrierChanges: number;
  readonly loopback: boolean;
  /** The flag was set by hand. Sockets that ask for promiscuous mode do not show here. */
  readonly promiscuous: boolean;
  readonly mtu: number;
  /** Six bytes as aa:bb:cc:dd:ee:ff; null where there is none. */
  readonly mac: string | null;
  /** What `ip link add type` calls it: veth, tun, bridge, vlan …; null for a real device. */
  readonly kind: string | null;
  readonly txQueues: number;
  readonly rxQueues: number;
  /** The bridge or bond it belongs to, by index. */
  readonly master: number | null;
  /** The interface below (vlan, macvlan) or at the other end (veth), by index; null where it is in another namespace. */
  readonly link: number | null;
  readonly statistics: InterfaceStatistics;
}

/** null: there is none of that name. */
export function readInterface(name: string): InterfaceFacts | null {
  const body = [new Uint8Array(16), netlinkAttribute(ifla.ifname, Buffer.from(`${name}\0`))];
  const answer = askNetlink(RTM_GETLINK, body, false);
  if (answer.errno === ENODEV) return null;
  if (answer.errno !== 0) throw systemError(`reading interface ${name}`, answer.errno);
  return answer.messages[0] === undefined ? null : interfaceOf(answer.messages[0]);
}

/** All, in the kernel's order. */
export function listInterfaces(): InterfaceFacts[] {
  const answer = askNetlink(RTM_GETLINK, [new Uint8Array(16)], true);
  if (answer.errno !== 0) throw systemError("listing interfaces", answer.errno);
  return answer.messages.map(interfaceOf);
}

const textOf = (view: DataView | undefined): string | null =>
  view === undefined
    ? null
    : Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString("utf8").replace(/\0.*$/s, "");

/** An RTM_NEWLINK or RTM_DELLINK message: struct ifinfomsg, then attributes. */
export function interfaceOf(message: DataView): InterfaceFacts {
  const attributes = netlinkAttributes(message, 16);
  const linkType = message.getUint16(2, true);
  const flags = message.getUint32(8, true);
  const info = attributes.get(ifla.linkinfo);
  return {
    name: textOf(attributes.get(ifla.ifname)) ?? "",
    index: message.getInt32(4, true),
    linkType,
    linkTypeName: arphrdNames[linkType] ?? `link type ${linkType}`,
    up: (flags & IFF_UP) !== 0,
    carrier: attributes.get(ifla.carrier)?.getUint8(0) === 1,
    carrierChanges: uint32(attributes, ifla.carrierChanges) ?? 0,
    loopback: (flags & IFF_LOOPBACK) !== 0,
    promiscuous: (flags & IFF_PROMISC) !== 0,
    mtu: uint32(attributes, ifla.mtu) ?? 0,
    mac: macOf(attributes.get(ifla.address)),
    kind: info === undefined ? null : textOf(netlinkAttributes(info, 0).get(IFLA_INFO_KIND)),
    txQueues: uint32(attributes, ifla.txQueues) ?? 1,
    rxQueues: uint32(attributes, ifla.rxQueues) ?? 1,
    master: uint32(attributes, ifla.master),
    link: attributes.has(ifla.linkNetnsid) ? null : uint32(attributes, ifla.link),
    statistics: statisticsOf(attributes.get(ifla.stats64)),
  };
}

function macOf(address: DataView | undefined): string | null {
  if (address?.byteLength !== 6) return null;
  return Array.from({ length: 6 }, (_, i) => address.getUint8(i).toString(16).padStart(2, "0")).join(":");
}

/** Counters of 64 bits, exact up to 2^53. */
function statisticsOf(stats: DataView | undefined): InterfaceStatistics {
  const at = (field: number): number =>
    stats === undefined || stats.byteLength < 8 * field + 8 ? 0 : Number(stats.getBigUint64(8 * field, true));
  return {
    rxPackets: at(0),
    txPackets: at(1),
    rxBytes: at(2),
    txBytes: at(3),
    rxErrors: at(4),
    txErrors: at(5),
    rxDropped: at(6),
    txDropped: at(7),
    rxMissed: at(15),
  };
}

/** One SIOCETHTOOL call: `request` is filled in by the kernel; false where the driver does not know it. */
export function ethtool(name: string, request: Uint8Array): boolean {
  const fd = checked(libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  try {
    const ifreq = Buffer.alloc(40);
    ifreq.write(name, 0, IFNAMSIZ - 1);
    ifreq.writeBigUInt64LE(addressOf(request), 16);
    return libc.ioctl(fd, SIOCETHTOOL, ifreq) === 0;
  } finally {
    closeSync(fd);
  }
}

/** What `ethtool -i` calls it; null where the driver does not say. */
export function interfaceDriver(name: string): string | null {
  const info = Buffer.alloc(196); // struct ethtool_drvinfo
  info.writeUInt32LE(ETHTOOL_GDRVINFO, 0);
  return ethtool(name, info) ? info.toString("utf8", 4, 36).replace(/\0.*$/s, "") : null;
}

/** Layer 2, bits a second; null where there is no such thing, or no link. */
export function interfaceSpeedBps(name: string): number | null {
  const settings = Buffer.alloc(44); // struct ethtool_cmd
  settings.writeUInt32LE(ETHTOOL_GSET, 0);
  if (!ethtool(name, settings)) return null;
  const mbps = settings.readUInt16LE(12) + 0x10000 * settings.readUInt16LE(28);
  return mbps === 0 || mbps === 0xffff || mbps === 0xffffffff ? null : mbps * 1e6;
}

export interface InterfaceUse {
  /** The port spec or option that named it. */
  readonly where: string;
  /** The longest frame to be sent on it, without FCS; 0: nothing is sent. */
  readonly sendBytes: number;
  /** A tap has no carrier until a program has opened it. */
  readonly carrier?: boolean;
}

const ethernetHeaderBytes = 14;
const vlanTagBytes = 4;

/**
 * Checks that a port can be opened on an interface. It must exist, have frames with Ethernet headers, be up, and have a
 * carrier. Its MTU must fit what will be sent (a VLAN tag may come on top: the kernel allows it).
 * @throws PktgenError (2): a name that no interface can have. (3): anything else, and what to do about it.
 */
export function usableInterface(name: string, use: InterfaceUse): InterfaceFacts {
  const { where, sendBytes } = use;
  const facts = readInterface(checkInterfaceName(name, where));
  if (facts === null) {
    const others = listInterfaces().map((other) => other.name);
    throw environmentError(`there is no interface ${name}`, { where, accepted: others.join(", ") });
  }
  if (facts.linkType !== ARPHRD_ETHER && facts.linkType !== ARPHRD_LOOPBACK) {
    throw environmentError(`${name} is no Ethernet interface: ${facts.linkTypeName}`, {
      where,
      accepted: "interfaces whose frames have Ethernet headers",
    });
  }
  if (!facts.up) {
    throw environmentError(`interface ${name} is down`, { where, hint: `ip link set ${name} up` });
  }
  if (!facts.carrier && (use.carrier ?? true)) {
    throw environmentError(`interface ${name} has no carrier`, { where, hint: noCarrierHint(facts) });
  }
  const most = facts.mtu + ethernetHeaderBytes + vlanTagBytes;
  if (sendBytes > most) {
    throw environmentError(`frames of ${sendBytes + 4} bytes do not fit interface ${name}: its MTU is ${facts.mtu}`, {
      where,
      hint: `send at most ${most + 4 - vlanTagBytes} bytes, or ip link set ${name} mtu ${sendBytes - ethernetHeaderBytes}`,
    });
  }
  return facts;
}

const noCarrierHint = ({ kind }: InterfaceFacts): string => {
  if (kind === "veth") return "set its peer up, too";
  if (kind === "tun") return "a program has to hold it open on the other side";
  if (kind === "bridge") return "one of its ports has to be up";
  return "plug its cable in, or set the other side up";
};
