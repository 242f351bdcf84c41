/** Streams of a profile → traffic spec: headers, payloads, sizes, changes, rates and schedules, each checked at its place. */
import { type PktgenError, usageError } from "../errors.js";
import { didYouMean } from "../nearest.js";
import { checkStack, fieldPlace, type Header, headerOf, protocolNameOf, readBytes } from "../packet/index.js";
import { givenFrame } from "../stream/frames/given-frame.js";
import {
  continuous,
  type FieldModifier,
  incrementPayload,
  type Payload,
  type StreamSchedule,
  type StreamSize,
  type TrafficStream,
} from "../stream/index.js";
import { pinStream } from "../stream/spec/pin.js";
import { parseDuration, parseRate, parseRatio } from "../units.js";
import { checkShape, quoted, valueAtPath } from "./check.js";
import type { YamlDocument, YamlPath } from "./document.js";
import type { ProfileFiles } from "./files.js";
import { frameName, frameOfFile, frameOfHex } from "./frame-file.js";
import { at, checkName, sizesAt } from "./located.js";
import { eachOf, together } from "./mistakes.js";
import {
  type changeSchema,
  packetSchema,
  payloadSchema,
  scheduleSchema,
  sizeSchema,
  streamSchema,
} from "./traffic-schema.js";

/** The file of a stream, and how the files that it names are read. */
interface StreamFile {
  readonly file: string;
  readonly files: ProfileFiles;
  /** What is odd about its streams is added, in sentences. */
  readonly notes: string[];
}

/** One stream. `position` names a stream without a name. */
export function streamAt(document: YamlDocument, path: YamlPath, from: StreamFile, position: number): TrafficStream {
  const shape = streamShapeAt(document, path);
  const { name, rate, pin } = shape;
  const [{ layers, payload, size }, , ownRate, schedule] = together(
    () => contentAt(document, path, shape, from),
    () => checkName(document, [...path, "name"], name ?? ""),
    () => (rate === undefined ? null : at(document, [...path, "rate"], () => parseRate(rate, "rate"))),
    () => (shape.schedule === undefined ? continuous : scheduleAt(document, [...path, "schedule"])),
  );
  const stream: TrafficStream = {
    name: name ?? `stream ${position + 1}`,
    layers,
    payload,
    size,
    fields: changesAt(document, [...path, "fields"], layers, shape.fields ?? []),
    rate: ownRate,
    weight: shape.weight ?? 1,
    schedule,
    program: null,
    ...(shape.signed === false ? { signed: false } : {}),
  };
  return pin === undefined ? stream : at(document, [...path, "pin"], () => pinStream(stream, pin));
}

type StreamShape = ReturnType<typeof streamSchema.parse>;
type Content = Pick<TrafficStream, "layers" | "payload" | "size">;

/** What its frames are: a packet, with a payload and a size, or one frame as it is given. */
function contentAt(document: YamlDocument, path: YamlPath, shape: StreamShape, from: StreamFile): Content {
  const { packet, frame } = shape;
  if (frame !== undefined) return frameAt(document, path, shape, from);
  if (packet === undefined) {
    throw document.errorAt(path, "a stream without packet", { accepted: "packet: a list of headers; or frame" });
  }
  const [layers, payload, size] = together(
    () => packetAt(document, [...path, "packet"], packet),
    () =>
      shape.payload === undefined ? incrementPayload : payloadAt(document, [...path, "payload"], shape.payload, from),
    () => (shape.size === undefined ? null : streamSizeAt(document, [...path, "size"], shape.size)),
  );
  return { layers, payload, size };
}

function frameAt(document: YamlDocument, path: YamlPath, shape: StreamShape, from: StreamFile): Content {
  const beside = (["packet", "payload", "size"] as const).find((key) => shape[key] !== undefined);
  if (beside !== undefined) {
    throw document.errorAt([...path, beside], `${beside} beside frame: a given frame has all of its bytes`, {
      accepted: "frame, or packet with payload and size",
    });
  }
  const { frame = "" } = shape;
  const here = [...path, "frame"];
  const { stream, notes } = at(document, here, () => givenFrame("", bytesOf(frame, from), "frame"));
  from.notes.push(...notes);
  return stream;
}

