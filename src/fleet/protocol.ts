/**
 * The messages of a fleet, checked when they come in: whoever is on the bus may have sent them. Every message says which
 * version of the protocol it is of, and who sent it.
 */
import { z } from "zod";
import { PktgenError, usageError } from "../errors.js";
import { deed } from "./session/deeds.js";

/** Counted up whenever a message changes. */
export const protocolVersion = 4;

const name = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const text = z.string().max(10_000);
const whole = z.int().min(0);
const ns = z.number();

/** What every message has. */
const envelope = { v: z.literal(protocolVersion), from: name };
/** What every message of a run has. A lower epoch than the one that was granted is refused. */
const ofRun = { ...envelope, run: name, epoch: whole };
const ofTrial = { ...ofRun, trial: whole, attempt: whole };

/** Checked further where they are used (measure/plan-check.ts, stream/spec.ts). */
const data = z.looseObject({});

/** Above 0; Infinity is a time, too. */
const time = z.custom<number>((value) => typeof value === "number" && value > 0, "no time");

const request = z.looseObject({
  size: z.looseObject({ kind: z.enum(["fixed", "mix"]) }),
  phase: text,
  rateText: text,
  pps: z.number().positive().nullable(),
  steps: z.array(z.looseObject({ pps: z.number().positive(), durationNs: time })).optional(),
  durationNs: time,
  count: whole.nullable(),
});

const isAscending = (slots: readonly number[]): boolean => slots.every((slot, k) => k === 0 || slot > slots[k - 1]!);
const deal = z
  .looseObject({
    round: whole.min(1).max(100_000),
    slots: z.array(whole).min(1).max(100_000).refine(isAscending, "slots that do not ascend"),
    frames: z.looseObject({ index: whole, of: whole.min(1).max(10_000) }),
  })
  .refine(({ round, slots }) => slots.at(-1)! < round, "a slot beyond the round");
const share = z.looseObject({ index: whole, of: whole.min(1).max(10_000), deal: deal.optional() });

const shares = z.array(whole).max(10_000);
const skew = z.looseObject({ share: whole, aheadNs: ns, ratePpb: ns });

export const messages = {
  facts: z.looseObject(envelope),
  clock: z.looseObject({ ...envelope, t1: ns }),
  claim: z.looseObject({ ...ofRun, ttlMs: z.number().min(100).max(3_600_000), by: text, force: z.boolean() }),
  release: z.looseObject({ ...ofRun, force: z.boolean().optional() }),
  open: z.looseObject({ ...ofRun, part: data }),
  /** What the agent can do of these frames. */
  capacity: z.looseObject({ ...ofRun, request }),
  prepare: z.looseObject({
    ...ofTrial,
    task: z.enum(["warm-up", "learn", "trial"]),
    request,
    /** Ids of trials that were given out before, by anybody of the run. */
    idsGiven: whole,
    share,
    index: whole,
    learningFrames: whole.max(1_000_000).optional(),
    /** Frames go from host to host. Absent: each receives its own. */
    flow: z.looseObject({ sends: z.boolean(), from: shares }).optional(),
  }),
  /** By agent: the moment in its own CLOCK_MONOTONIC, and how the clocks of those stand whose frames it receives. */
  go: z.looseObject({ ...ofTrial, startNs: z.record(name, ns), skews: z.record(name, z.array(skew)).optional() }),
  /** All have said that they go: now nobody calls the trial off any more, and it begins at the appointed moment. */
  confirm: z.looseObject(ofTrial),
  /** All who send have ended. */
  totals: z.looseObject({ ...ofTrial, totals: z.array(z.looseObject({ share: whole, frames: whole })).max(10_000) }),
  stop: z.looseObject({ ...ofTrial, why: text }),
  renew: z.looseObject({ ...ofRun, ttlMs: z.number().min(100).max(3_600_000) }),
  report: z.looseObject(ofTrial),
  counters: z.looseObject(ofRun),
  /** The reports of these agents are counted; the others keep theirs. */
  kept: z.looseObject({ ...ofTrial, agents: z.array(name).max(10_000) }),
  /** Compare clocks host to host: be there for whoever knows the key, and ask somebody. */
  clockOpen: z.looseObject({ ...ofRun, key: z.string().regex(/^[0-9a-f]{32}$/) }),
  clockAsk: z.looseObject({ ...ofRun, address: text, port: whole.max(65_535), exchanges: whole.max(256) }),
  close: z.looseObject(ofRun),
  /** What is to be done with the live session that the agent has for whoever holds it. */
  session: z.looseObject({ ...ofRun, id: whole, deed }),
  /** Whoever ends a run from outside tells it so. */
  end: z.looseObject({ ...envelope, by: text }),
} as const;

