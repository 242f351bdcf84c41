/**
 * Makes folders without `mkdirSync`'s `recursive`. In Node 20 that never ends if the kernel refuses a folder with
 * ENOENT.
 */
import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/**
 * Makes the folder and its missing parents. Returns the uppermost folder that it made; null: all existed. Throws as
 * mkdir.
 */
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
      // Another process has just made it.
      if (codeOf(error) !== "EEXIST" || !isFolder(folder)) throw error;
    }
  }
  return made;
}