function bytesOf(frame: string | { readonly file: string }, { file, files }: StreamFile): Uint8Array {
  if (typeof frame === "string") return frameOfHex(frame, "frame");
  const { file: name, number } = frameName(frame.file);
  return frameOfFile(files.payload(name, file), number, "frame");
}

/** Throws the mistakes of its keys together with the mistakes of its packet. */
function streamShapeAt(document: YamlDocument, path: YamlPath): StreamShape {
  try {
    return checkShape(streamSchema, document, path);
  } catch (error) {
    const here = [...path, "packet"];
    const packet = packetSchema.safeParse(valueAtPath(document.value, here));
    const again = (): never => {
      throw error;
    };
    together(again, () => (packet.success ? packetAt(document, here, packet.data) : null));
    throw error;
  }
}

/** The stack, outermost first; a list of names, or of one name with its fields. */
function packetAt(
  document: YamlDocument,
  path: YamlPath,
  entries: readonly (string | Readonly<Record<string, unknown>>)[],
): readonly Header[] {
  const layers = eachOf(entries, (entry, i) => {
    const [name, values] = typeof entry === "string" ? [entry, null] : (Object.entries(entry)[0] ?? ["", null]);
    const here = [...path, i];
    if (typeof entry !== "string" && Object.keys(entry).length !== 1) {
      const what = `a header with ${Object.keys(entry).length} names`;
      throw document.errorAt(here, what, { accepted: "one name with its fields, e.g. - ipv4: { ttl: 3 }" });
    }
    const protocol = at(document, here, () => protocolNameOf(name, "packet"));
    if (values !== null && (typeof values !== "object" || Array.isArray(values))) {
      throw document.errorAt([...here, name], `${name} can't be ${quoted(values)}`, { accepted: "its fields" });
    }
    const fields = (values ?? {}) as Readonly<Record<string, unknown>>;
    return at(
      document,
      (where) => [...here, ...placeOf(where, name)],
      () => headerOf(protocol, fields),
    );
  });
  at(
    document,
    (where) => [...path, ...stepsIn(where)],
    () => checkStack(layers, ""),
  );
  return layers;
}

/**
 * `igmp.records[1].group` → igmp, records, 1, group. For parts that a constructor names differently, the place ends at
 * the header.
 */
const placeOf = (where: string, protocol: string): YamlPath =>
  where.startsWith(protocol) ? [protocol, ...stepsIn(where.slice(protocol.length))] : [protocol];

/** `fields[2].list[3]` → fields, 2, list, 3. */
const stepsIn = (where: string): YamlPath =>
  (where.match(/\w+/g) ?? []).map((step) => (/^\d+$/.test(step) ? Number(step) : step));

/** Where in a stream of the file an error of its spec is: `stream "a" fields[2].list` → fields, 2, list. */
export const placeInStream = (where: string): YamlPath => stepsIn(where.slice(where.lastIndexOf('"') + 1));

function payloadAt(document: YamlDocument, path: YamlPath, value: unknown, from: StreamFile): Payload {
  if (value === "zero") return { kind: "zero" };
  if (value === "increment") return incrementPayload;
  if (value === "random") return { kind: "random", seed: 1 };
  const accepted = "zero, increment, random, or one of the keys random, hex, text, file";
  if (typeof value === "string") throw document.errorAt(path, `${quoted(value)} is no payload`, { accepted });
  const shape = checkShape(payloadSchema, document, path);
  const keys = Object.keys(shape);
  if (keys.length !== 1) throw document.errorAt(path, `a payload with ${keys.length} keys`, { accepted });
  if (shape.random !== undefined) return { kind: "random", seed: shape.random };
  if (shape.text !== undefined) return { kind: "bytes", bytes: new TextEncoder().encode(shape.text) };
  const bytes =
    shape.hex === undefined
      ? at(document, [...path, "file"], () => from.files.payload(shape.file ?? "", from.file))
      : readBytes(shape.hex);
  if (bytes === null || bytes.length === 0) {
    throw document.errorAt(path, "this is no byte", {
      accepted: 'pairs of hex digits, e.g. "de ad be ef", or a file with bytes',
    });
  }
  return { kind: "bytes", bytes };
}

