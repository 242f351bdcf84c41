/** What every loop of the engine has: the job, its clock, waiting, kicks, movers, lags, and what a trial is told and reports. */
export type {
  CorruptKinds,
  FlowReceive,
  FlowsReceive,
  FrameSample,
  ReceiveOnlyReport,
  ReceiveReport,
  StreamReceive,
  StreamTransmit,
  TransmitQueueReport,
  TransmitReport,
  TransmitWindow,
  TrialReport,
  WindowArrivals,
} from "../../stats/trial-report.js";
export { CommandReceiver, type CommandRecords, CommandSender } from "./command-queue.js";
export { endedInTime } from "./ended-in-time.js";
export { FineWait, wakefulNs } from "./fine-wait.js";
export type { CreateJob, Job, JobContext, OpenPort, OpenQueue } from "./job.js";
export { KeyedLags } from "./keyed-lags.js";
export { LagWindow, lagWindowFrames } from "./lag-window.js";
export { countersEveryNs, longestSleepNs, quietWhenCompleteNs } from "./times.js";
export { type Traffic, trafficTurn } from "./traffic.js";
export { TrialClock } from "./trial-clock.js";
export type { FlowRole, Load, ReceiveSpec, SenderSkew, SenderTotal, TrialSpec } from "./trial-spec.js";
