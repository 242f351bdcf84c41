/** A live session: flows over any ports that come, go and change while the others go on, and their counters in shared memory. */
export { arrivalsAt, arrivedInAll, isCurrent } from "./arrivals.js";
export { type Command, type CommandKind, CommandWriter, commandKind } from "./commands.js";
export type { HeapPiece, RowGroup } from "./cursors.js";
export { laneRowCell, SessionLanes } from "./lanes.js";
export type { SessionHost, SessionJobEvent, SessionOrder } from "./orders.js";
export { type CaptureOrder, captureSlot, captureSlotBytes } from "./port-capture.js";
export type { DepartureLaw, FlowSchedule } from "./schedule.js";
export { SessionLoop, type SessionOptions } from "./session-loop.js";
export {
  allocateSession,
  arrivalCell,
  flowCell,
  flowState,
  loopCell,
  portCell,
  recentFrames,
  type SessionBuffers,
  SessionMemory,
  type SessionShape,
  senderPorts,
} from "./session-memory.js";
export {
  mostReceivedBits,
  type ReceivedBits,
  type SplitOrder,
  SplitTable,
  splitBytes,
  splitCell,
} from "./split-table.js";
export { type SessionHandle, type SessionRehearsal, startSession } from "./start-session.js";
