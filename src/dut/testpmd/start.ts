/**
 * The test plan's device under test, of real testpmds: one on the host with two net_vhost ports, one in a container
 * (or a plain process) with a virtio-user port.
 *
 *     generator ── gen.sock ── host testpmd ── vhost-net ── container testpmd
 *     virtio-user      net_vhost1 ⇄ net_vhost0            virtio_user0 ↻
 */

import { environmentError, interruptedError, PktgenError } from "../../errors.js";
import { sleepNs } from "../../sys/sleep.js";
import { allowedCpus } from "../../sys/thread.js";
import type { DeviceHopCounters, Dut, DutEvidence, DutFacts, DutSample } from "../dut.js";
import { makePrivateDirectory, type PrivateDirectory } from "../embedded/directory.js";
import { findLauncher } from "./containers.js";
import {
  containerSocketName,
  describePair,
  generatorSocketName,
  type Hugepages,
  pairMemoryMib,
  planMac,
  type TestpmdPair,
  type TestpmdSide,
} from "./description.js";
import { checkGeneratorInterface } from "./generator-interface.js";
import { generatorDriver } from "./generator-port.js";
import { testpmdHops } from "./hops.js";
import { readHugepages } from "./hugepages.js";
import type { Launcher, Mount } from "./launcher.js";
import { layOutLcores } from "./lcores.js";
import { chooseMemory } from "./limitations.js";
import type { TestpmdOptions } from "./options.js";
import { parseForwardStats, parsePortSummary, parsePortXstats } from "./parse.js";
import { startTestpmd, type TestpmdProcess } from "./process.js";
import { TelemetryClient } from "./telemetry.js";

export interface TestpmdSetup {
  /** Queue pairs, 1 … 8. */
  readonly queues: number;
  /** The longest frame that will be sent, with FCS. */
  readonly maxFrameBytes: number;
  /** CPUs for the two sides' pollers; without, those that there are. */
  readonly cores?: { readonly host: number; readonly container: number } | undefined;
  /** Where the private directory for the sockets is made; default: the system's place for temporary files. */
  readonly directory?: string | undefined;
  /** A folder to use instead of a private one for this run. */
  readonly prefix?: string | undefined;
  /** Open an interface for the generator even though the machine lives by it. */
  readonly yesThisInterface?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** testpmd holds frames back nowhere: with a poller's time slice at each hop this is long. RFC 2544 §23 says 2 s. */
const hopsSettleNs = 500_000_000;
const linkTimeoutMs = 10_000;

export class TestpmdDut implements Dut {
  readonly kind = "testpmd";
  readonly generatorPorts: readonly string[];
  readonly settleNs = hopsSettleNs;
  readonly growthBytes = 0;
  readonly pollers = 2;
  readonly leavesGenerator: boolean;
  host: TestpmdProcess;
  container: TestpmdProcess;
  readonly #options: TestpmdOptions;
  readonly #queues: number;
  readonly #launcher: Launcher;
  readonly #directory: PrivateDirectory;
  /** It lives, but its counters could not be read. */
  #fault: string | null = null;
  #telemetry: TelemetryClient | null = null;
  readonly #startAgain: () => Promise<Parts>;
  /** Evidence of processes that a restart ended. */
  readonly #earlier: DutEvidence[] = [];

  constructor(
    parts: Parts,
    options: TestpmdOptions,
    queues: number,
    generatorPorts: readonly string[],
    startAgain: () => Promise<Parts>,
  ) {
    this.#startAgain = startAgain;
    this.leavesGenerator = parts.leavesGenerator;
    this.host = parts.host;
    this.container = parts.container;
    this.#launcher = parts.launcher;
    this.#directory = parts.directory;
    this.#options = options;
    this.#queues = queues;
    this.generatorPorts = generatorPorts;
  }

  describe(): DutFacts {
    const { host, container } = this;
    const inside = this.#launcher.kind === "none" ? "" : ` in ${this.#launcher.kind}`;
    const path = this.#options.ring === null ? "" : `, ${this.#options.ring}`;
    const other = container.version?.text === host.version?.text ? "" : ` (container ${container.version?.text})`;
    return {
      kind: this.kind,
      version: host.version === null ? null : `DPDK ${host.version.text}${other}`,
      topology: `generator > host (${generatorDriver(this.#options.port)}, net_vhost) > container (virtio_user${path}, ${this.#options.mode}${inside}) > host > generator`,
      queues: this.#queues,
      options: this.#options.given,
      launcher: this.#launcher.description,
      commands: [host.command, container.command],
    };
  }

  /** Counters are never cleared: only differences are used. */
  async resetForTrial(): Promise<void> {}

