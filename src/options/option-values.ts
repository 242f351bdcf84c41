/** Readers of values that several options take. Each throws a usage error that names its option. */
import { PktgenError, usageError } from "../errors.js";
import { parseMac } from "../packet/address.js";
import type { PortSpec } from "../port/kinds.js";
import { parsePortSpec } from "../port/spec.js";
import { drawnByChance } from "../random.js";
import { parseCount, parseDuration, parseRatio } from "../units.js";
import type { Reader } from "./option.js";

/** A whole number in a range. */
export const count =
  (least = 1, most?: number): Reader<number> =>
  (text, where) =>
    parseCount(text, where, least, most);

/** A time in nanoseconds. */
export const duration =
  (leastNs?: number): Reader<number> =>
  (text, where) =>
    parseDuration(text, where, leastNs);

/** `0.5%,1%`, `64,128`: a value for each piece between commas. */
export const each =
  <Value>(read: Reader<Value>): Reader<Value[]> =>
  (text, where) =>
    text.split(",").map((piece) => read(piece.trim(), where));

/** A MAC address, as it was written. */
export const macText: Reader<string> = (text, where) => {
  parseMac(text, where);
  return text;
};

/** A share below 1, and above 0 where `zero` is false. */
export const properShare =
  (zero: boolean): Reader<number> =>
  (text, where) => {
    const share = parseRatio(text, where);
    if (share < 1 && (zero || share > 0)) return share;
    throw usageError(`"${text}" is ${share >= 1 ? "all of it" : "nothing"}`, {
      where,
      accepted: "a share below 1, e.g. 0.5%",
    });
  };

export const maxQueues = 8;

/** Queue pairs. */
export const parseQueues = (text: string, where: string): number => {
  if (/^\d+$/.test(text.trim())) return parseCount(text, where, 1, maxQueues);
  throw usageError(`"${text}" is not a number of queue pairs`, { where, accepted: `1 to ${maxQueues}` });
};

/** Threads of the generator. */
export const parseWorkers = (text: string, option: string): number | "auto" => {
  if (text.trim() === "auto") return "auto";
  if (/^\d+$/.test(text.trim())) return parseCount(text, option, 1, maxQueues);
  throw usageError(`"${text}" is not a number of threads`, { where: option, accepted: `1 to ${maxQueues}, or auto` });
};

/** As many as a signature has room for. */
const runIds = 2 ** 24;

/** A run's id by chance. Signatures must not begin like padding or empty fields: those would be taken for damaged ones. */
export function drawnRunId(): number {
  for (;;) {
    const id = drawnByChance(runIds);
    const [high, middle] = [id >>> 16, (id >>> 8) & 0xff];
    if (high !== 0 && middle !== 0 && high !== middle) return id;
  }
}

/** What tells the frames of this run from those of any other. */
export const runId = count(0, runIds - 1);

/** The highest CPU number that our affinity masks hold. */
const maxCpu = 1023;

/** `0,2,4-6`: CPUs in the order given, each once. */
export function parseCores(text: string, where: string): number[] {
  const accepted = "CPU numbers, e.g. 2,3 or 4-7, each once";
  const cpus = text.split(",").flatMap((piece) => {
    const match = /^\s*(\d{1,4})(?:-(\d{1,4}))?\s*$/.exec(piece);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match === null || last < first || last > maxCpu) throw usageError(`"${piece}" is no CPU`, { where, accepted });
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
  const twice = cpus.find((cpu, i) => cpus.indexOf(cpu) !== i);
  if (twice !== undefined) throw usageError(`CPU ${twice} is given twice`, { where, accepted });
  return cpus;
}

/** CPUs that this process may not use are refused: a thread that stays elsewhere would make figures lie. */
export function checkCoresAllowed(cores: readonly number[], allowed: readonly number[], where: string): void {
  const wrong = cores.find((cpu) => !allowed.includes(cpu));
  if (wrong === undefined || allowed.length === 0) return;
  throw usageError(`CPU ${wrong} is not there, or not for this process`, {
    where,
    accepted: `some of ${allowed.join(",")}`,
  });
}

/** A port spec; its errors name the option as well as the spec. */
export function parsePort(text: string, option: string): PortSpec {
  try {
    return parsePortSpec(text);
  } catch (error) {
    if (!(error instanceof PktgenError)) throw error;
    const { exitCode, message, accepted, hint } = error;
    throw new PktgenError(exitCode, message, {
      where: `${option} ${text}`,
      ...(accepted === undefined ? {} : { accepted }),
      ...(hint === undefined ? {} : { hint }),
      cause: error,
    });
  }
}

/** A word that an option with blanks in its list leaves over, or one too many. */
export function refuseWords(words: readonly string[]): void {
  const [word] = words;
  if (word === undefined) return;
  throw usageError(`what is '${word}'?`, {
    accepted: "options only",
    hint: "lists have commas and no blanks, e.g. --sizes 64,1518; see pktgen-ts --help",
  });
}
