/** What the commands about a fleet say, as text. */
import { environmentError } from "../errors.js";
import { timeWord } from "../stats/words.js";
import { monotonicClock } from "../sys/clock.js";
import { terminalText } from "../terminal-text.js";
import { AgentLink } from "./agent-link.js";
import type { Bus } from "./bus.js";
import { clockId } from "./clock-id.js";
import { findAgents } from "./coordinator.js";
import { subjectOf } from "./names.js";
import { answers, protocolVersion, readMessage, refusalOf } from "./protocol.js";

const from = "fleet-command";
const answerMs = 5_000;
const exchanges = 32;

/** Columns as wide as their longest cell. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, c) => Math.max(...rows.map((row) => row[c]!.length)));
  const line = (row: readonly string[]): string => row.map((cell, c) => cell.padEnd(widths[c]!)).join("  ");
  return `${rows.map((row) => terminalText(line(row).trimEnd())).join("\n")}\n`;
}

const nobody = "no agent answers\n";

export async function listAgents(bus: Bus): Promise<string> {
  const found = await findAgents(bus, null);
  if (found.length === 0) return nobody;
  const rows = found.map((facts) => [
    ...[facts.from, facts.host, facts.version, facts.state, facts.ports.join(" ")],
    Object.entries(facts.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(" "),
    facts.holder ?? "",
  ]);
  return columns([["agent", "host", "version", "state", "ports", "labels", "in use by"], ...rows]);
}

export async function listClocks(bus: Bus): Promise<string> {
  const clock = monotonicClock();
  const asking = { bus, from, run: "clocks", epoch: 0, nowNs: () => clock.nowNs() };
  const links = (await findAgents(bus, null)).map((facts) => new AgentLink(asking, facts, clockId()));
  if (links.length === 0) return nobody;
  await Promise.all(links.map((link) => link.compareClocks(exchanges)));
  const rows = links.map((link) => {
    const found = link.clockAt(clock.nowNs());
    if (found === null) return [link.name, "unknown", "", "", ""];
    const { way, offsetNs, boundNs, minRttNs } = found;
    if (way === "same") return [link.name, "this host's", "0", "0", ""];
    return [link.name, "by messages", timeWord(offsetNs), `± ${timeWord(boundNs)}`, timeWord(minRttNs)];
  });
  return columns([["agent", "clock", "ahead", "bound", "least round trip"], ...rows]);
}

/** @throws PktgenError (3): it does not answer. */
export async function releaseAgent(bus: Bus, agent: string): Promise<string> {
  const message = { v: protocolVersion, from, run: "none", epoch: 0, force: true };
  const answer = await bus.request(subjectOf.agent(agent, "release"), message, answerMs);
  if (answer.kind !== "answer") {
    const what = answer.kind === "absent" ? `nobody answers at ${agent}` : `${agent} does not answer`;
    throw environmentError(what, { where: "fleet release", hint: "pktgen-ts fleet ls shows who is there" });
  }
  const refused = refusalOf(answer.data, agent);
  if (refused !== null) throw refused;
  readMessage(answers.done, answer.data, agent);
  return `${agent} is free\n`;
}
