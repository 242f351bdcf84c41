/**
 * AF_UNIX sockets of both kinds with passing of descriptors (unix(7), SCM_RIGHTS). vhost-user speaks STREAM, DPDK
 * telemetry and memif speak SEQPACKET; `node:net` has neither descriptors nor SEQPACKET. Nothing here blocks.
 */
import { closeSync, lstatSync, type Stats, unlinkSync } from "node:fs";
import { constants as osConstants } from "node:os";
import { environmentError, usageError } from "../errors.js";
import { addressOf, checked, errno, libc, systemError } from "./libc.js";
import { bindError, connectError, statOrNull } from "./socket-errors.js";

export type SocketKind = "stream" | "seqpacket";

/** The process on the other side, as the kernel knows it (SO_PEERCRED). */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

export type Received =
  /** Nothing to read now. */
  | { readonly status: "empty" }
  /** The peer closed its side, or is gone. */
  | { readonly status: "closed" }
  | {
      readonly status: "data";
      /** Bytes written into the buffer, from its start. */
      readonly bytes: number;
      /** Descriptors, now the caller's to close. */
      readonly fds: readonly number[];
      /** More descriptors came than allowed, or than this process may hold; those are closed. */
      readonly fdsCut: boolean;
      /** SEQPACKET: the message was longer than the buffer, and its end is lost. */
      readonly bytesCut: boolean;
    };

const { EAGAIN, EINTR, ECONNREFUSED, ECONNRESET, EPIPE, EACCES } = osConstants.errno;
const AF_UNIX = 1;
const SOCK_CLOEXEC = 0x80000;
const SOCK_NONBLOCK = 0x800;
const socketTypes = { stream: 1, seqpacket: 5 } as const;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const SO_PEERCRED = 17;
const MSG_CTRUNC = 0x8;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
/** sizeof(sun_path) minus the terminating zero. */
const maxPathBytes = 107;
/** The kernel passes at most SCM_MAX_FD descriptors with one message. */
const scmMaxFds = 253;
const maxMessageBytes = 65_536;
const cmsgHeaderBytes = 16;

/**
 * Memory that libc reads and writes in sendmsg and recvmsg. Each thread has one set, which is never collected, so that
 * the addresses in it stay valid. Calls are synchronous, so one set is enough. On 64-bit Linux (x64 and arm64):
 *
 *   msghdr: 0 name | 8 namelen | 16 iov | 24 iovlen | 32 control | 40 controllen | 48 flags
 *   cmsghdr: 0 len (with header) | 8 level | 12 type | 16 data …
 */
const staging = (() => {
  const data = new Uint8Array(maxMessageBytes);
  const control = new DataView(new ArrayBuffer(cmsgHeaderBytes + scmMaxFds * 4 + 4));
  const iovec = new DataView(new ArrayBuffer(128));
  const header = new DataView(new ArrayBuffer(128));
  iovec.setBigUint64(0, addressOf(data), true);
  header.setBigUint64(16, addressOf(new Uint8Array(iovec.buffer)), true);
  header.setBigUint64(24, 1n, true);
  return {
    data,
    control,
    iovec,
    header,
    controlAddress: addressOf(new Uint8Array(control.buffer)),
    headerBytes: new Uint8Array(header.buffer),
  };
})();

function stageMessage(bytes: number, controlBytes: number): void {
  staging.iovec.setBigUint64(8, BigInt(bytes), true);
  staging.header.setBigUint64(32, controlBytes === 0 ? 0n : staging.controlAddress, true);
  staging.header.setBigUint64(40, BigInt(controlBytes), true);
  staging.header.setInt32(48, 0, true);
}

function stageDescriptors(fds: readonly number[]): number {
  if (fds.length === 0) return 0;
  staging.control.setBigUint64(0, BigInt(cmsgHeaderBytes + fds.length * 4), true);
  staging.control.setInt32(8, SOL_SOCKET, true);
  staging.control.setInt32(12, SCM_RIGHTS, true);
  for (const [i, fd] of fds.entries()) staging.control.setInt32(cmsgHeaderBytes + i * 4, fd, true);
  return cmsgHeaderBytes + Math.ceil((fds.length * 4) / 8) * 8;
}

