/**
 * Where a counter of an external device can be read, with one entry for each kind. A source is `kind:what`. Several are
 * joined by ` + `:
 *
 *     netdev:IFACE[@NETNS][:COUNTER]      the kernel's interface statistics (rtnl_link_stats64)
 *     ethtool:IFACE[@NETNS]:COUNTER       the driver's, as ethtool -S shows them
 *     telemetry:PATH:PORT:COUNTER         DPDK's telemetry socket: ipackets, opackets, …, or an xstat's name
 *     command:/PATTERN/:COMMAND           the first group of the pattern in what a shell command prints
 */
import { type PktgenError, usageError } from "../../errors.js";
import { didYouMean } from "../../nearest.js";
import { checkInterfaceName } from "../../sys/net/interface-name.js";
import type { InterfaceStatistics } from "../../sys/net/netdev.js";

/** A counter's place, parsed and validated. It is plain data except for the pattern. */
export type SourceSpec =
  | {
      readonly kind: "netdev";
      readonly text: string;
      readonly name: string;
      readonly netns: string | null;
      readonly counter: NetdevCounter;
    }
  | {
      readonly kind: "ethtool";
      readonly text: string;
      readonly name: string;
      readonly netns: string | null;
      readonly counter: string;
    }
  | {
      readonly kind: "telemetry";
      readonly text: string;
      readonly path: string;
      readonly port: number;
      readonly counter: string;
    }
  | { readonly kind: "command"; readonly text: string; readonly pattern: RegExp; readonly command: string };

/** The kernel's names, and ours. */
export const netdevFields = {
  rx_packets: "rxPackets",
  tx_packets: "txPackets",
  rx_errors: "rxErrors",
  tx_errors: "txErrors",
  rx_dropped: "rxDropped",
  tx_dropped: "txDropped",
  rx_missed_errors: "rxMissed",
} as const satisfies Record<string, keyof InterfaceStatistics>;

export type NetdevCounter = keyof typeof netdevFields;
const netdevCounters = Object.keys(netdevFields) as NetdevCounter[];

const kinds = ["netdev", "ethtool", "telemetry", "command"] as const;

/** How each kind is written, for errors and help. */
export const sourceForms: Readonly<Record<SourceSpec["kind"], string>> = {
  netdev: "netdev:IFACE[@NETNS][:COUNTER], e.g. netdev:eth1:rx_packets",
  ethtool: "ethtool:IFACE[@NETNS]:COUNTER, e.g. ethtool:eth1:rx_good_packets",
  telemetry: "telemetry:PATH:PORT:COUNTER, e.g. telemetry:/run/dpdk/rte/dpdk_telemetry.v2:0:ipackets",
  command:
    "command:/PATTERN/:COMMAND with one group in the pattern, e.g. command:/rx=(\\d+)/:ovs-ofctl dump-ports br0 1",
};

/** `IFACE[@NETNS]` */
function interfaceOf(text: string, where: string): { readonly name: string; readonly netns: string | null } {
  const [name, netns = null, more] = text.split("@");
  if (more !== undefined || netns === "") {
    throw usageError(`"${text}" is no interface`, { where, accepted: "IFACE or IFACE@NETNS" });
  }
  return { name: checkInterfaceName(name!, where), netns };
}

/**
 * One source. `standard`: the counter of a netdev source that names none.
 * @throws PktgenError (2)
 */
export function parseSource(text: string, where: string, standard: NetdevCounter): SourceSpec {
  const colon = text.indexOf(":");
  const kind = kinds.find((each) => each === text.slice(0, Math.max(0, colon)));
  if (kind === undefined) {
    const word = colon < 0 ? text : text.slice(0, colon);
    const isName = colon < 0 && /^[\w.@-]+$/.test(word);
    throw usageError(`unknown source of a counter "${word}"`, {
      where,
      accepted: kinds.map((each) => `${each}:…`).join(", "),
      ...(isName ? { hint: `did you mean netdev:${word}?` } : {}),
      ...didYouMean(word, kinds),
    });
  }
  const rest = text.slice(colon + 1);
  const bad = (what: string): PktgenError => usageError(`${what} in "${text}"`, { where, accepted: sourceForms[kind] });
  switch (kind) {
    case "netdev": {
      const [target, counter = standard, more] = rest.split(":");
      if (more !== undefined) throw bad("too many colons");
      const known = netdevCounters.find((each) => each === counter);
      if (known === undefined) {
        const hint = didYouMean(counter, netdevCounters);
        throw usageError(`the kernel has no interface counter "${counter}"`, {
          where,
          accepted: netdevCounters.join(", "),
          ...hint,
        });
      }
      return { kind, text, ...interfaceOf(target!, where), counter: known };
    }
    case "ethtool": {
      const at = rest.indexOf(":");
      if (at < 0 || at === rest.length - 1) throw bad("no counter");
      return { kind, text, ...interfaceOf(rest.slice(0, at), where), counter: rest.slice(at + 1) };
    }
    case "telemetry": {
      const match = /^(.+):(\d{1,5}):([^:]+)$/.exec(rest);
      if (match === null) throw bad("no path, port and counter");
      return { kind, text, path: match[1]!, port: Number(match[2]), counter: match[3]! };
    }
    case "command": {
      const match = /^\/(.+?[^\\]|[^\\])\/:(.+)$/s.exec(rest);
      if (match === null) throw bad("no pattern and command");
      return { kind, text, pattern: patternOf(match[1]!, where), command: match[2]! };
    }
  }
}

function patternOf(text: string, where: string): RegExp {
  let pattern: RegExp;
  try {
    pattern = new RegExp(text, "m");
  } catch (cause) {
    throw usageError(`the pattern /${text}/ is no regular expression`, { where, accepted: sourceForms.command, cause });
  }
  const groups = new RegExp(`${text}|`).exec("")!.length - 1;
  if (groups !== 1)
    throw usageError(`the pattern /${text}/ has ${groups} groups`, { where, accepted: "one, around the number" });
  return pattern;
}

/** The same counter of the other direction, if it is known. */
export function mirroredSource(spec: SourceSpec): SourceSpec | null {
  if (spec.kind !== "netdev" || spec.counter === "rx_missed_errors") return null;
  const counter = spec.counter.replace(/^[rt]x/, (side) => (side === "rx" ? "tx" : "rx")) as NetdevCounter;
  const text = `netdev:${spec.name}${spec.netns === null ? "" : `@${spec.netns}`}:${counter}`;
  return { ...spec, counter, text };
}
