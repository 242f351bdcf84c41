/**
 * The types of the result document, inferred from the schema. Type-only, so that zod is not loaded with them.
 */
import type { z } from "zod";
import type { resultSchema } from "./run-schema.js";

/** What `--json` writes: one run with all its trials. Counts are exact integers, times ns, rates per second. */
export type RunResult = z.infer<typeof resultSchema>;

/** One measurement of one frame size. */
export type Trial = RunResult["trials"][number];

export type BesideTrials = NonNullable<RunResult["besideTrials"]>;
export type Verdict = RunResult["verdict"];
export type HostResult = RunResult["host"];
export type DutResult = RunResult["dut"];
export type Requested = Trial["requested"];
export type TrialChange = NonNullable<Trial["changes"]>[number];
export type LatencySummary = NonNullable<Trial["latencyNs"]>;
export type Pacing = NonNullable<Trial["pacing"]>;
export type HopResult = Trial["hops"][number];
export type DutOwnRates = NonNullable<Trial["dutOwnRates"]>;
export type Disturbance = NonNullable<Trial["disturbance"]>;
export type InjectedResult = NonNullable<Trial["injected"]>;
export type SearchResult = NonNullable<RunResult["results"]>[number];
export type Method = NonNullable<RunResult["method"]>;
export type SearchStep = NonNullable<RunResult["searchPath"]>[number];
export type LossCurve = NonNullable<RunResult["lossCurves"]>[number];
export type BackToBack = NonNullable<RunResult["backToBack"]>[number];
export type Reset = NonNullable<RunResult["resets"]>[number];
export type Recovery = NonNullable<RunResult["recovery"]>[number];
export type Soak = NonNullable<RunResult["soak"]>;
export type ServiceStep = NonNullable<RunResult["service"]>[number];
export type Absorption = NonNullable<RunResult["absorption"]>[number];
export type Threshold = NonNullable<RunResult["thresholds"]>[number];
export type Check = NonNullable<RunResult["checks"]>[number];
