/** The options of `run`, declared once: names, help, groups. Their values stay text here; `run-plan.ts` reads them. */
import { type Command, Option } from "commander";
import { baselineRows } from "./baseline-rows.js";
import { profileRootHelp, type Row } from "./option-rows.js";
import { type RecordOptions, recordRows } from "./record-options.js";
import { toleranceRows } from "./tolerances.js";

/** As commander hands them over. Absent: not given. */
export interface RunOptions extends RecordOptions {
  readonly sizes?: string;
  readonly flows?: string;
  readonly pinFlows?: string | true;
  readonly dstMac?: string;
  readonly srcMac?: string;
  readonly vlan?: string;
  readonly ip?: string;
  readonly profile?: string;
  readonly set?: readonly string[];
  readonly profileRoot?: string;
  readonly dut?: string;
  readonly tx?: string;
  readonly rx?: string;
  readonly waitPeer?: string;
  readonly bidirectional?: boolean;
  readonly yesThisInterface?: boolean;
  readonly txAddress?: string;
  readonly rxAddress?: string;
  readonly gateway?: string;
  readonly rxGateway?: string;
  readonly hop?: readonly string[];
  readonly reverseHop?: readonly string[];
  readonly queues?: string;
  readonly lineRate?: string;
  readonly rate?: string;
  readonly duration?: string;
  readonly count?: string;
  readonly warmup?: string;
  readonly settle?: string;
  readonly repeat?: string;
  readonly seed?: string;
  readonly runId?: string;
  readonly startSequence?: string;
  readonly cores?: string;
  readonly busy?: boolean;
  readonly integrity?: boolean;
  readonly loss?: string;
  readonly rateTolerance?: string;
  readonly lateTolerance?: string;
  readonly minRate?: string;
  readonly json?: string;
  readonly csv?: string;
  readonly streamsCsv?: string;
  readonly junit?: string;
  readonly html?: string;
  readonly markdown?: string;
  readonly openmetrics?: string;
  readonly ndjson?: boolean;
  readonly verbose?: boolean;
}

