/**
 * Profiles: files that say what traffic to send → validated stream specs, with errors that name file, line and
 * column, and what is accepted there. Loads yaml and zod, so it is imported only where a profile was asked for.
 */
import { readFileSync } from "node:fs";
import { PktgenError, usageError } from "../errors.js";
import { checkStreamSpec, type StreamSpec, streamSpec } from "../stream/spec.js";
import { checkFrameBytes, type FrameSize, parseSizes } from "../units.js";
import { checkShape } from "./check.js";
import { parseYaml, type YamlDocument, type YamlPath } from "./document.js";
import { mixSchema, type ProfileShape, profileSchema } from "./schema.js";

export interface Profile {
  readonly file: string;
  /** "" where it has none. */
  readonly description: string;
  /** What it says about the stream; the rest is as in every stream. */
  readonly stream: Partial<StreamSpec>;
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
  "--sizes": ["sizes"],
};

/** Runs `make`; its usage errors move to `path` in the file. */
function at<T>(document: YamlDocument, pathOf: (where: string) => YamlPath, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof PktgenError)) throw error;
    const { message, accepted, hint } = error;
    throw document.errorAt(pathOf(error.where ?? ""), message, {
      ...(accepted === undefined ? {} : { accepted }),
      ...(hint === undefined ? {} : { hint }),
      cause: error,
    });
  }
}

function sizesAt(document: YamlDocument, path: YamlPath, value: unknown): readonly FrameSize[] {
  if (typeof value === "number" || typeof value === "string") {
    return at(
      document,
      () => path,
      () => parseSizes(String(value), "sizes"),
    );
  }
  const { mix, parts } = checkShape(mixSchema, document, path);
  const checked = parts.map(({ size, weight }, i) => {
    const frameBytes = at(
      document,
      () => [...path, "parts", i, "size"],
      () => checkFrameBytes(size, "size"),
    );
    return { frameBytes, weight };
  });
  return [{ kind: "mix", name: mix, parts: checked }];
}

function sizesOf(document: YamlDocument, value: unknown): readonly FrameSize[] {
  if (!Array.isArray(value)) return sizesAt(document, ["sizes"], value);
  if (value.length === 0) throw document.errorAt(["sizes"], "sizes is empty", { accepted: "at least one size" });
  return value.flatMap((entry: unknown, i) => sizesAt(document, ["sizes", i], entry));
}

/** Only what the profile says; `undefined` is not a value of a stream's field. */
function streamOf(document: YamlDocument, shape: ProfileShape): Partial<StreamSpec> {
  const { ethernet, vlan, ip, udp, flows, sizes } = shape;
  const said = {
    dstMac: ethernet?.dst,
    srcMac: ethernet?.src,
    vlan: vlan?.id,
    ip: ip?.version,
    srcAddress: ip?.src,
    dstAddress: ip?.dst,
    srcPort: udp?.src,
    dstPort: udp?.dst,
    flows,
    sizes: sizes === undefined ? undefined : sizesOf(document, sizes),
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

/** Text of a profile → profile. Throws a usage error `file:line:column: what; accepted: …`. */
export function parseProfile(text: string, file: string): Profile {
  const document = parseYaml(text, file);
  // A file of nothing but comments asks for nothing but the defaults.
  const shape = document.value === null ? {} : checkShape(profileSchema, document);
  const stream = streamOf(document, shape);
  at(
    document,
    (where) => places[where] ?? [],
    () => checkStreamSpec(streamSpec(stream)),
  );
  return { file, description: shape.description ?? "", stream };
}

/** Reads and parses it. */
export function loadProfile(file: string): Profile {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const why = code === "ENOENT" ? "does not exist" : code === "EISDIR" ? "is a folder" : `cannot be read (${code})`;
    throw usageError(`the profile ${file} ${why}`, {
      where: "--profile",
      accepted: "a YAML file such as profiles/imix.yaml",
      cause: error,
    });
  }
  if (text.length > maxFileBytes) {
    throw usageError(`the profile ${file} is too long`, {
      where: "--profile",
      accepted: `up to ${maxFileBytes} bytes`,
    });
  }
  return parseProfile(text, file);
}
