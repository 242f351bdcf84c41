/** What a lab plan's steps come to: plain data, decided before anything is started. */
import type { TestpmdDescription } from "../dut/testpmd/description.js";
import type { Mount } from "../dut/testpmd/launcher.js";
import type { TrafficSpec } from "../stream/spec/traffic.js";
import type { PlanDeed, PlanDevice, PlanHugepages, PlanTraffic, TrafficChecks } from "./file/index.js";
import type { PathHop } from "./path.js";

/** A testpmd that is to be started. */
export interface PlannedLaunch {
  readonly device: PlanDevice;
  readonly description: TestpmdDescription;
  readonly contained: boolean;
  /** Of the process or container: unique on this machine. */
  readonly name: string;
  readonly mounts: readonly Mount[];
  /** As the plan's text has it; null: it has none. */
  readonly literal: string | null;
  /** Sockets that it makes. */
  readonly sockets: readonly string[];
  readonly hugepages: PlanHugepages | null;
  /** Network namespace that it runs in; null: ours. */
  readonly netns: string | null;
}

/** The generator's port and what goes through it. */
export interface PlannedTraffic extends Omit<PlanTraffic, "stream"> {
  readonly stream: TrafficSpec;
  readonly flows: number;
  /** A port spec. */
  readonly port: string;
  readonly queues: number;
  readonly path: readonly PathHop[];
  /** The device that has the other end of the port. */
  readonly device: string;
}

export type PlannedDeed =
  | Exclude<PlanDeed, { readonly do: "mount hugepages" | "launch" | "send" | "start traffic" }>
  | { readonly do: "mount hugepages"; readonly wish: PlanHugepages | null }
  | { readonly do: "launch"; readonly device: string; readonly launch: PlannedLaunch }
  | { readonly do: "send"; readonly traffic: PlannedTraffic; readonly check: TrafficChecks }
  | { readonly do: "start traffic"; readonly traffic: PlannedTraffic };
