/** The profile that a request names, or is. */
import { usageError } from "../errors.js";
import { optionTexts, shown } from "../options/option-texts.js";
import { profileOf } from "../options/profile-option.js";
import type { Profile } from "../profile/index.js";
import { type ProgramModule, programStreams } from "../stream/program/api.js";
import { checkStreams } from "../stream/spec.js";
import { fixedSize, planSizes } from "../units.js";
import type { TrafficRequest } from "./request.js";

const isProgram = (profile: object): profile is ProgramModule =>
  Array.isArray((profile as Partial<ProgramModule>).streams);

const isProfile = (profile: object): profile is Profile => Array.isArray((profile as Partial<Profile>).thresholds);

/** null: plain traffic. @throws PktgenError (2): a file, or streams, that cannot be. */
export async function profileOfRequest(request: TrafficRequest): Promise<Profile | null> {
  const { profile, frame, set, profileRoot, sizes } = request;
  if (profile === undefined || typeof profile === "string") {
    const texts = optionTexts(
      { frame, set, profileRoot, sizes },
      { frame: "bytes", set: "set", profileRoot: "words", sizes: "words" },
    );
    return profileOf({ ...texts, ...(profile === undefined ? {} : { profile }) });
  }
  if (frame !== undefined) {
    throw usageError("frame and profile contradict each other", { where: "frame", accepted: "one of them" });
  }
  if (set !== undefined || profileRoot !== undefined) {
    const where = set === undefined ? "profileRoot" : "set";
    throw usageError("this is of profiles that are files", { where, accepted: "profile: the name of a file" });
  }
  return checkedProfile(profile);
}

function checkedProfile(profile: unknown): Profile {
  if (typeof profile === "object" && profile !== null) {
    if (isProgram(profile)) return profileOfStreams(profile);
    if (isProfile(profile)) return profile;
  }
  throw usageError(`${shown(profile)} is no profile`, {
    where: "profile",
    accepted: "a file's name, what loadProfile gave, or stream({ … })",
  });
}

/** Functions run in the generator's own thread, which can only load them from a module. */
function profileOfStreams(program: ProgramModule): Profile {
  if (program.streams.some(({ eachFrame }) => eachFrame !== undefined)) {
    throw usageError("eachFrame runs in another thread, which loads it from a module", {
      where: "profile",
      accepted: "streams without eachFrame, or the name of a module",
      hint: "put export default stream({ … }) into a file, and give its name as profile",
    });
  }
  const streams = programStreams(program, "profile");
  const traffic = { name: "streams", streams, sizes: planSizes.map(fixedSize), seed: 1 };
  checkStreams(traffic);
  return { file: "streams", description: "", stream: {}, traffic, thresholds: [], notes: [] };
}
