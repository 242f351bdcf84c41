/** Live sessions: open one, add flows, start, change and stop them while others go on, and look at their counters. */
export { flowPps } from "./compile-flow.js";
export { checkFlowSchedule } from "./flow-schedule.js";
export { openSession } from "./open-session.js";
export { SessionError, type SessionErrorCode } from "./session-error.js";
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
