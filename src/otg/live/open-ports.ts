/** The ports of a configuration, opened. */
import { PktgenError } from "../../errors.js";
import { sessionWorkers } from "../../options/workers.js";
import type { OpenPortOptions, PortSpec } from "../../port/index.js";
import { openSession, type Session, SessionError } from "../../session/index.js";
import { invalid, OtgRefusal } from "../refusal.js";
import { mostFlows, type PlannedConfig } from "../translate/config.js";

export interface OwnPort {
  readonly name: string;
  readonly spec: PortSpec;
}

/** The ports that a server has, and what they may. */
export interface OwnPorts {
  readonly ports: readonly OwnPort[];
  readonly yesThisInterface: boolean;
  /** Threads that share the ports of a configuration; absent: 1. */
  readonly workers?: number | "auto";
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
export async function openPortsOf(plan: PlannedConfig, own: OwnPorts): Promise<Session> {
  const { yesThisInterface } = own;
  const workers = sessionWorkers(own.workers ?? 1, plan.ports.length);
  const longest = longestOf(plan);
  const frames = { maxFrameBytes: longest, ...(longest === usualFrameBytes ? {} : { sendFrameBytes: longest }) };
  const options: Partial<OpenPortOptions> = { ...frames, yesThisInterface };
  const ports = plan.ports.map(({ name, place, lineBps }) => ({
    ...{ name, options, lineRateBps: lineBps },
    port: own.ports.find((one) => one.name === place)!.spec,
  }));
  try {
    return await openSession({ ports, capacity: mostFlows, readyTimeoutMs, settleNs, workers, percentiles: false });
  } catch (error) {
    if (!(error instanceof PktgenError)) throw error;
    const line = `ports: ${error.toLine()}`;
    if (error instanceof SessionError && error.code === "bad-spec") throw invalid(line);
    throw new OtgRefusal("internal", [line]);
  }
}
