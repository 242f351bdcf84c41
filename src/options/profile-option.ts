/** `--profile FILE` and its `--set name=value`, of every command that sends. */
import { usageError } from "../errors.js";
import type { Profile } from "../profile/index.js";
import { type FrameSize, parseSizes } from "../units.js";
import { anyText, option } from "./option.js";

export const profileRootOption = option(
  "--profile-root <folder>",
  "a folder that the profile's include and payload files may lie in, beside the profile's own",
  anyText,
  { shared: true },
);

/** Options that say how a profile is read. */
export interface ProfileReading {
  readonly set?: readonly string[];
  readonly profileRoot?: string;
}

/** The profile, read and checked; `sizes`: of what its program, if it is one, is tried with. */
export async function readProfile(
  file: string,
  { set = [], profileRoot }: ProfileReading,
  sizes?: readonly FrameSize[],
): Promise<Profile> {
  const { loadAnyProfile, parseSettings } = await import("../profile/index.js");
  const root = profileRoot === undefined ? {} : { root: profileRoot };
  return loadAnyProfile(file, { settings: parseSettings(set), ...root }, sizes);
}

/**
 * null: none was asked for. A profile is read, checked and, where it is a program, tried here. `--frame` is a profile of
 * one stream.
 */
export async function profileOf(
  options: ProfileReading & { readonly profile?: string; readonly frame?: string; readonly sizes?: string },
): Promise<Profile | null> {
  const { profile, frame, set = [], profileRoot } = options;
  if (frame !== undefined && profile !== undefined) {
    throw usageError("--frame and --profile contradict each other", { where: "--frame", accepted: "one of them" });
  }
  if (profile !== undefined) {
    return readProfile(
      profile,
      options,
      options.sizes === undefined ? undefined : parseSizes(options.sizes, "--sizes"),
    );
  }
  const [where, what] =
    set.length > 0
      ? ["--set", "there is no profile whose parameters could be set"]
      : ["--profile-root", "there is no profile whose files could be looked for"];
  if (set.length === 0 && profileRoot === undefined) {
    if (frame === undefined) return null;
    const { profileOfFrame } = await import("../profile/index.js");
    return profileOfFrame(frame, "--frame");
  }
  throw usageError(what, { where, accepted: "--profile FILE" });
}
