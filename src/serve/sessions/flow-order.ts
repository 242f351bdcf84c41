/** From what a request says of a flow to flows of a session: one, or one for each stream of a profile. Nothing is opened. */
import { fileURLToPath } from "node:url";
import { PktgenError } from "../../errors.js";
import { readOptions } from "../../options/option.js";
import {
  fieldKindOf,
  namingFields,
  type OptionTexts,
  optionTexts,
  type RequestFieldKind,
} from "../../options/option-texts.js";
import { readProfile } from "../../options/profile-option.js";
import { type RunValues, runOptions } from "../../options/run-options.js";
import { trafficOfRun } from "../../options/run-traffic.js";
import type { Profile } from "../../profile/index.js";
import { isProgramFile } from "../../program/load-program.js";
import type { FlowFrames, FlowRate, FlowSpec } from "../../session/index.js";
import { streamMeanBytes, streamPps } from "../../stream/departures/loads.js";
import type { TrafficSpec, TrafficStream } from "../../stream/spec/traffic.js";
import { type FrameSize, fixedSize, formatRate, minFrameBytes, parseRate, ratePps } from "../../units.js";
import type { FlowBody } from "../contract.js";
import { hexFrameOf } from "../hex-frame.js";
import { profileOfText } from "../profile-text.js";
import { profilePath } from "../profiles.js";
import { RequestRefusal } from "../refusal.js";
import type { ServeSetup } from "../setup.js";
import { type FlowTiming, flowTimes, lengthOf } from "./flow-times.js";

/** A flow, and its rate as a text. */
export interface OrderedFlow {
  readonly spec: FlowSpec;
  readonly rate: string;
  readonly start: boolean;
}

interface FlowSurroundings {
  readonly setup: ServeSetup;
  readonly lineRateBps: number | null;
}

/** What plain traffic and profiles say of frames. */
const ofFrames = ["sizes", "flows", "pinFlows", "dstMac", "srcMac", "vlan", "ip", "set", "seed"] as const;
type Kinds = Record<(typeof ofFrames)[number], RequestFieldKind>;
const kinds = Object.fromEntries(ofFrames.map((key) => [key, fieldKindOf(runOptions[key])])) as Kinds;

const invalid = (what: string, where: string, accepted: string, hint?: string): RequestRefusal =>
  new RequestRefusal("invalid", what, { where, accepted, ...(hint === undefined ? {} : { hint }) });

const notBuilt = (what: string, where: string, accepted: string): RequestRefusal =>
  new RequestRefusal("not-built", what, { where, accepted });

/** @throws RequestRefusal, or PktgenError (2); `where` has the place in the list. */
export async function flowOrders(asked: readonly FlowBody[], around: FlowSurroundings): Promise<OrderedFlow[]> {
  const orders: OrderedFlow[] = [];
  for (const [index, flow] of asked.entries()) {
    try {
      orders.push(...(await naming(() => ordersOf(flow, around))));
    } catch (error) {
      throw asked.length === 1 ? error : inList(error, index);
    }
  }
  return orders;
}

/** Errors of options name fields; refusals stay what they are. */
async function naming<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof RequestRefusal) throw error;
    return namingFields<T>(() => Promise.reject(error));
  }
}

function inList(error: unknown, index: number): unknown {
  if (!(error instanceof PktgenError)) return error;
  const { where, accepted, hint } = error;
  const details = {
    where: where === undefined ? `flows[${index}]` : `flows[${index}].${where}`,
    ...(accepted === undefined ? {} : { accepted }),
    ...(hint === undefined ? {} : { hint }),
  };
  const code = error instanceof RequestRefusal ? error.code : "invalid";
  return new RequestRefusal(code, error.message, details);
}

async function ordersOf(flow: FlowBody, around: FlowSurroundings): Promise<OrderedFlow[]> {
  const ways = (["frame", "profile", "profileText"] as const).filter((key) => flow[key] !== undefined);
  if (ways.length > 1) throw invalid(`${ways.join(" and ")} contradict each other`, ways[1]!, "one of them");
  return flow.frame === undefined ? trafficOrders(flow, around) : [givenOrder(flow, flow.frame)];
}

function givenOrder(flow: FlowBody, frame: string): OrderedFlow {
  const [option] = Object.keys(flow.options ?? {});
  if (option !== undefined) throw invalid("the frame is given, with all of its bytes", option, "no options");
  return orderOf(
    flow,
    flow.name,
    { kind: "bytes", bytes: hexFrameOf(frame, "frame") },
    askedRate(flow),
    lengthOf(flow) ?? {},
  );
}

