/** Makes folders without `mkdirSync`'s `recursive`: in Node 20 that never ends where the kernel refuses a folder with ENOENT. */
import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** Makes it and what is missing above it. Gives the uppermost that it made, null: all were there. Throws as mkdir does. */
export function makeFolders(path: string): string | null {
  const missing: string[] = [];
  for (let at = resolve(path); !isFolder(at); at = dirname(at)) {
    missing.push(at);
    if (dirname(at) === at) break;
  }
  let made: string | null = null;
  for (const folder of missing.reverse()) {
    try {
      mkdirSync(folder);
      made ??= folder;
    } catch (error) {
      // Somebody else has just made it.
      if (codeOf(error) !== "EEXIST" || !isFolder(folder)) throw error;
    }
  }
  return made;
}
