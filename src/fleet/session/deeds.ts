/** What an agent is told to do with the live session that it has for whoever holds it, and what it answers. Checked. */
import { z } from "zod";

const mostNames = 65_536;
const name = z.string().min(1).max(1_000);
const names = z.array(name).max(mostNames);
const text = z.string().max(10_000);
const whole = z.int().min(0);
const positive = z.number().positive();

/** Checked further where it is compiled (session/compile-flow.ts). */
const data = z.looseObject({});

const flowRate = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("max") }),
  z.object({ kind: z.literal("pps"), pps: positive }),
  z.object({ kind: z.literal("bps"), layer: z.union([z.literal(1), z.literal(2)]), bps: positive }),
  z.object({ kind: z.literal("percent"), share: positive }),
]);

const duration = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("continuous") }),
  z.object({ kind: z.literal("frames"), frames: whole }),
  z.object({ kind: z.literal("seconds"), seconds: positive }),
  z.object({ kind: z.literal("bursts"), frames: whole, bursts: whole.nullable(), gapNs: whole }),
]);

const frames = z.object({
  kind: z.literal("stream"),
  layers: z.array(data).min(1).max(64),
  size: data,
  payload: data.optional(),
  fields: z.array(data).max(1_000).optional(),
  seed: whole.optional(),
  signed: z.boolean().optional(),
});

/** What a flow is, where sessions of several agents share it. Laws of departures and tables of tags are not among it. */
const flow = z.strictObject({
  name,
  from: name,
  to: z.array(name).max(1_000),
  delivery: z.enum(["any", "each"]).optional(),
  frames,
  rate: flowRate,
  duration: duration.optional(),
  delayNs: whole.nullable().optional(),
});

const shared = z.object({ spec: flow, slot: whole.max(65_535), lineRateBps: positive.nullable() });
const starts = z.array(z.object({ name, start: whole.min(1), generation: whole.min(1) })).max(mostNames);

const port = z.object({
  name,
  /** As the agent offers it. */
  port: text,
  lineRateBps: positive.nullable(),
  maxFrameBytes: whole.max(65_535),
  sendFrameBytes: whole.max(65_535).optional(),
});

const host = z.object({
  ...{ name, port: name, mac: text },
  ipv4: z.array(text).max(65_536).optional(),
  ipv6: z.array(text).max(65_536).optional(),
  vlan: whole.nullable().optional(),
});

const asked = { host: name, address: text, timeoutMs: whole.max(60_000) };

export const deed = z.discriminatedUnion("do", [
  z.object({
    do: z.literal("open"),
    ports: z.array(port).min(1).max(64),
    capacity: whole.min(1).max(65_536),
    trial: whole.max(2 ** 24 - 1),
    settleNs: whole,
    readyTimeoutMs: whole.max(60_000),
  }),
  z.object({ do: z.literal("add"), flows: z.array(shared).max(mostNames) }),
  z.object({ do: z.literal("remove"), names }),
  /** Whether it may send these beside what it sends: nothing is done. */
  z.object({ do: z.literal("may-start"), names }),
  /** Starts that are to be seen where they are received. */
  z.object({ do: z.literal("expect"), starts }),
  /** `atNs`: by the agent's own clock; null: at once. */
  z.object({ do: z.literal("start"), starts, atNs: z.number().nullable() }),
  z.object({ do: z.enum(["stop", "pause", "resume"]), names }),
  /** Nothing more of them is to come. */
  z.object({ do: z.literal("rest"), names }),
  z.object({ do: z.literal("rate"), names, rate: flowRate }),
  z.object({ do: z.literal("hosts"), hosts: z.array(host).max(65_536) }),
  z.object({ do: z.literal("resolve"), ...asked }),
  z.object({ do: z.literal("ping"), ...asked }),
  z.object({ do: z.literal("link"), port: name, state: z.enum(["up", "down"]) }),
  /** `since`: the number of the changes that were heard last; null: of none. */
  z.object({ do: z.literal("sample"), since: whole.nullable() }),
  z.object({ do: z.literal("close") }),
]);

export type AgentDeed = z.infer<typeof deed>;
export type AgentDeedOf<K extends AgentDeed["do"]> = Extract<AgentDeed, { readonly do: K }>;

const portFacts = z.array(
  z.looseObject({ name, spec: text, kind: text, facts: z.looseObject({ maxFrameBytes: whole }).nullable() }),
);
const count = z.number();
const time = z.number().nullable();
const counters = z.looseObject({ name, sent: count, received: count, generation: count, inRing: count });

/** What an agent answers, where it is more than that it is done. */
export const deedAnswers = {
  open: z.looseObject({ epochUnixNs: z.number(), ports: portFacts }),
  /** How long before the appointed time it heard of it; null: nothing was appointed. */
  start: z.looseObject({ leadNs: time }),
  resolve: z.looseObject({ mac: text.nullable() }),
  ping: z.looseObject({ answered: z.boolean(), rttNs: time }),
  sample: z.looseObject({
    snapshot: z.looseObject({ atNs: z.number(), ports: z.array(z.looseObject({ name })) }),
    changes: z.object({ number: whole, since: whole.nullable(), flows: z.array(counters), gone: z.array(name) }),
    links: z.array(
      z.looseObject({ port: name, state: z.enum(["up", "down"]), sinceNs: z.number(), why: text.nullable() }),
    ),
  }),
  done: z.looseObject({}),
} as const;
