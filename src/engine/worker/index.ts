/** Loop workers as their owner sees them: a thread, its control page, messages, and its end. */
export { dealPort, type WorkerPort } from "./deal-port.js";
export type { LoopWorker } from "./loop-worker.js";
export { RunToDone } from "./run-to-done.js";
export { startLoopWorker } from "./start-worker.js";
