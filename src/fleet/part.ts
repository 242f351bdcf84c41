/**
 * The part of a plan that agents are told: what every trial of a run has in common, as plain data. The agent makes a
 * plan of it again. It takes nothing on trust: ports are those that it offers, texts are parsed anew, and what would
 * run programs or commands is refused.
 */
import { z } from "zod";
import { parseEmbeddedOptions } from "../dut/embedded/options.js";
import { type ExternalSide, parseSide } from "../dut/external/index.js";
import { type PktgenError, usageError } from "../errors.js";
import type { DutChoice, ExternalChoice, RunPlan } from "../measure/plan.js";
import { checkPlan } from "../measure/plan-check.js";
import { parseMac } from "../packet/index.js";
import { parsePortSpec } from "../port/index.js";
import { programUrls } from "../program/load-program.js";
import { planOfAgent, refuseSharedAddresses } from "./agent-addresses.js";

/** The built-in device as an agent offers it: each has its own. */
export const embeddedPort = "embedded";

type PartDut =
  | { readonly kind: "embedded"; readonly given: readonly string[]; readonly size: number | null }
  | {
      readonly kind: "external";
      readonly tx: string;
      readonly rx: string | null;
      readonly queues: number;
      readonly keeps: ExternalChoice["keeps"];
      readonly usualMacs: ExternalChoice["usualMacs"];
      /** Of the sending and of the receiving port. null: the ports have no addresses. */
      readonly sides: readonly [PartSide, PartSide] | null;
    };

/** As options have them; "": none. */
interface PartSide {
  readonly addresses: string;
  readonly gateways: string;
}

/** Fields of a plan that go over the wire as they are. */
const told = [
  ...["sizes", "bidirectional", "queues", "stream", "ownRates", "seed", "runId", "warmupNs", "settleNs"],
  ...["settlesWhole", "busy", "integrity", "lineRateBps", "lossLimit", "measuresLoss", "tolerances", "minRatePps"],
  ...["startSequence", "waitPeerNs", "learns", "incoming", "workers"],
] as readonly (keyof RunPlan)[];

const notOver = (what: string, where: string, accepted: string): PktgenError =>
  usageError(`${what} cannot be done over a fleet yet`, { where, accepted });

/** Agents that share a device tell it where they are, from both of their ports, before they send to each other's. */
export const announces = ({ dut }: RunPlan, agents: number): boolean =>
  dut.kind === "external" && dut.rx !== null && agents > 1;

/**
 * What each of so many agents is told; or of so many senders, by the place of each one's receiver.
 * @throws PktgenError (2): something that no fleet does.
 */
export function toldPlans(plan: RunPlan, to: number | readonly number[]): readonly Readonly<Record<string, unknown>>[] {
  refuseUnshared(plan);
  const receivers = typeof to === "number" ? Array.from({ length: to }, (_, agent) => agent) : to;
  const plans = receivers.map((receiver, agent) => planOfAgent(plan, agent, receiver));
  refuseSharedAddresses(plans);
  const learns = plan.learns === true || announces(plan, plans.length);
  return plans.map((own) => {
    const fields = told.filter((key) => own[key] !== undefined).map((key) => [key, own[key]]);
    return { ...Object.fromEntries(fields), ...(learns ? { learns } : {}), dut: partDut(own.dut, own.queues) };
  });
}

/** What one plan for all would get wrong. */
function refuseUnshared({ record, cores, resetCommand, dut, learns }: RunPlan): void {
  if ((record?.tx ?? record?.rx ?? null) !== null)
    throw notOver(
      "recording",
      "--record-tx, --record-rx",
      "none: record at the agents' hosts, e.g. with tcpdump on their ports",
    );
  if (cores !== null) throw notOver("a choice of CPUs", "--cores", "pktgen-ts agent under taskset");
  if (resetCommand !== undefined) throw notOver("a reset", "--reset-command", "a run without a fleet");
  if (learns === true && dut.kind !== "external") throw notOver("learning", "--learning-frames", "0");
}

function partDut(dut: DutChoice, queues: number): PartDut {
  if (dut.kind === "embedded") return { kind: "embedded", given: dut.options.given, size: dut.options.size };
  if (dut.kind === "external") {
    const { tx, rx, keeps, usualMacs, sides } = dut;
    const texts = sides === null ? null : ([sideTexts(sides[0]), sideTexts(sides[1])] as const);
    return { kind: "external", tx: tx.text, rx: rx?.text ?? null, queues, keeps, usualMacs, sides: texts };
  }
  throw notOver("testpmd", "--dut", "external, or embedded with --fleet local:N");
}

