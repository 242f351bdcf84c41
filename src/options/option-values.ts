/** Values that several commands take, read from text. Each throws a usage error that names its option. */
import { PktgenError, usageError } from "../errors.js";
import type { PortSpec } from "../port/kinds.js";
import { parsePortSpec } from "../port/spec.js";
import { drawnByChance } from "../random.js";
import { parseCount, parseDurationOrForever } from "../units.js";

export const maxQueues = 8;

/** Queue pairs. */
export const parseQueues = (text: string, where: string): number => {
  if (/^\d+$/.test(text.trim())) return parseCount(text, where, 1, maxQueues);
  throw usageError(`"${text}" is not a number of queue pairs`, { where, accepted: `1 to ${maxQueues}` });
};

/** `--wait-peer`, for a plan; nothing where it is not given. */
export const waitPeerOf = ({ waitPeer }: { readonly waitPeer?: string }): { readonly waitPeerNs?: number } =>
  waitPeer === undefined ? {} : { waitPeerNs: parseDurationOrForever(waitPeer, "--wait-peer") };

/** As many as a signature has room for; frames say by it which run they are of. */
const runIds = 2 ** 24;

/** None whose frames begin their signatures like padding and empty fields do: these would be taken for damaged ones. */
function drawnRunId(): number {
  for (;;) {
    const id = drawnByChance(runIds);
    const [high, middle] = [id >>> 16, (id >>> 8) & 0xff];
    if (high !== 0 && middle !== 0 && high !== middle) return id;
  }
}

/** What tells the frames of this run from those of any other: drawn by chance where it was not given. */
export const runIdOf = (text: string | undefined): number =>
  text === undefined ? drawnRunId() : parseCount(text, "--run-id", 0, runIds - 1);

/** The highest CPU number that an affinity mask of ours holds. */
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
