/** `--workers`: how many threads the generator has, and which of the queues each gets. Pure, but for the CPUs. */
import { usageError } from "../errors.js";
import type { DutChoice } from "../measure/plan.js";
import type { PortSpec } from "../port/kinds.js";
import type { TrafficSpec } from "../stream/spec/traffic.js";
import { allowedCores } from "./allowed-cores.js";
import type { AskedDut } from "./dut-option.js";
import { maxQueues } from "./option-values.js";
import type { RunValues } from "./run-options.js";

const where = "--workers";

/** Threads that poll beside the generator's. */
function pollersOf(dut: AskedDut | undefined, cpus: number): number {
  if (dut?.kind === "external") return 1;
  if (dut?.kind === "testpmd") return 2;
  return dut?.options.threads ?? (cpus < 3 ? 1 : 2);
}

const ownQueues = (port: PortSpec | undefined): number | undefined =>
  port !== undefined && /,queues=/.test(port.text) ? port.queues : undefined;

/** Queues that the user chose: by option, or of the ports. */
function chosenQueues({ queues, tx, rx }: RunValues): number | undefined {
  if (queues !== undefined) return queues;
  const ofPorts = [ownQueues(tx), ownQueues(rx)].filter((count) => count !== undefined);
  return ofPorts.length === 0 ? undefined : Math.min(...ofPorts);
}

const divisorsOf = (queues: number): number[] =>
  Array.from({ length: queues }, (_, i) => i + 1).filter((workers) => queues % workers === 0);

/** A CPU for each, but for those of other pollers. */
function autoWorkers(given: RunValues): number {
  const cpus = given.cores?.length ?? allowedCores().length;
  const free = Math.min(maxQueues, Math.max(1, cpus - pollersOf(given.dut, cpus)));
  return divisorsOf(chosenQueues(given) ?? free).findLast((workers) => workers <= free) ?? 1;
}

/** The options with a number of workers, and of queues: where nobody chose them, each worker has one. */
export function withWorkers(given: RunValues): RunValues {
  if (given.workers === undefined) return given;
  const asked = given.workers === "auto" ? autoWorkers(given) : given.workers;
  return { ...given, workers: asked, queues: chosenQueues(given) ?? asked };
}

/** Threads of a session: at most one for each port. auto: a CPU for each, but for one that all else of the machine has. */
export function sessionWorkers(asked: number | "auto", ports: number): number {
  const most = asked === "auto" ? allowedCores().length - 1 : asked;
  return Math.max(1, Math.min(most, ports));
}

/** Over a fleet all agents have as many. @throws PktgenError (2) */
export function refuseAutoOfFleet(workers: string | undefined): void {
  if (workers !== "auto") return;
  const accepted = "a number, which each agent has";
  throw usageError("how many CPUs each agent has is not known here", { where: `${where} auto`, accepted });
}

/**
 * The threads of a plan; undefined: one. `asked`: by options that withWorkers has read.
 * @throws PktgenError (2): what several threads cannot do.
 */
export function plannedWorkers(
  given: RunValues,
  dut: DutChoice,
  queues: number,
  stream: TrafficSpec,
): number | undefined {
  const { workers = 1 } = given;
  if (workers === "auto" || workers === 1) return undefined;
  const program = stream.streams.find((each) => each.program !== null);
  const live = dut.kind === "external" && [dut.tx, dut.rx].some((port) => port?.kind === "xdp" && port.tx === "live");
  const what = program === undefined ? (live ? "tx=live" : null) : `the program of stream "${program.name}"`;
  if (what !== null) {
    throw usageError(`${what} needs a generator of one thread`, { where: `${where} ${workers}`, accepted: "1" });
  }
  if (queues % workers === 0) return workers;
  throw usageError(`${queues} ${queues === 1 ? "queue" : "queues"} cannot be dealt evenly to ${workers} threads`, {
    where: `${where} ${workers}`,
    accepted: divisorsOf(queues).join(", "),
    hint: `or --queues ${workers}`,
  });
}
