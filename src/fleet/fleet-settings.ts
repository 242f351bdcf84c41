/** How a run uses a fleet. */

import type { FlowList } from "../options/fleet-flows.js";
import type { AskedMethod } from "../options/measuring-commands.js";
import type { AgentChoice } from "./coordinator.js";
import type { TrialTimes } from "./trial-events.js";

export interface FleetSettings extends AgentChoice {
  /** With fewer agents no trial begins; null: all are needed. */
  readonly minAgents: number | null;
  /** All begin within this time of each other. */
  readonly startWithinNs: number;
  /** Who sends to whom; null or absent: each agent receives its own frames. */
  readonly flows?: FlowList | null;
  /** How the load is shared by the agents; absent: all have as much. */
  readonly share?: "equal" | "capacity";
  /** For whoever collects the run; null or absent: it is no method. */
  readonly method?: AskedMethod | null;
  /** As the user wrote it, for the result. */
  readonly address: string;
  /** Absent: the usual ones. */
  readonly times?: Partial<TrialTimes>;
}