async function trafficOrders(flow: FlowBody, around: FlowSurroundings): Promise<OrderedFlow[]> {
  const { options = {} } = flow;
  const isObject = options["set"] !== undefined && !Array.isArray(options["set"]);
  const texts = optionTexts(options, isObject ? { ...kinds, set: "set" } : kinds);
  const profile = await profileOf(flow, texts, around.setup);
  const rate = flow.rate === undefined ? {} : { rate: askedRate(flow) };
  const given: RunValues = { ...readOptions(runOptions, texts as never), ...rate };
  const isSized = profile !== null && (profile.traffic !== null || profile.stream.sizes !== undefined);
  const sizes = given.sizes ?? (isSized ? undefined : [fixedSize(minFrameBytes)]);
  const { seed = 1 } = given;
  const spec = trafficOfRun({ ...given, ...(sizes === undefined ? {} : { sizes }) }, profile, {
    ...{ seed, queues: 1, lineRateBps: around.lineRateBps },
  });
  return streamOrders(flow, spec, around.lineRateBps);
}

async function profileOf(flow: FlowBody, texts: OptionTexts, setup: ServeSetup): Promise<Profile | null> {
  const set = (texts["set"] ?? []) as readonly string[];
  if (flow.profileText !== undefined)
    return profileOfText(flow.profileText, { field: "profileText", folder: setup.profiles, set });
  if (flow.profile === undefined) return null;
  const path = profilePath(flow.profile, setup);
  if (isProgramFile(path)) throw noPrograms(flow.profile, "profile");
  return readProfile(path, { set: [...set] });
}

function streamOrders(flow: FlowBody, spec: TrafficSpec, lineRateBps: number | null): OrderedFlow[] {
  const [size] = spec.sizes;
  const own = spec.streams.every((stream) => stream.size !== null);
  if (!own && spec.sizes.length > 1) {
    const what = `a flow has one size, and these are ${spec.sizes.length}`;
    throw invalid(what, "sizes", "one size or a mix, e.g. 64 or imix", "a flow for each size");
  }
  const withProgram = spec.streams.find(({ program }) => program !== null);
  if (withProgram !== undefined)
    throw noPrograms(fileURLToPath(withProgram.program!.url), `stream "${withProgram.name}"`);
  const rates = ratesOf(flow, spec, size!, lineRateBps);
  const whens = flowTimes(flow, spec, { size: size!, rates, lineRateBps });
  return spec.streams.map((stream, index) => {
    const name = spec.streams.length === 1 ? flow.name : `${flow.name}.${stream.name}`;
    return orderOf(flow, name, framesOf(stream, size!, spec.seed), rates[index]!, whens[index]!);
  });
}

const noPrograms = (path: string, where: string): RequestRefusal =>
  notBuilt(`${path}: flows of a session have no programs`, where, "a profile of streams; or POST /runs with it");

const framesOf = (stream: TrafficStream, size: FrameSize, seed: number): FlowFrames => ({
  kind: "stream",
  ...{ layers: stream.layers, payload: stream.payload, fields: stream.fields, seed },
  size: stream.size ?? size,
  ...(stream.signed === false ? { signed: false } : {}),
});

/** The request's rate in the proportion of the streams; else that of each stream. */
function ratesOf(flow: FlowBody, spec: TrafficSpec, size: FrameSize, lineRateBps: number | null): FlowRate[] {
  if (flow.rate === undefined && spec.plain === undefined)
    return spec.streams.map(({ rate, name }) => hasRate(rate, `stream "${name}" rate`));
  const rate = askedRate(flow);
  if (spec.streams.length === 1) return [rate];
  const shares = streamPps(spec, size, { kind: "max", lineRateBps });
  const sum = shares.reduce((total, share) => total + share, 0);
  const bytes = spec.streams.reduce((total, stream, k) => total + streamMeanBytes(spec, stream, size) * shares[k]!, 0);
  const pps = ratePps(rate, bytes / sum, lineRateBps, "rate");
  return shares.map((share) => ({ kind: "pps", pps: (share / sum) * pps }));
}

const askedRate = ({ rate }: FlowBody): FlowRate =>
  hasRate(rate === undefined ? null : parseRate(rate, "rate"), "rate");

function hasRate(rate: FlowRate | null, where: string): FlowRate {
  if (rate !== null) return rate;
  throw invalid("a flow has a rate", where, "a rate, e.g. 10kpps, 1Gbps or max");
}

function orderOf(
  { tx, rx, start }: FlowBody,
  name: string,
  frames: FlowFrames,
  rate: FlowRate,
  when: FlowTiming,
): OrderedFlow {
  const to = rx === null ? [] : [rx ?? tx].flat();
  return { spec: { name, from: tx, to, frames, rate, ...when }, rate: formatRate(rate), start: start === true };
}
