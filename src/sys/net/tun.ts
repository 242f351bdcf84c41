/**
 * Tap interfaces (tun(4), linux/if_tun.h): Ethernet interfaces of the kernel whose other side is a descriptor. The
 * interface receives what is written to the descriptor, and what it sends is read from there. All calls act in the
 * calling thread's network namespace (see netns.ts). A descriptor stays with the interface wherever it is used.
 */
import { closeSync, constants as openFlags, openSync } from "node:fs";
import { environmentError, type PktgenError } from "../../errors.js";
import { checked, errno, errnoName, libc } from "../libc.js";
import { type InterfaceFacts, readInterface } from "./netdev.js";

const cloneDevice = "/dev/net/tun";
/** ioctl requests. */
const TUNSETIFF = 0x400454ca;
const TUNSETPERSIST = 0x400454cb;
const IFF_TAP = 0x2;
const IFF_MULTI_QUEUE = 0x100;
const IFF_NO_PI = 0x1000;
const ARPHRD_ETHER = 1;
/** struct ifreq: a name of 16 bytes, then flags. */
const ifreqBytes = 40;
const ifreqFlags = 16;

export interface TapRequest {
  readonly name: string;
  readonly queues: number;
  /** The port spec, for errors. */
  readonly where: string;
}

export interface TapQueues {
  /** One per queue, non-blocking. The caller closes them. */
  readonly fds: readonly number[];
  /** The interface did not exist before. Without `persistTap` it disappears with its last descriptor. */
  readonly created: boolean;
  readonly multiQueue: boolean;
}

const howToBeAllowed =
  "that needs CAP_NET_ADMIN: run as root, in a namespace of your own (`unshare -rn`), or let root make it once: " +
  "`ip tuntap add NAME mode tap user USER`";

/** @throws PktgenError (3): the kernel has no tun, or forbids it. */
function openCloneDevice(where: string): number {
  try {
    return openSync(cloneDevice, openFlags.O_RDWR | openFlags.O_NONBLOCK);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "";
    if (["ENOENT", "ENODEV", "ENXIO"].includes(code)) {
      throw environmentError(`this machine has no tap interfaces (${cloneDevice}: ${code})`, {
        where,
        hint: `modprobe tun; in a container, run it with --device ${cloneDevice}`,
        cause,
      });
    }
    const hint = `chmod 0666 ${cloneDevice}, as distributions have it, or run as root`;
    throw environmentError(`${cloneDevice} cannot be opened: ${code}`, { where, hint, cause });
  }
}

/** 0, or the errno. */
function setInterface(fd: number, name: string, flags: number): number {
  const request = Buffer.alloc(ifreqBytes);
  request.write(name);
  request.writeInt16LE(flags, ifreqFlags);
  return libc.ioctl(fd, TUNSETIFF, request) < 0 ? errno() : 0;
}

/** Only a tap can be attached to. */
function checkIsTap(existing: InterfaceFacts, where: string): void {
  const { name, kind, linkType, linkTypeName } = existing;
  if (kind === "tun" && linkType === ARPHRD_ETHER) return;
  const what = kind === "tun" ? "a tun interface, whose packets have no Ethernet header" : (kind ?? linkTypeName);
  throw environmentError(`there is an interface ${name} already, and it is no tap: ${what}`, {
    where,
    hint: kind === "tun" ? "use another name" : `use another name, or packet:${name}`,
  });
}

function refused({ name, queues, where }: TapRequest, code: number, created: boolean): PktgenError {
  const error = errnoName(code);
  switch (error) {
    case "EPERM":
      return environmentError(
        created ? `no permission to make tap interface ${name}` : `no permission to use tap interface ${name}`,
        { where, hint: howToBeAllowed.replace("NAME", name) },
      );
    case "EBUSY":
      return environmentError(`tap interface ${name} is in use by another program`, {
        where,
        hint: "end that program, or use another name",
      });
    case "E2BIG":
      return environmentError(`tap interface ${name} has no room for ${queues} more queues`, {
        where,
        hint: "end the program that holds the others, or use queues=1",
      });
    case "EINVAL":
      return environmentError(`tap interface ${name} was made for one queue`, {
        where,
        accepted: "queues=1",
        hint: `or make it anew: ip tuntap del ${name} mode tap; ip tuntap add ${name} mode tap multi_queue`,
      });
    default:
      return environmentError(`tap interface ${name} could not be opened: ${error}`, { where });
  }
}

/**
 * Creates the interface or attaches to it. Each queue is a descriptor. The kernel chooses the queue to read from by a
 * frame's flow: for each flow it remembers the queue to which the flow was last written (tun_flow_update).
 * @throws PktgenError (3): no tun, no permission, not a tap, in use.
 */
export function openTap(request: TapRequest): TapQueues {
  const { name, queues, where } = request;
  const existing = readInterface(name);
  if (existing !== null) checkIsTap(existing, where);
  const created = existing === null;
  const fds: number[] = [];
  let many = queues > 1;
  const flags = (): number => IFF_TAP | IFF_NO_PI | (many ? IFF_MULTI_QUEUE : 0);
  try {
    while (fds.length < queues) {
      const fd = openCloneDevice(where);
      fds.push(fd);
      let code = setInterface(fd, name, flags());
      // One queue of an interface that was made for several must be requested with the multi-queue flag.
      if (errnoName(code) === "EINVAL" && !created && queues === 1) {
        many = true;
        code = setInterface(fd, name, flags());
      }
      if (code !== 0) throw refused(request, code, created);
    }
    return { fds, created, multiQueue: many };
  } catch (error) {
    for (const fd of fds) closeSync(fd);
    throw error;
  }
}

/** The interface stays when its last descriptor is closed. */
export function persistTap(fd: number): void {
  if (libc.ioctlValue(fd, TUNSETPERSIST, 1) < 0) checked(-1, "TUNSETPERSIST");
}