/** Heading → its options. Every heading ends in `(run):`, which is how the main help finds them. */
const groups: Readonly<Record<string, readonly Row[]>> = {
  "What is sent": [
    [
      "--sizes <list>",
      "frame sizes with FCS: 64,1518 | 64-1518:64 | imix | rfc2544 | plan (default: plan, 64 to 1518)",
    ],
    [
      "--pin-flows [queues]",
      "choose the flows' source ports so that a device's RSS puts flow f on queue f mod this (default: --queues); " +
        "assumed: Toeplitz with Microsoft's key over addresses and ports, 128 entries filled in turn",
    ],
    ["--flows <n>", "different address and port pairs that frames go round in (default: 1)"],
    ["--dst-mac <mac>", "destination of frames, but of streams that set their own (default: 00:11:22:33:44:10)"],
    ["--src-mac <mac>", "source of frames, but of streams that set their own (default: 02:00:00:00:00:01)"],
    ["--vlan <id>", "with an 802.1Q tag, 0 to 4094"],
    ["--ip <4|6>", "IP version (default: 4)"],
    [
      "--profile <file>",
      "traffic from a profile instead of plain UDP; options given beside it override it, but for what its streams set",
    ],
    ["--set <name=value>", "a parameter of the profile; may be repeated", true],
    ["--profile-root <folder>", profileRootHelp],
  ],
  "Where to": [
    [
      "--dut <kind>",
      "embedded[,option=value…] (default: built in, nothing to install) | testpmd[,option=value…] | external; " +
        "their options: pktgen-ts run --help",
    ],
    ["--tx <port>", "port to send on, for --dut external, e.g. virtio-user:/tmp/vhost0 (see pktgen-ts ports)"],
    ["--rx <port>", "port to receive on (default: the one of --tx)"],
    [
      "--wait-peer <time>",
      "how long the peer of a port may take to connect and start its rings, or forever (default: 10s), e.g. 2m for a virtual machine that boots",
    ],
    [
      "--yes-this-interface",
      "send on an interface even though it carries the machine's default route or an SSH connection",
    ],
    ...recordRows,
    ["--bidirectional", "both ways at once between --tx and --rx; each way has the whole --rate and --count"],
    [
      "--tx-address <list>",
      "addresses that the sending port answers for (ARP, neighbour discovery, echo) and frames come from, " +
        "but of streams that set their own, e.g. 198.18.0.2/24,2001:2::2/64",
    ],
    ["--rx-address <list>", "the same of the receiving port; frames go there, e.g. 198.18.1.2/24"],
    [
      "--gateway <list>",
      "router on the sending side, which frames are sent to, but of streams that set ethernet.dst, e.g. 198.18.0.1",
    ],
    ["--rx-gateway <list>", "router on the receiving side, for --bidirectional, e.g. 198.18.1.1"],
    [
      "--hop <hop>",
      "counters of a hop of the device, in the frame's order: NAME,rx=SOURCE,tx=SOURCE[,dropped=SOURCE] (below); repeatable",
      true,
    ],
    ["--reverse-hop <hop>", "the same for the way back (default: --hop turned round, where all are netdev:)", true],
    ["--queues <n>", "queue pairs, 1 to 8 (default: 1)"],
    [
      "--line-rate <rate>",
      "speed to take percentages of and to judge by, and what a search sends at most to an external device (else as fast as its " +
        "port takes frames, for 1s of each size), e.g. 10Gbps; virtual ports have none",
    ],
  ],
  "How fast and how long": [
    ["--rate <rate>", "total: max | 1Mpps | 2.5Gbps (layer 2) | 2.5Gbps-l1 | 50% (of --line-rate)"],
    ["--duration <time>", "for each size, e.g. 10s, or forever (until Ctrl-C)"],
    ["--count <n>", "exactly so many frames for each size instead, e.g. 1000000 or 1M"],
    [
      "--warmup <time>",
      "the generator's own code runs so long before the first trial, and nothing is sent; through the built-in device, " +
        "which is warmed up with it, at max and at 50kpps (default: 750ms)",
    ],
    ["--settle <time>", "a trial ends when nothing arrived for so long (default: short on the built-in lab, else 2s)"],
    ["--repeat <n>", "trials of each kind; minimum, median and maximum are shown (default: 1)"],
    ["--seed <n>", "everything random follows from it (default: 1)"],
    ["--run-id <n>", "what frames say which run they are of by, 0 to 16777215 (default: by chance; result: runId)"],
    ["--start-sequence <n>", "number of the first frame, e.g. 4294967000 (default: 0)"],
    ["--cores <list>", "CPUs for the polling threads, in order, e.g. 2,3,4-6"],
    ["--busy", "poll without ever giving the CPU back"],
    ["--integrity", "compare every payload byte, too"],
  ],
  "What passes": [
    [
      "--loss <ratio>",
      "tolerated loss, damaged frames among it, e.g. 0, 0.1% (default: 0 at a set rate; at max loss decides nothing)",
    ],
    ...toleranceRows,
    ["--min-rate <rate>", "least forwarded rate that passes, e.g. 1Mpps"],
    ...baselineRows,
  ],
  "Where results go": [
    ["--json <file>", "the whole result as one document; - for standard output, then without the table"],
    ["--csv <file>", "a line for each trial"],
    ["--streams-csv <file>", "a line for each stream of each trial, of a profile with streams"],
    ["--junit <file>", "a test case for each trial"],
    ["--html <file>", "one page with charts, for people; needs no network"],
    ["--markdown <file>", "tables for a ticket or a wiki"],
    ["--openmetrics <file>", "figures as OpenMetrics text, for Prometheus and its like"],
    ["--ndjson", "a line of JSON for each interval and trial on standard output, instead of the table"],
    ["--verbose", "progress as lines of text where standard error is no terminal"],
  ],
};

const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

function optionOf([flags, help, repeatable]: Row, heading: string): Option {
  const option = new Option(flags, help).helpGroup(heading);
  return repeatable === true ? option.argParser(collect) : option;
}

/** Those of a name (`--sizes`), for commands that share them, in the order of `run`. */
export function addRunOptionsNamed(command: Command, names: readonly string[]): void {
  for (const [heading, rows] of Object.entries(groups)) {
    for (const row of rows) {
      if (names.includes(row[0].split(" ")[0] ?? "")) command.addOption(optionOf(row, `${heading}:`));
    }
  }
}

/** Adds them to `run`. */
export function addRunOptions(command: Command): void {
  addRows(command, " (run)", []);
}

/** What a method shares with `run`: all but the options that it decides itself, by their long names. */
export function addSharedOptions(command: Command, without: readonly string[]): void {
  addRows(command, "", without);
}

function addRows(command: Command, of: string, without: readonly string[]): void {
  for (const [heading, rows] of Object.entries(groups)) {
    for (const row of rows) {
      if (!without.includes(row[0].split(" ")[0] ?? "")) command.addOption(optionOf(row, `${heading}${of}:`));
    }
  }
}
