/** The sentence that a call is refused with. */
import { PktgenError } from "../../src/errors.js";

/** Other errors go on; without any the answer says so. */
export function lineOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof PktgenError) return error.toLine();
    throw error;
  }
  return "nothing was thrown";
}
