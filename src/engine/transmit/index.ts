/** The sending half of a trial: what is due, who places it in a ring, and the account of late and blocked frames. */
export { lateToleranceOf, windowNs } from "./account.js";
export { CatchUp } from "./catch-up.js";
export type { TransmitHalf } from "./half.js";
export { LiveSender } from "./live-sender.js";
export type { LoadTurn } from "./load-turn.js";
export { QueueSender } from "./queue-sender.js";
export { RingAccount } from "./ring-account.js";
export { ringPace, type Sender, type TransmitQueue } from "./sender.js";
export { SilentTransmitter } from "./silent-transmitter.js";
export { StreamsSender } from "./streams-sender.js";
export { StreamsTransmitter } from "./streams-transmitter.js";
export { Transmitter } from "./transmitter.js";
