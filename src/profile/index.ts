/**
 * Profiles: files that say what traffic to send → validated specs, plain (one stream of UDP) or of streams. Errors name
 * file, line and column, and what is accepted there. The room loads yaml and zod, so it is imported only if a profile
 * was asked for.
 */
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { PktgenError } from "../errors.js";
import { isProgramFile, LoadedPrograms, loadProgram, programUrls } from "../program/load-program.js";
import { compileTraffic } from "../stream/frames/compile.js";
import { givenFrame } from "../stream/frames/given-frame.js";
import { programStreams } from "../stream/program/api.js";
import type { TrafficSpec } from "../stream/spec/traffic.js";
import { checkPlainTraffic, checkStreams, type PlainTraffic, plainTraffic } from "../stream/spec.js";
import { type FrameSize, fixedSize, planSizes } from "../units.js";
import { checkKnown, checkShape } from "./check.js";
import { parseYaml, type YamlDocument, type YamlPath } from "./document.js";
import { ProfileFiles, readProfileText } from "./files.js";
import { readFrame } from "./frame-file.js";
import { withIncluded } from "./includes.js";
import { at, sizesOf } from "./located.js";
import { eachOf, together } from "./mistakes.js";
import { type Parameters, settle, withParameters } from "./parameters.js";
import { type ProfileShape, profileSchema } from "./schema.js";
import { profileThreshold, type ThresholdSpec } from "./threshold.js";
import { plainKeys, streamsKeys } from "./top-keys.js";
import { checkNames, noStreams, placeInStream, streamAt } from "./traffic.js";
import { trafficSchema } from "./traffic-schema.js";

export { eachOf, mistakesOf } from "./mistakes.js";
export { parseSettings } from "./parameters.js";

export interface Profile {
  readonly file: string;
  /** "" where it has none. */
  readonly description: string;
  /** What it says about the stream; the rest is as in every stream. */
  readonly stream: Partial<PlainTraffic>;
  /** Its streams; null: plain traffic, which `stream` says. */
  readonly traffic: TrafficSpec | null;
  /** What a run of it must reach. */
  readonly thresholds: readonly ThresholdSpec[];
  /** What is odd about it, in sentences. */
  readonly notes: readonly string[];
}

