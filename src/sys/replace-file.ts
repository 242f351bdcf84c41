/**
 * Puts a file in the place of another, whole or not at all. The new file is written in the same folder, reaches the
 * disk, and then takes the name. A process that is killed meanwhile leaves the old file; a later write removes the rest.
 */
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { isGone, ownerOf } from "./owner.js";

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? "";

/** Where a folder or the file's owner does not let another file take its name, e.g. a file mounted into a container. */
const notReplaceable: ReadonlySet<string> = new Set(["EACCES", "EPERM", "EBUSY", "EXDEV", "EINVAL"]);

/** `.result.json.pktgen-ts-<owner>`, in the folder of result.json. */
const besideName = (target: string): string => `.${basename(target)}.pktgen-ts-`;

/** Of a link, what it leads to, also where that is not there yet. */
function targetOf(path: string): string {
  let at = resolve(path);
  for (let links = 0; links < 40; links++) {
    try {
      at = resolve(dirname(at), readlinkSync(at));
    } catch {
      break;
    }
  }
  try {
    return join(realpathSync(dirname(at)), basename(at));
  } catch {
    return at;
  }
}

/** Throws as the system calls do; then the old file is as it was. */
export function replaceFile(path: string, text: string): void {
  const target = targetOf(path);
  const before = statSync(target, { throwIfNoEntry: false });
  if (before !== undefined && !before.isFile()) {
    writeFileSync(target, text);
    return;
  }
  removeAbandoned(target);
  const beside = join(dirname(target), `${besideName(target)}${ownerOf(process.pid)}`);
  try {
    writeWhole(beside, text, before);
    renameSync(beside, target);
  } catch (error) {
    remove(beside);
    if (before === undefined || !notReplaceable.has(codeOf(error))) throw error;
    writeFileSync(target, text);
    return;
  }
  syncFolder(dirname(target));
}

/** With the rights that the old one has. */
function writeWhole(path: string, text: string, before: Stats | undefined): void {
  const fd = openSync(path, "wx");
  try {
    if (before !== undefined) {
      fchmodSync(fd, before.mode & 0o7777);
      if (before.uid !== process.geteuid?.() || before.gid !== process.getegid?.()) {
        fchownSync(fd, before.uid, before.gid);
      }
    }
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was not made.
  }
}

/** Some filesystems cannot do that, and the file is there all the same. */
function syncFolder(path: string): void {
  try {
    const fd = openSync(path, "r");
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // What is lost then in a power failure is the new name, not the old file.
  }
}

/** What runs left that were killed while they wrote this file. */
function removeAbandoned(target: string): void {
  const prefix = besideName(target);
  let names: string[];
  try {
    names = readdirSync(dirname(target));
  } catch {
    return;
  }
  for (const name of names) {
    if (name.startsWith(prefix) && isGone(name.slice(prefix.length))) remove(join(dirname(target), name));
  }
}
