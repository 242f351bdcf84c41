/** Trials of one or two directions in one thread, and the owner's handles of it. */
export type { FlowCommand } from "./commands.js";
export type { Generator } from "./generator.js";
export type { SentTurn } from "./load-queue.js";
export type { TrialProgress } from "./progress.js";
export { shareOfTrial, splitByWeights } from "./split.js";
export { startGenerator } from "./start-generator.js";
export { startReceiver } from "./start-receiver.js";
export { loadPrograms, type TrialOptions, TrialTraffic } from "./trial-traffic.js";
