/** What is wrong with trials beside their pace, which other programs on this machine may spoil. */
import { classOf, type Reasoned, reasonsOf } from "../../src/stats/cause.js";

export const faults = (...trials: readonly Reasoned[]): string[] =>
  trials
    .flatMap(reasonsOf)
    .filter(({ cause }) => cause === "own drops" || !["generator", "unsteady"].includes(classOf(cause)))
    .map(({ text }) => text);
