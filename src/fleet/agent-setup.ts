/** What an agent is started with. */
import type { Clock } from "../clock.js";
import type { ClockAddress } from "../options/clock-address.js";
import type { OpenAgentBench } from "./agent-bench.js";
import type { Offer } from "./part.js";
import type { Spool } from "./spool.js";

export interface AgentSetup extends Offer {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** It sends no more frames per second; null: no limit. */
  readonly maxPps: number | null;
  readonly spool: Spool | null;
  /** Where it compares clocks with other agents; null or absent: it opens no socket. */
  readonly clockUdp?: ClockAddress | null;
  readonly open: OpenAgentBench;
  /** For whoever looks after the agent. Absent: nobody does. */
  readonly say?: (text: string) => void;
  /** Absent: this host's CLOCK_MONOTONIC. */
  readonly clock?: AgentClock;
}

/** `id`: agents with the same one read the same clock. */
export interface AgentClock extends Clock {
  readonly id: string;
}
