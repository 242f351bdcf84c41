/** What a session over a fleet is made of: its agents, and their ports. */
import type { SessionPortFacts } from "../../session/index.js";
import type { Coordinator } from "../coordinator.js";
import type { SessionLink } from "./session-link.js";

/** Questions to an agent about its clock: with fewer, nothing is known of it. */
export const clockExchanges = 8;

export interface FleetPort {
  readonly name: string;
  readonly agent: SessionLink;
  readonly lineRateBps: number | null;
}

export interface FleetSessionParts {
  readonly coordinator: Coordinator;
  readonly agents: readonly SessionLink[];
  readonly ports: readonly FleetPort[];
  readonly facts: readonly SessionPortFacts[];
  readonly capacity: number;
  readonly settleNs: number;
  readonly epochUnixNs: number;
  /** From an agent's session time to this one's. */
  readonly shiftNs: ReadonlyMap<SessionLink, number>;
}
