/**
 * An XDP program on an interface. Kernels from 5.9 on attach it by a link, which disappears with its descriptor on
 * every way out of the process. Older kernels attach it over netlink. It is then detached when the port is closed and
 * at exit, but not after SIGKILL.
 */
import { closeSync } from "node:fs";
import { errnoName } from "../libc.js";
import { askNetlink, netlinkAttribute } from "../net/netlink.js";
import { inNetns } from "../net/netns.js";
import { bpfRefusal, linkXdp } from "./bpf.js";

const RTM_SETLINK = 19;
/** linux/if_link.h */
const IFLA_XDP = 43;
const IFLA_XDP_FD = 1;
const IFLA_XDP_FLAGS = 3;
const XDP_FLAGS_UPDATE_IF_NOEXIST = 1 << 0;
/** In the driver, or on the hook that every interface has. */
const modeFlags = { native: 1 << 2, generic: 1 << 1 } as const;
export type XdpHook = keyof typeof modeFlags;

/**
 * Where a program is attached. `netns`: the interface's, in which the calling thread already is; null: the process's.
 */
export interface XdpPlace {
  readonly interfaceIndex: number;
  readonly netns: string | null;
  readonly hook: XdpHook;
}

export interface XdpAttachment {
  readonly by: "link" | "netlink";
  detach(): void;
}

/** A refusal is an errno's name. EBUSY, EEXIST: another program is there. Others: the hook is not available. */
export type AttachResult = XdpAttachment | { readonly refused: string };

/** In the interface's namespace. @throws PktgenError (3): not allowed. */
export function attachXdp(program: number, place: XdpPlace): AttachResult {
  const link = linkXdp(program, place.interfaceIndex, modeFlags[place.hook]);
  if (link >= 0) return { by: "link", detach: () => closeSync(link) };
  const code = errnoName(-link);
  if (code === "EPERM") throw bpfRefusal("attaching an XDP program", -link);
  // A kernel without links rejects the request as unknown. A kernel with links may return the same error for other
  // reasons.
  return code === "EINVAL" ? attachXdpOverNetlink(program, place) : { refused: code };
}

export function attachXdpOverNetlink(program: number, place: XdpPlace): AttachResult {
  const { interfaceIndex, hook, netns } = place;
  const refused = setXdp(interfaceIndex, program, modeFlags[hook] | XDP_FLAGS_UPDATE_IF_NOEXIST);
  if (refused !== 0) return { refused: errnoName(refused) };
  const detach = (): void => {
    process.off("exit", detach);
    // The interface, or its namespace, may be gone.
    try {
      inNetns(netns, "", () => setXdp(interfaceIndex, -1, modeFlags[hook]));
    } catch {}
  };
  process.on("exit", detach);
  return { by: "netlink", detach };
}

/** Program −1: none. Returns 0, or the errno. */
function setXdp(interfaceIndex: number, program: number, flags: number): number {
  const message = new Uint8Array(16); // struct ifinfomsg
  new DataView(message.buffer).setInt32(4, interfaceIndex, true);
  const word = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer);
  const how = Buffer.concat([
    netlinkAttribute(IFLA_XDP_FD, word(program)),
    netlinkAttribute(IFLA_XDP_FLAGS, word(flags)),
  ]);
  return askNetlink(RTM_SETLINK, [message, netlinkAttribute(IFLA_XDP, how)], false).errno;
}
