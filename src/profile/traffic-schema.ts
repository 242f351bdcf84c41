/**
 * The shape of a profile with streams: keys, types, and in `describe` what is accepted. Headers are checked against the
 * tables of their protocols (packet/input.ts). The code that makes a spec checks what values mean.
 */
import { z } from "zod";
import { type Input, type Inputs, inputsOf, protocolNames } from "../packet/index.js";
import { profileSchema, thresholdsSchema } from "./schema.js";

const time = z.string().describe("a time, e.g. 10ms");
const whole = z.int().min(1).describe("a whole number from 1");
const share = z.string().describe("a share of the rate, e.g. 10%");
const fieldValue = z.union([z.int().min(0), z.string()]).describe("a number or an address");
const step = z.int().min(1).describe("a whole number from 1");
const seed = z.int().min(0).describe("a whole number from 0");

const range = z
  .strictObject({ min: fieldValue, max: fieldValue, step: step.optional(), start: fieldValue.optional() })
  .describe("keys min, max, step, start");
const randomRange = z
  .strictObject({ min: fieldValue, max: fieldValue, seed: seed.optional(), limit: whole.optional() })
  .describe("keys min, max, seed, limit");

/** A change of a field: exactly one of increment, decrement, list, random. */
export const changeSchema = z
  .strictObject({
    field: z.string().describe("a field of the packet, e.g. ipv4.src, ipv4[1].dst, inner.udp.srcPort"),
    bits: z
      .strictObject({
        offset: z.int().min(0).describe("a byte of the frame, from 0"),
        mask: z.int().min(1).describe("a mask, e.g. 0xffff"),
        bytes: z.literal([1, 2, 4]).describe("1, 2 or 4"),
      })
      .describe("keys offset, mask, bytes"),
    increment: range,
    decrement: range,
    list: z.array(fieldValue).min(1).describe("a list of values"),
    random: randomRange,
    after: z
      .union([z.string(), z.int().min(0)])
      .describe("the field that carries into this one, as it is written there; or which change it is, from 0"),
    period: whole,
    perQueue: z.array(whole).min(1).describe("a list of counts, one for each queue"),
  })
  .partial()
  .describe("keys field or bits; one of increment, decrement, list, random; after, period, perQueue");

export const payloadSchema = z
  .strictObject({
    random: seed,
    hex: z.string().describe("pairs of hex digits"),
    text: z.string().min(1).describe("a text"),
    file: z.string().min(1).describe("a file, looked for from the profile's folder"),
  })
  .partial()
  .describe("zero, increment, random, or one of the keys random, hex, text, file");

export const sizeSchema = z
  .strictObject({
    min: z.int().describe("a frame size with FCS"),
    max: z.int().describe("a frame size with FCS"),
    step: whole.optional(),
    random: z.boolean().describe("true or false").optional(),
  })
  .describe("a size, a list, a range 64-1518:64, imix, a mix, or keys min, max, step, random");

export const scheduleSchema = z
  .strictObject({
    start: time,
    frames: whole,
    bursts: z.strictObject({ frames: whole, gap: time, count: whole.optional() }).describe("keys frames, gap, count"),
    ramp: z.strictObject({ from: share, to: share, within: time }).describe("keys from, to, within"),
    poisson: z.union([z.boolean(), z.strictObject({ seed: seed.optional() })]).describe("true, or key seed"),
    after: z.string().describe("the name of a stream"),
  })
  .partial()
  .describe("keys start, frames, after; at most one of bursts, ramp, poisson");

export const packetSchema = z
  .array(z.union([z.string(), z.record(z.string(), z.unknown())]))
  .min(1)
  .describe("a list of headers, outermost first, e.g. [ethernet, ipv4: { ttl: 3 }, udp]");

export const frameSchema = z
  .union([
    z.string().describe("hex: and pairs of hex digits: a frame without its FCS"),
    z.strictObject({ file: z.string().min(1).describe("a capture of one frame, hex digits, or bytes") }),
  ])
  .describe("hex: and pairs of hex digits, or key file: a frame without its FCS");

export const streamSchema = z
  .strictObject({
    name: z.string().min(1).describe("a name, of no other stream").optional(),
    packet: packetSchema.optional(),
    frame: frameSchema.optional(),
    payload: z.unknown().describe("zero, increment, random, or one of the keys random, hex, text, file").optional(),
    size: z.unknown().describe("a size, a list, a range, a mix").optional(),
    fields: z.array(changeSchema).describe("a list of changes").optional(),
    rate: z.string().describe("a rate, e.g. 10kpps").optional(),
    weight: whole.optional(),
    pin: z
      .strictObject({ queue: z.int().min(0).describe("a queue, from 0"), of: whole })
      .describe("keys queue, of: its source ports are those that put it on this one of so many receive queues (RSS)")
      .optional(),
    schedule: scheduleSchema.optional(),
    signed: z
      .boolean()
      .describe("false: frames carry no signature, and are counted without latency and order")
      .optional(),
  })
  .describe("keys name, packet or frame, payload, size, fields, rate, weight, pin, schedule, signed");