/** The descriptors of all SCM_RIGHTS messages that recvmsg left in the control buffer. */
function stagedDescriptors(): number[] {
  const fds: number[] = [];
  const end = Number(staging.header.getBigUint64(40, true));
  for (let at = 0; at + cmsgHeaderBytes <= end; ) {
    const length = Number(staging.control.getBigUint64(at, true));
    if (length < cmsgHeaderBytes) break;
    const rights =
      staging.control.getInt32(at + 8, true) === SOL_SOCKET && staging.control.getInt32(at + 12, true) === SCM_RIGHTS;
    for (let i = at + cmsgHeaderBytes; rights && i + 4 <= at + length; i += 4) {
      fds.push(staging.control.getInt32(i, true));
    }
    at += Math.ceil(length / 8) * 8;
  }
  return fds;
}

/** Closes descriptors that came from a peer. */
export function closeDescriptors(fds: readonly number[]): void {
  for (const fd of fds) closeSync(fd);
}

/** A connected socket. */
export class UnixSocket implements Disposable {
  readonly fd: number;
  #open = true;

  constructor(fd: number) {
    this.fd = fd;
  }

  /**
   * One message in one sendmsg, so that the peer may read it with one read. Returns the bytes sent, −1 if the
   * socket takes nothing now, −2 if the peer is gone. At most 64 KiB and 253 descriptors.
   */
  send(bytes: Uint8Array, fds: readonly number[] = []): number {
    if (bytes.length > maxMessageBytes || fds.length > scmMaxFds) {
      throw new RangeError(`a message of ${bytes.length} bytes and ${fds.length} descriptors is too long`);
    }
    staging.data.set(bytes);
    for (;;) {
      stageMessage(bytes.length, stageDescriptors(fds));
      const sent = libc.sendmsg(this.fd, staging.headerBytes, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent >= 0) return sent;
      const code = errno();
      if (code === EAGAIN) return -1;
      if (code === EPIPE || code === ECONNRESET) return -2;
      if (code !== EINTR) throw systemError("sendmsg", code);
    }
  }

  /** Reads at most `into.length` bytes and what descriptors came with them; of these, `maxFds` are kept. */
  receive(into: Uint8Array, maxFds = 0): Received {
    const wanted = Math.min(into.length, maxMessageBytes);
    for (;;) {
      stageMessage(wanted, staging.control.byteLength);
      const bytes = libc.recvmsg(this.fd, staging.headerBytes, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
      if (bytes < 0) {
        const code = errno();
        if (code === EAGAIN) return { status: "empty" };
        if (code === ECONNRESET) return { status: "closed" };
        if (code === EINTR) continue;
        throw systemError("recvmsg", code);
      }
      const flags = staging.header.getInt32(48, true);
      const fds = stagedDescriptors();
      closeDescriptors(fds.slice(maxFds));
      if (bytes === 0) {
        closeDescriptors(fds.slice(0, maxFds));
        return { status: "closed" };
      }
      into.set(staging.data.subarray(0, bytes));
      return {
        status: "data",
        bytes,
        fds: fds.slice(0, maxFds),
        fdsCut: fds.length > maxFds || (flags & MSG_CTRUNC) !== 0,
        bytesCut: (flags & MSG_TRUNC) !== 0,
      };
    }
  }

  peerCredentials(): PeerCredentials {
    const value = new Uint8Array(128);
    const length = new Uint32Array([12]);
    checked(libc.getsockopt(this.fd, SOL_SOCKET, SO_PEERCRED, value, length), "getsockopt(SO_PEERCRED)");
    const view = new DataView(value.buffer);
    return { pid: view.getInt32(0, true), uid: view.getUint32(4, true), gid: view.getUint32(8, true) };
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.fd);
  }
}

/** A bound, listening socket. Disposing it removes its file, if it is still ours. */
export class ListeningSocket implements Disposable {
  readonly fd: number;
  readonly path: string;
  readonly #file: Stats;
  #open = true;

  constructor(fd: number, path: string) {
    this.fd = fd;
    this.path = path;
    this.#file = lstatSync(path);
    listeners.add(this);
  }

