/**
 * The hops of an external device, each with the counters that its user names: `NAME,rx=SOURCE,tx=SOURCE` and, if there
 * is one, `dropped=SOURCE`. A source may be a sum, joined by ` + `. The ledger's hops are made from these.
 */

import { PktgenError, usageError } from "../../errors.js";
import { splitAtCommas } from "../../option-list.js";
import type { HopCounters } from "../../stats/ledger.js";
import { sleepNs } from "../../sys/sleep.js";
import { type CounterSource, openCounterSource } from "./source.js";
import { mirroredSource, parseSource, type SourceSpec } from "./source-spec.js";

const roles = ["rx", "tx", "dropped"] as const;
type Role = (typeof roles)[number];

export type HopSpec = Readonly<Record<Role, readonly SourceSpec[]>> & { readonly name: string };

const standards = { rx: "rx_packets", tx: "tx_packets", dropped: "rx_dropped" } as const;
const accepted = "NAME,rx=SOURCE,tx=SOURCE[,dropped=SOURCE], e.g. bridge,rx=netdev:eth1,tx=netdev:eth2";

/** @throws PktgenError (2) */
export function parseHop(text: string, where: string): HopSpec {
  const [name = "", ...parts] = splitAtCommas(text);
  const bad = (what: string): PktgenError => usageError(what, { where: `${where} ${text}`, accepted });
  if (name === "" || name.includes("=")) throw bad("the hop's name is missing");
  const found: Record<Role, readonly SourceSpec[]> = { rx: [], tx: [], dropped: [] };
  for (const part of parts) {
    const equals = part.indexOf("=");
    const role = roles.find((each) => each === part.slice(0, Math.max(0, equals)));
    if (role === undefined) throw bad(`"${part}" is no counter of a hop`);
    if (found[role].length > 0) throw bad(`${role} is given twice`);
    found[role] = part
      .slice(equals + 1)
      .split(" + ")
      .map((source) => parseSource(source.trim(), `${where} ${name},${role}`, standards[role]));
  }
  const missing = (["rx", "tx"] as const).find((role) => found[role].length === 0);
  if (missing !== undefined) throw bad(`${missing} is missing`);
  return { name, ...found };
}

/** Hops in a frame's order. Names that occur twice are refused. */
export function parseHops(texts: readonly string[], where: string): HopSpec[] {
  const hops = texts.map((text) => parseHop(text, where));
  const twice = hops.find(({ name }, i) => hops.findIndex((other) => other.name === name) !== i);
  if (twice === undefined) return hops;
  throw usageError(`two hops are called ${twice.name}`, { where, accepted: "a name of its own for each hop" });
}

/**
 * The hops of the other direction through the same device, if all counters are the kernel's: an interface that received
 * now sends. null: they cannot be known.
 */
export function mirroredHops(hops: readonly HopSpec[]): HopSpec[] | null {
  const turned = hops.toReversed().map(({ name, rx, tx, dropped }) => {
    const all = { rx: tx.map(mirroredSource), tx: rx.map(mirroredSource), dropped: dropped.map(mirroredSource) };
    if (roles.some((role) => all[role].includes(null))) return null;
    return { name, ...(all as Record<Role, readonly SourceSpec[]>) };
  });
  return turned.includes(null) ? null : (turned as HopSpec[]);
}

/** Counters of all sources of a hop, in the order of `counterSourcesOf`. */
export type HopReading = readonly bigint[];

export const counterSourcesOf = (hop: HopSpec): readonly SourceSpec[] => roles.flatMap((role) => hop[role]);

/** The counters of one direction, opened once and read before and after each trial. */
export class HopReader implements Disposable {
  readonly #hops: readonly HopSpec[];
  readonly #sources: readonly CounterSource[][];

  constructor(hops: readonly HopSpec[], where: string) {
    this.#hops = hops;
    this.#sources = hops.map((hop) =>
      counterSourcesOf(hop).map((spec) => openCounterSource(spec, `${where} ${hop.name}`)),
    );
  }

  /**
   * Reads all counters, hop by hop. `patienceMs`: how long a program may take to show its counter; some show them only
   * when they have looked at their ports.
   * @throws PktgenError (3) that names the source that fails.
   */
  async read(patienceMs = 0): Promise<readonly HopReading[]> {
    const until = performance.now() + patienceMs;
    const readings: bigint[][] = [];
    for (const sources of this.#sources) {
      const values: bigint[] = [];
      for (const source of sources) values.push(await readUntil(source, until));
      readings.push(values);
    }
    return readings;
  }

  /** Differences of two readings. `faults` names counters that went backwards, `notes` those that passed 2^32. */
  between(
    before: readonly HopReading[],
    after: readonly HopReading[],
  ): { readonly hops: HopCounters[]; readonly faults: string[]; readonly notes: string[] } {
    const faults: string[] = [];
    const notes: string[] = [];
    const hops = this.#hops.map((hop, h): HopCounters => {
      let at = 0;
      const sum = (role: Role): number =>
        hop[role].reduce((total, { kind, text }) => {
          const [from, to] = [before[h]![at]!, after[h]![at]!];
          at++;
          const difference = counted(from, to, has32Bits[kind]);
          if (to < from && difference !== null) {
            notes.push(`the counter ${text} of ${hop.name} went from ${from} to ${to}: taken as having passed its end`);
          }
          if (difference === null) faults.push(`the counter ${text} of ${hop.name} went from ${from} back to ${to}`);
          return total + (difference ?? 0);
        }, 0);
      const [rx, tx, dropped] = [sum("rx"), sum("tx"), sum("dropped")];
      return { name: hop.name, rx, tx, dropped, duplicated: 0, inRing: 0, queues: [] };
    });
    return { hops, faults, notes };
  }

  [Symbol.dispose](): void {
    for (const source of this.#sources.flat()) source[Symbol.dispose]();
  }
}

const retryMs = 200;

/** What a program prints may change while it starts. A counter of an interface or a driver is there, or is not. */
async function readUntil(source: CounterSource, untilMs: number): Promise<bigint> {
  for (;;) {
    try {
      return await source.read();
    } catch (error) {
      const mayCome = source.spec.kind === "command" || source.spec.kind === "telemetry";
      if (!(error instanceof PktgenError) || !mayCome || performance.now() >= untilMs) throw error;
    }
    await sleepNs(retryMs * 1e6);
  }
}

/** Whether counters from there may have 32 bits only. The kernel's own and DPDK's have 64. */
const has32Bits: Readonly<Record<SourceSpec["kind"], boolean>> = {
  netdev: false,
  ethtool: true,
  telemetry: false,
  command: true,
};

/**
 * A counter of 64 bits (or of 32, if it may be one) that passed its end goes on from 0. It has counted less than half
 * of its range meanwhile. Any other counter that shrinks was reset: null.
 */
export function counted(from: bigint, to: bigint, may32Bits: boolean): number | null {
  if (to >= from) return Number(to - from);
  for (const bits of may32Bits ? [32n, 64n] : [64n]) {
    const range = 1n << bits;
    if (from < range && to + range - from < range / 2n) return Number(to + range - from);
  }
  return null;
}
