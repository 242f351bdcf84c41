/**
 * What testpmd and EAL print when something is missing, each with a sentence for people: what is wrong and what to
 * do. Recognised in the whole output, since testpmd goes on to a prompt after most of these. Pure.
 */
import { environmentError, type PktgenError } from "../../errors.js";
import { plainText } from "./parse.js";

export interface FailureContext {
  /** "the host's testpmd", "the container's testpmd". */
  readonly who: string;
  /** The option or file that it was about. */
  readonly where: string;
}

interface Known {
  readonly pattern: RegExp;
  /** `detail`: the pattern's group that matched. */
  readonly what: (detail: string | undefined) => string;
  readonly hint: string;
  /** Printed by programs that nevertheless come to their prompt, ports and all, and then forward nothing. */
  readonly always?: true;
}

const setup = "npm run lab:setup";
/** Nothing can be said that the program did not say better. */
const ownWords = "it said";

const colon = (detail: string | undefined): string => (detail === undefined ? "" : `: ${detail.trim()}`);

/** The more telling ones first: one cause prints several of these. */
const known: readonly Known[] = [
  {
    pattern: /failed to run command \S+ No such file|executable file \S*\s*not found/,
    what: () => "dpdk-testpmd is not installed",
    hint: setup,
  },
  {
    pattern: /Cannot create lock on|Is another primary process running\?/,
    what: () => "the file prefix is in use by another DPDK program",
    hint: "end that program, or leave the prefix to pktgen-ts, which makes one of its own for each run",
  },
  {
    pattern: /Too many memory regions|vhost_user_set_memory_table\(\): Failed to set memory table/,
    what: () => "its memory lies in more than 8 files, and vhost-user shares at most 8 regions",
    hint: "add --single-file-segments, use 1 GB pages, or huge=off",
    always: true,
  },
  {
    pattern:
      /error while loading shared libraries: ([^:\s]+)|failed to parse device "([^"]+)"|no driver found for (\S+)/i,
    what: (detail) => `this DPDK lacks a driver (${detail}), and net_vhost and net_virtio_user are needed`,
    hint: `${setup} installs them (Debian: dpdk-dev)`,
  },
  {
    pattern: /Cannot get hugepage information|No mounted hugetlbfs|but no mounted hugetlbfs/i,
    what: () => "no free hugepages are mounted where it runs",
    hint: `${setup} reserves and mounts them; or do without: --dut testpmd,huge=off`,
  },
  {
    pattern: /Not enough memory available! Requested: (\d+ ?MB, available: \d+ ?MB)|cannot mmap more hugepages/i,
    what: (detail) => `the free hugepages are too few for it${detail === undefined ? "" : ` (requested ${detail})`}`,
    hint: `end what uses them, ${setup} reserves more; or do without: --dut testpmd,huge=off`,
  },
  {
    pattern: /lcore (\d+) unavailable|invalid core list|Invalid lcore/i,
    what: (detail) => `it may not use the CPUs it was given${detail === undefined ? "" : ` (no CPU ${detail})`}`,
    hint: "name others with --cores, or leave cores=own away",
  },
  {
    pattern: /failed to bind: ([^;\n]+)/i,
    what: (detail) => `it cannot make its socket${colon(detail)}`,
    hint: "remove what is at the socket's path, or choose another folder",
    always: true,
  },
  {
    pattern: /connect error, ([^\n]+)/i,
    what: (detail) => `it cannot connect to the other side's socket${colon(detail)}`,
    hint: "start the side that listens first, and mount its folder where this one runs",
  },
  {
    pattern: /Creation of mbuf pool for socket \S+ failed|Failed to create mbuf pool|Cannot init memory/i,
    what: () => "it has too little memory for its frame buffers",
    hint: "use smaller frames or fewer queues, or reserve more memory",
  },
  {
    pattern: /Fail: input [rt]xq \((\d+)\) can't be greater|Fail: nb_[rt]xq\((\d+)\) is greater/,
    what: (detail) => `a port has fewer than ${detail} queues`,
    hint: "give the device and testpmd the same number of queues",
  },
  {
    pattern: /unrecognized option '([^']+)'/,
    what: (detail) => `it does not know the option ${detail}`,
    hint: "this DPDK is too old or too new; see pktgen-ts doctor",
  },
  {
    pattern: /(?:open|mmap|mkdir|connect|bind)[^\n]*(?:Permission denied|Operation not permitted)/i,
    what: () => "it lacks a permission",
    hint: "run as root, or without hugepages and containers: --dut testpmd,huge=off,container=none",
  },
  {
    pattern: /Start ports failed|Fail to (?:configure|start) port (\d+)/,
    what: (detail) => `its port ${detail ?? ""} does not start`,
    hint: ownWords,
    always: true,
  },
  {
    pattern: /Invalid 'command line' arguments|Cannot init EAL|invalid parameters/i,
    what: () => "it refuses its arguments",
    hint: ownWords,
  },
];

/** The last lines with something in them, for a sentence. */
export function lastLines(output: string, count = 2): string {
  const lines = plainText(output)
    .split(/\n|testpmd> /)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("VHOST_CONFIG"));
  return lines.slice(-count).join(" / ");
}

/**
 * null: nothing in the output is known to be a failure. `running`: the program came to its prompt with all ports, and
 * only what spoils even that counts.
 */
export function recogniseFailure(output: string, context: FailureContext, running = false): PktgenError | null {
  const text = plainText(output);
  for (const { pattern, what, hint, always } of known) {
    const match = running && always !== true ? null : pattern.exec(text);
    if (match === null) continue;
    return environmentError(
      `${context.who} cannot be used: ${what(match.slice(1).find((group) => group !== undefined))}`,
      { where: context.where, hint: hint === ownWords ? `${ownWords}: ${lastLines(text)}` : hint },
    );
  }
  return null;
}