  /** The next client, null if none waits. */
  accept(): UnixSocket | null {
    for (;;) {
      const fd = libc.accept4(this.fd, null, null, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd >= 0) return new UnixSocket(fd);
      const code = errno();
      if (code === EAGAIN) return null;
      if (code !== EINTR && code !== osConstants.errno.ECONNABORTED) throw systemError("accept", code);
    }
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    listeners.delete(this);
    this.unlinkOwn();
    closeSync(this.fd);
  }

  /** Removes the socket's file, unless another file has taken its place. */
  unlinkOwn(): void {
    const now = lstatSync(this.path, { throwIfNoEntry: false });
    if (now !== undefined && now.ino === this.#file.ino && now.dev === this.#file.dev) {
      unlinkSync(this.path);
    }
  }
}

const listeners = new Set<ListeningSocket>();
// No way out of the process, process.exit() and uncaught errors included, leaves a socket file behind.
process.on("exit", () => {
  for (const listener of listeners) listener.unlinkOwn();
});

/** sockaddr_un. */
function socketAddress(path: string): Uint8Array {
  const name = new TextEncoder().encode(path);
  if (name.length > maxPathBytes) {
    throw usageError(`the socket path is ${name.length} bytes long`, {
      where: path,
      accepted: `at most ${maxPathBytes} bytes, the limit of Unix sockets`,
      hint: "use a shorter folder, e.g. below /tmp",
    });
  }
  if (name.length === 0 || name.includes(0)) {
    throw usageError("the socket path is empty or holds a zero byte", { where: path, accepted: "a file name" });
  }
  const address = new Uint8Array(maxPathBytes + 3);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, 2);
  return address;
}

function openSocket(kind: SocketKind): number {
  return checked(libc.socket(AF_UNIX, socketTypes[kind] | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
}

/** Connects; 0, or the errno why not. */
function tryConnect(fd: number, address: Uint8Array): number {
  for (;;) {
    if (libc.connect(fd, address, address.length) === 0) return 0;
    const code = errno();
    if (code !== EINTR) return code;
  }
}

/**
 * Connects to a listening socket, at once or not at all.
 * @throws PktgenError (3): missing, not a socket, no listener, no permission; (2): path too long.
 */
export function connectUnix(path: string, kind: SocketKind): UnixSocket {
  const address = socketAddress(path);
  const fd = openSocket(kind);
  const code = tryConnect(fd, address);
  if (code === 0) return new UnixSocket(fd);
  closeSync(fd);
  throw connectError(path, code);
}

/** Removes a socket that no longer has a listener, as DPDK leaves them after a kill. Refuses everything else. */
function clearStale(path: string, kind: SocketKind, address: Uint8Array): void {
  const file = statOrNull(path);
  if (file === null) return;
  if (!file.isSocket()) {
    const what = file.isDirectory() ? "this is a folder, not a socket" : "this file exists and is not a socket";
    throw environmentError(what, { where: path, hint: "choose another path for the socket" });
  }
  const fd = openSocket(kind);
  const code = tryConnect(fd, address);
  closeSync(fd);
  if (code !== ECONNREFUSED) {
    const taken = code === EACCES ? "a socket of another user is there" : "another program listens on this socket";
    throw environmentError(taken, { where: path, hint: "end that program or choose another path" });
  }
  try {
    unlinkSync(path);
  } catch (cause) {
    throw environmentError("a left-over socket is there and cannot be removed", {
      where: path,
      hint: `rm ${path}`,
      cause,
    });
  }
}

/**
 * Binds and listens. Replaces a left-over socket without a listener.
 * @throws PktgenError (3): in use, not a socket, folder missing, no permission; (2): path too long.
 */
export function listenUnix(path: string, kind: SocketKind, backlog = 8): ListeningSocket {
  const address = socketAddress(path);
  clearStale(path, kind, address);
  const fd = openSocket(kind);
  try {
    if (libc.bind(fd, address, address.length) < 0) throw bindError(path, errno());
    checked(libc.listen(fd, backlog), "listen");
    return new ListeningSocket(fd, path);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Two sockets connected to each other. */
export function socketPair(kind: SocketKind): [UnixSocket, UnixSocket] {
  const fds = new Int32Array(2);
  checked(libc.socketpair(AF_UNIX, socketTypes[kind] | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), "socketpair");
  return [new UnixSocket(fds[0]!), new UnixSocket(fds[1]!)];
}
