/** Changes an interface of the calling thread's namespace over rtnetlink, which asks for the right in that namespace only. */
import { environmentError } from "../../errors.js";
import { errnoName } from "../libc.js";
import { askNetlink, netlinkAttribute } from "./netlink.js";

const RTM_NEWLINK = 16;
/** linux/if_link.h, linux/if.h */
const IFLA_MTU = 4;
const IFLA_TXQLEN = 13;
const IFF_UP = 0x1;

export interface InterfaceSettings {
  readonly mtu?: number;
  /** Frames that wait in the kernel: txqueuelen. */
  readonly txQueueLength?: number;
  readonly up?: boolean;
}

const uint32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

/** @throws PktgenError (3): not permitted, or a value that the interface cannot have. */
export function configureInterface(
  { name, index }: { readonly name: string; readonly index: number },
  where: string,
  settings: InterfaceSettings,
): void {
  const { mtu, txQueueLength, up } = settings;
  const link = new DataView(new ArrayBuffer(16)); // struct ifinfomsg
  link.setInt32(4, index, true);
  link.setUint32(8, up === true ? IFF_UP : 0, true);
  link.setUint32(12, up === undefined ? 0 : IFF_UP, true);
  const body: Uint8Array[] = [new Uint8Array(link.buffer)];
  if (mtu !== undefined) body.push(netlinkAttribute(IFLA_MTU, uint32(mtu)));
  if (txQueueLength !== undefined) body.push(netlinkAttribute(IFLA_TXQLEN, uint32(txQueueLength)));
  const { errno } = askNetlink(RTM_NEWLINK, body, false);
  if (errno === 0) return;
  const what = [
    ...(mtu === undefined ? [] : [`MTU ${mtu}`]),
    ...(txQueueLength === undefined ? [] : [`queue length ${txQueueLength}`]),
    ...(up === undefined ? [] : [up ? "up" : "down"]),
  ].join(", ");
  const code = errnoName(errno);
  const details = code === "EPERM" ? { where, hint: "that needs CAP_NET_ADMIN: run as root" } : { where };
  throw environmentError(`interface ${name} could not be set (${what}): ${code}`, details);
}
