/** `--profile FILE` and its `--set name=value`, of every command that sends. */
import { usageError } from "../errors.js";
import type { Profile } from "../profile/index.js";
import { parseSizes } from "../units.js";

/** null: none was asked for. A profile is read, checked and, where it is a program, tried here. */
export async function profileOf(options: {
  readonly profile?: string;
  readonly set?: readonly string[];
  readonly sizes?: string;
}): Promise<Profile | null> {
  const { profile, set = [] } = options;
  if (profile === undefined) {
    if (set.length === 0) return null;
    throw usageError("there is no profile whose parameters could be set", {
      where: "--set",
      accepted: "--profile FILE",
    });
  }
  const { loadAnyProfile, parseSetting } = await import("../profile/index.js");
  const sizes = options.sizes === undefined ? undefined : parseSizes(options.sizes, "--sizes");
  return loadAnyProfile(profile, new Map(set.map(parseSetting)), sizes);
}
