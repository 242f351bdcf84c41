/** The options of `run`: one line each. Their texts become a plan in `run-plan.ts`. */
import { usageError } from "../errors.js";
import type { ReportName } from "../report/index.js";
import { parseDurationOrForever, parseLineRate, parseRate, parseRatio, parseSizes } from "../units.js";
import { parseDut } from "./dut-option.js";
import { listenAddress } from "./listen-address.js";
import {
  anyText,
  flag,
  list,
  type Option,
  type OptionGroups,
  type OptionsOf,
  type OptionTable,
  option,
  optional,
  type Reader,
  type TextsOf,
  writtenFile,
} from "./option.js";
import { count, duration, macText, parseCores, parsePort, parseQueues, parseWorkers, runId } from "./option-values.js";
import { profileRootOption } from "./profile-option.js";
import { recordOptions } from "./record-options.js";
import { toleranceOptions } from "./tolerances.js";

/** A trial shorter than this settles before a thread that sleeps has woken. */
const leastSettleNs = 1e6;
const mostRepeats = 1_000;
const mostFlows = 2 ** 24;
/** Sequence numbers are unwrapped to 48 bits and more. */
const mostStartSequence = 2 ** 48 - 1;

const ipVersion: Reader<4 | 6> = (text, where) => {
  if (text === "4") return 4;
  if (text === "6") return 6;
  throw usageError(`"${text}" is no IP version`, { where, accepted: "4, 6" });
};

const trafficOptions = {
  sizes: option(
    "--sizes <list>",
    "frame sizes with FCS: 64,1518 | 64-1518:64 | imix | rfc2544 | plan (default: plan, 64 to 1518)",
    parseSizes,
    { shared: true },
  ),
  pinFlows: optional(
    "--pin-flows [queues]",
    "choose the flows' source ports so that a device's RSS puts flow f on queue f mod this (default: --queues); " +
      "assumed: Toeplitz with Microsoft's key over addresses and ports, 128 entries filled in turn",
    count(),
    { shared: true, plain: true, fields: ["pinQueues"] },
  ),
  flows: option(
    "--flows <n>",
    "different address and port pairs that frames go round in (default: 1)",
    count(1, mostFlows),
    { shared: true, plain: true, fields: ["flows", "srcPort"] },
  ),
  dstMac: option(
    "--dst-mac <mac>",
    "destination of frames, but of streams that set their own (default: 00:11:22:33:44:10)",
    macText,
    { shared: true, fields: ["dstMac"] },
  ),
  srcMac: option(
    "--src-mac <mac>",
    "source of frames, but of streams that set their own (default: 02:00:00:00:00:01)",
    macText,
    { shared: true, fields: ["srcMac"] },
  ),
  vlan: option("--vlan <id>", "with an 802.1Q tag, 0 to 4094", count(0, 4094), {
    shared: true,
    plain: true,
    fields: ["vlan"],
  }),
  ip: option("--ip <4|6>", "IP version (default: 4)", ipVersion, {
    shared: true,
    plain: true,
    fields: ["srcAddress", "dstAddress"],
  }),
  profile: option(
    "--profile <file>",
    "traffic from a profile instead of plain UDP; options given beside it override it, but for what its streams set",
    anyText,
    { shared: true },
  ),
  frame: option(
    "--frame <frame>",
    "repeats one frame as it is given, without FCS: hex:0200…, or a file (a capture, FILE#N for its Nth frame, hex, or bytes); " +
      "signed where it has room, else recognised and counted",
    anyText,
    { shared: true },
  ),
  set: list("--set <name=value>", "a parameter of the profile; may be repeated", { shared: true }),
  profileRoot: profileRootOption,
} as const satisfies OptionTable;

