/** `packet:IFACE` as text: its options and its spec. */
import { type FanoutMode, fanoutModes } from "../../sys/net/fanout.js";
import { checkInterfaceName } from "../../sys/net/interface-name.js";
import {
  type AnyPortSpec,
  integerOption,
  netnsOption,
  portKind,
  queuesOption,
  ringSizes,
  wordOption,
} from "../kind.js";

export interface PacketPortSpec extends AnyPortSpec {
  readonly kind: "packet";
  /** Of the interface. */
  readonly name: string;
  /** Network namespace; null: that of this process. */
  readonly netns: string | null;
  /** The least number of slots of each ring to receive; `txSize`: to send. */
  readonly size: number;
  readonly txSize: number;
  /** How frames to send are handed over. */
  readonly tx: "calls" | "ring";
  readonly qdisc: "bypass" | "on";
  /** How the receiving queues share what comes in. */
  readonly fanout: FanoutMode;
  /** Whose clock says when a frame arrived; off: ours, when it is seen. */
  readonly timestamp: "off" | "kernel" | "hardware";
}

export const packetKind = portKind({
  name: "packet",
  target: "IFACE",
  targetMeaning: "the name of the interface",
  summary: "a network interface, through packet sockets with mapped rings (AF_PACKET); needs CAP_NET_RAW",
  ownInterface: "counted",
  options: {
    netns: netnsOption,
    queues: queuesOption(),
    size: integerOption({ ...ringSizes, default: 4096 }, "slots of each ring to receive, at the least"),
    tx: wordOption(
      ["calls", "ring"],
      "calls: a system call with the frames of a burst; ring: a mapped ring, whose slots come back when the card is done",
    ),
    tx_size: integerOption(
      { ...ringSizes, default: 256 },
      "slots of each ring to send; with tx=calls at most 256 count",
    ),
    qdisc: wordOption(["bypass", "on"], "go past the interface's queueing discipline, or through it"),
    fanout: wordOption(
      Object.keys(fanoutModes) as FanoutMode[],
      "how several queues share what comes in: by flow, in turn, by CPU, by the card's queue, at random",
    ),
    timestamp: wordOption(
      ["off", "kernel", "hardware"],
      "whose clock says when a frame arrived; off: ours, when it is seen",
    ),
  },
  read: (text, target, { tx_size: txSize, ...values }): PacketPortSpec => ({
    text,
    kind: "packet",
    name: checkInterfaceName(target, text),
    txSize,
    ...values,
  }),
});
