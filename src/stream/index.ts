/**
 * What to send. A stream spec is compiled to a frame program: constant templates and the few bytes that change.
 * interpret.ts is the slow, obvious reference for it. The room also has the signature that every frame carries, the
 * sequence of sizes in a mix, and the departure schedule. It is pure: no clock, no chance without a seed, no I/O. It
 * may import packet, the leaves, and from ring only the memory into which frames are written.
 */

export { DepartureSchedule, departureSchedule, rateFraction } from "./departures/schedule.js";
export { compileStream, compileTraffic } from "./frames/compile.js";
export { frameAt } from "./frames/frame.js";
export { referenceFrame, referenceSignature } from "./frames/interpret.js";
export type { FrameCursor, FrameProgram, FrameVariant } from "./frames/program.js";
export {
  checkSignature,
  fixedTrial,
  high16,
  isSignature,
  low32,
  readSequence,
  readTimeHigh16,
  readTimeLow32,
  readTrial,
  readTrialHigh,
  readTrialStream,
  type Stamp,
  signatureBytes,
  signatureHead,
  streamOf,
  trialHighOf,
  writeSignature,
} from "./frames/signature.js";
export { sizePattern } from "./spec/mix.js";
export {
  continuous,
  type FieldModifier,
  incrementPayload,
  type ModifierTarget,
  type ModifierValue,
  type Payload,
  type ProgramSource,
  plainStream,
  type StreamSchedule,
  type StreamSize,
  type TrafficSpec,
  type TrafficStream,
} from "./spec/traffic.js";
export {
  checkPlainTraffic,
  checkSize,
  checkStreams,
  checkTraffic,
  defaultPlainTraffic,
  frameSizesOf,
  isSigned,
  type PlainTraffic,
  plainTraffic,
  smallestFrameBytes,
  trafficOf,
} from "./spec.js";
