/** `fleet`: who is in a fleet, how its clocks stand, and how to stop or free what hangs. */
import { exitCodes, usageError } from "../../errors.js";
import { agentName, type FleetCommandTexts, fleetCommandOptions, serverOf } from "../../options/fleet-options.js";
import { readOptions } from "../../options/option.js";
import type { CommandContext, CommandDefinition } from "../command.js";

type Fleet = typeof import("../../fleet/index.js");
type Bus = Awaited<ReturnType<Fleet["connectFleet"]>>;

/** Connects, does it, and prints what it says. */
async function withFleet(
  texts: FleetCommandTexts,
  { output, finish }: CommandContext,
  act: (fleet: Fleet, bus: Bus) => Promise<string>,
): Promise<void> {
  const given = readOptions(fleetCommandOptions, texts);
  const address = serverOf(given.fleet, given.insecure === true);
  const fleet = await import("../../fleet/index.js");
  await using bus = await fleet.connectFleet(address, texts, "pktgen-ts fleet");
  await output.result(await act(fleet, bus));
  finish(exitCodes.passed);
}

/** The one word that the command needs. */
function wordOf(words: readonly string[], what: string): string {
  const [word] = words;
  if (word !== undefined && words.length === 1) return word;
  throw usageError(`which ${what}?`, { where: "fleet", accepted: `the name of one ${what}` });
}

const lsCommand: CommandDefinition<FleetCommandTexts> = {
  name: "ls",
  summary: "agents that answer: name, host, version, ports, clock, state",
  refusesWords: true,
  options: { "": fleetCommandOptions },
  run: (_words, texts, context) => withFleet(texts, context, (fleet, bus) => fleet.listAgents(bus)),
};

const clocksCommand: CommandDefinition<FleetCommandTexts> = {
  name: "clocks",
  summary: "how far each agent's clock is ahead of this host's, and how wrong that is at most",
  refusesWords: true,
  options: { "": fleetCommandOptions },
  run: (_words, texts, context) => withFleet(texts, context, (fleet, bus) => fleet.listClocks(bus)),
};

const releaseCommand: CommandDefinition<FleetCommandTexts> = {
  name: "release",
  summary: "free an agent from the run that has claimed it: what it does then stops",
  argument: ["[agent]", "its name"],
  options: { "": fleetCommandOptions },
  run: (words, texts, context) => {
    const agent = agentName(wordOf(words, "agent"), "fleet release");
    return withFleet(texts, context, (fleet, bus) => fleet.releaseAgent(bus, agent));
  },
};

export const fleetCommand: CommandDefinition = {
  name: "fleet",
  summary: "agents of a fleet: who is there, how their clocks stand, and how to free one",
  options: {},
  children: [lsCommand, clocksCommand, releaseCommand] as readonly CommandDefinition[],
  run: async ([word]) => {
    const what = word === undefined ? "what about the fleet?" : `unknown fleet command '${word}'`;
    throw usageError(what, { where: "fleet", accepted: "ls, clocks, release", hint: "see pktgen-ts fleet --help" });
  },
};
