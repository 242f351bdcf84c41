/**
 * The method "test plan": a plan file's steps on real testpmd, in the plan's order. `steps` plans, `run` acts; checks
 * are pure rules; evidence is kept as it comes.
 */
export type { TestPlanOrder } from "./order.js";
export { dryRun, type PlanHooks, type PlanRun, runTestPlan } from "./run.js";
