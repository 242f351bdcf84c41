/** Runs the steps of a test plan (profiles/plans/*.yaml) on real testpmd. */
export { dryRun, type PlanHooks, type PlanRun, runTestPlan, type TestPlanOrder } from "./test-plan/index.js";
