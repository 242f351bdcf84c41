/** What is read before and after a trial: counters of the device and of our ports, and what disturbed the machine. */
import type { DutOwnRates, InjectedResult } from "../result/run-result.js";
import type { HopCounters } from "../stats/ledger.js";
import { compareDutRates } from "./dut-rate.js";
import { hopDifferences } from "./hops.js";
import type { Lab } from "./lab.js";
import { type PortDrops, portDropsBetween } from "./port-drops.js";

export interface Readings {
  readonly hops: HopCounters[];
  readonly drops: PortDrops;
  readonly injected: InjectedResult | null;
  /** null: the device does not tell its rates, or the trial was too short. */
  readonly dutOwnRates: DutOwnRates | null;
  readonly disturbance: { readonly stealMs: number; readonly switches: number };
}

export interface OpenReadings {
  /** The trial is over: looks at the device's own rates end. */
  stop(): void;
  /** `hasRates`: the device's own rates are waited for. */
  finish(hasRates: boolean): Promise<Readings>;
}

/** `durationNs`: how long the trial may last, for the two looks at the device's own rates. */
export async function readAround(lab: Lab, durationNs: number): Promise<OpenReadings> {
  const hopsBefore = (await lab.dut?.readHops()) ?? null;
  const dropsBefore = lab.portDrops();
  lab.watchDisturbance();
  const over = new AbortController();
  const rates = compareDutRates(lab, durationNs, over.signal).catch(() => null);
  return {
    stop: () => over.abort(),
    finish: async (hasRates) => {
      const dutOwnRates = hasRates ? await rates : null;
      const disturbance = lab.disturbance();
      const hopsAfter = (await lab.dut?.readHops()) ?? null;
      return {
        hops: hopDifferences(hopsBefore, hopsAfter),
        drops: portDropsBetween(dropsBefore, lab.portDrops()),
        injected: (await lab.dut?.injected()) ?? null,
        dutOwnRates,
        disturbance,
      };
    },
  };
}
