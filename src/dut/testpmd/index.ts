/**
 * The test plan's device under test, of real dpdk-testpmds: described as data, started as plain processes or in
 * containers, driven at their prompts, read by their own counters, and ended so that nothing is left.
 */
export { parseTestpmdOptions, type TestpmdOptions, testpmdOptionTable } from "./options.js";
export { startTestpmdDut, TestpmdDut, type TestpmdSetup } from "./start.js";
