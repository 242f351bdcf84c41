/** Flows of a configuration → flows of a session. */
import { checkFlowSchedule, type FlowSpec } from "../../session/index.js";
import { minFrameBytes } from "../../units.js";
import type { Metrics, OtgFlow } from "../model.js";
import { invalid } from "../refusal.js";
import type { DeviceEnd } from "./devices.js";
import { flowRefusal } from "./flow-refusal.js";
import { type AutoValues, ownFrameBytes, packetOf } from "./packet.js";
import { askedGateways, autoOf, checkBothWays, type GatewayMacs, type Pair, pairsOf } from "./pairs.js";
import { payloadOf } from "./payload.js";
import type { ConfiguredPort } from "./ports.js";
import { type FlowSizes, flowSizes } from "./sizes.js";
import { type FlowTags, tagsOf } from "./tags.js";
import { flowRate, ppsOf, timesOf } from "./timing.js";

export interface FlowMetricsAsked {
  readonly enable: boolean;
  readonly loss: boolean;
  readonly timestamps: boolean;
  readonly latency: boolean;
  /** How long it was that what was lost would have come. */
  readonly lossDuration: boolean;
  /** Frames that are expected for each that is sent; `each`: one at every port. */
  readonly ratio: number | "each";
}

/** A row of metrics, and a flow of the session. */
export interface PlannedFlow {
  /** As clients know it. */
  readonly name: string;
  /** In the session: of a flow both ways, the way back has another one. */
  readonly key: string;
  readonly path: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly metrics: FlowMetricsAsked;
  /** null: it has one row. */
  readonly tags: FlowTags | null;
  readonly warnings: readonly string[];
  /** With FCS. */
  readonly meanBytes: number;
  readonly longestBytes: number;
  /** Whose gateways have to be asked for before it can start. */
  readonly gateways: readonly DeviceEnd[];
  /** Throws OtgRefusal. Of gateways that are not known yet the address is zero. */
  compile(macs: GatewayMacs): CompiledPlan;
}

export interface CompiledPlan {
  readonly spec: FlowSpec;
  /** By changing field: the path of what it came from. */
  readonly origins: readonly string[];
}

export interface FlowSurroundings {
  readonly ports: ReadonlyMap<string, ConfiguredPort>;
  readonly endpoints: ReadonlyMap<string, DeviceEnd>;
  /** Ethernet frames in tunnels have room for a check sequence. */
  readonly innerFcs: boolean;
  /** Metrics of flows have it. */
  readonly lossDuration: boolean;
}

interface Ends {
  readonly from: string;
  readonly to: readonly string[];
  readonly pairs: readonly Pair[] | null;
}

/** No name of a client has it. */
const backMark = "\u0000back";

function metricsOf(metrics: Metrics | undefined, lossDuration: boolean, path: string): FlowMetricsAsked {
  const { enable = false, loss = false, timestamps = false, latency, rx_tx_ratio: ratio } = metrics ?? {};
  const value = ratio?.choice === "rx_count" ? "each" : (ratio?.value ?? 1);
  if (value !== "each" && !(value > 0)) {
    throw invalid(`${path}.rx_tx_ratio.value: ${value} is not accepted; accepted: above 0`);
  }
  return { enable, loss, timestamps, latency: latency?.enable ?? false, lossDuration, ratio: value };
}

function portEnds({ tx_rx: { port } }: OtgFlow, { ports }: FlowSurroundings, path: string): Ends {
  const { tx_name: from, rx_name: one, rx_names: several } = port!;
  const at = `${path}.tx_rx.port`;
  const to = [...new Set(several.length > 0 ? several : one === undefined ? [] : [one])];
  if (!ports.has(from)) throw invalid(`${at}.tx_name: there is no port "${from}"`);
  for (const [k, name] of to.entries()) {
    const where = several.length > 0 ? `${at}.rx_names[${k}]` : `${at}.rx_name`;
    if (!ports.has(name)) throw invalid(`${where}: there is no port "${name}"`);
    if (name === from) throw invalid(`${where}: a flow does not come back to the port that sends it`);
  }
  return { from, to, pairs: null };
}

const endsOf = (pairs: readonly Pair[]): Ends => ({
  from: pairs[0]!.tx.port,
  to: [...new Set(pairs.map(({ rx }) => rx.port))],
  pairs,
});

