/** `raw:` as text: its options and its spec. */
import { type AnyPortSpec, bridgeSizeOption, netnsOption, oneQueueOption, portKind } from "../kind.js";

export interface RawPortSpec extends AnyPortSpec {
  readonly kind: "raw";
  /** Network namespace; null: that of this process. */
  readonly netns: string | null;
  /** Frames between the loop and the library, each way. */
  readonly size: number;
}

export const rawKind = portKind({
  name: "raw",
  target: "",
  summary:
    "IPv4 packets through raw sockets, without Ethernet: slow, and only with the npm package raw-socket installed",
  options: { netns: netnsOption, queues: oneQueueOption, size: bridgeSizeOption },
  read: (text, _, values): RawPortSpec => ({ text, kind: "raw", ...values }),
});
