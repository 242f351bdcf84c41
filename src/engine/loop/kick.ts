/** Turns a port's kick, plain data, into the call that a loop makes after a publish. */
import type { Kick } from "../../port/port.js";
import { RingFault } from "../../ring/ring.js";
import { eventSignal } from "../../sys/event-signal.js";
import { errno, errnoName, errnoNumber, libc } from "../../sys/libc.js";
import { sendRefusal } from "../../sys/net/send-refusal.js";

const MSG_DONTWAIT = 0x40;
/** Not now: the frames stay in the ring, and the next call takes them up. */
const later: ReadonlySet<number> = new Set(["EAGAIN", "EBUSY", "ENOBUFS", "EINTR", "ENOMEM"].map(errnoNumber));
const again = errnoNumber("EAGAIN");

/** Never blocks. May throw a RingFault where the kernel says that the other side is gone. */
export function kicker(kick: Kick): () => void {
  switch (kick.kind) {
    case "none":
      return () => {};
    case "eventfd":
      return eventSignal(kick.fd);
    case "sendto":
      return () => send(kick.fd, kick.tries ?? 1, kick.name);
    case "recvfrom":
      return () => {
        libc.recvfrom(kick.fd, null, 0, MSG_DONTWAIT, null, null);
      };
  }
}

function send(fd: number, tries: number, name: string): void {
  for (let left = tries; left > 0; left--) {
    if (libc.sendto(fd, null, 0, MSG_DONTWAIT, null, 0) >= 0) return;
    const number = errno();
    if (!later.has(number)) throw new RingFault("sendto", sendRefusal(name, errnoName(number)));
    if (number !== again) return;
  }
}