/** One, or of a flow both ways two. */
function allEnds(flow: OtgFlow, around: FlowSurroundings, path: string): readonly Ends[] {
  const { choice, device } = flow.tx_rx;
  if (choice === "port") return [portEnds(flow, around, path)];
  const at = `${path}.tx_rx.device`;
  const there = endsOf(pairsOf(device!, around.endpoints, at));
  if (there.to.includes(there.from)) throw invalid(`${at}.rx_names: both ends are at port ${there.from}`);
  if (!device!.bidirectional) return [there];
  checkBothWays(flow.packet, `${path}.packet`);
  const { tx_names: rx, rx_names: tx, ...rest } = device!;
  const back = { ...rest, tx_names: tx, rx_names: rx };
  return [there, endsOf(pairsOf(back, around.endpoints, `${at} (the way back)`))];
}

const noAuto: AutoValues = () => undefined;

function sizesOf({ size, packet, metrics }: OtgFlow, { innerFcs }: FlowSurroundings, path: string): FlowSizes {
  const at = `${path}.size`;
  if (size !== undefined) return flowSizes(size, at);
  const bytes = ownFrameBytes(packet, { path, innerFcs }, metrics?.enable ?? false, noAuto);
  const sizes = flowSizes({ choice: "fixed", fixed: bytes }, at);
  if (bytes === minFrameBytes) return sizes;
  return { ...sizes, warnings: [`${at}: not given; frames have ${bytes} bytes, since their headers need them`] };
}

function planOne(flow: OtgFlow, ends: Ends, around: FlowSurroundings, path: string, key: string): PlannedFlow {
  const line = around.ports.get(ends.from)!;
  const metrics = metricsOf(flow.metrics, around.lossDuration, `${path}.metrics`);
  const sizes = sizesOf(flow, around, path);
  const rate = flowRate(flow.rate, { bps: line.lineBps }, `${path}.rate`);
  const shape = { line: { bps: line.lineBps }, meanBytes: sizes.meanBytes };
  const pps = ppsOf(rate, sizes.meanBytes, shape.line, path);
  const times = timesOf(flow.duration, { ...shape, pps }, `${path}.duration`);
  const payload = payloadOf(flow.payload, `${path}.payload`);
  const { from, to, pairs } = ends;
  const tags = metrics.enable ? tagsOf(flow, path, noAuto) : null;
  const compile = (macs: GatewayMacs): CompiledPlan => {
    const auto = pairs === null ? noAuto : autoOf(flow.packet, pairs, macs);
    const { layers, fields, origins } = packetOf(
      flow.packet,
      { path, sizes: sizes.sizes, innerFcs: around.innerFcs },
      auto,
    );
    // Values of addresses that were known before the first plan may be others.
    const split = tags === null ? {} : { split: tagsOf(flow, path, auto)!.split };
    const spec: FlowSpec = {
      ...{ name: key, from, to, rate, ...times },
      delivery: metrics.ratio === "each" ? "each" : "any",
      frames: { kind: "stream", layers, size: sizes.size, payload, fields, signed: metrics.enable },
      ...split,
    };
    return { spec, origins };
  };
  const isIdle = flow.egress_packet.length > 0 && (tags?.received.length ?? 0) === 0;
  const what = metrics.enable ? "it has no metric tags" : "metrics are not enabled";
  const warnings = isIdle ? [...sizes.warnings, `${path}.egress_packet: no effect: ${what}`] : sizes.warnings;
  // What is wrong with times and packet is told before anything of the configuration that is at work goes.
  const first = compile(new Map());
  try {
    checkFlowSchedule(first.spec);
  } catch (error) {
    throw flowRefusal(error, path);
  }
  return {
    ...{ name: flow.name, key, path, from, to, metrics, tags, warnings },
    ...{ meanBytes: sizes.meanBytes, longestBytes: sizes.most },
    gateways: pairs === null || !takesGateway(flow) ? [] : askedGateways(pairs),
    compile: pairs === null ? () => first : compile,
  };
}

/** Its frames go to the gateway, unless they say where to. */
function takesGateway({ packet }: OtgFlow): boolean {
  const [first] = packet;
  if (first === undefined) return true;
  if (first.choice !== "ethernet") return false;
  const dst = (first["ethernet"] as { readonly dst?: { readonly choice: string } } | undefined)?.dst;
  return dst === undefined || dst.choice === "auto";
}

/** @throws OtgRefusal */
export function planFlow(flow: OtgFlow, around: FlowSurroundings, path: string): readonly PlannedFlow[] {
  return allEnds(flow, around, path).map((ends, k) => {
    const key = k === 0 ? flow.name : `${flow.name}${backMark}`;
    return planOne(flow, ends, around, path, key);
  });
}
