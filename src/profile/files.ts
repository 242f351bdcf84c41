/**
 * The files of a profile: itself, its includes, and the files with its payloads. They lie in the profile's folder,
 * unless another root was asked for. They are read up to a limit, since a profile may come from a stranger.
 */
import { realpathSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { usageError } from "../errors.js";
import { isReadError, readInputFile, readInputText, unreadableBecause } from "../sys/input-file.js";

/** A profile, with comments, is a few kilobytes. */
export const mostProfileBytes = 1_000_000;
/** All files of one profile together. */
const mostBytesInAll = 4_000_000;
const mostFiles = 64;
const mostPayloadBytes = 65_536;

const realPath = (path: string): string | null => {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
};

export interface IncludedFile {
  /** Without links, so that a file is recognised under any of its names. */
  readonly path: string;
  /** null: it was read before. */
  readonly text: string | null;
}

/** Reads what one profile names, and keeps count. */
export class ProfileFiles {
  /** The profile itself, without links. */
  readonly profile: string;
  readonly #roots: readonly string[];
  readonly #read: Set<string>;
  readonly #payloads = new Map<string, Uint8Array>();
  #bytes: number;

  /** `root`: a folder in which files may lie, in addition to the profile's folder; null: none. */
  constructor(profile: string, root: string | null, profileBytes: number) {
    const folders = [dirname(resolve(profile)), ...(root === null ? [] : [resolve(root)])];
    this.#roots = folders.map((folder) => realPath(folder) ?? folder);
    this.#bytes = profileBytes;
    this.profile = realPath(profile) ?? resolve(profile);
    this.#read = new Set([this.profile]);
  }

  /** @throws PktgenError (2) */
  include(name: string, from: string): IncludedFile {
    const path = this.locate(name, from);
    if (this.#read.has(path)) return { path, text: null };
    if (this.#read.size >= mostFiles) {
      throw usageError("the profile includes too many files", { accepted: `up to ${mostFiles} files in all` });
    }
    this.#read.add(path);
    const text = readProfileText(path, name, "include");
    this.#count(text.length, "the profile and what it includes are too long");
    return { path, text };
  }

  /** @throws PktgenError (2) */
  payload(name: string, from: string): Uint8Array {
    const path = this.locate(name, from);
    const known = this.#payloads.get(path);
    if (known !== undefined) return known;
    try {
      const bytes = readInputFile(path, { mostBytes: mostPayloadBytes });
      this.#count(bytes.length, "the profile's files are too long");
      this.#payloads.set(path, bytes);
      return bytes;
    } catch (cause) {
      if (!isReadError(cause)) throw cause;
      const accepted = `a file of up to ${mostPayloadBytes} bytes, in the profile's folder`;
      throw usageError(`${name} ${unreadableBecause(cause)}`, { accepted, cause });
    }
  }

  #count(bytes: number, what: string): void {
    this.#bytes += bytes;
    if (this.#bytes > mostBytesInAll) throw usageError(what, { accepted: `up to ${mostBytesInAll} bytes in all` });
  }

  /** The path that a name in the file `from` leads to, links followed. A usage error if that is outside all roots. */
  locate(name: string, from: string): string {
    const target = resolve(dirname(resolve(from)), name);
    const folder = realPath(dirname(target));
    const path =
      realPath(target) ?? (folder === null ? target : resolve(folder, target.slice(dirname(target).length + 1)));
    const isIn = (root: string): boolean => !/^\.\.(\/|$)/.test(relative(root, path));
    if (this.#roots.some(isIn)) return path;
    throw usageError(`${name} lies outside of the profile's folder`, {
      accepted: "files in that folder and below",
      hint: "--profile-root FOLDER takes files from another folder, too",
    });
  }
}

/** The text of a profile; `where`: the option or key that named it. @throws PktgenError (2) */
export function readProfileText(path: string, shown: string, where: string): string {
  try {
    return readInputText(path, { mostBytes: mostProfileBytes });
  } catch (cause) {
    if (!isReadError(cause)) throw cause;
    throw usageError(`the profile ${shown} ${unreadableBecause(cause)}`, {
      where,
      accepted: `a YAML file of up to ${mostProfileBytes} bytes, such as profiles/imix.yaml`,
      cause,
    });
  }
}
