import { exitCodes } from "../../errors.js";

/** What a command ends with that has a verdict. */
export const verdictCodes = {
  pass: exitCodes.passed,
  fail: exitCodes.failed,
  invalid: exitCodes.invalid,
} as const;
