/**
 * The embedded device under test: the plan's topology from our own parts.
 *
 *     generator ── gen.sock ── host part ── vhost-net ── container part
 *     virtio-user     vhost ⇄ vhost            virtio-user ↻
 *
 * Every hop has real sockets and real rings; only the programs are this project's. Faults are made in the container's
 * hop.
 */
import { join } from "node:path";
import type { FaultSpec, Injected } from "../../engine/forward/fault-spec.js";
import { reorderPatienceNs } from "../../engine/forward/index.js";
import { sleepNs } from "../../sys/sleep.js";
import { allowedCpus } from "../../sys/thread.js";
import type { DeviceHopCounters, Dut, DutFacts } from "../dut.js";
import { makePrivateDirectory, type PrivateDirectory } from "./directory.js";
import { type EmbeddedOptions, withRingSize } from "./options.js";
import { type EmbeddedPart, type EmbeddedPartOptions, startEmbeddedPart, startEmbeddedParts } from "./part.js";

export interface EmbeddedSetup {
  /** Queue pairs, 1 … 8. */
  readonly queues: number;
  /** The longest frame that will be sent, with FCS. */
  readonly maxFrameBytes: number;
  /** Forwarders never sleep. */
  readonly busy: boolean;
  /** CPUs for the two forwarders. Absent: the scheduler decides. */
  readonly cores?: { readonly host: number; readonly container: number } | undefined;
  /** Where the private directory for the sockets is made. Absent: where the system keeps temporary files. */
  readonly directory?: string | undefined;
  /** Called with the reason each time a port ends a peer's connection, or refuses it. */
  readonly onTrouble?: ((why: string) => void) | undefined;
}

/** How long the two parts may take to find each other. They need milliseconds. */
const connectTimeoutMs = 10_000;

/** Threads that sleep and share cores may take this long to notice a frame at each of three hops. */
const hopsSettleNs = 200_000_000;

/** How long frames of the trial before are waited for. A device that keeps some for ever does so by its faults. */
const emptyTimeoutMs = 2_000;

const isEmpty = ({ queues }: DeviceHopCounters): boolean =>
  queues.every(({ inside, waiting }) => inside === 0 && (waiting ?? 0) === 0);

/** How long after the last frame came every frame has left. */
function settleTime(faults: FaultSpec | null, setup: EmbeddedSetup): number {
  if (faults === null) return hopsSettleNs;
  const { service } = faults;
  const frameNs =
    service === null ? 0 : service.frameNs + service.byteNs * (setup.maxFrameBytes + service.overheadBytes);
  const queueNs = faults.queueFrames * frameNs * setup.queues;
  const reorderNs = faults.reorder === null ? 0 : reorderPatienceNs;
  return hopsSettleNs + queueNs + faults.delayNs + faults.freezeNs + reorderNs;
}

/**
 * With two forwarders and a generator on two CPUs, one forwarder shares the generator's CPU. The generator then cannot
 * keep a rate: its median latency was 1,000 times that with one thread for both forwarders.
 */
function threadsOf({ threads }: EmbeddedOptions, { cores }: EmbeddedSetup): 1 | 2 {
  if (threads !== null) return threads;
  if (cores !== undefined) return cores.host === cores.container ? 1 : 2;
  return allowedCpus().length < 3 ? 1 : 2;
}

/** A comma in a path is written `\,` in a port spec. */
const specPath = (directory: PrivateDirectory, name: string): string =>
  join(directory.path, name).replaceAll(",", "\\,");

class EmbeddedDut implements Dut {
  readonly kind = "embedded";
  readonly generatorPorts: readonly string[];
  readonly settleNs: number;
  readonly growthBytes: number;
  readonly pollers: number;
  readonly leavesGenerator: boolean;
  readonly #options: EmbeddedOptions;
  readonly #setup: EmbeddedSetup;
  #host: EmbeddedPart;
  #container: EmbeddedPart;
  readonly #directory: PrivateDirectory;

  constructor(options: EmbeddedOptions, setup: EmbeddedSetup, parts: Parts, generatorPort: string) {
    this.#options = options;
    this.#setup = setup;
    this.#host = parts.host;
    this.#container = parts.container;
    this.#directory = parts.directory;
    this.generatorPorts = [generatorPort];
    this.pollers = threadsOf(options, setup);
    this.leavesGenerator = setup.cores !== undefined;
    this.settleNs = settleTime(options.faults, setup);
    this.growthBytes = options.faults?.padBytes ?? 0;
  }

  describe(): DutFacts {
    return {
      kind: this.kind,
      version: null,
      topology: `generator > host (vhost, vhost) > container (virtio-user, ${this.#options.mode}) > host > generator`,
      queues: this.#host.queues,
      options: this.#options.given,
    };
  }

