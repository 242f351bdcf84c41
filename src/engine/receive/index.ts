/** The receiving half of a trial: what each frame is, and when it came. */
export { type DealtHalf, FlowReceiver } from "./flow-receiver.js";
export type { ForeignFrames } from "./frame-inspector.js";
export type { ReceiveHalf } from "./half.js";
export { Receiver } from "./receiver.js";
export { StrayFinder } from "./stray-finder.js";
export { StrayBoxes, type StrayMemory, strayCell, strayMemory } from "./strays.js";
export { sentElsewhere } from "./streams-account.js";
export { StreamsReceiver } from "./streams-receiver.js";
