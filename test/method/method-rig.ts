/** A measurer that changes another's trials. */
import type { MeasureRequest, Measurer } from "../../src/measure/measurer.js";
import type { Trial } from "../../src/result/run-result.js";

export const second = 1e9;

/** The bench with something else about each of its trials. */
export const altered = (base: Measurer, how: (request: MeasureRequest) => Partial<Trial>): Measurer => ({
  ...base,
  measure: async (request) => (await base.measure(request)).map((trial) => ({ ...trial, ...how(request) })),
});
