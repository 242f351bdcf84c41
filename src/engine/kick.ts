/** From a port's kick, plain data, to the call that a loop makes after it published. */
import type { Kick } from "../port/port.js";
import { signalEventfd } from "../sys/eventfd.js";

/** Never blocks. May throw a RingFault where the kernel says that the other side is gone. */
export function kicker(kick: Kick): () => void {
  switch (kick.kind) {
    case "none":
      return () => {};
    case "eventfd":
      return () => signalEventfd(kick.fd);
  }
}
