/** `tap:NAME` as text: its options and its spec. */
import { usageError } from "../../errors.js";
import { checkInterfaceName } from "../../sys/net/interface-name.js";
import {
  type AnyPortSpec,
  integerOption,
  netnsOption,
  onOffOption,
  portKind,
  queuesOption,
  ringSizes,
  wordOption,
} from "../kind.js";

export interface TapPortSpec extends AnyPortSpec {
  readonly kind: "tap";
  /** Of the interface. */
  readonly name: string;
  /** Network namespace; null: that of this process. */
  readonly netns: string | null;
  /** Frames that the kernel keeps for us to read (txqueuelen), of an interface that we make. */
  readonly size: number;
  /** How frames are moved: batches through io_uring where that is allowed, or a call each. */
  readonly io: "auto" | "io_uring" | "calls";
  readonly persist: boolean;
  /** Set it up, and an interface that was there down again afterwards. */
  readonly up: boolean;
}

/** The kernel would put a number in the place of %d. */
function tapName(name: string, where: string): string {
  if (!name.includes("%")) return checkInterfaceName(name, where);
  throw usageError(`"${name}" has a % in it`, { where, accepted: "the interface's whole name" });
}

export const tapKind = portKind({
  name: "tap",
  target: "NAME",
  targetMeaning: "the name of the interface",
  summary:
    "a tap interface of this machine, made for the run: what is sent here the kernel receives on it, what the kernel sends on it arrives here",
  options: {
    queues: queuesOption(),
    size: integerOption(ringSizes, "frames that the kernel keeps for us (txqueuelen)"),
    io: wordOption(
      ["auto", "io_uring", "calls"],
      "many frames a system call, or one each; auto: io_uring where it is allowed",
    ),
    up: onOffOption("on", "set the interface up"),
    persist: onOffOption("off", "leave it when the run is over"),
    netns: netnsOption,
  },
  read: (text, target, values): TapPortSpec => ({ text, kind: "tap", name: tapName(target, text), ...values }),
});
