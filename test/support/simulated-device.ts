/**
 * Devices with a known limit, for searches: no frames, no time, only what a trial at a load and duration would lose.
 * Counts are whole frames, as on a real one.
 */

import type { GoalResult, Search, SearchLoad, SearchOutcome } from "../../src/method/search/index.js";
import { type Random, seededRandom } from "../../src/random.js";

export interface SimulatedDevice {
  /** Frames per second that it forwards for ever. */
  readonly capacityPps: number;
  /** Frames that it holds before it drops. */
  readonly queueFrames?: number;
  /** A share of all frames that it loses at any load. */
  readonly floorLoss?: number;
  /** Standard deviation of the capacity from trial to trial, as a share. */
  readonly noise?: number;
  /** A trial loses a burst with this probability, however low the load. */
  readonly hiccupChance?: number;
  readonly hiccupLoss?: number;
  /** The capacity changes by this share from one trial to the next. */
  readonly drift?: number;
  /** At loads in this band it loses 1 %, below its limit. */
  readonly badBand?: readonly [fromPps: number, toPps: number];
  /** Overload costs it: what it forwards falls by this share of the excess. */
  readonly collapse?: number;
  /** The most that the generator can offer. */
  readonly generatorPps?: number;
  readonly seed?: number;
}

/** Two normal deviates are enough of a normal one: Irwin–Hall of 12. */
function normal(random: Random): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random.fraction();
  return sum;
}

/** What a trial of it brings. */
export function simulatedDevice(device: SimulatedDevice): (load: SearchLoad) => SearchOutcome {
  const random = seededRandom(device.seed ?? 1, 7);
  let trials = 0;
  return ({ pps, durationNs }) => {
    if (pps > (device.generatorPps ?? Number.POSITIVE_INFINITY)) return { kind: "short" };
    const drifted = device.capacityPps * (1 + (device.drift ?? 0) * trials++);
    const capacity = drifted * (1 + (device.noise ?? 0) * normal(random));
    const offered = Math.floor((pps * durationNs) / 1e9);
    const slowed = capacity - (device.collapse ?? 0) * Math.max(0, pps - capacity);
    const room = Math.floor((Math.max(0, slowed) * durationNs) / 1e9) + (device.queueFrames ?? 0);
    let lost = Math.max(0, offered - room);
    lost += Math.ceil(offered * (device.floorLoss ?? 0));
    if (random.fraction() < (device.hiccupChance ?? 0)) lost += Math.ceil(offered * (device.hiccupLoss ?? 0.01));
    const [from, to] = device.badBand ?? [1, 0];
    if (pps >= from && pps <= to) lost += Math.ceil(offered * 0.01);
    return { kind: "measured", lossRatio: offered === 0 ? 0 : Math.min(1, lost / offered) };
  };
}

export interface SearchRun {
  readonly results: readonly GoalResult[];
  readonly loads: readonly (SearchLoad & { readonly outcome: SearchOutcome })[];
}

/** Drives a search over a device to its end. */
export function runSearch(search: Search, measure: (load: SearchLoad) => SearchOutcome): SearchRun {
  const loads: (SearchLoad & { outcome: SearchOutcome })[] = [];
  let step = search.next();
  while (step.done !== true) {
    const outcome = measure(step.value);
    loads.push({ ...step.value, outcome });
    if (loads.length > 100_000) throw new Error("the search does not end");
    step = search.next(outcome);
  }
  return { results: step.value, loads };
}
