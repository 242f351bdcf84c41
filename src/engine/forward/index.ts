/** The forwarder of the built-in device: queue paths, modes, and faults on purpose. */
export type { FaultShare } from "./chooser.js";
export { type ForwardQueueCounters, readForwardCounters } from "./counters.js";
export { type ForwardersCommand, forwardersCounters, forwardersSlots } from "./forwarders-job.js";
export { reorderPatienceNs } from "./held.js";
export type { ForwardCommand, ForwardFaults, ForwardJobOptions } from "./job.js";
export { faultStorageBytes } from "./storage.js";
