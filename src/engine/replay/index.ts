/** Replays: a capture's frames out of a port when they are due. */
export type { ReplayPace, ReplayReport } from "./spec.js";
export { type Replayer, startReplayer } from "./start-replay.js";
