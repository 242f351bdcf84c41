/** The folder of profiles that requests may name: what is in it, and what one sends. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { PktgenError } from "../errors.js";
import { readProfile } from "../options/profile-option.js";
import { parseYaml } from "../profile/document.js";
import { loadProfile, mistakesOf, type Profile } from "../profile/index.js";
import { isProgramFile, LoadedPrograms, programUrls } from "../program/load-program.js";
import { plainTraffic, type TrafficSpec, trafficOf } from "../stream/index.js";
import { parseSizes } from "../units.js";
import type { ProfileCheck, ProfileChecked, ProfileInfo, ProfileText } from "./contract.js";
import { profileOfText } from "./profile-text.js";
import { detailOf, RequestRefusal } from "./refusal.js";
import type { ServeSetup } from "./setup.js";
import { trafficInfo } from "./traffic-info.js";

type ProfileSetup = Pick<ServeSetup, "profiles" | "allowPrograms">;

const isProfile = (name: string): boolean => /\.ya?ml$/.test(name) || isProgramFile(name);

const namesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder).filter(isProfile).sort();
  } catch {
    return [];
  }
};

/** @throws RequestRefusal (404): only a name in the folder is a name. */
export function profilePath(name: string, { profiles }: Pick<ProfileSetup, "profiles">): string {
  if (namesIn(profiles).includes(name)) return join(profiles, name);
  throw new RequestRefusal("not-found", `there is no profile "${name}"`, {
    where: "profile",
    accepted: "a name out of GET /profiles",
  });
}

interface Known {
  readonly stamp: string;
  readonly info: ProfileInfo;
}

export class ProfileFolder {
  readonly #setup: ProfileSetup;
  readonly #known = new Map<string, Known>();

  constructor(setup: ProfileSetup) {
    this.#setup = setup;
  }

  list(): ProfileInfo[] {
    return namesIn(this.#setup.profiles).flatMap((name) => this.#infoOf(name) ?? []);
  }

  text(name: string): ProfileText {
    const text = readFileSync(profilePath(name, this.#setup), "utf8");
    if (isProgramFile(name)) return { name, text, description: "", parameters: [] };
    const { description, parameters } = (parseYaml(text, name).value ?? {}) as Readonly<Record<string, unknown>>;
    const settable = typeof parameters === "object" && parameters !== null ? Object.entries(parameters) : [];
    return {
      ...{ name, text },
      description: typeof description === "string" ? description : "",
      parameters: settable.map(([key, value]) => ({ name: key, value: String(value) })),
    };
  }

  /** Mistakes are an answer. */
  async check(check: ProfileCheck): Promise<ProfileChecked> {
    const { sizes, streams = 16 } = check;
    try {
      const profile = await this.#read(check);
      const spec = specOf(profile, check.name ?? "profile");
      const sized = sizes === undefined ? spec : { ...spec, sizes: parseSizes(sizes, "--sizes") };
      const programs = new LoadedPrograms();
      await programs.load(programUrls(sized));
      const traffic = trafficInfo(sized, profile.description, streams, programs.of(sized));
      return { ok: true, mistakes: [], notes: [...profile.notes], traffic };
    } catch (error) {
      if (!(error instanceof PktgenError) || error instanceof RequestRefusal) throw error;
      return { ok: false, mistakes: mistakesOf(error).map(detailOf), notes: [], traffic: null };
    }
  }

  async #read({ name, text, set = {} }: ProfileCheck): Promise<Profile> {
    const { profiles, allowPrograms } = this.#setup;
    if ((name === undefined) === (text === undefined)) {
      throw new RequestRefusal("bad-request", "which profile?", { accepted: "name, or text" });
    }
    const settings = Object.entries(set).map(([key, value]) => `${key}=${value}`);
    if (text !== undefined) return profileOfText(text, { field: "text", folder: profiles, set: settings });
    if (isProgramFile(name!) && !allowPrograms) {
      throw new RequestRefusal("forbidden", "this server runs no programs", {
        where: "name",
        hint: "start it with --allow-programs",
      });
    }
    return readProfile(profilePath(name!, this.#setup), { set: settings });
  }

  #infoOf(name: string): ProfileInfo | null {
    const path = join(this.#setup.profiles, name);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined || !found.isFile()) return null;
    const stamp = `${found.mtimeMs} ${found.size}`;
    const known = this.#known.get(name);
    if (known?.stamp === stamp) return known.info;
    const info = { name, bytes: found.size, ...factsOf(path) };
    this.#known.set(name, { stamp, info });
    return info;
  }
}

/** Of one with mistakes, or a program, they are not known. */
function factsOf(path: string): Pick<ProfileInfo, "description" | "streams"> {
  if (isProgramFile(path)) return { description: "a program", streams: null };
  try {
    const { description, traffic } = loadProfile(path);
    return { description: description.trim(), streams: traffic?.streams.length ?? 1 };
  } catch (error) {
    if (!(error instanceof PktgenError)) throw error;
    return { description: "with mistakes", streams: null };
  }
}

const specOf = ({ traffic, stream }: Profile, name: string): TrafficSpec =>
  traffic ?? { ...trafficOf(plainTraffic(stream)), name: basename(name).replace(/\.ya?ml$/, "") };
