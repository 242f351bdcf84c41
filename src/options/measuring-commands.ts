/**
 * The methods as commands: what each takes beside the options of `run`, and its entry, which is loaded once it runs. The
 * command line and the server are made of them.
 */
import {
  burstOptions,
  latencyOptions,
  ndrOptions,
  promiseOptions,
  rfc2544Options,
  searchOptions,
  serviceOptions,
  soakOptions,
} from "./method-options.js";
import { type OptionGroups, onlyThose } from "./option.js";
import { type RunOptions, runGroups } from "./run-options.js";

export const methodCommands = {
  ndr: {
    name: "ndr",
    summary: "no-drop and partial-drop rates of each size, in one search (MLRsearch, RFC 9971)",
    options: { "What is looked for": ndrOptions, "How it is searched": searchOptions },
    takes: ["repeat"],
    entry: async () => (await import("./methods/ndr.js")).ndrEntry,
  },
  rfc2544: {
    name: "rfc2544",
    summary: "throughput, latency, frame loss rate, back-to-back frames, system recovery, reset (RFC 2544, 9004, 6201)",
    options: { "What is measured": rfc2544Options, "How throughput is searched": searchOptions },
    takes: [],
    entry: async () => (await import("./methods/rfc2544.js")).rfc2544Entry,
  },
  latency: {
    name: "latency",
    summary: "latency and delay variation of every frame, at 10, 50, 90 and 100 % of the no-drop rate",
    options: { "What is measured": latencyOptions, "How the no-drop rate is searched": searchOptions },
    takes: ["loss"],
    entry: async () => (await import("./methods/latency.js")).latencyEntry,
  },
  soak: {
    name: "soak",
    summary: "one load for hours: interval statistics, and each spell of loss with its time and length",
    options: { "How much, how long": soakOptions },
    takes: ["loss"],
    entry: async () => (await import("./methods/soak.js")).soakEntry(() => {}),
  },
  y1564: {
    name: "y1564",
    summary: "service activation: CIR in steps, EIR, policing and performance (ITU-T Y.1564)",
    options: { "The service": serviceOptions, "What it promises": promiseOptions },
    takes: [],
    entry: async () => (await import("./methods/y1564.js")).serviceEntry,
  },
  burst: {
    name: "burst",
    summary: "what the queues of a device absorb: bursts of growing length, or a ramp of load",
    options: { "Bursts and ramps": burstOptions },
    takes: [],
    entry: async () => (await import("./methods/burst.js")).burstEntry,
  },
} as const satisfies Readonly<Record<string, MethodCommandFacts>>;

/** What is known of a method's command before it runs. */
export interface MethodCommandFacts {
  readonly name: string;
  readonly summary: string;
  /** Its own options, by heading of its help. */
  readonly options: OptionGroups;
  /** Options of `run` that it takes although most methods decide them themselves. */
  readonly takes: readonly (keyof RunOptions)[];
  readonly entry: () => Promise<unknown>;
}

/** Its own options, and those of `run` that it does not decide itself. */
export const methodGroups = ({ options, takes }: Pick<MethodCommandFacts, "options" | "takes">): OptionGroups => ({
  ...options,
  ...onlyThose(runGroups, ({ decided }, key) => decided !== true || takes.includes(key as keyof RunOptions)),
});

/** A method as it was asked for: enough to go through its trials again. */
export interface AskedMethod {
  readonly name: string;
  /** Its own options, and those of `run` that it takes. */
  readonly texts: Readonly<Record<string, unknown>>;
}

export function askedMethod(
  { name, options, takes }: Pick<MethodCommandFacts, "name" | "options" | "takes">,
  given: object,
): AskedMethod {
  const own = new Set([
    ...Object.values(options).flatMap((table) => Object.keys(table)),
    ...takes,
    "sizes",
    "lineRate",
  ]);
  return { name, texts: Object.fromEntries(Object.entries(given).filter(([key]) => own.has(key))) };
}
