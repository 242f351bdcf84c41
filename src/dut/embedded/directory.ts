/**
 * A private directory for the sockets of one device. It is removed on every way out (see ../way-out.ts). It says who
 * made it, so that a later run removes what a killed run left behind.
 */
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environmentError } from "../../errors.js";
import { isGone, ownerOf } from "../../sys/owner.js";
import { onWayOut } from "../way-out.js";

export interface PrivateDirectory extends Disposable {
  readonly path: string;
}

const namePattern = /^pktgen-ts-[A-Za-z0-9]{6}$/;
/** A file in the directory. It names the process that made it, as sys/owner.ts names processes. */
const ownerFile = ".owner";

/** Is it a directory of this user, made as below by a process that has ended? Nothing else is touched. */
function isAbandoned(path: string): boolean {
  try {
    const stat = lstatSync(path);
    if (!stat.isDirectory() || stat.uid !== process.geteuid?.()) return false;
    return isGone(readFileSync(join(path, ownerFile), "utf8"));
  } catch {
    return false;
  }
}

/** Never throws. What cannot be removed stays. */
function removeAbandoned(parent: string): void {
  try {
    for (const name of readdirSync(parent)) {
      const path = join(parent, name);
      if (namePattern.test(name) && isAbandoned(path)) rmSync(path, { recursive: true, force: true });
    }
  } catch {
    // The folder may not be listed, or another run removes it at the same time.
  }
}

/** Mode 0700, in `parent`. Without it: where the system keeps temporary files. */
export function makePrivateDirectory(parent: string = tmpdir()): PrivateDirectory {
  removeAbandoned(parent);
  let path: string;
  try {
    path = mkdtempSync(join(parent, "pktgen-ts-"));
    writeFileSync(join(path, ownerFile), ownerOf(process.pid));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw environmentError(`no directory for the sockets could be made in ${parent}: ${code}`, {
      hint: "set TMPDIR to a directory that can be written",
      cause,
    });
  }
  const remove = (): void => rmSync(path, { recursive: true, force: true });
  const wayOut = onWayOut(remove);
  return {
    path,
    [Symbol.dispose]() {
      remove();
      wayOut[Symbol.dispose]();
    },
  };
}