const parameter = z.union([z.string(), z.number(), z.boolean()]).describe("a text, a number, true or false");

export const trafficSchema = z
  .strictObject({
    description: z.string().describe("a text").optional(),
    parameters: z.record(z.string(), parameter).describe("names with their defaults").optional(),
    include: z
      .union([z.string(), z.array(z.string())])
      .describe("profiles whose streams come first, looked for from this one's folder")
      .optional(),
    sizes: z.unknown().describe("sizes with FCS: [64, 1518], 64-1518:64, imix, rfc2544, plan, or mixes").optional(),
    streams: z.array(z.unknown()).describe("a list of streams").optional(),
    thresholds: thresholdsSchema.optional(),
  })
  .describe("keys description, parameters, include, sizes, streams, thresholds");

/** The inputs of a header, as JSON Schema. A `${parameter}` may stand for any value. */
function inputJson(input: Input): object {
  const parameterText = { type: "string", pattern: "^\\$\\{\\w+\\}$" };
  switch (input.kind) {
    case "uint": {
      if (input.only !== undefined) {
        return { anyOf: [{ enum: Object.entries(input.names ?? {}).flat() }, parameterText] };
      }
      const number = { type: "integer", minimum: 0, maximum: 2 ** input.bits - 1 };
      const names = input.names === undefined ? [] : [{ enum: Object.keys(input.names) }];
      return { anyOf: [number, ...names, { type: "string", pattern: "^(0x[0-9a-fA-F]+|\\d+|\\$\\{\\w+\\})$" }] };
    }
    case "flag":
      return { anyOf: [{ type: "boolean" }, parameterText] };
    case "choice":
      return { anyOf: [{ enum: input.of }, parameterText] };
    case "list":
      return { type: "array", items: inputJson(input.of) };
    case "object":
      return inputsJson(input.of);
    case "bytes":
      return { anyOf: [{ type: "string" }, { type: "array", items: { type: "integer", minimum: 0, maximum: 255 } }] };
    default:
      return { type: "string" };
  }
}

function inputsJson(inputs: Inputs): object {
  const properties = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, inputJson(input)]));
  const required = Object.entries(inputs).flatMap(([name, input]) => (input.needed === true ? [name] : []));
  return { type: "object", additionalProperties: false, properties, ...(required.length === 0 ? {} : { required }) };
}

function headerJson(): object {
  const needNothing = protocolNames.filter((name) => Object.values(inputsOf(name)).every((input) => !input.needed));
  const keyed = protocolNames.map((name) => ({
    type: "object",
    additionalProperties: false,
    required: [name],
    properties: {
      [name]: { anyOf: [inputsJson(inputsOf(name)), ...(needNothing.includes(name) ? [{ type: "null" }] : [])] },
    },
  }));
  return { anyOf: [{ enum: needNothing }, ...keyed] };
}

const sizesJson = { anyOf: [{ type: ["integer", "string", "object"] }, { type: "array", minItems: 1 }] };

/** The published form of both kinds of profile: JSON Schema, draft 2020-12, for editors. */
export function profileJsonSchema(): Readonly<Record<string, unknown>> {
  const json = (schema: z.ZodType): Record<string, unknown> => {
    const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: "draft-2020-12", io: "input" });
    return rest;
  };
  const stream = json(streamSchema) as { properties: Record<string, unknown> };
  const payload = { anyOf: [{ enum: ["zero", "increment", "random"] }, json(payloadSchema)] };
  const properties = {
    ...stream.properties,
    packet: { type: "array", minItems: 1, items: headerJson() },
    payload,
    size: sizesJson,
  };
  const traffic = json(trafficSchema) as { properties: Record<string, unknown> };
  const withStreams = {
    ...traffic,
    properties: {
      ...traffic.properties,
      sizes: sizesJson,
      streams: { type: "array", minItems: 1, items: { ...stream, properties } },
    },
    anyOf: [{ required: ["streams"] }, { required: ["include"] }],
  };
  const plain = json(profileSchema) as { properties: Record<string, unknown> };
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "pktgen-ts profile",
    anyOf: [withStreams, { ...plain, properties: { ...plain.properties, sizes: sizesJson } }],
  };
}
