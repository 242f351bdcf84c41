/** Traffic that goes on while other steps are done: started, watched, stopped. */
import { failedCheck, type Reason, reasonsOf, type VerdictWord, withReasons } from "../../stats/cause.js";
import { sleepNs } from "../../sys/sleep.js";
import { failedTrafficChecks } from "../checks.js";
import type { Deed } from "./deed.js";

/** Between two looks at what came back. */
const lookEveryNs = 50e6;
/** Without any frame for this long, none comes back. */
const silenceMs = 400;

const nothingCameBack: Reason = { cause: "none came back", text: "nothing came back" };

export const startTraffic: Deed<"start traffic"> = async (lab, { traffic }) => {
  lab.open = await lab.generator.begin(traffic);
  return {};
};

export const watchTraffic: Deed<"watch traffic"> = async ({ setup, devices, generator }, { comesBack, withinNs }) => {
  const end = performance.now() + withinNs / 1e6;
  let [last, since] = [generator.received(), performance.now()];
  for (;;) {
    await sleepNs(lookEveryNs);
    const [now, at] = [generator.received(), performance.now()];
    if (comesBack ? now > last : now === last && at - since >= silenceMs) return {};
    if (now > last) [last, since] = [now, at];
    if (setup.signal.aborted) return {};
    if (at > end) return { reasons: [comesBack ? nothingCameBack : failedCheck("frames kept coming back")] };
    devices.checkAlive();
  }
};

/** The plan says that frames get lost in it: only what it asks for is judged. */
export const stopTraffic: Deed<"stop traffic"> = async (lab, { check }, step) => {
  const open = lab.open!;
  lab.open = null;
  const result = await open.finish();
  const { trial } = result;
  const checks = failedTrafficChecks(check, result).map(failedCheck);
  const own = reasonsOf(trial);
  // Starting a device again damages no frames.
  const damage = own.filter(({ cause }) => cause === "corrupt");
  const faults = own.filter(({ cause }) => cause === "fault" || cause === "interrupted");
  const failed = [...damage, ...checks];
  const verdict: VerdictWord = faults.length > 0 ? "invalid" : failed.length > 0 ? "fail" : "pass";
  const notes = [...trial.notes, ...trial.reasons];
  const bare = { ...trial, phase: "under traffic", reasons: [], causes: [], notes };
  return { trials: [lab.keepTrial(step, withReasons(bare, verdict, [...faults, ...failed]), "traffic")] };
};