const placeOptions = {
  dut: option(
    "--dut <kind>",
    "embedded[,option=value…] (default: built in, nothing to install) | testpmd[,option=value…] | external; " +
      "their options: pktgen-ts run --help",
    parseDut,
  ),
  tx: option(
    "--tx <port>",
    "port to send on, for --dut external, e.g. virtio-user:/tmp/vhost0 (see pktgen-ts ports)",
    parsePort,
    { external: true },
  ),
  rx: option("--rx <port>", "port to receive on (default: the one of --tx)", parsePort, { external: true }),
  waitPeer: option(
    "--wait-peer <time>",
    "how long the peer of a port may take to connect and start its rings, or forever (default: 10s), e.g. 2m for a virtual machine that boots",
    parseDurationOrForever,
    { shared: true },
  ),
  yesThisInterface: flag(
    "--yes-this-interface",
    "send on an interface even though it carries the machine's default route or an SSH connection",
  ),
  ...recordOptions,
  bidirectional: flag(
    "--bidirectional",
    "both ways at once between --tx and --rx; each way has the whole --rate and --count",
  ),
  txAddress: option(
    "--tx-address <list>",
    "addresses that the sending port answers for (ARP, neighbour discovery, echo) and frames come from, " +
      "but of streams that set their own, e.g. 198.18.0.2/24,2001:2::2/64",
    anyText,
    { external: true },
  ),
  rxAddress: option(
    "--rx-address <list>",
    "the same of the receiving port; frames go there, e.g. 198.18.1.2/24",
    anyText,
    { external: true },
  ),
  gateway: option(
    "--gateway <list>",
    "router on the sending side, which frames are sent to, but of streams that set ethernet.dst, e.g. 198.18.0.1",
    anyText,
    { external: true },
  ),
  rxGateway: option(
    "--rx-gateway <list>",
    "router on the receiving side, for --bidirectional, e.g. 198.18.1.1",
    anyText,
    { external: true },
  ),
  hop: list(
    "--hop <hop>",
    "counters of a hop of the device, in the frame's order: NAME,rx=SOURCE,tx=SOURCE[,dropped=SOURCE] (below); repeatable",
    { external: true },
  ),
  reverseHop: list(
    "--reverse-hop <hop>",
    "the same for the way back (default: --hop turned round, where all are netdev:)",
    { external: true },
  ),
  queues: option("--queues <n>", "queue pairs, 1 to 8 (default: 1)", parseQueues, { shared: true }),
  workers: option(
    "--workers <n|auto>",
    "threads of the generator, each with its part of the queues; as many queues where --queues is not given (default: 1); " +
      "auto: one for each CPU that the device leaves",
    parseWorkers,
  ),
  lineRate: option(
    "--line-rate <rate>",
    "speed to take percentages of and to judge by, and what a search sends at most to an external device (else as fast as its " +
      "port takes frames, for 1s of each size), e.g. 10Gbps; virtual ports have none",
    parseLineRate,
    { shared: true },
  ),
} as const satisfies OptionTable;

const loadOptions = {
  rate: option(
    "--rate <rate>",
    "total: max | 1Mpps | 2.5Gbps (layer 2) | 2.5Gbps-l1 | 50% (of --line-rate)",
    parseRate,
    { shared: true, decided: true },
  ),
  duration: option("--duration <time>", "for each size, e.g. 10s, or forever (until Ctrl-C)", parseDurationOrForever, {
    shared: true,
    decided: true,
  }),
  count: option("--count <n>", "exactly so many frames for each size instead, e.g. 1000000 or 1M", count(), {
    shared: true,
    decided: true,
  }),
  warmup: option(
    "--warmup <time>",
    "the generator's own code runs so long before the first trial, and nothing is sent; through the built-in device, " +
      "which is warmed up with it, at max and at 50kpps (default: 750ms)",
    duration(0),
  ),
  settle: option(
    "--settle <time>",
    "a trial ends when nothing arrived for so long (default: short on the built-in lab, else 2s)",
    duration(leastSettleNs),
  ),
  repeat: option(
    "--repeat <n>",
    "trials of each kind; minimum, median and maximum are shown (default: 1)",
    count(1, mostRepeats),
    { shared: true, decided: true },
  ),
  seed: option("--seed <n>", "everything random follows from it (default: 1)", count(0), { shared: true }),
  runId: option(
    "--run-id <n>",
    "what frames say which run they are of by, 0 to 16777215 (default: by chance; result: runId)",
    runId,
    { shared: true },
  ),
  startSequence: option(
    "--start-sequence <n>",
    "number of the first frame, e.g. 4294967000 (default: 0)",
    count(0, mostStartSequence),
    { shared: true, decided: true },
  ),
  cores: option("--cores <list>", "CPUs for the polling threads, in order, e.g. 2,3,4-6", parseCores, { shared: true }),
  busy: flag("--busy", "poll without ever giving the CPU back", { shared: true }),
  integrity: flag("--integrity", "compare every payload byte, too"),
} as const satisfies OptionTable;

