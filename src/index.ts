/**
 * pktgen-ts as a library. Options, words and defaults are those of the command line. Results are the documents that
 * `--json` writes. Whatever is not exported here may change with any version.
 *
 *     import { run } from "pktgen-ts";
 *     const result = await run({ sizes: [64, 1518], rate: "10kpps", dut: "embedded" });
 *     console.log(result.verdict, result.trials.map(({ frameBytes, lost }) => ({ frameBytes, lost })));
 *
 * @packageDocumentation
 */
export { compare, replay } from "./api/captures.js";
export { latency, ndr, rfc2544, soak } from "./api/methods.js";
export type {
  CompareRequest,
  DeviceRequest,
  LatencyRequest,
  LibraryHooks,
  ListInput,
  MeasuredRequest,
  NdrRequest,
  RateInput,
  ReplayHooks,
  ReplayRequest,
  Rfc2544Request,
  RunRequest,
  SearchRequest,
  SoakHooks,
  SoakRequest,
  TimeText,
  TrafficRequest,
} from "./api/request.js";
export { run } from "./api/run.js";
export { type ErrorDetails, type ExitCode, exitCodes, PktgenError } from "./errors.js";
export type { Interval } from "./measure/plan.js";
export * as packet from "./packet/index.js";
export { loadProfile, type Profile, type ProfileOptions, parseProfile } from "./profile/index.js";
export type { Parameters } from "./profile/parameters.js";
export type { ThresholdSpec } from "./profile/threshold.js";
export { type Progress, type Report, type ReportName, type ReportOptions, reports } from "./report/index.js";
export type { ComparedFile, CompareResult, FieldDifference, Finding, FindingKind } from "./result/compare-result.js";
export type { RecordedFile, ReplayedPort, ReplayResult } from "./result/replay-result.js";
export type { RunResult, Soak, Trial, Verdict } from "./result/run-result.js";
export { type ProgramModule, type StreamProgram, stream, udp4 } from "./stream/program/api.js";
export type { EachFrame, Fields, ProgramFrame } from "./stream/program/frame.js";
export type { Pin } from "./stream/spec/pin.js";
export type {
  FieldModifier,
  ModifierTarget,
  ModifierValue,
  Payload,
  Pinned,
  PlainTraffic,
  ProgramSource,
  StreamSchedule,
  StreamSize,
  TrafficSpec,
  TrafficStream,
} from "./stream/spec/traffic.js";
export type { FrameSize, Rate, SizeMix } from "./units.js";
