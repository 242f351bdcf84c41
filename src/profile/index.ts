/**
 * Profiles: files that say what traffic to send → validated specs, plain (one stream of UDP) or of streams, with errors that name file, line and
 * column, and what is accepted there. Loads yaml and zod, so it is imported only where a profile was asked for.
 */
import { readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isProgramFile, LoadedPrograms, loadProgram, programUrls } from "../engine/load-program.js";
import { PktgenError, usageError } from "../errors.js";
import { compileTraffic } from "../stream/compile.js";
import { programStreams } from "../stream/program-api.js";
import { checkStreamSpec, checkStreams, type StreamSpec, streamSpec } from "../stream/spec.js";
import type { TrafficSpec } from "../stream/traffic.js";
import { type FrameSize, fixedSize, planSizes } from "../units.js";
import { checkShape } from "./check.js";
import { parseYaml, type YamlDocument, type YamlPath } from "./document.js";
import { at, sizesOf } from "./located.js";
import { type Parameters, settle, withParameters } from "./parameters.js";
import { type ProfileShape, profileSchema } from "./schema.js";
import { profileThreshold, type ThresholdSpec } from "./threshold.js";
import { checkNames, noStreams, placeInStream, streamAt } from "./traffic.js";
import { trafficSchema } from "./traffic-schema.js";

export { parseSetting } from "./parameters.js";

export interface Profile {
  readonly file: string;
  /** "" where it has none. */
  readonly description: string;
  /** What it says about the stream; the rest is as in every stream. */
  readonly stream: Partial<StreamSpec>;
  /** Its streams; null: plain traffic, which `stream` says. */
  readonly traffic: TrafficSpec | null;
  /** What a run of it must reach. */
  readonly thresholds: readonly ThresholdSpec[];
}

/** The largest file that is read at all. */
const maxFileBytes = 1_000_000;

/** Fields of a stream, as its own errors name them → where a profile has them. */
const places: Readonly<Record<string, YamlPath>> = {
  dstMac: ["ethernet", "dst"],
  srcMac: ["ethernet", "src"],
  vlan: ["vlan", "id"],
  srcAddress: ["ip", "src"],
  dstAddress: ["ip", "dst"],
  srcPort: ["udp", "src"],
  "udp.srcPort": ["udp", "src"],
  "udp.dstPort": ["udp", "dst"],
  flows: ["flows"],
  pinQueues: ["pinFlows"],
  "--sizes": ["sizes"],
};

/** Only what the profile says; `undefined` is not a value of a stream's field. */
function streamOf(document: YamlDocument, shape: ProfileShape): Partial<StreamSpec> {
  const { ethernet, vlan, ip, udp, flows, pinFlows, sizes } = shape;
  const said = {
    dstMac: ethernet?.dst,
    srcMac: ethernet?.src,
    vlan: vlan?.id,
    ip: ip?.version,
    srcAddress: ip?.src,
    dstAddress: ip?.dst,
    srcPort: udp?.src,
    dstPort: udp?.dst,
    flows: flows ?? pinFlows,
    pinQueues: pinFlows,
    sizes: sizes === undefined ? undefined : sizesOf(document, sizes),
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

/** Text of a profile → profile. Throws a usage error `file:line:column: what; accepted: …`. */
export function parseProfile(text: string, file: string, settings: Parameters = noSettings): Profile {
  const document = parseYaml(text, file);
  if (hasStreams(document.value)) return trafficProfile(document, file, settings);
  settle(noSettings, settings);
  // A file of nothing but comments asks for nothing but the defaults.
  const shape = document.value === null ? {} : checkShape(profileSchema, document);
  const stream = streamOf(document, shape);
  at(
    document,
    (where) => places[where] ?? [],
    () => checkStreamSpec(streamSpec(stream)),
  );
  const thresholds = thresholdsOf(document, shape.thresholds ?? []);
  return { file, description: shape.description ?? "", stream, traffic: null, thresholds };
}

const noSettings: Parameters = new Map();

const thresholdsOf = (document: YamlDocument, texts: readonly string[]): ThresholdSpec[] =>
  texts.map((text, i) => at(document, ["thresholds", i], () => profileThreshold(text, "thresholds")));

const hasStreams = (value: unknown): boolean =>
  typeof value === "object" && value !== null && ("streams" in value || "include" in value || "parameters" in value);

/** A profile of streams: those it includes first, then its own. */
function trafficProfile(document: YamlDocument, file: string, settings: Parameters): Profile {
  const parts = withIncluded(document, file, []);
  const defaults = new Map(parts.flatMap((part) => [...part.parameters]));
  const parameters = settle(defaults, settings);
  const origins: Origin[] = [];
  const streams = parts.flatMap((part) => {
    const filled = withParameters(part.document, parameters);
    return part.streams.map((_, i) => {
      const path = ["streams", i];
      origins.push({ document: filled, path });
      return streamAt(filled, path, part.file, origins.length - 1);
    });
  });
  if (streams.length === 0) throw noStreams(file);
  checkNames(streams, (index, what, accepted) =>
    origins[index].document.errorAt(origins[index].path, what, { accepted }),
  );
  const last = parts[parts.length - 1];
  const filled = withParameters(last.document, parameters);
  const { sizes, description, thresholds = [] } = checkShape(trafficSchema, filled);
  const name = basename(file).replace(/\.ya?ml$/, "");
  const spec: TrafficSpec = {
    name,
    streams,
    sizes: sizes === undefined ? planSizes.map(fixedSize) : sizesOf(filled, sizes),
    seed: 1,
  };
  locating(spec, origins, { document: filled, path: sizes === undefined ? null : ["sizes"] }, () => checkStreams(spec));
  const wanted = thresholdsOf(filled, thresholds);
  return { file, description: description ?? "", stream: {}, traffic: spec, thresholds: wanted };
}

/** Where a stream, or the list of sizes, stands. */
interface Origin {
  readonly document: YamlDocument;
  readonly path: YamlPath;
}

/** Runs `check`; usage errors that name a stream (`stream "a" fields[2]`) or `--sizes` move to that place in its file. */
function locating(
  spec: TrafficSpec,
  origins: readonly Origin[],
  sizes: { readonly document: YamlDocument; readonly path: YamlPath | null },
  check: () => void,
): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof PktgenError)) throw error;
    const where = error.where ?? "";
    const name = /^stream "(.*)"/s.exec(where)?.[1];
    const index = spec.streams.findIndex((stream) => stream.name === name);
    const details = { ...error.details, cause: error };
    const origin = origins[index];
    const place = placeInStream(where);
    // A stream without sizes of its own has the profile's.
    const ofProfile = place[0] === "size" && spec.streams[index]?.size === null;
    if (origin === undefined || (ofProfile && sizes.path !== null)) {
      throw sizes.document.errorAt(sizes.path ?? [], error.message, details);
    }
    throw origin.document.errorAt([...origin.path, ...place], error.message, details);
  }
}

