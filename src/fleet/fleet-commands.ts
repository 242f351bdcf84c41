/** What the commands about a fleet say, as text. */
import { environmentError } from "../errors.js";
import { timeWord } from "../stats/words.js";
import { monotonicClock } from "../sys/clock.js";
import { terminalText } from "../terminal-text.js";
import { AgentLink } from "./agent-link.js";
import type { Bus } from "./bus.js";
import { clockId } from "./clock-id.js";
import { noJournal } from "./collect.js";
import { findAgents, whoWeAre } from "./coordinator.js";
import { subjectOf } from "./names.js";
import { type AgentFacts, answers, protocolVersion, readMessage, refusalOf } from "./protocol.js";
import { type OpenedRun, RunJournal } from "./run-journal.js";

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

/** What is kept of runs, the latest last. @throws PktgenError (3): the server keeps nothing. */
export async function listRuns(bus: Bus): Promise<string> {
  if (bus.journal === null) throw noJournal("fleet runs");
  const all = new RunJournal(bus.journal, "*");
  const [found, opened, begun, ends] = await Promise.all([
    findAgents(bus, null),
    all.readOpened(),
    all.readBegun(),
    all.readEnds(),
  ]);
  if (opened.length === 0) return "no runs are kept\n";
  const ended = new Set(ends.map(({ run }) => run));
  const rows = opened.map(({ run, by, frame }: OpenedRun & { readonly run: string }) => {
    const trials = new Set(begun.filter((one) => one.run === run).map(({ trial }) => trial)).size;
    const state = ended.has(run) ? "ended" : isHeld(found, run) ? "runs" : "coordinator lost";
    const agents = (frame.fleet?.agents ?? []).map(({ name }) => name).join(",");
    return [run, frame.started, by, agents, `${trials}`, state, frame.command];
  });
  return columns([["run", "started", "by", "agents", "trials begun", "state", "command"], ...rows]);
}

const isHeld = (found: readonly AgentFacts[], run: string): boolean => found.some((facts) => facts.run === run);

/** Its agents stop what they do for it, and are free. @throws PktgenError (3): it has no agent. */
export async function stopRun(bus: Bus, run: string): Promise<string> {
  const held = (await findAgents(bus, null)).filter((facts) => facts.run === run);
  if (held.length === 0) {
    throw environmentError(`no agent that answers is used by run ${run}`, {
      where: "fleet stop",
      hint: "pktgen-ts fleet runs shows which runs there are",
    });
  }
  bus.publish(subjectOf.run(run, "end"), { v: protocolVersion, from, by: whoWeAre() });
  // The epoch keeps it from freeing an agent that another run has got meanwhile.
  await Promise.all(held.map((facts) => release(bus, facts.from, { run, epoch: facts.lastEpoch }, "fleet stop")));
  return `${run} is stopped; free: ${held.map((facts) => facts.from).join(", ")}\n`;
}

/** @throws PktgenError (3): it does not answer. */
export async function releaseAgent(bus: Bus, agent: string): Promise<string> {
  await release(bus, agent, { run: "none", epoch: 0, force: true }, "fleet release");
  return `${agent} is free\n`;
}

async function release(bus: Bus, agent: string, fields: object, where: string): Promise<void> {
  const answer = await bus.request(
    subjectOf.agent(agent, "release"),
    { v: protocolVersion, from, ...fields },
    answerMs,
  );
  if (answer.kind !== "answer") {
    const what = answer.kind === "absent" ? `nobody answers at ${agent}` : `${agent} does not answer`;
    throw environmentError(what, { where, hint: "pktgen-ts fleet ls shows who is there" });
  }
  const refused = refusalOf(answer.data, agent);
  if (refused !== null) throw refused;
  readMessage(answers.done, answer.data, agent);
}
