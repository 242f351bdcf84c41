/** Tells when an interface goes down, loses its carrier, vanishes, or comes back: rtnetlink's link events. */
import { closeSync } from "node:fs";
import { PktgenError } from "../../errors.js";
import { watchReadable } from "../poller.js";
import { type InterfaceFacts, interfaceOf } from "./netdev.js";
import { netlinkSocket, readNetlink } from "./netlink.js";

const RTMGRP_LINK = 1;
const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const AF_UNSPEC = 0;

/**
 * Watches the interface of this index in the calling thread's namespace; `onChange` gets what it is now, null: it is
 * gone. Until disposed.
 */
export function watchInterface(index: number, onChange: (facts: InterfaceFacts | null) => void): Disposable {
  const fd = netlinkSocket(RTMGRP_LINK);
  const look = (): void => {
    try {
      for (const { type, body } of readNetlink(fd)) {
        // A bridge reports its ports under another family.
        if (body.byteLength < 16 || body.getUint8(0) !== AF_UNSPEC || body.getInt32(4, true) !== index) continue;
        if (type === RTM_DELLINK) onChange(null);
        else if (type === RTM_NEWLINK) onChange(interfaceOf(body));
      }
    } catch (error) {
      // More events than the socket holds: the kick finds what really is.
      if (!(error instanceof PktgenError)) throw error;
    }
  };
  const watch = watchReadable(fd, look);
  return {
    [Symbol.dispose]() {
      watch[Symbol.dispose]();
      closeSync(fd);
    },
  };
}