/** How a profile is read. */
export interface ProfileOptions {
  /** Its parameters, as --set gives them. */
  readonly settings?: Parameters;
  /** The folder that files it names may lie in; absent: its own folder. */
  readonly root?: string;
}

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
function streamOf(document: YamlDocument, shape: ProfileShape): Partial<PlainTraffic> {
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

/** Text of a profile → profile. Throws a usage error `file:line:column: what; accepted: …` (mistakesOf: all of them). */
export function parseProfile(text: string, file: string, options: ProfileOptions = {}): Profile {
  const document = parseYaml(text, file);
  refusePlan(document, file);
  const { settings = noSettings } = options;
  if (hasStreams(document.value)) {
    return trafficProfile(document, file, new ProfileFiles(file, options.root ?? null, text.length), settings);
  }
  settle(noSettings, settings);
  // A file of nothing but comments asks for nothing but the defaults.
  const isEmpty = document.value === null;
  const shape = isEmpty ? {} : checkKnown(profileSchema, document, plainKeys);
  const [, stream, thresholds] = together(
    () => (isEmpty ? shape : checkShape(profileSchema, document, [], plainKeys)),
    () => plainStreamOf(document, shape),
    () => thresholdsOf(document, shape.thresholds ?? []),
  );
  const notes = isEmpty ? [`${file} is empty: traffic is as without a profile`] : [];
  return { file, description: shape.description ?? "", stream, traffic: null, thresholds, notes };
}

function plainStreamOf(document: YamlDocument, shape: ProfileShape): Partial<PlainTraffic> {
  const stream = streamOf(document, shape);
  at(
    document,
    (where) => places[where] ?? [],
    () => checkPlainTraffic(plainTraffic(stream)),
  );
  return stream;
}

const noSettings: Parameters = new Map();

const thresholdsOf = (document: YamlDocument, texts: readonly string[]): readonly ThresholdSpec[] =>
  eachOf(texts, (text, i) => at(document, ["thresholds", i], () => profileThreshold(text, "thresholds")));

const has = (value: unknown, ...keys: readonly string[]): boolean =>
  typeof value === "object" && value !== null && keys.some((key) => Object.hasOwn(value, key));

const hasStreams = (value: unknown): boolean => has(value, "streams", "include", "parameters");

/** A test plan that was taken for a profile. */
function refusePlan(document: YamlDocument, file: string): void {
  if (!has(document.value, "cases") || has(document.value, "streams")) return;
  throw document.errorAt([], `${file} is a test plan, no profile`, {
    accepted: "a profile: streams, or sizes, ethernet, vlan, ip, udp, flows",
    hint: `pktgen-ts plan ${file} runs it`,
  });
}

/** A profile of streams: those it includes first, then its own. */
function trafficProfile(document: YamlDocument, file: string, files: ProfileFiles, settings: Parameters): Profile {
  const parts = withIncluded(document, file, files);
  const defaults = new Map(parts.flatMap((part) => [...part.parameters]));
  const parameters = settle(defaults, settings);
  const filled = withParameters(parts[parts.length - 1].document, parameters);
  const { sizes, description, thresholds = [] } = checkKnown(trafficSchema, filled, streamsKeys);
  const origins: Origin[] = parts.flatMap((part) => {
    const own = withParameters(part.document, parameters);
    return part.streams.map((_, i) => ({ document: own, path: ["streams", i], file: part.file }));
  });
  const notes: string[] = [];
  const [, streams, frameSizes, wanted] = together(
    () => eachOf(parts, (part) => checkShape(trafficSchema, part.document, [], streamsKeys)),
    () =>
      eachOf(origins, (origin, i) => streamAt(origin.document, origin.path, { file: origin.file, files, notes }, i)),
    () => (sizes === undefined ? planSizes.map(fixedSize) : sizesOf(filled, sizes)),
    () => thresholdsOf(filled, thresholds),
  );
  if (streams.length === 0) throw noStreams(file);
  checkNames(streams, (index, what, accepted) =>
    origins[index].document.errorAt(origins[index].path, what, { accepted }),
  );
  const name = basename(file).replace(/\.ya?ml$/, "");
  const spec: TrafficSpec = { name, streams, sizes: frameSizes, seed: 1 };
  checkAll(spec, origins, { document: filled, path: sizes === undefined ? null : ["sizes"] });
  return { file, description: description ?? "", stream: {}, traffic: spec, thresholds: wanted, notes: unique(notes) };
}

const unique = (sentences: readonly string[]): readonly string[] => [...new Set(sentences)];

/** Checks the streams together; where one fails, each alone, so that every mistake is found. */
function checkAll(spec: TrafficSpec, origins: readonly Origin[], sizes: SizesPlace): void {
  try {
    checkStreams(spec);
  } catch (error) {
    if (!(error instanceof PktgenError)) throw error;
    const isOne = /^(stream "|--sizes)/.test(error.where ?? "") && spec.streams.length <= mostCheckedAlone;
    if (isOne) {
      eachOf(spec.streams, (stream) =>
        locating(spec, origins, sizes, () => checkStreams({ ...spec, streams: [stream] })),
      );
    }
    locating(spec, origins, sizes, () => {
      throw error;
    });
  }
}

/** Streams of which each is looked at after one was found wrong; of more the first mistake has to do. */
const mostCheckedAlone = 64;

/** Where a stream, or the list of sizes, stands. */
interface Origin {
  readonly document: YamlDocument;
  readonly path: YamlPath;
  readonly file: string;
}

interface SizesPlace {
  readonly document: YamlDocument;
  /** null: the profile has no sizes. */
  readonly path: YamlPath | null;
}

/** Runs `check`; usage errors that name a stream (`stream "a" fields[2]`) or `--sizes` move to that place in its file. */
function locating(spec: TrafficSpec, origins: readonly Origin[], sizes: SizesPlace, check: () => void): void {
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
    // A stream without sizes has the profile's sizes.
    const ofProfile = place[0] === "size" && spec.streams[index]?.size === null;
    if (origin === undefined || (ofProfile && sizes.path !== null)) {
      throw sizes.document.errorAt(sizes.path ?? [], error.message, details);
    }
    throw origin.document.errorAt([...origin.path, ...place], error.message, details);
  }
}

/** One frame as `--frame` gives it (frame-file.ts), as a profile of one stream. @throws PktgenError (2) */
export function profileOfFrame(text: string, where: string): Profile {
  const { stream, notes } = givenFrame("frame", readFrame(text, where), where);
  const traffic: TrafficSpec = { name: "frame", streams: [stream], sizes: planSizes.map(fixedSize), seed: 1 };
  return { file: where, description: "", stream: {}, traffic, thresholds: [], notes };
}

/** Reads and parses it. */
export const loadProfile = (file: string, options: ProfileOptions = {}): Profile =>
  parseProfile(readProfileText(file, file, "--profile"), file, options);

/**
 * As loadProfile; the file may be a module, too (.ts, .mts, .js, .mjs), whose programs are tried, at these sizes, before
 * anything is sent.
 */
export async function loadAnyProfile(
  file: string,
  options: ProfileOptions = {},
  sizes: readonly FrameSize[] = planSizes.map(fixedSize),
): Promise<Profile> {
  if (!isProgramFile(file)) return loadProfile(file, options);
  settle(noSettings, options.settings ?? noSettings);
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
    // Only programs can fail there. For thousands of streams without a program, code would be generated in vain.
    const functions = programs.of(spec);
    for (const [k, program] of compileTraffic(spec, size, functions).entries()) {
      if (functions[k] !== null) program.cursor(0, 1);
    }
  }
  return { file, description: "", stream: {}, traffic: spec, thresholds: [], notes: [] };
}
