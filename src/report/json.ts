/** The result document itself (schemas/result.schema.json), one document and nothing else. */
import type { RunResult } from "../result/run-result.js";

export function renderJson(result: RunResult): string {
  return `${JSON.stringify(result, null, 2)}\n`;
}