function streamSizeAt(document: YamlDocument, path: YamlPath, value: unknown): StreamSize {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (isObject && "min" in value) {
    const { min, max, step, random } = checkShape(sizeSchema, document, path);
    if (random === true) return { kind: "random", min, max };
    return { kind: "range", min, max, step: step ?? 1 };
  }
  const entries = Array.isArray(value)
    ? value.flatMap((each: unknown, i) => sizesAt(document, [...path, i], each))
    : sizesAt(document, path, value);
  if (entries.length === 1) return entries[0];
  const frameBytes = entries.map((entry) => {
    if (entry.kind === "fixed") return entry.frameBytes;
    throw document.errorAt(path, `${entry.name} is one of several`, { accepted: "a mix alone, or a list of sizes" });
  });
  if (frameBytes.length === 0) throw document.errorAt(path, "size is empty", { accepted: "at least one size" });
  return { kind: "list", frameBytes };
}

type ChangeShape = ReturnType<typeof changeSchema.parse>;

function changesAt(
  document: YamlDocument,
  path: YamlPath,
  layers: readonly Header[],
  shapes: readonly ChangeShape[],
): readonly FieldModifier[] {
  const names = shapes.map(({ field }) => field ?? "");
  return eachOf(shapes, (shape, i) => {
    const here = [...path, i];
    return {
      target: targetAt(document, here, layers, shape),
      change: changeAt(document, here, shape),
      after: shape.after === undefined ? null : carrierAt(document, [...here, "after"], names, shape.after),
      period: shape.period ?? null,
      perQueue: shape.perQueue ?? null,
    };
  });
}

function targetAt(
  document: YamlDocument,
  path: YamlPath,
  layers: readonly Header[],
  { field, bits }: ChangeShape,
): FieldModifier["target"] {
  if ((field === undefined) === (bits === undefined)) {
    throw document.errorAt(path, "a change needs one place", { accepted: "field, or bits" });
  }
  if (bits !== undefined) return bits as FieldModifier["target"];
  const place = at(document, [...path, "field"], () => fieldPlace(layers, field!));
  return { field: place.path };
}

function changeAt(document: YamlDocument, path: YamlPath, shape: ChangeShape): FieldModifier["change"] {
  const kinds = (["increment", "decrement", "list", "random"] as const).filter((kind) => shape[kind] !== undefined);
  if (kinds.length !== 1) {
    const what = kinds.length === 0 ? "a change without a kind" : `${kinds.join(" and ")} at once`;
    throw document.errorAt(path, what, { accepted: "one of increment, decrement, list, random" });
  }
  if (shape.list !== undefined) return { kind: "list", values: shape.list };
  if (shape.random !== undefined) {
    const { min, max, seed, limit } = shape.random;
    return { kind: "random", min, max, seed: seed ?? null, limit: limit ?? null };
  }
  const kind = kinds[0] as "increment" | "decrement";
  const { min, max, step, start } = shape[kind]!;
  return { kind, min, max, step: step ?? 1, ...(start === undefined ? {} : { start }) };
}

/** Which of the changes another comes after. */
function carrierAt(document: YamlDocument, path: YamlPath, names: readonly string[], name: string | number): number {
  if (typeof name === "number") {
    if (name < names.length) return name;
    throw document.errorAt(path, `there is no change ${name}`, { accepted: `0 to ${names.length - 1}` });
  }
  const index = names.indexOf(name);
  if (index >= 0) return index;
  const others = names.filter((each) => each !== "");
  throw document.errorAt(path, `no change is of "${name}"`, {
    accepted: others.length === 0 ? "the field of another change; here only bits change" : others.join(", "),
    ...didYouMean(name, names),
  });
}

