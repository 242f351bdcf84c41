/** Live sessions: open one, add flows, start, change and stop them while others go on, and look at their counters. */
export { flowPps } from "./compile-flow.js";
export { flowsNamed } from "./flow-names.js";
export type { SharedFlow } from "./flow-planner.js";
export { checkFlowSchedule } from "./flow-schedule.js";
export { openSession, openSharedSession, type SharedSession } from "./open-session.js";
export { SessionError, type SessionErrorCode } from "./session-error.js";
export type { NumberedStart } from "./shared-flows.js";
export { type TestSession, testSessionOf } from "./test-session.js";
export type {
  CapturedFile,
  CaptureSpec,
  FlowCounters,
  FlowDuration,
  FlowFrames,
  FlowHistograms,
  FlowInfo,
  FlowLaw,
  FlowNames,
  FlowRate,
  FlowSpec,
  FlowSplit,
  FlowState,
  HostSpec,
  LinkState,
  Neighbour,
  PingResult,
  PortCounters,
  Session,
  SessionEvent,
  SessionPortFacts,
  SessionPortSpec,
  SessionSnapshot,
  SessionSpec,
  SplitCounters,
} from "./types.js";
