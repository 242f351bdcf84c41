/** A run's hold on its agents: finds them, claims all or none, renews while it lives, and gives them back. */
import { randomBytes } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { environmentError, PktgenError } from "../errors.js";
import { monotonicClock } from "../sys/clock.js";
import { packageVersion } from "../sys/version.js";
import { AgentLink, type Asking } from "./agent-link.js";
import type { Bus } from "./bus.js";
import { clockId } from "./clock-id.js";
import { subjectOf } from "./names.js";
import { type AgentFacts, answers, checkVersion, isOfOtherVersion, protocolVersion, readMessage } from "./protocol.js";

/** Which agents a run uses. */
export interface AgentChoice {
  /** By name; null: all that answer and fit. */
  readonly names: readonly string[] | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Takes agents from other runs. */
  readonly force: boolean;
  /** Which option named them; absent: --agents. */
  readonly where?: string;
}

const findMs = 2_000;
const claimMs = 10_000;
const releaseMs = 2_000;
const ttlMs = 10_000;
const renewMs = 2_000;

const ownName = "coordinator";

const envelope = { v: protocolVersion, from: ownName } as const;

/** All agents that answer, by name. What cannot be read is left out, but of those that were named. @throws PktgenError (2) */
export async function findAgents(bus: Bus, names: readonly string[] | null, timeoutMs = findMs): Promise<AgentFacts[]> {
  return askedFacts(bus, names, timeoutMs, () => names !== null);
}

/** `mustRead`: an answer that is no facts is refused; else left out. */
async function askedFacts(
  bus: Bus,
  names: readonly string[] | null,
  timeoutMs: number,
  mustRead: (data: unknown) => boolean,
): Promise<AgentFacts[]> {
  const found = await bus.gather(subjectOf.everybody("facts"), envelope, names, timeoutMs);
  return [...found]
    .flatMap(([name, data]) => {
      const facts = answers.facts.safeParse(data);
      if (facts.success) return [facts.data];
      return mustRead(data) ? [readMessage(answers.facts, data, name)] : [];
    })
    .sort((a, b) => a.from.localeCompare(b.from, "en", { numeric: true }));
}

/** @throws PktgenError (3): one that was named is not there, or nobody is. */
async function chosenAgents(bus: Bus, { names, labels, where = "--agents" }: AgentChoice): Promise<AgentFacts[]> {
  // Whoever runs all agents wants to know of one of another version; noise is nobody's.
  const found = await askedFacts(bus, names, findMs, (data) => names !== null || isOfOtherVersion(data));
  const missing = (names ?? []).filter((name) => !found.some(({ from }) => from === name));
  if (missing.length > 0) {
    throw environmentError(`nobody answers at ${missing.join(", ")}`, {
      where,
      hint: "start pktgen-ts agent there; pktgen-ts fleet ls shows who is there",
    });
  }
  const fit = found.filter((facts) => Object.entries(labels).every(([key, value]) => facts.labels[key] === value));
  if (fit.length > 0) return fit;
  const what = found.length === 0 ? "no agent answers" : `none of ${found.length} agents has these labels`;
  throw environmentError(what, {
    where,
    hint: "start pktgen-ts agent; pktgen-ts fleet ls shows who is there",
  });
}

/** For people: whose run or command it is. */
export const whoWeAre = (): string => `${userName()}@${hostname()} (pid ${process.pid})`;

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "somebody";
  }
}

export class Coordinator implements AsyncDisposable {
  readonly run: string;
  readonly asking: Asking;
  /** In the order of their shares. */
  readonly links: readonly AgentLink[];
  #renewing: NodeJS.Timeout | undefined;

  private constructor(asking: Asking, found: readonly AgentFacts[]) {
    this.run = asking.run;
    this.asking = asking;
    const own = clockId();
    this.links = found.map((facts) => new AgentLink(asking, facts, own));
  }

  /** Claims all agents that were chosen, or none. @throws PktgenError */
  static async claim(bus: Bus, choice: AgentChoice): Promise<Coordinator> {
    const found = await chosenAgents(bus, choice);
    for (const { from, version } of found) checkVersion(from, version, packageVersion());
    const clock = monotonicClock();
    const run = `r${Date.now().toString(36)}-${randomBytes(3).toString("hex")}`;
    const epoch = Math.max(...found.map(({ lastEpoch }) => lastEpoch)) + 1;
    const asking = { bus, from: ownName, run, epoch, nowNs: () => clock.nowNs() };
    const coordinator = new Coordinator(asking, found);
    try {
      await Promise.all(coordinator.links.map((link) => claimOne(link, choice)));
    } catch (error) {
      await coordinator[Symbol.asyncDispose]();
      throw error;
    }
    coordinator.#renewing = setInterval(() => coordinator.#renew(), renewMs);
    return coordinator;
  }

  #renew(): void {
    const { bus, from, run, epoch } = this.asking;
    bus.publish(subjectOf.run(run, "renew"), { v: protocolVersion, from, run, epoch, ttlMs });
  }

  /** Gives them back; one that does not answer gets free by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#renewing);
    await Promise.all(this.links.map((link) => link.ask("release", {}, answers.done, releaseMs).catch(() => null)));
  }
}

async function claimOne(link: AgentLink, { force, where = "--agents" }: AgentChoice): Promise<void> {
  const fields = { ttlMs, by: whoWeAre(), force };
  const answer = await link.must("claim", fields, answers.claim, claimMs);
  if (answer.kind === "granted") {
    if (answer.incarnation === link.facts.incarnation) return;
    throw environmentError("it was started again just now", { where: link.name, hint: "try again" });
  }
  const seconds = Math.ceil(answer.leftMs / 1000);
  throw new PktgenError(3, `${link.name} is in use by ${answer.holder}, for ${seconds} s more unless it goes on`, {
    where,
    hint: `other agents, or pktgen-ts fleet release ${link.name}`,
  });
}