/** Thresholds and baselines. */
export const baselineOptions = {
  threshold: list(
    "--threshold <what...>",
    "what must be reached, e.g. 'NDR>=1Mpps' 'latency.p99@64<=50us' 'loss<=0.1%' 'outage<=50ms'",
  ),
  baseline: option(
    "--baseline <file>",
    "figures of earlier runs of this setup; what is worse beyond their noise fails",
    anyText,
  ),
  updateBaseline: flag("--update-baseline", "adds this run's figures to that file (made where it does not exist)"),
} as const satisfies OptionTable;

const passOptions = {
  loss: option(
    "--loss <ratio>",
    "tolerated loss, damaged frames among it, e.g. 0, 0.1% (default: 0 at a set rate; at max loss decides nothing)",
    parseRatio,
    { decided: true },
  ),
  ...toleranceOptions,
  minRate: option("--min-rate <rate>", "least forwarded rate that passes, e.g. 1Mpps", parseRate, { decided: true }),
  ...baselineOptions,
} as const satisfies OptionTable;

/** The compiler asks for one of each report, but for the table. */
export const reportFileOptions = {
  json: option(
    "--json <file>",
    "the whole result as one document; - for standard output, then without the table",
    writtenFile,
  ),
  csv: option("--csv <file>", "a line for each trial", writtenFile),
  streamsCsv: option(
    "--streams-csv <file>",
    "a line for each stream of each trial, of a profile with streams",
    writtenFile,
  ),
  junit: option("--junit <file>", "a test case for each trial", writtenFile),
  html: option("--html <file>", "one page with charts, for people; needs no network", writtenFile),
  markdown: option("--markdown <file>", "tables for a ticket or a wiki", writtenFile),
  openmetrics: option("--openmetrics <file>", "figures as OpenMetrics text, for Prometheus and its like", writtenFile),
} as const satisfies Readonly<Record<Exclude<ReportName, "table">, Option<string, string>>>;

export const reportOptions = {
  ...reportFileOptions,
  ndjson: flag("--ndjson", "a line of JSON for each interval and trial on standard output, instead of the table"),
  live: flag(
    "--live",
    "the run redrawn in place on the terminal: path, rates, trials, worst streams; keys: p pauses, + and - change the rate, q stops",
  ),
  ui: optional(
    "--ui [address]",
    "a page with the run while it goes on (default: a free port of 127.0.0.1); beyond this machine with a token",
    listenAddress,
  ),
  verbose: flag("--verbose", "progress as lines of text where standard error is no terminal"),
} as const satisfies OptionTable;

export const runOptions = {
  ...trafficOptions,
  ...placeOptions,
  ...loadOptions,
  ...passOptions,
  ...reportOptions,
} as const satisfies OptionTable;

/** What was given of them, as text. Absent: not given. */
export type RunOptions = TextsOf<typeof runOptions>;

/** The same, read. */
export type RunValues = OptionsOf<typeof runOptions>;

type RunOption = readonly [key: keyof RunValues, option: Option<never, unknown>];

/** The first option that is such a one. */
export const findRunOption = (isOne: (option: Option<never, unknown>, key: keyof RunValues) => boolean) =>
  (Object.entries(runOptions) as unknown as RunOption[]).find(([key, each]) => isOne(each, key))?.[1];

/** The headings of help. */
export const runGroups = {
  "What is sent": trafficOptions,
  "Where to": placeOptions,
  "How fast and how long": loadOptions,
  "What passes": passOptions,
  "Where results go": reportOptions,
} as const satisfies OptionGroups;