function scheduleAt(document: YamlDocument, path: YamlPath): StreamSchedule {
  const shape = checkShape(scheduleSchema, document, path);
  const duration = (keys: YamlPath, text: string): number =>
    at(document, [...path, ...keys], () => parseDuration(text, "schedule", 0));
  const startNs = shape.start === undefined ? null : duration(["start"], shape.start);
  const kinds = (["bursts", "ramp", "poisson"] as const).filter((kind) => shape[kind] !== undefined);
  if (kinds.length > 1 || (kinds.length === 1 && shape.frames !== undefined)) {
    const what = [...kinds, ...(shape.frames === undefined ? [] : ["frames"])].join(" and ");
    throw document.errorAt(path, `${what} at once`, { accepted: "one of frames, bursts, ramp, poisson" });
  }
  const own = ownSchedule(document, path, shape, startNs, duration);
  return shape.after === undefined ? own : { kind: "after", stream: shape.after, schedule: own };
}

function ownSchedule(
  document: YamlDocument,
  path: YamlPath,
  { frames, bursts, ramp, poisson }: ReturnType<typeof scheduleSchema.parse>,
  startNs: number | null,
  duration: (keys: YamlPath, text: string) => number,
): Exclude<StreamSchedule, { kind: "after" }> {
  if (bursts !== undefined) {
    const gapNs = duration(["bursts", "gap"], bursts.gap);
    return { kind: "bursts", startNs: startNs ?? 0, frames: bursts.frames, bursts: bursts.count ?? null, gapNs };
  }
  if (ramp !== undefined) {
    const share = (key: "from" | "to"): number =>
      at(document, [...path, "ramp", key], () => parseRatio(ramp[key], key));
    const rampNs = duration(["ramp", "within"], ramp.within);
    return { kind: "ramp", startNs: startNs ?? 0, fromShare: share("from"), toShare: share("to"), rampNs };
  }
  if (poisson !== undefined && poisson !== false) {
    const seed = poisson === true ? null : (poisson.seed ?? null);
    return { kind: "poisson", startNs: startNs ?? 0, seed };
  }
  return { kind: "continuous", startNs, frames: frames ?? null };
}

/** Names must be unique. Chains must be no circles, and each stream in front of another must end. */
export function checkNames(
  streams: readonly TrafficStream[],
  errorOf: (index: number, what: string, accepted: string) => PktgenError,
): void {
  const byName = new Map(streams.map((stream) => [stream.name, stream]));
  const taken = new Set<string>();
  for (const [i, stream] of streams.entries()) {
    const { name, schedule } = stream;
    if (taken.has(name)) throw errorOf(i, `there are two streams "${name}"`, "a name of its own");
    taken.add(name);
    if (schedule.kind !== "after") continue;
    const before = byName.get(schedule.stream);
    if (before === undefined) {
      throw errorOf(i, `there is no stream "${schedule.stream}" to come after`, [...byName.keys()].join(", "));
    }
    const circle = circleFrom(stream, byName);
    if (circle !== null) {
      throw errorOf(i, `streams come after each other in a circle: ${circle.join(", ")}`, "a chain");
    }
    if (!ends(before)) {
      throw errorOf(
        i,
        `"${before.name}" never ends, so that nothing comes after it`,
        "a stream with frames, or bursts with count",
      );
    }
  }
}

/** The names from a stream back to itself, or null. */
function circleFrom(first: TrafficStream, byName: ReadonlyMap<string, TrafficStream>): readonly string[] | null {
  const seen: string[] = [];
  let stream: TrafficStream | undefined = first;
  while (stream !== undefined) {
    if (seen.includes(stream.name)) return [...seen, stream.name];
    seen.push(stream.name);
    stream = stream.schedule.kind === "after" ? byName.get(stream.schedule.stream) : undefined;
  }
  return null;
}

function ends({ schedule }: TrafficStream): boolean {
  const own = schedule.kind === "after" ? schedule.schedule : schedule;
  return own.kind === "bursts" ? own.bursts !== null : own.kind === "continuous" && own.frames != null;
}

/** For a profile that names no stream at all. */
export const noStreams = (file: string): PktgenError =>
  usageError("the profile has no stream", { where: file, accepted: "streams: a list of at least one" });
