/** `run`: a forwarding test, for programs. */

import { callText, namingFields, optionTexts } from "../options/option-texts.js";
import type { RunResult } from "../result/run-result.js";
import type { LibraryHooks, RunRequest } from "./request.js";

/**
 * A forwarding test: for each frame size, frames through a device and back, and what became of them.
 *
 *     const result = await run({ sizes: [64, 1518], rate: "10kpps", dut: "embedded" }, { signal });
 *     if (result.verdict !== "pass") console.error(result.trials.flatMap(({ reasons }) => reasons));
 *
 * Resolves with the document that `--json` writes: counts are whole frames, times nanoseconds, rates per second. A loss
 * is a verdict (`"fail"`), not an error.
 * @throws PktgenError `exitCode` 2: a field or its value; 3: the machine lacks something; 4: the device could not be used;
 * 130: the signal was aborted before the first trial.
 */
export function run(request: RunRequest = {}, hooks: LibraryHooks = {}): Promise<RunResult> {
  return namingFields(async () => {
    // Loaded when they are needed: programs of profiles import this package for its packets alone.
    const [
      { runFields },
      { planRun },
      { runForwarding },
      { profileOfRequest },
      { judged },
      { planChecked },
      { checkHooks, runHookNames, runHooks },
    ] = await Promise.all([
      import("./fields.js"),
      import("../options/run-plan.js"),
      import("../method/forwarding.js"),
      import("./profile.js"),
      import("../options/judged.js"),
      import("../options/allowed-cores.js"),
      import("./run-hooks.js"),
    ]);
    checkHooks(hooks, runHookNames);
    const options = optionTexts(request, runFields);
    const profile = await profileOfRequest(request);
    const plan = planChecked(planRun(options, profile, callText("run", request)));
    const judge = judged(request.threshold, plan, null);
    return judge(await runForwarding(plan, runHooks(hooks)));
  });
}
