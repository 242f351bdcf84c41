/** The formats of rings, and which field of a peer is found at fault. */
import { RingFault } from "../../src/ring/index.js";

export const formats = ["split", "packed"] as const;

export const field = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof RingFault) return error.field;
    throw error;
  }
  return "none";
};
