/** From a port's kick, plain data, to the call that a loop makes after it published. */
import type { Kick } from "../port/port.js";
import { RingFault } from "../ring/ring.js";
import { signalEventfd } from "../sys/eventfd.js";
import { errno, errnoName, libc } from "../sys/libc.js";

const MSG_DONTWAIT = 0x40;
/** The interface went down, was removed, or was replaced: nothing will be sent any more. */
const gone: ReadonlySet<string> = new Set(["ENETDOWN", "ENXIO", "ENODEV", "ENOTCONN", "EBADF"]);
/** Not now: the frames stay in the ring, and the next call takes them up. */
const later: ReadonlySet<string> = new Set(["EAGAIN", "ENOBUFS", "EINTR", "ENOMEM"]);

/** Never blocks. May throw a RingFault where the kernel says that the other side is gone. */
export function kicker(kick: Kick): () => void {
  switch (kick.kind) {
    case "none":
      return () => {};
    case "eventfd":
      return () => signalEventfd(kick.fd);
    case "sendto":
      return () => {
        if (libc.sendto(kick.fd, null, 0, MSG_DONTWAIT, null, 0) < 0) refusedBy(kick.name, errnoName(errno()));
      };
  }
}

function refusedBy(name: string, code: string): void {
  if (later.has(code)) return;
  if (gone.has(code)) throw new RingFault("sendto", `interface ${name} went down or was removed (${code})`);
  if (code === "EMSGSIZE") throw new RingFault("sendto", `a frame is too long for interface ${name} (EMSGSIZE)`);
  throw new RingFault("sendto", `interface ${name} does not send (${code})`);
}
