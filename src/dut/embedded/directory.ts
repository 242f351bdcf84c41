/** A private directory for the sockets of one device, gone on every way out (see ../way-out.ts). */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environmentError } from "../../errors.js";
import { onWayOut } from "../way-out.js";

export interface PrivateDirectory extends Disposable {
  readonly path: string;
}

/** Mode 0700, in `parent` (default: the system's place for temporary files). */
export function makePrivateDirectory(parent: string = tmpdir()): PrivateDirectory {
  let path: string;
  try {
    path = mkdtempSync(join(parent, "pktgen-ts-"));
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
