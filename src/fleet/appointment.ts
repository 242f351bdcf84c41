/** How far ahead a trial is appointed: all have to hear of it by then, and to say that they go. */
import type { TrialTimes } from "./trial-events.js";

/** So much longer it takes with each agent: every one is told, and answers. */
const eachAgentNs = 1e6;
/** Where it is known how long the answers take, so much is added to three times as long. */
const spareNs = 10e6;

export class Appointments {
  /** How long it took the last time until all had answered. */
  #tookNs = Number.POSITIVE_INFINITY;

  tookNs(ns: number): void {
    this.#tookNs = ns;
  }

  /** `given`: these times are what somebody asked for, and not the usual ones. */
  leadNs({ leadNs, marginNs }: TrialTimes, worstRttNs: number, agents: number, given: boolean): number {
    const usualNs = Math.max(leadNs, 4 * worstRttNs + marginNs) + agents * eachAgentNs;
    return given ? usualNs : Math.min(usualNs, marginNs + spareNs + 3 * this.#tookNs);
  }
}
