/** Waits for a time, which an interrupt ends. */
import { sleepNs } from "../../sys/sleep.js";
import type { Deed } from "./deed.js";

export const wait: Deed<"wait"> = async ({ setup }, { forNs }) => {
  await sleepNs(forNs, setup.signal).catch(() => {});
  return {};
};
