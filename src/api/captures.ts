/** `replay` and `compare`: captures, for programs. */

import { callText, namingFields, optionTexts } from "../options/option-texts.js";
import type { ReplayOptions } from "../options/replay-options.js";
import type { CompareResult } from "../result/compare-result.js";
import type { ReplayResult } from "../result/replay-result.js";
import { packageVersion } from "../sys/version.js";
import { neverAborted } from "./never-aborted.js";
import type { CompareRequest, ReplayHooks, ReplayRequest } from "./request.js";

const tool = () => ({ name: "pktgen-ts" as const, version: packageVersion(), node: process.version });

/**
 * Sends a capture's frames with its timing; with `expect`, compares what comes back.
 * @param file pcap or pcapng, also .gz and .zst
 * @throws PktgenError `exitCode` 2: a field, its value, or a file; 3: the machine lacks something.
 */
export function replay(file: string, request: ReplayRequest, hooks: ReplayHooks = {}): Promise<ReplayResult> {
  return namingFields(async () => {
    const [{ replayFields }, { planReplay }, { runReplay }, { checkHooks }] = await Promise.all([
      import("./fields.js"),
      import("../options/replay-plan.js"),
      import("../capture/replay.js"),
      import("./run-hooks.js"),
    ]);
    checkHooks(hooks, ["signal", "onProgress"]);
    const options: ReplayOptions = optionTexts(request, replayFields);
    const plan = planReplay(file, options, callText("replay", { file, ...request }), tool());
    const { signal = neverAborted(), onProgress = () => {} } = hooks;
    return runReplay(plan, { signal, onProgress });
  });
}

/**
 * Compares two captures frame by frame: missing, unexpected, changed, reordered, mistimed.
 * @param expected pcap or pcapng, also .gz and .zst
 * @param actual the same
 * @throws PktgenError `exitCode` 2: a field, its value, or a file.
 */
export function compare(expected: string, actual: string, request: CompareRequest = {}): Promise<CompareResult> {
  return namingFields(async () => {
    const [{ compareFields }, { compareCaptures }, { comparisonOf }, { parseFilter }] = await Promise.all([
      import("./fields.js"),
      import("../capture/compare/compare.js"),
      import("../options/compare-options.js"),
      import("../packet/filter.js"),
    ]);
    const options = optionTexts(request, compareFields);
    const { filter } = request;
    return compareCaptures({
      ...comparisonOf(options),
      expected,
      actual,
      filter: filter === undefined ? null : parseFilter(filter, "--filter"),
      commandLine: callText("compare", { expected, actual, ...request }),
      tool: tool(),
    });
  });
}
