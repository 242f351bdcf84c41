/**
 * Profiles of TRex's STL mode → a profile of ours: streams in YAML. What has no counterpart is refused, or noted, at its
 * place; nothing is left out in silence.
 */
import { basename } from "node:path";
import { PktgenError, usageError } from "../../errors.js";
import { parseYaml } from "../../profile/document.js";
import { eachOf, parseProfile } from "../../profile/index.js";
import { writtenProfile } from "../../profile/written.js";
import { isReadError, readInputFile, unreadableBecause } from "../../sys/input-file.js";
import { captureStreams, isCapture } from "./capture.js";
import { Item, Notes } from "./item.js";
import { frameOf, type PortMacs } from "./packet.js";
import { mostListedValues } from "./sequence.js";
import { readStreams, type TrexStream } from "./stream.js";
import { timingsOf } from "./timing.js";

export interface TrexImportOptions {
  /** Addresses where a stream has those of its port; null: the run's options say them. */
  readonly ports?: PortMacs;
  /** Frames carry no signature, and are byte for byte those of the file. */
  readonly unsigned?: boolean;
}

export interface Imported {
  /** The profile. */
  readonly text: string;
  readonly streams: number;
  /** What is otherwise than in TRex, or in the capture, each with its place. */
  readonly notes: readonly string[];
}

const mostBytes = 4_000_000;
/** Of a profile that can be read again. */
const mostProfileBytes = 1_000_000;
const accepted = `.json or .yaml of a TRex profile, or a capture, of up to ${mostBytes} bytes`;
const noPorts: PortMacs = { src: null, dst: null };

/** @throws PktgenError (2) */
export function importTrexFile(file: string, options: TrexImportOptions = {}): Imported {
  if (/\.py$/i.test(file)) {
    throw usageError("a Python profile has to run before it can be read", {
      where: file,
      accepted,
      hint: `scripts/trex_profile_to_json.py ${file} -o profile.json writes what it makes`,
    });
  }
  return importTrex(contentOf(file), file, options);
}

function contentOf(file: string): Uint8Array {
  try {
    return readInputFile(file, { mostBytes });
  } catch (cause) {
    if (!isReadError(cause)) throw cause;
    throw usageError(`${file} ${unreadableBecause(cause)}`, { where: "import", accepted, cause });
  }
}

/** @throws PktgenError (2) with all mistakes of the file (`mistakesOf`) */
export function importTrex(content: Uint8Array, file: string, options: TrexImportOptions = {}): Imported {
  const { ports = noPorts, unsigned = false } = options;
  const notes = new Notes();
  const isOfCapture = isCapture(content);
  const streams = isOfCapture
    ? captureStreams(content, file, unsigned, notes)
    : streamsOf(textOf(content, file), file, ports, unsigned, notes);
  const description = `imported from ${basename(file).replaceAll(/[^\P{C}]/gu, " ")}, a profile of TRex`;
  const text = writtenProfile(commentOf(notes, isOfCapture ? "the capture" : "TRex"), { description, streams });
  if (text.length > mostProfileBytes) {
    const what = `the profile would have ${text.length} bytes`;
    throw usageError(what, {
      where: file,
      accepted: `a profile of up to ${mostProfileBytes} bytes`,
      hint: "fewer streams",
    });
  }
  check(text, file);
  return { text, streams: streams.length, notes: notes.sentences };
}

function textOf(content: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch (cause) {
    throw usageError("this is no text", { where: file, accepted, cause });
  }
}

function streamsOf(text: string, file: string, ports: PortMacs, unsigned: boolean, notes: Notes): readonly object[] {
  const document = parseYaml(text, file);
  const root = new Item(document, [], document.value);
  const read = readStreams(root, notes);
  const timings = timingsOf(read, notes);
  const sent = read.filter((stream) => timings.has(stream));
  if (sent.length === 0) throw root.error("no stream sends anything", "a stream that is enabled and starts");
  return eachOf(sent, (stream) => {
    const frame = frameOf(stream.packet, stream.engine, ports, unsigned, notes);
    const { rate, schedule } = timings.get(stream)!;
    noteRandom(stream, notes);
    return { name: stream.name, ...frame, rate, ...(schedule === null ? {} : { schedule }) };
  });
}

function noteRandom({ engine }: TrexStream, notes: Notes): void {
  for (const variable of engine.variables) {
    const { name, item } = variable;
    if (variable.kind === "range" && variable.op === "random") {
      const what =
        variable.range === null ? "random picks of its list, which repeat," : "random values of the same range,";
      notes.add(item, `"${name}" takes ${what} not those that TRex takes`);
    }
    if (variable.kind === "repeated" && variable.limit > mostListedValues) {
      notes.add(item, `"${name}" repeats after as many random values, but not those that TRex takes`);
    }
  }
}

function commentOf({ sentences }: Notes, original: string): string {
  const lines = sentences.map((sentence) => ` ${sentence}`);
  return lines.length === 0 ? "" : [` Otherwise than in ${original}:`, ...lines].join("\n");
}

/** What comes out is read as a run would: a mistake here is one of the importer, or a limit that only streams together have. */
function check(text: string, file: string): void {
  try {
    parseProfile(text, `${file}.yaml`);
  } catch (error) {
    if (!(error instanceof PktgenError)) throw error;
    throw usageError(`no profile can say this: ${error.message}`, { ...error.details, where: file, cause: error });
  }
}
