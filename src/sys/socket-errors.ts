/** Why a Unix socket cannot be reached or made, and what to do about it. */
import { lstatSync, type Stats, statSync } from "node:fs";
import { constants as osConstants } from "node:os";
import { dirname } from "node:path";
import { environmentError, type PktgenError } from "../errors.js";
import { errnoName } from "./libc.js";

const { EAGAIN, ECONNREFUSED, ENOENT, EACCES, ENOTDIR, EADDRINUSE, EPROTOTYPE, EROFS } = osConstants.errno;

/**
 * The file, or (`follow`) what a symbolic link leads to. bind does not follow links. null: there is none, or it cannot be
 * looked at; connect and bind then say why.
 */
export function statOrNull(path: string, follow = false): Stats | null {
  try {
    return (follow ? statSync : lstatSync)(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}

const connectFailures: Readonly<Record<number, { readonly what: string; readonly hint: string }>> = {
  [ENOENT]: {
    what: "there is no such socket",
    hint: "start the other side first, or let this side listen (server=on)",
  },
  [ECONNREFUSED]: {
    what: "nobody listens on the socket",
    hint: "start the other side first, or remove a socket that is left over and let this side listen (server=on)",
  },
  [ENOTDIR]: { what: "a part of the path is no folder", hint: "check the path" },
  [EACCES]: {
    what: "the socket may not be opened by this user",
    hint: "run both sides as the same user, or chmod the socket",
  },
  [EAGAIN]: {
    what: "the other side listens but takes no connection",
    hint: "another client may be connected; one socket serves one client",
  },
  [EPROTOTYPE]: { what: "the socket is of another kind (stream or seqpacket)", hint: "check the path" },
};

export function connectError(path: string, code: number): PktgenError {
  // Checked first: the kernel says "permission" for another user's file and "refused" for one's own.
  if (statOrNull(path, true)?.isSocket() === false) {
    return environmentError("this is not a socket", { where: path, hint: "check the path" });
  }
  const { what, hint } = connectFailures[code] ?? {
    what: `connect failed: ${errnoName(code)}`,
    hint: "check the path",
  };
  return environmentError(what, { where: path, hint });
}

export function bindError(path: string, code: number): PktgenError {
  const folder = dirname(path);
  switch (code) {
    case ENOENT:
      return environmentError(`the folder ${folder} does not exist`, { where: path, hint: `mkdir -p ${folder}` });
    case ENOTDIR:
      return environmentError("a part of the path is no folder", { where: path, hint: "check the path" });
    case EACCES:
    case EROFS:
      return environmentError(`no socket may be made in ${folder}`, {
        where: path,
        hint: "choose a folder of your own",
      });
    case EADDRINUSE:
      return environmentError("another program has just made this socket", { where: path });
    default:
      return environmentError(`bind failed: ${errnoName(code)}`, { where: path });
  }
}