interface Part {
  readonly document: YamlDocument;
  readonly file: string;
  readonly parameters: Parameters;
  readonly streams: readonly unknown[];
}

/** The files that a profile includes, each before the one that includes it. */
function withIncluded(document: YamlDocument, file: string, within: readonly string[]): readonly Part[] {
  const shape = checkShape(trafficSchema, document);
  const own = {
    document,
    file,
    parameters: new Map(Object.entries(shape.parameters ?? {})),
    streams: shape.streams ?? [],
  };
  const names = typeof shape.include === "string" ? [shape.include] : (shape.include ?? []);
  const included = names.flatMap((name, i) => {
    const path: YamlPath = typeof shape.include === "string" ? ["include"] : ["include", i];
    const target = resolve(dirname(file), name);
    if ([resolve(file), ...within].includes(target)) {
      throw document.errorAt(path, `${name} includes itself`, { accepted: "files that do not include each other" });
    }
    const text = at(document, path, () => readProfile(target, name));
    return withIncluded(parseYaml(text, target), target, [...within, resolve(file)]);
  });
  return [...included, own];
}

/** Reads and parses it; `settings` are those of --set. */
export const loadProfile = (file: string, settings: Parameters = noSettings): Profile =>
  parseProfile(readProfile(file, file), file, settings);

function readProfile(file: string, shown: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const why = code === "ENOENT" ? "does not exist" : code === "EISDIR" ? "is a folder" : `cannot be read (${code})`;
    throw usageError(`the profile ${shown} ${why}`, {
      where: "--profile",
      accepted: "a YAML file such as profiles/imix.yaml",
      cause: error,
    });
  }
  if (text.length > maxFileBytes) {
    throw usageError(`the profile ${shown} is too long`, {
      where: "--profile",
      accepted: `up to ${maxFileBytes} bytes`,
    });
  }
  return text;
}

/**
 * As loadProfile; the file may be a module, too (.ts, .mts, .js, .mjs), whose programs are tried, at these sizes, before
 * anything is sent.
 */
export async function loadAnyProfile(
  file: string,
  settings: Parameters = noSettings,
  sizes: readonly FrameSize[] = planSizes.map(fixedSize),
): Promise<Profile> {
  if (!isProgramFile(file)) return loadProfile(file, settings);
  settle(noSettings, settings);
  const url = pathToFileURL(resolve(file)).href;
  const spec: TrafficSpec = {
    name: basename(file).replace(/\.m?[jt]s$/, ""),
    streams: programStreams(await loadProgram(file), url),
    sizes,
    seed: 1,
  };
  const programs = new LoadedPrograms();
  await programs.load(programUrls(spec));
  checkStreams(spec);
  for (const size of spec.sizes) {
    // Only programs can fail there: of thousands of streams that are none, each would have code of its own made in vain.
    const functions = programs.of(spec);
    for (const [k, program] of compileTraffic(spec, size, functions).entries()) {
      if (functions[k] !== null) program.cursor(0, 1);
    }
  }
  return { file, description: "", stream: {}, traffic: spec, thresholds: [] };
}
