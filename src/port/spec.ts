/**
 * Port specs: `kind:target[,option=value…]` → PortSpec. The tables here are the only declaration of kinds, options
 * and defaults: the parser, the errors and `pktgen-ts ports` all read them.
 */

import { usageError } from "../errors.js";
import { didYouMean } from "../nearest.js";
import { type FanoutMode, fanoutModes } from "../sys/net/fanout.js";
import { checkInterfaceName } from "../sys/net/interface-name.js";
import type { PacketPortSpec, PortSpec, VhostUserPortSpec, XdpPortSpec } from "./port.js";

export interface PortOption {
  readonly name: string;
  readonly default: string;
  /** In words, for errors and help. */
  readonly accepted: string;
  readonly meaning: string;
}

export interface PortKind {
  readonly name: PortSpec["kind"];
  /** What comes after the colon; empty: nothing may. */
  readonly target: string;
  readonly summary: string;
  readonly options: readonly PortOption[];
  /** What the target is, for the error where it is missing. */
  readonly targetMeaning?: string;
  /** From the target and the options' values to the spec; throws usage errors. */
  readonly read: (text: string, target: string, values: OptionValues) => PortSpec;
}

const maxQueues = 8;
/** TEST_XDP_MAX_BATCH of the kernel. */
const mostLiveBatch = 256;
const minSize = 4;
const maxSize = 32_768;

const queuesOption: PortOption = {
  name: "queues",
  default: "1",
  accepted: `1 to ${maxQueues}`,
  meaning: "queue pairs",
};

const sizeOption: PortOption = {
  name: "size",
  default: "1024",
  accepted: `${minSize} to ${maxSize}, a power of two unless ring=packed`,
  meaning: "descriptors per ring",
};

const onOff = (name: string, byDefault: "on" | "off", meaning: string): PortOption => ({
  name,
  default: byDefault,
  accepted: "on or off",
  meaning,
});

