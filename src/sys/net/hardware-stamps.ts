/**
 * Switches a network card's stamping of received frames on (SIOCSHWTSTAMP, Documentation/networking/timestamping.rst §3):
 * a card that can stamp does so only when it is told. The earlier setting is restored afterwards.
 */
import { closeSync } from "node:fs";
import { environmentError } from "../../errors.js";
import { addressOf, checked, errno, errnoName, libc } from "../libc.js";
import { IFNAMSIZ } from "./interface-name.js";

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0x80000;
const SIOCSHWTSTAMP = 0x89b0;
const SIOCGHWTSTAMP = 0x89b1;
/** linux/net_tstamp.h, struct hwtstamp_config: int flags, tx_type, rx_filter. */
const configBytes = 12;
const rxFilterAt = 8;
const HWTSTAMP_FILTER_ALL = 1;

/** Reads or sets the interface's configuration; null: done, else the error's name. */
export type StampIoctl = (request: "get" | "set", config: Buffer) => string | null;

/** Of the namespace that this is called in, as long as it is open. */
function openIoctl(name: string): { readonly ioctl: StampIoctl; readonly close: () => void } {
  const fd = checked(libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  const ioctl: StampIoctl = (request, config) => {
    const ifreq = Buffer.alloc(40);
    ifreq.write(name, 0, IFNAMSIZ - 1);
    ifreq.writeBigUInt64LE(addressOf(config), 16);
    const done = libc.ioctl(fd, request === "get" ? SIOCGHWTSTAMP : SIOCSHWTSTAMP, ifreq) === 0;
    return done ? null : errnoName(errno());
  };
  return { ioctl, close: () => closeSync(fd) };
}

/**
 * Until disposed, the interface stamps all that it receives.
 * @throws PktgenError (3): it cannot, or this user may not switch it on.
 */
export function stampAllReceived(name: string, where: string, opened = openIoctl(name)): Disposable {
  const { ioctl, close } = opened;
  const before = Buffer.alloc(configBytes);
  // Linux before 3.14 cannot be asked; then it is off.
  const known = ioctl("get", before) === null;
  if (known && before.readInt32LE(rxFilterAt) === HWTSTAMP_FILTER_ALL) return { [Symbol.dispose]: close };
  const wanted = Buffer.from(before);
  wanted.writeInt32LE(HWTSTAMP_FILTER_ALL, rxFilterAt);
  const refused = ioctl("set", wanted);
  // A driver may set another filter than it was asked for, and then says which.
  if (refused === null && wanted.readInt32LE(rxFilterAt) === HWTSTAMP_FILTER_ALL) {
    return {
      [Symbol.dispose]() {
        ioctl("set", before);
        close();
      },
    };
  }
  if (refused === null) ioctl("set", before);
  close();
  if (refused === "EPERM") {
    throw environmentError(`the stamps of interface ${name} are switched off`, {
      where,
      hint: "to switch them on needs CAP_NET_ADMIN: run as root, or use timestamp=kernel",
    });
  }
  const why = refused === null ? "it stamps some kinds of frames only" : refused;
  throw environmentError(`interface ${name} does not stamp all that it receives (${why})`, {
    where,
    hint: "use timestamp=kernel",
  });
}
