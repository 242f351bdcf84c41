/** Packet sockets (packet(7)) with mapped rings: one to send on an interface, others to receive from it. */
import { closeSync } from "node:fs";
import { environmentError, type PktgenError } from "../../errors.js";
import { grantHint } from "../capabilities.js";
import { errno, errnoName, libc } from "../libc.js";
import { type FanoutMode, fanoutModes } from "./fanout.js";
import type { InterfaceFacts } from "./netdev.js";

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0x80000;
const SOCK_NONBLOCK = 0x800;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SOL_PACKET = 263;
const ETH_P_ALL = 0x0003;
const TPACKET_V2 = 1;
const PACKET_MR_PROMISC = 1;
/** linux/if_packet.h */
const option = {
  PACKET_ADD_MEMBERSHIP: 1,
  PACKET_RX_RING: 5,
  PACKET_STATISTICS: 6,
  PACKET_VERSION: 10,
  PACKET_RESERVE: 12,
  PACKET_TX_RING: 13,
  PACKET_TIMESTAMP: 17,
  PACKET_FANOUT: 18,
  PACKET_QDISC_BYPASS: 20,
  PACKET_IGNORE_OUTGOING: 23,
} as const;
/** linux/net_tstamp.h */
const stampFlags = { kernel: 1 << 4, hardware: 1 << 6 } as const;
const PACKET_FANOUT_FLAG_UNIQUEID = 0x2000;

/** struct tpacket_req */
export interface RingRequest {
  readonly blockBytes: number;
  readonly blocks: number;
  readonly slotBytes: number;
  readonly slots: number;
}

/** `where`: the port's spec. `facts`: of the interface it is on, in the calling thread's namespace. */
export interface SocketPlace {
  readonly where: string;
  readonly facts: InterfaceFacts;
}

function openSocket(where: string): number {
  // Protocol 0: nothing is received before the socket is bound to its interface, and a sender never receives.
  const fd = libc.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd >= 0) return fd;
  const code = errnoName(errno());
  if (code === "EPERM" || code === "EACCES") {
    const hint = grantHint(["CAP_NET_RAW"]);
    throw environmentError("no permission to open a packet socket: CAP_NET_RAW is missing", { where, hint });
  }
  if (code === "EAFNOSUPPORT") {
    throw environmentError("this kernel has no packet sockets", { where, hint: "it needs CONFIG_PACKET" });
  }
  throw environmentError(`opening a packet socket failed: ${code}`, { where });
}

