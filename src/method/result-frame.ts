/** What stands around the trials in a result: tool, host, DUT, command. */

import type { RunResult } from "../report/result.js";
import { hostFacts } from "../sys/host.js";
import { packageVersion } from "../sys/version.js";
import type { Lab } from "./lab.js";
import type { RunPlan } from "./plan.js";
import { trafficWords } from "./traffic-words.js";

export function resultFrame(plan: RunPlan, lab: Lab, started: Date): Omit<RunResult, "trials" | "verdict"> {
  const facts = lab.dut?.describe() ?? { kind: plan.dut.kind, version: null };
  return {
    tool: { name: "pktgen-ts", version: packageVersion(), node: process.version },
    host: { ...hostFacts() },
    started: started.toISOString(),
    command: plan.commandLine,
    dut: { ...facts, ports: lab.portFacts() },
    seed: plan.seed,
    runId: plan.runId,
    traffic: trafficWords(plan.stream),
    besideTrials: { ...lab.beside, neighbours: lab.generator.besideTrials() },
  };
}
