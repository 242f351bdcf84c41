/** A running device, whole or in parts, as the command that keeps it running sees it. */
import type { EmbeddedOptions } from "../../dut/embedded/options.js";
import type { DeviceHopCounters } from "../../dut/index.js";
import type { TestpmdOptions } from "../../dut/testpmd/options.js";
import { environmentError, type PktgenError } from "../../errors.js";
import { sleepNs } from "../../sys/sleep.js";
import { formatCount } from "../../units.js";

export type DutKind = "both" | "host" | "container";

interface WholeSetup {
  readonly queues: number;
  readonly directory: string | undefined;
  readonly maxFrameBytes: number;
  /** Host, container; empty: the scheduler decides. */
  readonly cores: readonly number[];
}

export interface DutHandleSetup extends WholeSetup {
  /** Port specs of a part; none for both. */
  readonly ports: readonly string[];
  readonly options: EmbeddedOptions;
  readonly busy: boolean;
  /** A port ended a peer's connection, or refused it. */
  readonly onTrouble: (why: string) => void;
}

export interface TestpmdHandleSetup extends WholeSetup {
  readonly options: TestpmdOptions;
  readonly yesThisInterface: boolean;
  readonly signal: AbortSignal;
}

export interface DutHandle extends AsyncDisposable {
  /** What to do with it. */
  readonly introduction: string;
  /** Resolves with null after the time or the signal, else with why the device ended. */
  untilEnd(signal: AbortSignal, durationNs: number): Promise<PktgenError | null>;
  counters(): Promise<string>;
}

const watchEveryMs = 200;
const seed = 1;

/** Polls: a forwarder fails at most once, and only this looks for it. */
function untilEnd(failure: () => string | null, signal: AbortSignal, durationNs: number): Promise<PktgenError | null> {
  return new Promise((resolve) => {
    const end = (why: PktgenError | null): void => {
      clearInterval(watch);
      over.abort();
      signal.removeEventListener("abort", stop);
      resolve(why);
    };
    const stop = (): void => end(null);
    const watch = setInterval(() => {
      const why = failure();
      if (why !== null) end(environmentError(why));
    }, watchEveryMs);
    const over = new AbortController();
    sleepNs(durationNs, over.signal).then(stop, () => {});
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
  });
}

/** `host> queue 0  rx 10,000  tx 10,000  dropped 0`, a line for each hop and queue. */
function counterLines(hops: readonly DeviceHopCounters[]): string {
  const lines = hops.flatMap(({ name, queues }) =>
    queues.map(({ queue, rxPackets, txPackets, dropped, duplicated }) => {
      const counts = { rx: rxPackets, tx: txPackets, dropped, ...(duplicated > 0 ? { duplicated } : {}) };
      const words = Object.entries(counts).map(([word, frames]) => `${word} ${formatCount(frames)}`);
      return `${name.padEnd(9)} queue ${queue}  ${words.join("  ")}\n`;
    }),
  );
  return lines.join("");
}

const sendTo = (port: string | undefined): string => `send to it with: pktgen-ts --dut external --tx ${port}`;

const twoCores = ([host, container = host]: readonly number[]): { host: number; container: number } | undefined =>
  host === undefined || container === undefined ? undefined : { host, container };

async function whole(setup: DutHandleSetup): Promise<DutHandle> {
  const { startEmbeddedDut } = await import("../../dut/index.js");
  const { queues, maxFrameBytes, busy, directory, cores } = setup;
  const dut = await startEmbeddedDut(setup.options, {
    queues,
    maxFrameBytes,
    busy,
    directory,
    cores: twoCores(cores),
    onTrouble: setup.onTrouble,
  });
  await dut.resetForTrial(seed);
  return {
    introduction: sendTo(dut.generatorPorts[0]),
    untilEnd: (signal, durationNs) => untilEnd(() => dut.alive(), signal, durationNs),
    counters: async () => counterLines((await dut.readHops()) ?? []),
    [Symbol.asyncDispose]: () => dut[Symbol.asyncDispose](),
  };
}

async function alone(part: "host" | "container", setup: DutHandleSetup): Promise<DutHandle> {
  const { startEmbeddedPart } = await import("../../dut/index.js");
  const { ports, options, maxFrameBytes, busy, cores, onTrouble } = setup;
  const { mode, faults } = options;
  const cpu = cores[0] ?? null;
  const running = await startEmbeddedPart({ part, ports, mode, faults, maxFrameBytes, seed, cpu, busy, onTrouble });
  return {
    introduction: `the ${part} part runs on ${ports.join(" and ")}, mode ${mode}`,
    untilEnd: (signal, durationNs) => untilEnd(() => running.failure(), signal, durationNs),
    counters: async () => counterLines(await running.hops()),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** Starts it. Rejects with a PktgenError; then nothing is left behind. */
export const dutHandle = (kind: DutKind, setup: DutHandleSetup): Promise<DutHandle> =>
  kind === "both" ? whole(setup) : alone(kind, setup);

/** Real testpmds. Rejects with a PktgenError; then nothing is left behind. */
export async function testpmdHandle(setup: TestpmdHandleSetup): Promise<DutHandle> {
  const { startTestpmdDut } = await import("../../dut/index.js");
  const { queues, maxFrameBytes, directory, cores, signal, options, yesThisInterface } = setup;
  const dut = await startTestpmdDut(options, {
    queues,
    maxFrameBytes,
    directory,
    signal,
    yesThisInterface,
    cores: twoCores(cores),
  });
  const sides = [dut.host, dut.container];
  // testpmd's sums stay there when all peers have disconnected.
  const sums = sides.map((side) => async () => `${side.who}:\n${await side.run("show fwd stats all")}\n`);
  return {
    introduction: `${sides.map((side) => `${side.who}: ${side.command}\n`).join("")}${sendTo(dut.generatorPorts[0])}`,
    untilEnd: (until, durationNs) => untilEnd(() => dut.alive(), until, durationNs),
    counters: async () => (dut.alive() === null ? (await Promise.all(sums.map((sum) => sum()))).join("") : ""),
    [Symbol.asyncDispose]: () => dut[Symbol.asyncDispose](),
  };
}
