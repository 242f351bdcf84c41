/**
 * The hops of a device that a fleet's agents share: the host of the run reads their counters, once for all agents, when
 * all are quiet. Each agent empties its rings meanwhile, and says what its own interfaces sent.
 */
import type { TrialReport } from "../engine/loop/index.js";
import { externalOf } from "../measure/external.js";
import { ExternalCounters, type SentByPort, type TrialHops } from "../measure/external-counters.js";
import type { RunPlan } from "../measure/plan.js";
import type { AgentLink } from "./agent-link.js";
import { answers } from "./protocol.js";

/** Rings are empty after 0.2 s at most. */
const countersMs = 3_000;

const unsaid = "it did not say in time what its interfaces sent";

const noReport: Omit<TrialHops, "faults"> = { hops: [], foreign: { entered: 0, left: 0 }, notes: [] };

export class RunHops implements AsyncDisposable {
  readonly #links: readonly AgentLink[];
  readonly #counters: ExternalCounters | null;
  /** Agents that do not answer are not asked again in a trial. Nothing is known of their interfaces. */
  readonly #gone = new Map<string, string>();
  /** Of the attempt. Others may be in use by somebody else. */
  #agents: ReadonlySet<string> = new Set();
  #isCounted = false;
  #attempt = 0;
  #begun: Promise<void> = Promise.resolve();

  constructor(plan: RunPlan, links: readonly AgentLink[]) {
    const device = externalOf(plan);
    this.#links = links;
    this.#counters =
      device === null
        ? null
        : new ExternalCounters(device, plan.bidirectional ? 2 : 1, {
            drain: async () => (await this.#ask()).reduce((sum, { moved }) => sum + moved, 0),
            sent: async () => (await this.#ask()).map(({ sent }) => sent),
          });
  }

  /**
   * Before an attempt at a trial with these agents; once for all of them. What they did for an earlier one is over by then.
   * @throws PktgenError (3): a counter that cannot be read.
   */
  begin(attempt: number, agents: readonly string[]): Promise<void> {
    if (attempt !== this.#attempt) {
      this.#attempt = attempt;
      this.#agents = new Set(agents);
      this.#gone.clear();
      this.#begun = this.#counters?.begin() ?? Promise.resolve();
    }
    return this.#begun;
  }

  /** Why an attempt cannot begin with this agent: its share of the counters is missing. null: it can. */
  whyNot(agent: string): string | null {
    return this.#gone.get(agent) ?? null;
  }

  /** After a trial of which every report came: what a lost agent sends meanwhile nobody knows. */
  async end(isWhole: boolean): Promise<void> {
    this.#attempt = 0;
    this.#isCounted = isWhole;
    if (isWhole) await this.#counters?.end();
  }

  /** What a direction of the trial did to them. `reports`: by agent. */
  of(direction: number, reports: ReadonlyMap<string, TrialReport>): TrialHops {
    if (this.#counters === null || !this.#isCounted) return { ...noReport, faults: [] };
    const faults = [...this.#gone].filter(([name]) => reports.has(name)).map(([name, why]) => `${name}: ${why}`);
    if (faults.length > 0) return { ...noReport, faults };
    return this.#counters.of(
      direction,
      this.#links.map(({ name }) => reports.get(name) ?? null),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#counters?.[Symbol.asyncDispose]();
  }

  #ask(): Promise<readonly { readonly moved: number; readonly sent: SentByPort }[]> {
    return Promise.all(
      this.#links.map(async (link) => {
        const isAsked = this.#agents.has(link.name) && !this.#gone.has(link.name);
        const asked = isAsked ? await link.ask("counters", {}, answers.counters, countersMs) : null;
        if (asked?.kind === "answer") return asked.value;
        if (asked !== null) this.#gone.set(link.name, asked.kind === "refused" ? asked.error.message : unsaid);
        return { moved: 0, sent: [] };
      }),
    );
  }
}
