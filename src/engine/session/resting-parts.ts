/**
 * Parts of a session rest where no flow runs in any of them. What comes in at one that still sleeps is seen late, so the
 * first flows of all begin when everybody is awake. It lies in the cells of the loops: each part writes its own. Whoever
 * writes a command to one of them wakes all from their long rests, and none rests while a command of another is not done.
 */
import { longestSleepNs } from "../loop/index.js";
import { headerWord, loopCell, type SessionMemory } from "./session-memory.js";

/** From the first flow that runs to when all others have seen it: one sleep, and as much again for who gets no CPU at once. */
const wakeNs = 2 * longestSleepNs;

export class RestingParts {
  readonly #memory: SessionMemory;

  constructor(memory: SessionMemory) {
    this.#memory = memory;
  }

  /** Flows run in other parts, or may be about to: what was asked for is not done yet. */
  get othersRun(): boolean {
    const { headers, loops, parts, part } = this.#memory;
    for (let other = 0; other < parts; other++) {
      if (other === part) continue;
      const at = other * headerWord.words;
      // In this order: a command is done when its flow runs.
      if (Atomics.load(headers, at + headerWord.written) !== Atomics.load(headers, at + headerWord.done)) return true;
      if (loops[other * loopCell.count + loopCell.running] > 0) return true;
    }
    return false;
  }

  /** A flow is to begin: when it may, at the earliest. The others see from now on that one runs. */
  wake(nowNs: number): number {
    const { loop, parts } = this.#memory;
    if (parts === 1) return nowNs;
    if (loop[loopCell.running] === 0) {
      loop[loopCell.awakeNs] = this.#othersAwakeNs(nowNs);
      loop[loopCell.running] = 1;
    }
    return Math.max(nowNs, loop[loopCell.awakeNs]);
  }

  /** Whoever runs a flow has woken all. */
  #othersAwakeNs(nowNs: number): number {
    const { loops, parts, part } = this.#memory;
    let awakeNs = nowNs + wakeNs;
    for (let other = 0; other < parts; other++) {
      const at = other * loopCell.count;
      if (other !== part && loops[at + loopCell.running] > 0) awakeNs = Math.min(awakeNs, loops[at + loopCell.awakeNs]);
    }
    return awakeNs;
  }
}