const sideTexts = ({ addresses, gateways }: ExternalSide): PartSide => ({
  addresses: addresses.map(({ text, prefixBits }) => `${text}/${prefixBits}`).join(","),
  gateways: gateways.map(({ text }) => text).join(","),
});

/** What an agent lets others do with it. */
export interface Offer {
  /** As they were named at its start. */
  readonly ports: readonly string[];
  readonly allowPrograms: boolean;
  readonly yesThisInterface: boolean;
  /** Labs that are open at the same time in this process. Absent: one. */
  readonly labs?: number;
}

/** @throws PktgenError (2): it is no plan, or asks for what is not offered. */
export function planOf(part: Readonly<Record<string, unknown>>, offer: Offer): RunPlan {
  const plan: unknown = {
    ...Object.fromEntries(told.filter((key) => part[key] !== undefined).map((key) => [key, part[key]])),
    dut: dutOfPart(part["dut"], offer),
    yesThisInterface: offer.yesThisInterface,
    ...(offer.labs === undefined ? {} : { labs: offer.labs }),
    trials: "default",
    repeat: 1,
    cores: null,
    commandLine: "pktgen-ts agent",
  };
  checkPlan(plan);
  const urls = [plan.stream, ...(plan.incoming === undefined ? [] : [plan.incoming])].flatMap((traffic) =>
    programUrls(traffic),
  );
  if (!offer.allowPrograms && urls.length > 0) {
    throw usageError("the profile has a stream that is a program, and this agent runs none", {
      where: "--profile",
      accepted: "streams without a program, or agents started with --allow-programs",
    });
  }
  return plan;
}

const isTextList = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === "string");

function dutOfPart(value: unknown, { ports }: Offer): DutChoice {
  const dut = (typeof value === "object" && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  if (dut["kind"] === "embedded" && isTextList(dut["given"])) {
    checkOffered(embeddedPort, ports);
    const options = parseEmbeddedOptions(dut["given"].join(","), "--dut");
    const size = typeof dut["size"] === "number" ? dut["size"] : null;
    return { kind: "embedded", options: { ...options, size: options.size ?? size } };
  }
  if (dut["kind"] !== "external" || typeof dut["tx"] !== "string") {
    throw usageError("this is no device", { where: "open", accepted: "embedded, external" });
  }
  const spec = (text: string) => {
    checkOffered(text, ports);
    const port = parsePortSpec(text);
    return typeof dut["queues"] === "number" && port.queues < dut["queues"] ? { ...port, queues: dut["queues"] } : port;
  };
  return {
    kind: "external",
    tx: spec(dut["tx"]),
    rx: typeof dut["rx"] === "string" ? spec(dut["rx"]) : null,
    // Hops are read once, by the run.
    ...{ sides: sidesOf(dut["sides"]), hops: [], reverseHops: [] },
    ...neighbourFacts(dut),
  };
}

const neighbourSchema = z.object({
  keeps: z.object({
    srcMac: z.string().nullable(),
    ...{ dstMac: z.boolean(), srcAddress: z.boolean(), dstAddress: z.boolean() },
  }),
  usualMacs: z.tuple([z.string(), z.string()]),
});

function neighbourFacts(dut: unknown): Pick<ExternalChoice, "keeps" | "usualMacs"> {
  const { keeps, usualMacs } = readPart(neighbourSchema, dut);
  for (const mac of [...usualMacs, ...(keeps.srcMac === null ? [] : [keeps.srcMac])]) parseMac(mac, "open");
  return { keeps, usualMacs };
}

const side = z.object({ addresses: z.string(), gateways: z.string() });
const sidesSchema = z.tuple([side, side]).nullable();

function sidesOf(value: unknown): ExternalChoice["sides"] {
  const sides = readPart(sidesSchema, value);
  if (sides === null) return null;
  const [near, far] = sides.map(({ addresses, gateways }) =>
    parseSide(addresses || undefined, gateways || undefined, { address: "--tx-address", gateway: "--gateway" }),
  );
  return [near!, far!];
}

function readPart<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  throw usageError("this is no device", { where: "open", accepted: "what a run of the same pktgen-ts says" });
}

function checkOffered(text: string, ports: readonly string[]): void {
  if (ports.includes(text)) return;
  throw usageError(`it does not offer ${text}`, {
    where: "--tx, --rx",
    accepted: ports.length === 0 ? "no port" : ports.join(", "),
  });
}
