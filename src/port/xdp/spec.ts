/** `xdp:IFACE` as text: its options and its spec. */
import { checkInterfaceName } from "../../sys/net/interface-name.js";
import {
  type AnyPortSpec,
  integerOption,
  netnsOption,
  portKind,
  powerOfTwoOption,
  queuesOption,
  wordOption,
} from "../kind.js";

export interface XdpPortSpec extends AnyPortSpec {
  readonly kind: "xdp";
  /** Of the interface. */
  readonly name: string;
  /** Network namespace; null: that of this process. */
  readonly netns: string | null;
  /** Frames of each ring, and of the memory in each direction. */
  readonly size: number;
  readonly mode: "auto" | "zerocopy" | "copy" | "skb";
  readonly tx: "ring" | "live";
  /** tx=live: frames handed to the interface at once. */
  readonly batch: number;
}

/** TEST_XDP_MAX_BATCH of the kernel. */
const mostLiveBatch = 256;

export const xdpKind = portKind({
  name: "xdp",
  target: "IFACE",
  targetMeaning: "the name of the interface",
  summary:
    "a network interface, through AF_XDP sockets and a program before its network stack; needs CAP_NET_RAW, CAP_NET_ADMIN, CAP_BPF",
  ownInterface: "uncounted",
  options: {
    netns: netnsOption,
    queues: queuesOption("queues of the interface, from 0 on; what comes in on others goes to the kernel"),
    size: powerOfTwoOption("frames of each ring", 4096),
    mode: wordOption(
      ["auto", "zerocopy", "copy", "skb"],
      "auto: the driver's own XDP, without copying where it can; zerocopy: not else; copy: copying; skb: the kernel's generic XDP",
    ),
    tx: wordOption(["ring", "live"], "live: the kernel makes the frames to send, faster on veth; one flow of one size"),
    batch: integerOption(
      { least: 1, most: mostLiveBatch, default: 64 },
      "tx=live: frames handed to the interface at once; a veth's other end holds 256",
    ),
  },
  read: (text, target, values): XdpPortSpec => ({
    text,
    kind: "xdp",
    name: checkInterfaceName(target, text),
    ...values,
  }),
});
