/** `libpcap:IFACE` as text: its options and its spec. */
import { checkInterfaceName } from "../../sys/net/interface-name.js";
import { type AnyPortSpec, bridgeSizeOption, netnsOption, oneQueueOption, portKind } from "../kind.js";

export interface LibpcapPortSpec extends AnyPortSpec {
  readonly kind: "libpcap";
  /** Of the interface. */
  readonly name: string;
  /** Network namespace; null: that of this process. */
  readonly netns: string | null;
  /** Frames between the loop and the library, each way. */
  readonly size: number;
}

export const libpcapKind = portKind({
  name: "libpcap",
  target: "IFACE",
  targetMeaning: "the name of the interface",
  summary:
    "a network interface through libpcap, to cross-check: slow, only with the npm package cap installed, which ends the program where the interface goes down",
  options: { netns: netnsOption, queues: oneQueueOption, size: bridgeSizeOption },
  read: (text, target, values): LibpcapPortSpec => ({
    text,
    kind: "libpcap",
    name: checkInterfaceName(target, text),
    ...values,
  }),
});
