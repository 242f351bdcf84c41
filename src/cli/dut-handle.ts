/** A running embedded device, whole or in parts, as the command that keeps it running sees it. */

import type { EmbeddedOptions } from "../dut/embedded/options.js";
import type { HopCounters } from "../dut/index.js";
import { environmentError, type PktgenError } from "../errors.js";

export type DutKind = "both" | "host" | "container";

export interface DutSetup {
  /** Port specs of a part; none for both. */
  readonly ports: readonly string[];
  readonly options: EmbeddedOptions;
  readonly queues: number;
  readonly directory: string | undefined;
  readonly maxFrameBytes: number;
  /** Host, container; empty: the scheduler decides. */
  readonly cores: readonly number[];
  readonly busy: boolean;
}

export interface DutHandle extends AsyncDisposable {
  /** What to do with it, one line. */
  readonly introduction: string;
  /** Resolves with null after the time or the signal, else with why the device ended. */
  untilEnd(signal: AbortSignal, durationNs: number): Promise<PktgenError | null>;
  counters(): Promise<string>;
}

const watchEveryMs = 200;
const seed = 1;

/** Polls: a forwarder that fails does so once in its life, and nobody waits for it here. */
function untilEnd(failure: () => string | null, signal: AbortSignal, durationNs: number): Promise<PktgenError | null> {
  return new Promise((resolve) => {
    const end = (why: PktgenError | null): void => {
      clearInterval(watch);
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      resolve(why);
    };
    const stop = (): void => end(null);
    const watch = setInterval(() => {
      const why = failure();
      if (why !== null) end(environmentError(why));
    }, watchEveryMs);
    const timer = Number.isFinite(durationNs) ? setTimeout(stop, durationNs / 1e6) : undefined;
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
  });
}

/** `host> queue 0  rx 10,000  tx 10,000  dropped 0`, a line for each hop and queue. */
function counterLines(hops: readonly HopCounters[]): string {
  const lines = hops.flatMap(({ name, queues }) =>
    queues.map(({ queue, rxPackets, txPackets, dropped, duplicated }) => {
      const counts = { rx: rxPackets, tx: txPackets, dropped, ...(duplicated > 0 ? { duplicated } : {}) };
      const words = Object.entries(counts).map(([word, frames]) => `${word} ${frames.toLocaleString("en-US")}`);
      return `${name.padEnd(9)} queue ${queue}  ${words.join("  ")}\n`;
    }),
  );
  return lines.join("");
}

async function whole(setup: DutSetup): Promise<DutHandle> {
  const { startEmbeddedDut } = await import("../dut/index.js");
  const { queues, maxFrameBytes, busy, directory, cores } = setup;
  const [host, container = host] = cores;
  const dut = await startEmbeddedDut(setup.options, {
    queues,
    maxFrameBytes,
    busy,
    directory,
    cores: host === undefined || container === undefined ? undefined : { host, container },
  });
  await dut.resetForTrial(seed);
  return {
    introduction: `send to it with: pktgen-ts --dut external --tx ${dut.generatorPorts[0]}`,
    untilEnd: (signal, durationNs) => untilEnd(() => dut.alive(), signal, durationNs),
    counters: async () => counterLines((await dut.readHops()) ?? []),
    [Symbol.asyncDispose]: () => dut[Symbol.asyncDispose](),
  };
}

async function alone(part: "host" | "container", setup: DutSetup): Promise<DutHandle> {
  const { startEmbeddedPart } = await import("../dut/index.js");
  const { ports, options, maxFrameBytes, busy, cores } = setup;
  const { mode, faults } = options;
  const cpu = cores[0] ?? null;
  const running = await startEmbeddedPart({ part, ports, mode, faults, maxFrameBytes, seed, cpu, busy });
  return {
    introduction: `the ${part} part runs on ${ports.join(" and ")}, mode ${mode}`,
    untilEnd: (signal, durationNs) => untilEnd(() => running.failure(), signal, durationNs),
    counters: async () => counterLines(await running.hops()),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** Starts it. Rejects with a PktgenError; then nothing is left behind. */
export const dutHandle = (kind: DutKind, setup: DutSetup): Promise<DutHandle> =>
  kind === "both" ? whole(setup) : alone(kind, setup);