/** Answers, and what agents say by themselves. */
export const answers = {
  facts: z.looseObject({
    ...envelope,
    version: text,
    node: text,
    host: text,
    incarnation: name,
    /** When it began, as a date in UTC. */
    since: text.default(""),
    /** Agents with the same one share CLOCK_MONOTONIC. */
    clockId: text,
    ports: z.array(text).max(1_000),
    labels: z.record(name, text),
    cpus: whole,
    maxPps: z.number().positive().nullable(),
    /** It compares clocks host to host. */
    clockUdp: z.boolean().default(false),
    lastEpoch: whole,
    state: z.enum(["idle", "claimed", "open", "busy"]),
    holder: z.string().nullable(),
    /** The run that has it. */
    run: name.nullable().default(null),
  }),
  clock: z.looseObject({ ...envelope, t2: ns, t3: ns }),
  clockOpen: z.looseObject({ ...envelope, address: text, port: whole.max(65_535) }),
  clockAsk: z.looseObject({
    ...envelope,
    exchanges: z.array(z.looseObject({ t1Ns: ns, t2Ns: ns, t3Ns: ns, t4Ns: ns })).max(256),
  }),
  claim: z.discriminatedUnion("kind", [
    z.looseObject({ ...envelope, kind: z.literal("granted"), incarnation: name }),
    z.looseObject({ ...envelope, kind: z.literal("held"), holder: text, leftMs: z.number(), epoch: whole }),
  ]),
  /** The plain yes of release, renew, stop, kept and close. */
  done: z.looseObject(envelope),
  open: z.looseObject({
    ...envelope,
    kind: z.literal("opened"),
    settleNs: ns,
    floorNs: ns.nullable(),
    dut: data,
    notes: z.array(text).max(1_000),
  }),
  capacity: z.looseObject({ ...envelope, pps: z.number().positive() }),
  prepare: z.looseObject({
    ...envelope,
    kind: z.literal("armed"),
    floorNs: ns.nullable(),
    /** Frames that a task which is no trial sent to the device. */
    sent: whole.default(0),
  }),
  /** Between trials: frames that lay in its rings, and what the interface of each port sent; null: it has none. */
  counters: z.looseObject({ ...envelope, moved: whole, sent: z.array(whole.nullable()).max(2) }),
  refused: z.looseObject({ ...envelope, kind: z.literal("refused"), why: text, exitCode: whole, lasting: z.boolean() }),
  going: z.discriminatedUnion("kind", [
    z.looseObject({ ...envelope, kind: z.literal("going"), leadNs: ns }),
    z.looseObject({ ...envelope, kind: z.literal("late"), byNs: ns }),
  ]),
  report: z.discriminatedUnion("kind", [
    z.looseObject({
      ...envelope,
      kind: z.literal("report"),
      incarnation: name,
      trial: whole,
      attempt: whole,
      part: data,
    }),
    z.looseObject({ ...envelope, kind: z.literal("none"), incarnation: name }),
  ]),
  session: z.discriminatedUnion("kind", [
    z.looseObject({ ...envelope, kind: z.literal("done"), result: data }),
    z.looseObject({
      ...{ ...envelope, kind: z.literal("failed"), code: text.nullable(), exitCode: whole, what: text },
      ...{ where: text.optional(), accepted: text.optional(), hint: text.optional() },
    }),
  ]),
  beat: z.looseObject({
    ...envelope,
    incarnation: name,
    host: text.default(""),
    since: text.default(""),
    run: name.nullable(),
    trial: whole.nullable(),
    progress: z
      .looseObject({ phase: text, published: whole, received: whole, missing: z.number(), elapsedNs: ns })
      .nullable(),
  }),
  event: z.looseObject({
    ...ofTrial,
    incarnation: name,
    kind: z.enum(["done", "reconnected"]),
  }),
} as const;

type Schema = (typeof messages)[keyof typeof messages] | (typeof answers)[keyof typeof answers];

export type AgentFacts = z.infer<typeof answers.facts>;
export type PrepareOrder = z.infer<typeof messages.prepare>;
export type FleetMessage<K extends keyof typeof messages> = z.infer<(typeof messages)[K]>;

const versionOf = (value: unknown): unknown =>
  typeof value === "object" && value !== null ? (value as { v?: unknown }).v : undefined;

/** It is a message, of another version of the protocol. */
export function isOfOtherVersion(value: unknown): boolean {
  const v = versionOf(value);
  return typeof v === "number" && v !== protocolVersion;
}

/** What is wrong with a message, in a sentence; the other's version first: nothing else can be trusted then. */
function fault(
  value: unknown,
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): string {
  const v = versionOf(value);
  if (v !== protocolVersion) {
    return `it speaks version ${typeof v === "number" ? v : "unknown"} of the fleet's protocol, and this is version ${protocolVersion}`;
  }
  const [issue] = issues;
  return `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not as expected"}`;
}

/** The message, checked. @throws PktgenError (2) that names `from` as where it came from. */
export function readMessage<S extends Schema>(schema: S, value: unknown, from: string): z.infer<S> {
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data as z.infer<S>;
  throw usageError(`a message that cannot be read: ${fault(value, checked.error.issues)}`, {
    where: from,
    accepted: "messages of the same pktgen-ts",
  });
}

/** A refusal as an error again; null: the answer is none. */
export function refusalOf(value: unknown, from: string): (PktgenError & { readonly lasting?: boolean }) | null {
  const refused = answers.refused.safeParse(value);
  if (!refused.success) return null;
  const { why, exitCode } = refused.data;
  return new PktgenError(exitCode === 2 ? 2 : exitCode === 4 ? 4 : 3, why, { where: from });
}

/** Releases of one minor version understand each other: 0.1.0 and 0.1.7 do, 0.1.0 and 0.2.0 do not. */
const minorOf = (version: string): string => version.split(".").slice(0, 2).join(".");

/** @throws PktgenError (2): another version of pktgen-ts; names both. */
export function checkVersion(agent: string, theirs: string, ours: string): void {
  if (minorOf(theirs) === minorOf(ours)) return;
  throw usageError(`agent ${agent} is pktgen-ts ${theirs}, and this is ${ours}`, {
    where: "--agents",
    accepted: "agents of the same minor version",
  });
}
