/** Options of the server: where it listens, who may ask, and what requests may name. */
import { readFileSync } from "node:fs";
import { usageError } from "../errors.js";
import type { PortSpec } from "../port/kinds.js";
import { isLoopback, listenAddress, type TcpPlace } from "./listen-address.js";
import {
  anyText,
  flag,
  list,
  type OptionTable,
  option,
  optional,
  type Reader,
  readOptions,
  type TextsOf,
} from "./option.js";
import { parsePort, parseWorkers } from "./option-values.js";
import { awaitedPorts, interfacePort, waitInterfacesOption, withAwaited } from "./wait-interfaces.js";

export interface UnixPlace {
  readonly kind: "unix";
  readonly path: string;
}

/** The kernel's limit of a socket's name. */
const mostPathBytes = 107;

const socketPath: Reader<UnixPlace> = (text, where) => {
  if (text.includes("/") && Buffer.byteLength(text) <= mostPathBytes) return { kind: "unix", path: text };
  const accepted = `a path with a slash, at most ${mostPathBytes} bytes, e.g. /run/user/1000/pktgen.sock`;
  throw usageError(`"${text}" is no path of a socket`, { where, accepted });
};

const token: Reader<string> = (text, where) => {
  if (/^[\w.~-]{8,200}$/.test(text)) return text;
  throw usageError("this cannot be a token", { where, accepted: "8 to 200 letters, digits, and - . _ ~" });
};

const promptLine: Reader<string> = (text, where) => {
  if (/^[\x21-\x7e]{1,80}$/.test(text)) return text;
  throw usageError(`"${text}" cannot be a prompt`, { where, accepted: "1 to 80 visible characters, no spaces" });
};

export const serveOptions = {
  port: list(
    "--port <name=port>",
    "a port that requests may name, again for each, e.g. east=packet:eth1 (see pktgen-ts ports), or eth1 for " +
      "eth1=packet:eth1; embedded is always there",
  ),
  waitInterfaces: waitInterfacesOption,
  listen: option(
    "--listen <address>",
    "where it listens (default: 127.0.0.1:8080); beyond this machine only with a token",
    listenAddress,
  ),
  unix: option("--unix <socket>", "a Unix socket instead, which only this user may use", socketPath),
  stdio: flag("--stdio", "requests on standard input instead, one JSON object a line; ends with it"),
  prompt: option(
    "--prompt <text>",
    "with --stdio: a line of its own when it is ready, and after each answer",
    promptLine,
  ),
  token: optional("--token [token]", "what clients must show; without a value one is drawn and printed", token),
  tokenFile: option("--token-file <file>", "a file with the token, which no list of processes shows", anyText),
  history: option("--history <folder>", "where runs are kept (default: the last 20, in memory)", anyText),
  profiles: option(
    "--profiles <folder>",
    "the profiles that requests may name (default: those that come along)",
    anyText,
  ),
  workers: option(
    "--workers <n|auto>",
    "threads of a session, each with its part of the ports; at most one for each port (default: 1); auto: one for each CPU " +
      "but one",
    parseWorkers,
  ),
  allowPrograms: flag(
    "--allow-programs",
    "requests may name what is run: testpmd, programs of profiles, commands (with --unix and --stdio they always may)",
  ),
  yesThisInterface: flag(
    "--yes-this-interface",
    "requests may send on an interface that carries the default route or an SSH connection",
  ),
} as const satisfies OptionTable;

export type ServeTexts = TextsOf<typeof serveOptions>;

export interface ServePort {
  readonly name: string;
  readonly spec: PortSpec;
}

/** A server, decided. */
export interface ServeOrder {
  /** null: lines. */
  readonly place: TcpPlace | UnixPlace | null;
  /** Of lines: what stands in a line of its own after each answer. null: nothing. */
  readonly prompt: string | null;
  /** null: none; true: one is to be drawn. */
  readonly token: string | true | null;
  readonly ports: readonly ServePort[];
  /** Interfaces that have to be there and up before it answers. */
  readonly awaited: readonly string[];
  readonly history: string | null;
  /** null: those that come along. */
  readonly profiles: string | null;
  /** Threads of sessions that do not say how many. */
  readonly workers: number | "auto";
  readonly allowPrograms: boolean;
  readonly yesThisInterface: boolean;
}

