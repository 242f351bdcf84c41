/** What stands around the trials in a result: tool, host, DUT, command. */

import type { RunResult } from "../result/run-result.js";
import { hostFacts } from "../sys/host.js";
import { machineLoad } from "../sys/machine-load.js";
import { packageVersion } from "../sys/version.js";
import { usualTolerances } from "../tolerances.js";
import { adviceOf } from "./advice.js";
import type { Lab } from "./lab.js";
import type { RunPlan } from "./plan.js";
import { trafficWords } from "./traffic-words.js";

/** The result with advice, where the generator or the machine was in the way. */
export function withAdvice(result: RunResult, plan: RunPlan, lab: Lab): RunResult {
  const facts = { load: machineLoad(), sharing: lab.sharing?.pollers ?? null, hasCores: plan.cores !== null };
  const advice = adviceOf(result, facts);
  return advice.length === 0 ? result : { ...result, advice };
}

export function resultFrame(plan: RunPlan, lab: Lab, started: Date): Omit<RunResult, "trials" | "verdict"> {
  const facts = lab.dut?.describe() ?? { kind: plan.dut.kind, version: null };
  return {
    tool: { name: "pktgen-ts", version: packageVersion(), node: process.version },
    host: { ...hostFacts() },
    started: started.toISOString(),
    command: plan.commandLine,
    dut: { ...facts, ports: lab.portFacts() },
    seed: plan.seed,
    tolerances: { ...(plan.tolerances ?? usualTolerances) },
    runId: plan.runId,
    traffic: trafficWords(plan.stream),
    besideTrials: { ...lab.beside, neighbours: lab.generator.besideTrials() },
    ...(plan.workers === undefined ? {} : { workers: plan.workers }),
    ...(lab.sharing === null ? {} : { sharing: { ...lab.sharing } }),
  };
}
