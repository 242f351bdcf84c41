/** The exit codes of the three verdicts. */
import { exitCodes } from "../../errors.js";

export const verdictCodes = {
  pass: exitCodes.passed,
  fail: exitCodes.failed,
  invalid: exitCodes.invalid,
} as const;
