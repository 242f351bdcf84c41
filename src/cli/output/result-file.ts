/** The files that results go to: looked at before the first frame is sent, written when the last one is judged. */
import { accessSync, constants, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { environmentError, usageError } from "../../errors.js";
import type { ResultFile } from "../../options/option.js";
import { replaceFile } from "../../sys/replace-file.js";
import { holdPipe, writeToPipe } from "./pipe-file.js";

/** `-` as a path: standard output. */
export const standardOutput = "-";

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

function checkFolder(file: ResultFile): void {
  const folder = dirname(resolve(file.path));
  const wrong = (what: string, hint: string): Error =>
    usageError(what, { where: file.option, accepted: "a file in a folder that exists and may be written", hint });
  try {
    if (!statSync(folder).isDirectory()) throw wrong(`${folder} is not a folder`, "choose another path");
  } catch (error) {
    if (codeOf(error) === "ENOENT") throw wrong(`the folder ${folder} does not exist`, `mkdir -p ${folder}`);
    throw error;
  }
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw wrong(`the folder ${folder} may not be written (${codeOf(error)})`, "choose another folder");
  }
}

function kindOf(file: ResultFile): ReturnType<typeof statSync> {
  try {
    return statSync(file.path, { throwIfNoEntry: false });
  } catch (error) {
    const why =
      codeOf(error) === "ENOTDIR" ? "lies in something that is not a folder" : `cannot be reached (${codeOf(error)})`;
    throw usageError(`${file.path} ${why}`, { where: file.option, accepted: "a path that you may write" });
  }
}

function checkFile(file: ResultFile): void {
  const kind = kindOf(file);
  if (kind === undefined) {
    checkFolder(file);
    return;
  }
  const accepted = "the path of a file, or - for standard output";
  if (kind.isDirectory()) throw usageError(`${file.path} is a folder`, { where: file.option, accepted });
  try {
    accessSync(file.path, constants.W_OK);
  } catch (error) {
    throw usageError(`${file.path} may not be written (${codeOf(error)})`, { where: file.option, accepted });
  }
  if (!kind.isFIFO() || holdPipe(file.path)) return;
  throw usageError(`${file.path} is a pipe that nobody reads`, {
    where: file.option,
    accepted,
    hint: "start its reader first",
  });
}

/** Throws a usage error for what certainly can't be written, or would be written over by another result. */
export function checkResultFiles(files: readonly ResultFile[]): void {
  const owners = new Map<string, string>();
  for (const file of files) {
    if (file.path === "") throw usageError("the path is empty", { where: file.option, accepted: "a path, or -" });
    const place = file.path === standardOutput ? "standard output" : resolve(file.path);
    const other = owners.get(place);
    if (other !== undefined)
      throw usageError(`${place} is taken by ${other}`, { where: file.option, accepted: "one place for each" });
    owners.set(place, file.option);
    if (file.path !== standardOutput) checkFile(file);
  }
}

const reasons: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOSPC: ["no space left on the device", "free space there, or choose another disk"],
  EDQUOT: ["the quota of the disk is used up", "free space there, or choose another disk"],
  ENXIO: ["nobody reads this pipe any more", "keep its reader running"],
  EPIPE: ["the reader of this pipe is gone", "keep its reader running"],
  ETIMEDOUT: ["the reader of this pipe does not read", "let it read, or choose a file"],
};

/**
 * Writes it whole: a file is replaced by one that is complete, or stays as it was.
 * @throws PktgenError (3) that says why not.
 */
export function writeResultFile(file: ResultFile, text: string): void {
  try {
    const isPipe = statSync(file.path, { throwIfNoEntry: false })?.isFIFO() ?? false;
    if (isPipe) writeToPipe(file.path, text);
    else replaceFile(file.path, text);
  } catch (error) {
    const code = codeOf(error);
    const [what, hint] = reasons[code] ?? [code, "choose another path"];
    throw environmentError(`${file.path} could not be written: ${what}`, { where: file.option, hint, cause: error });
  }
}