  async readHops(): Promise<readonly DeviceHopCounters[] | null> {
    if (this.alive() !== null) return null;
    try {
      const [host, container] = [await readSide(this.host), await readSide(this.container)];
      return testpmdHops(this.#queues, host, container);
    } catch (error) {
      if (!(error instanceof PktgenError)) throw error;
      this.#fault = error.message;
      return null;
    }
  }

  async injected(): Promise<null> {
    return null;
  }

  async sample(): Promise<DutSample | null> {
    const path = this.host.telemetryPath();
    if (path === null || this.alive() !== null) return null;
    try {
      this.#telemetry ??= await TelemetryClient.connect(path);
      const asked = performance.now();
      const stats = await this.#telemetry.stats(0);
      const atNs = ((asked + performance.now()) / 2) * 1e6;
      return stats === null ? null : { atNs, rxPackets: stats.rxPackets, txPackets: stats.txPackets };
    } catch (error) {
      // A sample that is missing spoils nothing; whether it lives is asked elsewhere.
      if (!(error instanceof PktgenError)) throw error;
      this.#telemetry?.[Symbol.dispose]();
      this.#telemetry = null;
      return null;
    }
  }

  alive(): string | null {
    return this.host.ended()?.sentence ?? this.container.ended()?.sentence ?? this.#fault;
  }

  /** A reset by software: both programs end and start again. */
  async restart(): Promise<void> {
    this.#earlier.push(...this.evidence().slice(this.#earlier.length));
    this.#telemetry?.[Symbol.dispose]();
    this.#telemetry = null;
    for (const side of [this.container, this.host]) await side[Symbol.asyncDispose]();
    const { host, container } = await this.#startAgain();
    this.host = host;
    this.container = container;
  }

  evidence(): DutEvidence[] {
    return [
      ...this.#earlier,
      { name: "host-testpmd", text: this.host.evidence() },
      { name: "container-testpmd", text: this.container.evidence() },
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#telemetry?.[Symbol.dispose]();
    // `stop` first: its sums belong into the evidence.
    for (const side of [this.container, this.host]) {
      if (side.ended() === null) await side.run("stop").catch(() => {});
    }
    await endParts([this.container, this.host], this.#directory);
  }
}

/** The one that connects first, the one that listens after it; then the folder of their sockets. */
async function endParts(processes: readonly TestpmdProcess[], directory: PrivateDirectory): Promise<void> {
  const ends = await Promise.allSettled(processes.map((process) => process[Symbol.asyncDispose]()));
  directory[Symbol.dispose]();
  const failed = ends.find((end) => end.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

async function readSide(side: TestpmdProcess): Promise<Parameters<typeof testpmdHops>[1]> {
  return {
    version: side.version,
    xstats: parsePortXstats(await side.run("show port xstats all")),
    forward: parseForwardStats(await side.run("show fwd stats all")),
  };
}

interface Parts {
  readonly host: TestpmdProcess;
  readonly container: TestpmdProcess;
  readonly launcher: Launcher;
  readonly directory: PrivateDirectory;
  readonly leavesGenerator: boolean;
}

let started = 0;

/** Where a container sees the hugepages, as the plan mounts them. */
const hugepagesInside = "/dev/hugepages";

interface PairMemory {
  readonly hugepages: Readonly<Record<TestpmdSide, Hugepages>>;
  /** null: none are used. */
  readonly mount: string | null;
}

/** @throws PktgenError (3): hugepages are asked for, and this user may write to none. */
function memoryOf(options: TestpmdOptions, memoryMib: number, inContainer: boolean): PairMemory {
  // Both programs take theirs from the same pages.
  const memory = chooseMemory(options.huge, readHugepages(), 2 * memoryMib);
  if (memory === null) {
    throw environmentError("no hugepages are mounted that this user may write to", {
      where: "--dut testpmd,huge=on",
      hint: "sudo npm run lab:setup reserves and mounts them; or do without: huge=off",
    });
  }
  if (!memory.huge) return { hugepages: { host: { kind: "off" }, container: { kind: "off" } }, mount: null };
  const { mount, singleFileSegments } = memory;
  const on = (directory: string): Hugepages => ({ kind: "on", directory, singleFileSegments });
  return { hugepages: { host: on(mount), container: on(inContainer ? hugepagesInside : mount) }, mount };
}

interface Described {
  readonly pair: TestpmdPair;
  readonly hugepageMount: string | null;
  /** On which the host listens. */
  readonly socketNames: readonly string[];
  readonly leavesGenerator: boolean;
}

function describe(options: TestpmdOptions, setup: TestpmdSetup, directory: string, inContainer: boolean): Described {
  const { queues, maxFrameBytes } = setup;
  if (directory.includes(",")) {
    throw environmentError("DPDK takes no paths with a comma, and the folder for the sockets has one", {
      where: directory,
      hint: "set TMPDIR to another folder",
    });
  }
  const memory = memoryOf(options, pairMemoryMib(queues, options.size, maxFrameBytes), inContainer);
  const lcores = layOutLcores(allowedCpus(), queues, options.cores, setup.cores ?? null);
  const pair = describePair({
    program: options.program ?? "dpdk-testpmd",
    queues,
    maxFrameBytes,
    socketDirectory: directory,
    socketDirectoryInside: directory,
    prefix: setup.prefix ?? `pktgen-ts-${process.pid}-${++started}`,
    lcores,
    hugepages: memory.hugepages,
    queueSize: options.size,
    variant: options.ring,
    mode: options.mode,
    containerMac: planMac,
    generatorSide: options.port,
  });
  const socketNames =
    options.port.kind === "vhost" ? [generatorSocketName, containerSocketName] : [containerSocketName];
  // A path to a program of the host's means nothing in an image.
  const container = inContainer ? { ...pair.container, program: "dpdk-testpmd" } : pair.container;
  const { leavesGenerator } = lcores;
  return { pair: { ...pair, container }, hugepageMount: memory.mount, socketNames, leavesGenerator };
}

/** Starts both, in the order in which sockets have to exist; the first failure undoes everything. */
async function startParts(
  { pair, hugepageMount, socketNames, leavesGenerator }: Described,
  launcher: Launcher,
  directory: PrivateDirectory,
  signal: AbortSignal | undefined,
): Promise<Parts> {
  const path = directory.path;
  const mounts: Mount[] = [{ host: path, inside: path }];
  if (hugepageMount !== null) mounts.push({ host: hugepageMount, inside: hugepagesInside });
  const common = { mounts, runtimeDirectory: path, hugepageDirectory: hugepageMount };
  const running: TestpmdProcess[] = [];
  try {
    const sockets = socketNames.map((name) => `${path}/${name}`);
    const plain = await findLauncher("none");
    const host = await startTestpmd(
      pair.host,
      { ...common, launcher: plain, name: pair.host.filePrefix, sockets },
      signal,
    );
    running.push(host);
    const container = await startTestpmd(
      pair.container,
      { ...common, launcher, name: pair.container.filePrefix, sockets: [], version: host.version },
      signal,
    );
    running.push(container);
    for (const side of [host, container]) await startForwarding(side);
    await untilLinked(host, container, signal);
    return { host, container, launcher, directory, leavesGenerator };
  } catch (error) {
    await endParts(running.reverse(), directory);
    throw error;
  }
}

async function startForwarding(side: TestpmdProcess): Promise<void> {
  const answer = await side.run("start");
  if (!/packet forwarding - ports=/.test(answer)) {
    throw side.complaint() ?? environmentError(`${side.who} does not start to forward: ${answer.trim()}`);
  }
}

/** The host's second port comes up when the container's has set up its rings. */
async function untilLinked(host: TestpmdProcess, container: TestpmdProcess, signal?: AbortSignal): Promise<void> {
  const end = performance.now() + linkTimeoutMs;
  for (;;) {
    const ports = parsePortSummary(await host.run("show port summary all"));
    if (ports?.find(({ port }) => port === 1)?.linkUp) return;
    const complaint = container.complaint() ?? host.complaint();
    if (complaint !== null) throw complaint;
    if (signal?.aborted) throw interruptedError("interrupted while testpmd was starting");
    if (performance.now() > end) {
      const hint = "their words are in the evidence";
      throw environmentError("the container's testpmd did not connect to the host's", { hint });
    }
    await sleepNs(50e6);
  }
}

/** A comma in a path is written `\,` in a port spec. */
const specPath = (path: string): string => path.replaceAll(",", "\\,");

/**
 * Starts both testpmds and their forwarding; they listen for the generator on `generatorPorts[0]`.
 * @throws PktgenError (3): what the environment lacks, in one sentence; (2): its interface is one that the machine
 * lives
 *   by. Then nothing is left behind.
 */
export async function startTestpmdDut(options: TestpmdOptions, setup: TestpmdSetup): Promise<TestpmdDut> {
  checkGeneratorInterface(options.port, setup.yesThisInterface === true);
  const launcher = await findLauncher(options.container, options.image === null ? {} : { image: options.image });
  const directory = makePrivateDirectory(setup.directory);
  let described: Described;
  try {
    described = describe(options, setup, directory.path, launcher.kind !== "none");
  } catch (error) {
    directory[Symbol.dispose]();
    throw error;
  }
  const inContainer = launcher.kind !== "none";
  const startAgain = (): Promise<Parts> =>
    startParts(describe(options, setup, directory.path, inContainer), launcher, directory, setup.signal);
  const parts = await startParts(described, launcher, directory, setup.signal);
  const ports = generatorPortsOf(options, setup, described.pair.generatorSocket);
  return new TestpmdDut(parts, options, setup.queues, ports, startAgain);
}

/** The generator's end of the host's first port. There is none if the generator has a separate port. */
function generatorPortsOf(options: TestpmdOptions, setup: TestpmdSetup, socket: string): string[] {
  if (options.port.kind === "tap") return [`packet:${options.port.interfaceName}`];
  if (options.port.kind !== "vhost") return [];
  const format = options.ring === null ? "auto" : options.ring.startsWith("packed") ? "packed" : "split";
  const rings = `queues=${setup.queues},ring=${format},size=${options.size}`;
  return [`virtio-user:${specPath(socket)},${rings}`];
}