/** Closes the socket where a later step fails. */
function whole(fd: number, steps: () => void): number {
  try {
    steps();
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

const int = (value: number): Uint8Array => new Uint8Array(new Int32Array([value]).buffer);

/** 0, or the errno it was refused with. */
function trySet(fd: number, name: keyof typeof option, value: Uint8Array): number {
  return libc.setsockopt(fd, SOL_PACKET, option[name], value, value.length) < 0 ? errno() : 0;
}

function set(fd: number, name: keyof typeof option, value: Uint8Array, where: string, instead?: string): void {
  const code = trySet(fd, name, value);
  if (code !== 0) throw optionRefused(name, code, where, instead);
}

function optionRefused(name: string, code: number, where: string, instead?: string): PktgenError {
  const hint = instead === undefined ? {} : { hint: instead };
  if (errnoName(code) === "ENOPROTOOPT") {
    return environmentError(`this kernel's packet sockets have no ${name}`, { where, ...hint });
  }
  return environmentError(`${name} was refused: ${errnoName(code)}`, { where, ...hint });
}

function setRing(fd: number, name: "PACKET_RX_RING" | "PACKET_TX_RING", ring: RingRequest, where: string): void {
  const { blockBytes, blocks, slotBytes, slots } = ring;
  const code = trySet(fd, name, new Uint8Array(new Uint32Array([blockBytes, blocks, slotBytes, slots]).buffer));
  if (code === 0) return;
  const what = `no memory for a ring of ${slots} slots, ${blockBytes * blocks} bytes`;
  if (errnoName(code) === "ENOMEM")
    throw environmentError(what, { where, hint: "use a smaller size=, or fewer queues" });
  throw optionRefused(name, code, where, "use a smaller size=");
}

function bindTo({ facts, where }: SocketPlace, fd: number, protocol: number): void {
  const address = Buffer.alloc(20); // struct sockaddr_ll
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeUInt16BE(protocol, 2);
  address.writeInt32LE(facts.index, 4);
  if (libc.bind(fd, address, address.length) === 0) return;
  throw environmentError(`no packet socket can be bound to ${facts.name}: ${errnoName(errno())}`, { where });
}

/**
 * A socket that sends, from its ring where it has one. `bypass`: past the queueing discipline, straight to the driver.
 */
export function openPacketSender(place: SocketPlace, ring: RingRequest | null, bypass: boolean): number {
  const { where } = place;
  const fd = openSocket(where);
  return whole(fd, () => {
    if (ring !== null) set(fd, "PACKET_VERSION", int(TPACKET_V2), where);
    if (bypass) set(fd, "PACKET_QDISC_BYPASS", int(1), where, "use qdisc=on");
    if (ring !== null) setRing(fd, "PACKET_TX_RING", ring, where);
    bindTo(place, fd, 0);
  });
}

export interface ReceiverOptions {
  /** Room before each frame, in addition to the kernel's. */
  readonly reserve: number;
  readonly stamps: "off" | "kernel" | "hardware";
}

export interface PacketReceiver {
  readonly fd: number;
  /** What we send ourselves is shown here too, and must be passed over: the kernel cannot leave it out. */
  readonly showsOutgoing: boolean;
}

/** A socket that receives into its ring everything that comes in on the interface, to whomever it is addressed. */
export function openPacketReceiver(place: SocketPlace, ring: RingRequest, options: ReceiverOptions): PacketReceiver {
  const { where } = place;
  const fd = openSocket(where);
  let showsOutgoing = false;
  whole(fd, () => {
    set(fd, "PACKET_VERSION", int(TPACKET_V2), where);
    set(fd, "PACKET_RESERVE", int(options.reserve), where);
    if (options.stamps !== "off") set(fd, "PACKET_TIMESTAMP", int(stampFlags[options.stamps]), where);
    showsOutgoing = trySet(fd, "PACKET_IGNORE_OUTGOING", int(1)) !== 0; // since Linux 4.20
    setRing(fd, "PACKET_RX_RING", ring, where);
    bindTo(place, fd, ETH_P_ALL);
    joinPromiscuous(place, fd);
  });
  return { fd, showsOutgoing };
}

/** A membership, unlike the interface's flag, ends with the socket, however that ends. */
function joinPromiscuous({ where, facts }: SocketPlace, fd: number): void {
  const membership = Buffer.alloc(16); // struct packet_mreq
  membership.writeInt32LE(facts.index, 0);
  membership.writeUInt16LE(PACKET_MR_PROMISC, 4);
  set(fd, "PACKET_ADD_MEMBERSHIP", membership, where);
}

/** A socket that receives nothing itself. While it is open, the interface takes frames to any address. */
export function openPromiscuous(place: SocketPlace): number {
  const fd = openSocket(place.where);
  return whole(fd, () => joinPromiscuous(place, fd));
}

/** Makes bound sockets share what comes in: each frame goes to one of them. */
export function joinFanout(fds: readonly number[], mode: FanoutMode, where: string): void {
  const [first, ...others] = fds;
  if (first === undefined || others.length === 0) return;
  const { PACKET_FANOUT } = option;
  // The kernel chooses a number that is free on this machine. The other sockets need it, so it is read back.
  set(first, "PACKET_FANOUT", int((fanoutModes[mode] | PACKET_FANOUT_FLAG_UNIQUEID) << 16), where, "use queues=1");
  const group = new Uint8Array(4);
  if (libc.getsockopt(first, SOL_PACKET, PACKET_FANOUT, group, new Uint32Array([4])) < 0) {
    throw optionRefused("PACKET_FANOUT", errno(), where, "use queues=1");
  }
  const id = group[0] | (group[1] << 8);
  for (const fd of others) set(fd, "PACKET_FANOUT", int((fanoutModes[mode] << 16) | id), where, "use queues=1");
}

/** Frames that found no free slot since the last time this was asked (tp_drops); the kernel forgets them when asked. */
export function takePacketDrops(fd: number): number {
  const statistics = new Uint8Array(8);
  if (libc.getsockopt(fd, SOL_PACKET, option.PACKET_STATISTICS, statistics, new Uint32Array([8])) < 0) return 0;
  return new DataView(statistics.buffer).getUint32(4, true);
}

/** The error that a socket keeps until it is asked, such as that its interface went down: poll(2) finds it readable till then. */
export function takeSocketError(fd: number): void {
  libc.getsockopt(fd, SOL_SOCKET, SO_ERROR, new Uint8Array(4), new Uint32Array([4]));
}