  async resetForTrial(seed: number): Promise<void> {
    await this.#untilEmpty();
    await this.#container.reset(seed);
  }

  async readHops(): Promise<readonly DeviceHopCounters[]> {
    const [forth, back] = await this.#host.hops();
    return [forth!, ...(await this.#container.hops()), back!];
  }

  injected(): Promise<Injected> {
    return this.#container.injected();
  }

  alive(): string | null {
    const failed = this.#host.failure() ?? this.#container.failure();
    if (failed !== null) return failed;
    const lost = this.#container.whyLost(0);
    return lost === null ? null : `the connection between the host's and the container's part ended: ${lost}`;
  }

  /**
   * A forwarder that has no CPU for longer than the settling time still has frames of the warm-up, or of the trial before,
   * which the hops would count in this one. Two looks: a frame may pass between the hops while they are read. A device
   * that makes frames of its own is never empty.
   */
  async #untilEmpty(): Promise<void> {
    if (this.#options.mode === "txonly") return;
    const deadline = performance.now() + emptyTimeoutMs;
    let before = "";
    while (performance.now() < deadline) {
      const hops = await this.readHops();
      const now = JSON.stringify(hops);
      if (now === before && hops.every(isEmpty)) return;
      before = now;
      await sleepNs(1e6);
    }
  }

  async restart(): Promise<void> {
    await this.#container[Symbol.asyncDispose]();
    await this.#host[Symbol.asyncDispose]();
    const { host, container } = await startParts(this.#options, this.#setup, this.#directory);
    this.#host = host;
    this.#container = container;
  }

  evidence(): readonly [] {
    return [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#container[Symbol.asyncDispose]();
      await this.#host[Symbol.asyncDispose]();
    } finally {
      this.#directory[Symbol.dispose]();
    }
  }
}

interface Parts {
  readonly host: EmbeddedPart;
  readonly container: EmbeddedPart;
  readonly directory: PrivateDirectory;
}

/** Starts both parts and waits until they are connected. The first failure undoes everything. */
async function startParts(options: EmbeddedOptions, setup: EmbeddedSetup, directory: PrivateDirectory): Promise<Parts> {
  const { busy, cores, onTrouble } = setup;
  const maxFrameBytes = setup.maxFrameBytes + (options.faults?.padBytes ?? 0);
  const shared = `queues=${setup.queues},ring=${options.ring}`;
  const generatorSide = specPath(directory, "gen.sock");
  const containerSide = specPath(directory, "vhost-net");
  const common = { maxFrameBytes, seed: 1 };
  const hostPart: EmbeddedPartOptions = {
    ...common,
    part: "host",
    // In order, a used descriptor stands for a whole burst: a quarter to a third less time per frame, measured.
    ports: [`vhost:${generatorSide},${shared},in_order=on`, `vhost:${containerSide},${shared},in_order=on`],
    mode: "io",
    faults: null,
  };
  const containerPart: EmbeddedPartOptions = {
    ...common,
    part: "container",
    ports: [`virtio-user:${containerSide},${shared},size=${options.size}`],
    mode: options.mode,
    faults: options.faults,
  };
  const parts: EmbeddedPart[] = [];
  try {
    if (threadsOf(options, setup) === 1) {
      parts.push(
        ...(await startEmbeddedParts([hostPart, containerPart], { cpu: cores?.host ?? null, busy, onTrouble })),
      );
    } else {
      parts.push(await startEmbeddedPart({ ...hostPart, cpu: cores?.host ?? null, busy, onTrouble }));
      parts.push(await startEmbeddedPart({ ...containerPart, cpu: cores?.container ?? null, busy, onTrouble }));
    }
    const [host, container] = parts as [EmbeddedPart, EmbeddedPart];
    await Promise.all([container.ready(connectTimeoutMs), host.ready(connectTimeoutMs, [1])]);
    return { host, container, directory };
  } catch (error) {
    for (const part of parts.toReversed()) await part[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Starts the embedded device. It listens for the generator on `generatorPorts[0]`.
 * @throws PktgenError (3): no directory, no memory, a path that is too long. Then nothing is left behind.
 */
export async function startEmbeddedDut(asked: EmbeddedOptions, setup: EmbeddedSetup): Promise<Dut> {
  const options = withRingSize(asked, "atMax");
  const directory = makePrivateDirectory(setup.directory);
  try {
    const parts = await startParts(options, setup, directory);
    const rings = `queues=${setup.queues},ring=${options.ring},size=${options.size}`;
    return new EmbeddedDut(options, setup, parts, `virtio-user:${specPath(directory, "gen.sock")},${rings}`);
  } catch (error) {
    directory[Symbol.dispose]();
    throw error;
  }
}
