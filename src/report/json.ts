/** The result document (schemas/result.schema.json), and nothing else. */
import type { RunResult } from "../result/run-result.js";

export function renderJson(result: RunResult): string {
  return `${JSON.stringify(result, null, 2)}\n`;
}
