/**
 * What a run must reach, as text, in profiles and on the command line: `NDR>=1Mpps`, `PDR 0.5 %@64>=500kpps`, `latency
 * 50 %.p99<=50us`, `loss<=0.1%`, `outage<=50ms`,
 * `recovery<=1ms`. Without a size it holds for every size that has the figure.
 */
import { usageError } from "../errors.js";
import { parseDuration, parseRate, parseRatio } from "../units.js";

export interface ThresholdSpec {
  /** A figure's name without its size, `loss` or `outage`. */
  readonly what: string;
  /** null: every size. */
  readonly size: string | null;
  readonly at: "least" | "most";
  readonly value: number;
  /** As it was given. */
  readonly text: string;
  /** A profile serves several methods: what another one measures is not missed. */
  readonly fromProfile?: boolean;
}

const accepted = "e.g. 'NDR>=1Mpps', 'throughput@64>=500kpps', 'latency.p99<=50us', 'loss<=0.1%', 'outage<=50ms'";

export function parseThreshold(text: string, where: string): ThresholdSpec {
  const match = /^\s*([^<>=@]+?)\s*(?:@\s*([\w.-]+)\s*)?(>=|<=)\s*(\S+)\s*$/.exec(text);
  if (match === null) throw usageError(`"${text}" is no threshold`, { where, accepted });
  const [, what, size, sign, limit] = match;
  return { what, size: size ?? null, at: sign === ">=" ? "least" : "most", value: limitOf(what, limit, where), text };
}

function limitOf(what: string, limit: string, where: string): number {
  if (what === "loss") return parseRatio(limit, where);
  if (/\.p\d|^(back-to-back|recovery|reset|outage)/.test(what)) return parseDuration(limit, where, 0);
  const rate = parseRate(limit, where);
  if (rate.kind === "pps") return rate.pps;
  throw usageError(`"${limit}" is not in frames per second`, { where, accepted });
}

/** Which methods have a figure of that name; `run` is the default command. */
const measuredBy: readonly (readonly [name: RegExp, methods: readonly string[]])[] = [
  [/^outage$/, ["run", "soak", "latency", "y1564"]],
  [/^loss$/, ["run", "soak", "latency", "ndr", "rfc2544", "y1564", "burst"]],
  [/^NDR$/, ["ndr", "latency"]],
  [/^PDR [\d.]+ %$/, ["ndr"]],
  [/^throughput$|^(back-to-back|recovery|reset)$/, ["rfc2544"]],
  [/^latency\.p\d+$/, ["rfc2544"]],
  [/^latency [\d.]+ %( probe)?\.p\d+$/, ["latency"]],
  [/^rate(\.p\d+)?$|^forwarding\.p\d+$/, ["run"]],
  [/^soak\.p\d+$/, ["soak"]],
  [/^service: .+\.p\d+$/, ["y1564"]],
];

/** Empty: no method has it. */
export const methodsWith = (what: string): readonly string[] => measuredBy.find(([name]) => name.test(what))?.[1] ?? [];

/** As parseThreshold, for a profile. A name that no method has would never be judged, so it is refused. */
export function profileThreshold(text: string, where: string): ThresholdSpec {
  const spec = parseThreshold(text, where);
  if (methodsWith(spec.what).length > 0) return { ...spec, fromProfile: true };
  throw usageError(`nothing measures "${spec.what}"`, {
    where,
    accepted:
      "loss, outage, NDR, PDR 0.5 %, throughput, back-to-back, recovery, reset, rate, latency.p99, latency 50 %.p99, rate.p99",
  });
}

/** The profile's thresholds, except those that the command line replaces; then the command line's. */
export function mergedThresholds(
  ofProfile: readonly ThresholdSpec[],
  ofCommand: readonly ThresholdSpec[],
): readonly ThresholdSpec[] {
  const same = (a: ThresholdSpec, b: ThresholdSpec): boolean => a.what === b.what && a.size === b.size && a.at === b.at;
  return [...ofProfile.filter((spec) => !ofCommand.some((other) => same(spec, other))), ...ofCommand];
}