const usualPlace: TcpPlace = { kind: "tcp", host: "127.0.0.1", port: 8080 };

/** Names that are ports already. */
const takenNames = ["embedded", "testpmd"];

const plainName = /^([A-Za-z0-9][\w.-]{0,63})=(.+)$/s;
/** Locations of other testers are names, too: `localhost:5555+localhost:50071`, `chassis;1;2`. */
export const locationName = /^([A-Za-z0-9[][\w.:;+/[\]-]{0,127})=(.+)$/s;

function namedPort(text: string, where: string, pattern: RegExp): ServePort {
  const match = pattern.exec(text);
  if (match === null) {
    const alone = interfacePort(text, where);
    if (alone !== null && !takenNames.includes(text)) return alone;
    const accepted = "name=port, e.g. east=packet:eth1, or an interface, e.g. eth1";
    throw usageError(`"${text}" names no port`, { where, accepted });
  }
  const [, name, spec] = match as unknown as readonly [string, string, string];
  if (takenNames.includes(name)) throw usageError(`"${name}" is taken`, { where, accepted: "another name" });
  return { name, spec: parsePort(spec, where) };
}

/** `--port east=packet:eth1`, again for each. @throws PktgenError (2) */
export function namedPorts(texts: readonly string[], pattern = plainName): readonly ServePort[] {
  const where = "--port";
  const ports = texts.map((text) => namedPort(text, where, pattern));
  const twice = ports.find(({ name }, i) => ports.findIndex((other) => other.name === name) !== i);
  if (twice === undefined) return ports;
  throw usageError(`two ports are called "${twice.name}"`, { where, accepted: "a name of its own for each" });
}

function tokenIn(file: string): string {
  const where = "--token-file";
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw usageError(`${file} cannot be read (${code})`, { where, accepted: "a file with the token in it", cause });
  }
  return token(text.trim(), where);
}

/** @throws PktgenError (2) */
export function serveOrder(texts: ServeTexts): ServeOrder {
  const given = readOptions(serveOptions, texts);
  const { listen, unix, stdio = false, history = null, profiles = null } = given;
  const places = [listen, unix, stdio || undefined].filter((place) => place !== undefined);
  if (places.length > 1) {
    throw usageError("a server has one place", { where: "serve", accepted: "one of --listen, --unix, --stdio" });
  }
  if (given.prompt !== undefined && !stdio) {
    throw usageError("a prompt is of lines", { where: "--prompt", accepted: "it with --stdio" });
  }
  if (given.token !== undefined && given.tokenFile !== undefined) {
    throw usageError("there are two tokens", { where: "--token", accepted: "one of --token, --token-file" });
  }
  const place = stdio ? null : (unix ?? listen ?? usualPlace);
  const secret = given.tokenFile === undefined ? (given.token ?? null) : tokenIn(given.tokenFile);
  if (place?.kind === "tcp" && !isLoopback(place) && secret === null) {
    throw usageError(`whoever reaches ${place.host} could send frames from here`, {
      where: "--listen",
      accepted: "an address of this machine alone, e.g. 127.0.0.1:8080; others with --token or --token-file",
    });
  }
  const awaited = awaitedPorts(given.waitInterfaces, process.env);
  const ports = withAwaited(namedPorts(given.port ?? []), awaited);
  return {
    ...{ place, token: secret, prompt: given.prompt ?? null, history, profiles },
    ...{ ports, awaited: awaited.map(({ name }) => name) },
    workers: given.workers ?? 1,
    allowPrograms: given.allowPrograms === true || place?.kind !== "tcp",
    yesThisInterface: given.yesThisInterface === true,
  };
}
