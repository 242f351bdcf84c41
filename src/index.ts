/**
 * pktgen-ts as a library: what a run is made of (sizes, rates, streams, ports, devices), the run, and its result as
 * text. Everything else is inner life and may change with any version.
 *
 *     const result = await runForwarding(plan, { signal });   // plan: RunPlan
 *     process.stdout.write(reports.table(result, { color: false, ascii: false }));
 */
export { type EmbeddedOptions, parseEmbeddedOptions } from "./dut/index.js";
export { type ErrorDetails, type ExitCode, exitCodes, PktgenError } from "./errors.js";
export type { DutChoice, Interval, RunHooks, RunPlan, TrialChoice } from "./measure/plan.js";
export { runForwarding } from "./method/forwarding.js";
export { headerOf } from "./packet/index.js";
export { type PortKind, type PortOption, type PortSpec, parsePortSpec, portKinds } from "./port/index.js";
export { loadProfile, type Profile, parseProfile } from "./profile/index.js";
export { type Progress, type Report, type ReportOptions, type RunResult, reports, type Trial } from "./report/index.js";
export { defaultStreamSpec, type StreamSpec, streamSpec } from "./stream/index.js";
export { type StreamProgram, stream, udp4 } from "./stream/program/api.js";
export type { EachFrame, ProgramFrame } from "./stream/program/frame.js";
export { type HostFacts, hostFacts } from "./sys/host.js";
export {
  type FrameSize,
  parseCount,
  parseDuration,
  parseRate,
  parseRatio,
  parseSizes,
  type Rate,
  type SizeMix,
} from "./units.js";
