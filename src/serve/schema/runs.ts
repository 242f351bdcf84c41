/** Runs: what is asked for, how one stands, what is planned, and two beside each other. */
import { z } from "zod";
import { commandName } from "./about.js";
import { errorDetail, figures, frames, maybe, number, optionValues, text } from "./common.js";
import { trafficFacts } from "./profiles.js";

export const runRequest = z.strictObject({
  command: commandName.optional().describe("default: run"),
  options: optionValues.optional(),
  profileText: z.string().max(1_000_000).optional().describe("a profile itself, in place of options.profile"),
  name: z.string().max(200).optional().describe("shown in lists"),
  dryRun: z.boolean().optional().describe("plan only: nothing is opened"),
  stopWithClient: z.boolean().optional().describe("it stops when the last reader of its events leaves"),
});

export const runStates = ["opening", "warming", "running", "settling", "stopping", "done", "failed"] as const;
export const runState = z.enum(runStates);

export const verdict = z.enum(["pass", "fail", "invalid"]);

export const runInfo = z.object({
  id: text,
  name: text,
  command: commandName,
  options: optionValues,
  commandLine: text.describe("the command line that says the same"),
  state: runState,
  started: text,
  ended: text.nullable(),
  elapsedMs: number,
  ports: z.array(text),
  verdict: verdict.nullable(),
  reasons: z.array(text),
  stopped: z.boolean().describe("somebody stopped it"),
  error: errorDetail.nullable().describe("of a run that failed"),
  trials: frames.describe("ended until now"),
  trialsExpected: frames.nullable(),
  live: figures.nullable().describe("the last sample by name"),
  can: z.object({ stop: z.boolean(), rate: z.boolean(), pause: z.boolean(), extend: z.boolean() }),
});

export const runList = z.object({ runs: z.array(runInfo) });

export const runChange = z.strictObject({
  rate: text.optional(),
  paused: z.boolean().optional(),
  extend: text.optional().describe("a time, e.g. 10s"),
});

export const requestedTrial = z.object({
  frameBytes: z.union([number, text]),
  phase: text,
  rate: text,
  durationNs: number.nullable(),
  count: frames.nullable(),
});

export const runPlanned = z.object({
  command: commandName,
  commandLine: text,
  ports: z.array(text).describe("what it would claim"),
  free: z.boolean().describe("nobody holds them"),
  sizes: z.array(z.union([number, text])),
  trials: z.array(requestedTrial).describe("of run; empty for methods, which decide while they go"),
  trialsExpected: frames.nullable(),
  method: z.record(text, z.unknown()).nullable().describe("as in the result"),
  notes: z.array(text),
  traffic: trafficFacts,
});

export const runComparison = z.object({
  a: runInfo,
  b: runInfo,
  setup: z.array(text).describe("what is not the same"),
  differences: z.array(
    z.object({
      name: text,
      unit: z.enum(["pps", "ns"]),
      a: maybe,
      b: maybe,
      is: text,
      chance: number.nullable().describe("that it is noise; null: nothing can be told"),
      cells: z.array(text),
    }),
  ),
});

/** A result document has a schema of its own. */
export const anyDocument = z.record(text, z.unknown());
