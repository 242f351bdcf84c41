/** The ports of a configuration, opened. */
import { PktgenError } from "../../errors.js";
import { sessionWorkers } from "../../options/workers.js";
import type { OpenPortOptions, PortSpec } from "../../port/index.js";
import { openSession, SessionError, type TestSession, testSessionOf } from "../../session/index.js";
import { invalid, OtgRefusal } from "../refusal.js";
import { mostFlows, type PlannedConfig } from "../translate/config.js";

export interface OwnPort {
  readonly name: string;
  readonly spec: PortSpec;
  /** Whose it is; absent: this machine's. */
  readonly agent?: string;
}

/** With which words it was given. */
export const wordsOf = ({ agent, spec }: OwnPort): string =>
  agent === undefined ? spec.text : `${agent}/${spec.text}`;

/** Opens ports of agents. */
export type OpenFleet = (spec: {
  readonly ports: readonly {
    readonly name: string;
    readonly agent: string;
    readonly port: string;
    readonly lineRateBps: number | null;
    readonly maxFrameBytes: number;
    readonly sendFrameBytes?: number;
  }[];
  readonly capacity: number;
  readonly settleNs: number;
  readonly readyTimeoutMs: number;
}) => Promise<TestSession>;

/** The ports that a server has, and what they may. */
export interface OwnPorts {
  readonly ports: readonly OwnPort[];
  readonly yesThisInterface: boolean;
  /** Threads that share the ports of a configuration; absent: 1. */
  readonly workers?: number | "auto";
  /** How ports of agents are opened; absent: there are none. */
  readonly openFleet?: OpenFleet;
  /** Ethernet frames in tunnels have room for a check sequence. */
  readonly innerFcs: boolean;
}

/** Clients wait for an answer at most ten seconds. */
const readyTimeoutMs = 5_000;
/** A flow has lost what did not come for so long. */
const settleNs = 1e9;

/** With a VLAN tag and FCS. */
const usualFrameBytes = 1522;

function longestOf({ flows }: PlannedConfig): number {
  return flows.reduce((most, { longestBytes }) => Math.max(most, longestBytes), usualFrameBytes);
}

/** Sessions with the same of it can go on with another configuration. */
export const portsKey = (plan: PlannedConfig): string =>
  JSON.stringify([longestOf(plan), plan.ports.map(({ name, place, lineBps }) => [name, place, lineBps])]);

/** @throws OtgRefusal: a port cannot be opened. */
export async function openPortsOf(plan: PlannedConfig, own: OwnPorts): Promise<TestSession> {
  const { yesThisInterface, openFleet } = own;
  const workers = sessionWorkers(own.workers ?? 1, plan.ports.length);
  const longest = longestOf(plan);
  const frames = { maxFrameBytes: longest, ...(longest === usualFrameBytes ? {} : { sendFrameBytes: longest }) };
  const options: Partial<OpenPortOptions> = { ...frames, yesThisInterface };
  const ports = plan.ports.map(({ name, place, lineBps }) => ({
    ...{ name, options, lineRateBps: lineBps },
    own: own.ports.find((one) => one.name === place)!,
  }));
  const session = { capacity: mostFlows, readyTimeoutMs, settleNs };
  try {
    if (openFleet !== undefined) {
      const far = ports.map(({ name, lineRateBps, own: { agent, spec } }) => ({
        ...{ name, lineRateBps, agent: agent!, port: spec.text, ...frames },
      }));
      return await openFleet({ ...session, ports: far });
    }
    const here = ports.map(({ own: { spec }, ...port }) => ({ ...port, port: spec }));
    return testSessionOf(await openSession({ ...session, ports: here, workers, percentiles: false }));
  } catch (error) {
    if (!(error instanceof PktgenError)) throw error;
    const line = `ports: ${error.toLine()}`;
    if (error instanceof SessionError && error.code === "bad-spec") throw invalid(line);
    throw new OtgRefusal("internal", [line]);
  }
}