const wordsOr = (words: readonly string[]): string => `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;

/** For ports on interfaces. */
const netnsOption: PortOption = {
  name: "netns",
  default: "",
  accepted: "a name of `ip netns`, or the path of a namespace",
  meaning: "network namespace that the interface is in; without, that of this process",
};

/** Of ports behind a library that has one. */
const oneQueueOption: PortOption = { ...queuesOption, accepted: "1" };
const bridgeSizeOption: PortOption = {
  ...sizeOption,
  accepted: `${minSize} to ${maxSize}, a power of two`,
  meaning: "frames between the loop and the library, each way",
};

/** One entry a kind: the parser, its errors and `pktgen-ts ports` read them. */
export const portKinds: readonly PortKind[] = [
  {
    name: "virtio-user",
    target: "PATH",
    targetMeaning: "the path of the socket",
    read: (text, target, values) => vhostUserSpec(text, "virtio-user", target, values),
    summary: "driver side of a vhost-user socket, as DPDK's virtio_user is; the peer is a vhost device (net_vhost)",
    options: [
      onOff("server", "off", "listen on the socket instead of connecting to it"),
      queuesOption,
      {
        name: "ring",
        default: "auto",
        accepted: "auto, split or packed",
        meaning: "virtqueue format; auto: packed where the peer offers it",
      },
      sizeOption,
      onOff("mrg_rxbuf", "off", "let the device spread a frame over several of our buffers (MRG_RXBUF)"),
      onOff(
        "in_order",
        "on",
        "let the device use buffers in order and say so in batches (IN_ORDER), where it offers that",
      ),
    ],
  },
  {
    name: "vhost",
    target: "PATH",
    targetMeaning: "the path of the socket",
    read: (text, target, values) => vhostUserSpec(text, "vhost", target, values),
    summary:
      "device side of a vhost-user socket, as DPDK's net_vhost is; the peer is a driver (virtio_user, a virtual machine)",
    options: [
      onOff("server", "on", "listen on the socket instead of connecting to it"),
      queuesOption,
      {
        name: "ring",
        default: "auto",
        accepted: "auto, split or packed",
        meaning: "virtqueue formats to offer; split: not the packed one",
      },
      { ...sizeOption, meaning: "for symmetry only: the driver decides how many descriptors its rings have" },
      onOff("mrg_rxbuf", "off", "offer to spread a frame over several of the driver's buffers (MRG_RXBUF)"),
      onOff("in_order", "off", "offer to use buffers strictly in order (IN_ORDER)"),
    ],
  },
  {
    name: "packet",
    target: "IFACE",
    targetMeaning: "the name of the interface",
    read: packetSpec,
    summary: "a network interface, through packet sockets with mapped rings (AF_PACKET); needs CAP_NET_RAW",
    options: [
      netnsOption,
      queuesOption,
      {
        ...sizeOption,
        default: "4096",
        accepted: `${minSize} to ${maxSize}`,
        meaning: "slots of each ring to receive, at the least",
      },
      { name: "tx_size", default: "256", accepted: `${minSize} to ${maxSize}`, meaning: "slots of each ring to send" },
      {
        name: "qdisc",
        default: "bypass",
        accepted: "bypass or on",
        meaning: "go past the interface's queueing discipline, or through it",
      },
      {
        name: "fanout",
        default: "hash",
        accepted: wordsOr(Object.keys(fanoutModes)),
        meaning: "how several queues share what comes in: by flow, in turn, by CPU, by the card's queue, at random",
      },
      {
        name: "timestamp",
        default: "off",
        accepted: "off, kernel or hardware",
        meaning: "whose clock says when a frame arrived; off: ours, when it is seen",
      },
    ],
  },
  {
    name: "xdp",
    target: "IFACE",
    targetMeaning: "the name of the interface",
    read: xdpSpec,
    summary:
      "a network interface, through AF_XDP sockets and a program before its network stack; needs CAP_NET_RAW, CAP_NET_ADMIN, CAP_BPF",
    options: [
      netnsOption,
      { ...queuesOption, meaning: "queues of the interface, from 0 on; what comes in on others goes to the kernel" },
      {
        ...sizeOption,
        default: "4096",
        accepted: `${minSize} to ${maxSize}, a power of two`,
        meaning: "frames of each ring",
      },
      {
        name: "mode",
        default: "auto",
        accepted: "auto, zerocopy, copy or skb",
        meaning:
          "auto: the driver's own XDP, without copying where it can; zerocopy: not else; copy: copying; skb: the kernel's generic XDP",
      },
      {
        name: "tx",
        default: "ring",
        accepted: "ring or live",
        meaning: "live: the kernel makes the frames to send, faster on veth; one flow of one size",
      },
      {
        name: "batch",
        default: "64",
        accepted: "1 to 256",
        meaning: "tx=live: frames handed to the interface at once; a veth's other end holds 256",
      },
    ],
  },
  {
    name: "null",
    target: "",
    summary: "nobody: takes everything at once and brings nothing; shows what the generator alone can do",
    options: [queuesOption, { ...sizeOption, accepted: `${minSize} to ${maxSize}, a power of two` }],
    read: (text, _, values) => ({
      text,
      kind: "null",
      queues: values.integer("queues", 1, maxQueues),
      size: values.size(false),
    }),
  },
  {
    name: "libpcap",
    target: "IFACE",
    targetMeaning: "the name of the interface",
    summary:
      "a network interface through libpcap, to cross-check: slow, only with the npm package cap installed, which ends the program where the interface goes down",
    options: [netnsOption, oneQueueOption, bridgeSizeOption],
    read: (text, target, values) => ({
      text,
      kind: "libpcap",
      name: checkInterfaceName(target, text),
      netns: values.text("netns"),
      queues: values.integer("queues", 1, 1),
      size: values.size(false),
    }),
  },
  {
    name: "raw",
    target: "",
    summary:
      "IPv4 packets through raw sockets, without Ethernet: slow, and only with the npm package raw-socket installed",
    options: [netnsOption, oneQueueOption, bridgeSizeOption],
    read: (text, _, values) => ({
      text,
      kind: "raw",
      netns: values.text("netns"),
      queues: values.integer("queues", 1, 1),
      size: values.size(false),
    }),
  },
  {
    name: "pcap",
    target: "FILE",
    targetMeaning: "the path of the capture",
    summary: "a capture file: what is sent is written to it (pcap, nanoseconds), or what it holds arrives, once",
    options: [
      {
        name: "open",
        default: "auto",
        accepted: "auto, read or write",
        meaning: "auto: write where the port only sends, read where it only receives",
      },
    ],
    read: (text, path, values) => ({
      text,
      kind: "pcap",
      path,
      open: values.oneOf("open", ["auto", "read", "write"]),
      queues: 1,
    }),
  },
  {
    name: "tap",
    target: "NAME",
    targetMeaning: "the name of the interface",
    summary:
      "a tap interface of this machine, made for the run: what is sent here the kernel receives on it, what the kernel sends on it arrives here",
    options: [
      queuesOption,
      {
        ...sizeOption,
        accepted: `${minSize} to ${maxSize}`,
        meaning: "frames that the kernel keeps for us (txqueuelen)",
      },
      {
        name: "io",
        default: "auto",
        accepted: "auto, io_uring or calls",
        meaning: "many frames a system call, or one each; auto: io_uring where it is allowed",
      },
      onOff("up", "on", "set the interface up"),
      onOff("persist", "off", "leave it when the run is over"),
      netnsOption,
    ],
    read: (text, target, values) => ({
      text,
      kind: "tap",
      name: tapName(target, text),
      queues: values.integer("queues", 1, maxQueues),
      size: values.size(true),
      io: values.oneOf("io", ["auto", "io_uring", "calls"]),
      persist: values.on("persist"),
      up: values.on("up"),
      netns: values.text("netns"),
    }),
  },
];

/** The kernel would put a number in the place of %d. */
function tapName(name: string, where: string): string {
  if (!name.includes("%")) return checkInterfaceName(name, where);
  throw usageError(`"${name}" has a % in it`, { where, accepted: "the interface's whole name" });
}

/** Splits at commas that no backslash precedes; `\,` stands for a comma. */
export function splitAtCommas(text: string): string[] {
  const parts = [""];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\" && text[i + 1] === ",") {
      parts[parts.length - 1] += ",";
      i++;
    } else if (text[i] === ",") {
      parts.push("");
    } else {
      parts[parts.length - 1] += text[i];
    }
  }
  return parts;
}

function parseKind(text: string): { kind: PortKind; rest: string } {
  const names = portKinds.map(({ name }) => name);
  const colon = text.indexOf(":");
  const name = colon < 0 ? text : text.slice(0, colon);
  const kind = portKinds.find((known) => known.name === name);
  if (kind === undefined) {
    throw usageError(`unknown port kind "${name}"`, {
      where: text,
      accepted: names.join(", "),
      ...(colon < 0 && /^[\w.-]{1,15}$/.test(name) ? { hint: `did you mean packet:${name}?` } : {}),
      ...didYouMean(name, names),
    });
  }
  if (colon < 0) {
    throw usageError("the colon after the port's kind is missing", {
      where: text,
      accepted: `${kind.name}:${kind.target}`,
    });
  }
  return { kind, rest: text.slice(colon + 1) };
}

/** Values by option name, defaults filled in. */
function parseOptions(text: string, kind: PortKind, parts: readonly string[]): Map<string, string> {
  const names = kind.options.map(({ name }) => name);
  const given = new Map<string, string>();
  for (const part of parts) {
    const equals = part.indexOf("=");
    const name = equals < 0 ? part : part.slice(0, equals);
    if (!names.includes(name)) {
      const what = `unknown option "${name}" of a ${kind.name} port`;
      throw usageError(what, { where: text, accepted: names.join(", "), ...didYouMean(name, names) });
    }
    if (equals < 0) throw badValue(text, kind, name, "has no value");
    if (given.has(name)) throw badValue(text, kind, name, "is given twice");
    given.set(name, part.slice(equals + 1));
  }
  return new Map(kind.options.map((option) => [option.name, given.get(option.name) ?? option.default]));
}

function badValue(text: string, kind: PortKind, name: string, what: string): ReturnType<typeof usageError> {
  const accepted = kind.options.find((option) => option.name === name)?.accepted;
  return usageError(`${name} ${what}`, accepted === undefined ? { where: text } : { where: text, accepted });
}

/** An option's value as the kind wants it, or a usage error that names the option. */
class OptionValues {
  readonly #text: string;
  readonly #kind: PortKind;
  readonly #values: ReadonlyMap<string, string>;

  constructor(text: string, kind: PortKind, values: ReadonlyMap<string, string>) {
    this.#text = text;
    this.#kind = kind;
    this.#values = values;
  }

  oneOf<const T extends string>(name: string, accepted: readonly T[]): T {
    const value = this.#values.get(name)!;
    const found = accepted.find((word) => word === value);
    if (found === undefined) throw badValue(this.#text, this.#kind, name, `is "${value}"`);
    return found;
  }

  on(name: string): boolean {
    return this.oneOf(name, ["on", "off"]) === "on";
  }

  integer(name: string, least: number, most: number): number {
    const value = this.#values.get(name)!;
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= least && number <= most)) throw badValue(this.#text, this.#kind, name, `is "${value}"`);
    return number;
  }

  /** null: not given. */
  text(name: string): string | null {
    const value = this.#values.get(name)!;
    return value === "" ? null : value;
  }

  /** `anySize`: a packed ring may have any. */
  size(anySize: boolean): number {
    const size = this.integer("size", minSize, maxSize);
    if (anySize || (size & (size - 1)) === 0) return size;
    throw badValue(this.#text, this.#kind, "size", `is ${size}, which is not a power of two`);
  }
}

function vhostUserSpec(text: string, kind: VhostUserPortSpec["kind"], path: string, values: OptionValues): PortSpec {
  const ring = values.oneOf("ring", ["auto", "split", "packed"]);
  return {
    text,
    kind,
    path,
    server: values.on("server"),
    queues: values.integer("queues", 1, maxQueues),
    ring,
    size: values.size(ring === "packed"),
    mergeable: values.on("mrg_rxbuf"),
    inOrder: values.on("in_order"),
  };
}

function packetSpec(text: string, name: string, values: OptionValues): PacketPortSpec {
  return {
    text,
    kind: "packet",
    name: checkInterfaceName(name, text),
    netns: values.text("netns"),
    queues: values.integer("queues", 1, maxQueues),
    size: values.integer("size", minSize, maxSize),
    txSize: values.integer("tx_size", minSize, maxSize),
    qdisc: values.oneOf("qdisc", ["bypass", "on"]),
    fanout: values.oneOf("fanout", Object.keys(fanoutModes) as FanoutMode[]),
    timestamp: values.oneOf("timestamp", ["off", "kernel", "hardware"]),
  };
}

function xdpSpec(text: string, name: string, values: OptionValues): XdpPortSpec {
  return {
    text,
    kind: "xdp",
    name: checkInterfaceName(name, text),
    netns: values.text("netns"),
    queues: values.integer("queues", 1, maxQueues),
    size: values.size(false),
    mode: values.oneOf("mode", ["auto", "zerocopy", "copy", "skb"]),
    tx: values.oneOf("tx", ["ring", "live"]),
    batch: values.integer("batch", 1, mostLiveBatch),
  };
}

/**
 * @throws PktgenError (2): unknown kind or option (with the nearest name), a value that is not accepted, no target.
 */
export function parsePortSpec(text: string): PortSpec {
  const { kind, rest } = parseKind(text);
  const [target, ...parts] = splitAtCommas(rest);
  if (target === "" && kind.target !== "") {
    throw usageError(`${kind.targetMeaning} is missing`, {
      where: text,
      accepted: `${kind.name}:${kind.target}[,option=value…]`,
    });
  }
  if (target !== "" && kind.target === "") {
    throw usageError(`a ${kind.name} port has no target, but "${target}" is given`, {
      where: text,
      accepted: `${kind.name}:`,
    });
  }
  const values = new OptionValues(text, kind, parseOptions(text, kind, parts));
  return kind.read(text, target!, values);
}
