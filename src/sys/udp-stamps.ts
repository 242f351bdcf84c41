/**
 * A UDP socket that says when datagrams arrived by the kernel's own stamps (SO_TIMESTAMPNS), as times of CLOCK_MONOTONIC.
 * So what a busy process or its event loop takes is in no round trip. A stamp is never earlier than the arrival: where
 * clocks had to be compared, their uncertainty makes it later. Nothing here blocks.
 *
 *     msghdr   0 name | 8 namelen | 16 iov | 24 iovlen | 32 control | 40 controllen | 48 flags
 *     cmsghdr  0 len (with header) | 8 level | 12 type | 16 data …
 */
import { closeSync } from "node:fs";
import { environmentError } from "../errors.js";
import { addressOf, errno, errnoName, libc } from "./libc.js";
import { kernelStampClock } from "./net/stamp-clock.js";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0x80000;
const SOCK_NONBLOCK = 0x800;
const SOL_SOCKET = 1;
const SO_TIMESTAMPNS = 35;
const MSG_DONTWAIT = 0x40;
const mostBytes = 512;
const nameBytes = 28;
const controlBytes = 128;
const cmsgHeaderBytes = 16;
/** A stamp that is older, or later than now, comes from a clock that was set meanwhile. */
const mostAgeNs = 1e9;

export interface UdpPeer {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly port: number;
}

export interface StampedDatagram {
  readonly from: UdpPeer;
  readonly bytes: Uint8Array;
  readonly atNs: number;
}

export class UdpStampSocket implements Disposable {
  readonly fd: number;
  readonly own: UdpPeer;
  readonly #clock = kernelStampClock();
  readonly #nowNs: () => number;
  /** Memory that the kernel writes. Over separate buffers, which V8 does not move. */
  readonly #data = new Uint8Array(new ArrayBuffer(mostBytes));
  readonly #name = new Uint8Array(new ArrayBuffer(nameBytes));
  readonly #control = new DataView(new ArrayBuffer(controlBytes));
  readonly #iovec = new DataView(new ArrayBuffer(128));
  readonly #header = new DataView(new ArrayBuffer(128));
  #open = true;

  /** `port` 0: any. @throws PktgenError (3): the address is not this host's, or the port is taken. */
  constructor({ address, port }: UdpPeer, nowNs: () => number, where: string) {
    const family = isFour(address) ? AF_INET : AF_INET6;
    this.fd = libc.socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (this.fd < 0) throw environmentError(`no UDP socket: ${errnoName(errno())}`, { where });
    this.#nowNs = nowNs;
    this.#iovec.setBigUint64(0, addressOf(this.#data), true);
    this.#iovec.setBigUint64(8, BigInt(mostBytes), true);
    const name = socketName({ address, port });
    if (libc.bind(this.fd, name, name.length) < 0) {
      const code = errnoName(errno());
      closeSync(this.fd);
      throw environmentError(`a UDP socket cannot be opened there: ${code}`, {
        where,
        hint: "name an address of this host, and a port that is free",
      });
    }
    libc.setsockopt(this.fd, SOL_SOCKET, SO_TIMESTAMPNS, new Uint8Array(Uint32Array.of(1).buffer), 4);
    const bound = new Uint8Array(new ArrayBuffer(nameBytes));
    libc.getsockname(this.fd, bound, new Uint32Array([nameBytes]));
    this.own = peerOf(bound);
  }

  /** When it was handed to the kernel; null: the kernel takes nothing now. */
  send(bytes: Uint8Array, to: UdpPeer): number | null {
    const name = socketName(to);
    const beforeNs = this.#nowNs();
    return libc.sendto(this.fd, bytes, bytes.length, MSG_DONTWAIT, name, name.length) < 0 ? null : beforeNs;
  }

  /** null: nothing is there. */
  receive(): StampedDatagram | null {
    const header = this.#header;
    header.setBigUint64(0, addressOf(this.#name), true);
    header.setUint32(8, nameBytes, true);
    header.setBigUint64(16, addressOf(new Uint8Array(this.#iovec.buffer)), true);
    header.setBigUint64(24, 1n, true);
    header.setBigUint64(32, addressOf(new Uint8Array(this.#control.buffer)), true);
    header.setBigUint64(40, BigInt(controlBytes), true);
    const bytes = libc.recvmsg(this.fd, new Uint8Array(header.buffer), MSG_DONTWAIT);
    if (bytes < 0) return null;
    const nowNs = this.#nowNs();
    const stampNs = this.#stampNs();
    const isPlausible = stampNs !== null && stampNs <= nowNs && nowNs - stampNs < mostAgeNs;
    return {
      from: peerOf(this.#name),
      bytes: this.#data.slice(0, bytes),
      // Where the kernel said nothing, it had arrived by now at the latest.
      atNs: isPlausible ? stampNs : nowNs,
    };
  }

  /** The kernel's stamp as a time of ours, and as much later as the comparison may be wrong; null: there is none. */
  #stampNs(): number | null {
    const end = Number(this.#header.getBigUint64(40, true));
    for (let at = 0; at + cmsgHeaderBytes <= end; ) {
      const length = Number(this.#control.getBigUint64(at, true));
      if (length < cmsgHeaderBytes) return null;
      const isStamp = this.#control.getInt32(at + 8, true) === SOL_SOCKET;
      if (isStamp && this.#control.getInt32(at + 12, true) === SO_TIMESTAMPNS) {
        const seconds = Number(this.#control.getBigInt64(at + cmsgHeaderBytes, true));
        const ns = Number(this.#control.getBigInt64(at + cmsgHeaderBytes + 8, true));
        const ahead = this.#clock.compare(null);
        return Math.ceil((seconds - ahead.seconds) * 1e9 + ns - ahead.ns + ahead.errorNs);
      }
      at += Math.ceil(length / 8) * 8;
    }
    return null;
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.fd);
  }
}

const isFour = (address: Uint8Array): boolean => address.length === 4;

/** sockaddr_in: family, port, address; sockaddr_in6: family, port, flow, address, scope. */
function socketName({ address, port }: UdpPeer): Uint8Array {
  const name = new Uint8Array(isFour(address) ? 16 : nameBytes);
  const view = new DataView(name.buffer);
  view.setUint16(0, isFour(address) ? AF_INET : AF_INET6, true);
  view.setUint16(2, port);
  name.set(address, isFour(address) ? 4 : 8);
  return name;
}

function peerOf(name: Uint8Array): UdpPeer {
  const view = new DataView(name.buffer, name.byteOffset);
  const isIn = view.getUint16(0, true) === AF_INET;
  return { address: isIn ? name.slice(4, 8) : name.slice(8, 24), port: view.getUint16(2) };
}
