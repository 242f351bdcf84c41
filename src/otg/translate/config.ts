/** A configuration, checked and planned whole: what is wrong is told all at once. */
import type { HostSpec } from "../../session/index.js";
import type { Config, OtgCapture, OtgFlow } from "../model.js";
import { invalid, OtgRefusal } from "../refusal.js";
import { type DeviceEnd, devicesOf } from "./devices.js";
import { type FlowSurroundings, type PlannedFlow, planFlow } from "./flows.js";
import { nameFaults } from "./names.js";
import { type ConfiguredPort, configuredPorts, type OtgPlace } from "./ports.js";

export interface PlannedConfig {
  readonly ports: readonly ConfiguredPort[];
  readonly captures: ReadonlyMap<string, OtgCapture>;
  readonly hosts: readonly HostSpec[];
  readonly endpoints: ReadonlyMap<string, DeviceEnd>;
  readonly flows: readonly PlannedFlow[];
  /** Devices answer as soon as they are configured. */
  readonly startsDevices: boolean;
  readonly warnings: readonly string[];
  readonly innerFcs: boolean;
  readonly lossDuration: boolean;
}

const mostFaults = 50;
/** Rows of metrics: 4,096 flows both ways. */
export const mostFlows = 8192;

/** All of them, or a refusal that tells what is wrong with each. */
export function planFlows(flows: readonly OtgFlow[], around: FlowSurroundings, path: string): readonly PlannedFlow[] {
  if (flows.length > mostFlows) {
    throw invalid(`${path}: ${flows.length} flows are too many; accepted: up to ${mostFlows}`);
  }
  const errors: string[] = [];
  const planned: PlannedFlow[] = [];
  for (const [k, flow] of flows.entries()) {
    try {
      planned.push(...planFlow(flow, around, `${path}[${k}]`));
    } catch (error) {
      if (!(error instanceof OtgRefusal)) throw error;
      errors.push(...error.errors);
      if (errors.length >= mostFaults) break;
    }
  }
  if (errors.length > 0) throw invalid(...errors);
  return planned;
}

type Around = Pick<PlannedConfig, "ports" | "endpoints" | "innerFcs" | "lossDuration">;

export const surroundingsOf = ({ ports, ...more }: Around): FlowSurroundings => ({
  ...more,
  ports: new Map(ports.map((port) => [port.name, port])),
});

/** @throws OtgRefusal */
export function planConfig(config: Config, places: readonly OtgPlace[], innerFcs: boolean): PlannedConfig {
  const { ports, captures, errors, warnings } = configuredPorts(config, places);
  const devices = devicesOf(config);
  const ordering = config.options?.port_options?.frame_ordering_mode?.choice ?? "no_ordering";
  const faults = [
    ...nameFaults(config),
    ...errors,
    ...devices.errors,
    ...(ordering === "no_ordering"
      ? []
      : [`options.port_options.frame_ordering_mode.choice: not supported: ${ordering}; accepted: no_ordering`]),
  ];
  if (faults.length > 0) throw invalid(...faults.slice(0, mostFaults));
  const { endpoints, hosts } = devices;
  const lossDuration = config.options?.flow_options?.packet_loss_duration ?? false;
  const flows = planFlows(config.flows, surroundingsOf({ ports, endpoints, innerFcs, lossDuration }), "flows");
  return {
    ...{ ports, captures, flows, hosts, endpoints, innerFcs, lossDuration },
    startsDevices: config.options?.protocol_options?.auto_start_all ?? true,
    warnings: [...warnings, ...flows.flatMap((flow) => flow.warnings)],
  };
}
