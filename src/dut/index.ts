/**
 * Devices under test: what can stand between a generator's transmit and receive rings. `dut.ts` is the interface;
 * each device has a folder. A device is started, described, reset, read and disposed, and never asked what it is.
 */
export type { DeviceHopCounters, DeviceHopQueueCounters, Dut, DutEvidence, DutFacts, DutSample } from "./dut.js";
export {
  type EmbeddedOptions,
  type EmbeddedPart,
  type EmbeddedPartName,
  type EmbeddedPartOptions,
  type EmbeddedSetup,
  embeddedOptionTable,
  parseEmbeddedOptions,
  startEmbeddedDut,
  startEmbeddedPart,
} from "./embedded/index.js";
export { type DutSetup, type StartedDut, startDut } from "./start.js";
export {
  parseTestpmdOptions,
  startTestpmdDut,
  TestpmdDut,
  type TestpmdOptions,
  type TestpmdSetup,
  testpmdOptionTable,
} from "./testpmd/index.js";
