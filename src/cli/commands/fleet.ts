/** `fleet`: who is in a fleet, how its clocks stand, and how to stop or free what hangs. */
import { exitCodes, usageError } from "../../errors.js";
import {
  agentName,
  type FleetCommandTexts,
  fleetCommandOptions,
  runName,
  serverOf,
} from "../../options/fleet-options.js";
import { type OptionTable, readOptions, resultFiles, type TextsOf } from "../../options/option.js";
import { reportFileOptions } from "../../options/run-options.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { hasColors } from "../output/output.js";
import { checkResultFiles } from "../output/result-file.js";
import type { ReportFile } from "../output/run-report.js";

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

const runsCommand: CommandDefinition<FleetCommandTexts> = {
  name: "runs",
  summary: "runs of the last week: when, whose, with which agents, and whether they ended",
  refusesWords: true,
  options: { "": fleetCommandOptions },
  run: (_words, texts, context) => withFleet(texts, context, (fleet, bus) => fleet.listRuns(bus)),
};

const stopCommand: CommandDefinition<FleetCommandTexts> = {
  name: "stop",
  summary: "end a run: its agents stop what they do for it, and are free",
  argument: ["[run]", "its name, out of fleet runs"],
  options: { "": fleetCommandOptions },
  run: (words, texts, context) => {
    const run = runName(wordOf(words, "run"), "fleet stop");
    return withFleet(texts, context, (fleet, bus) => fleet.stopRun(bus, run));
  },
};

const collectOptions = { ...fleetCommandOptions, ...reportFileOptions } as const satisfies OptionTable;

async function collect(
  words: readonly string[],
  texts: TextsOf<typeof collectOptions>,
  { output, finish }: CommandContext,
): Promise<void> {
  const run = runName(wordOf(words, "run"), "fleet collect");
  const given = readOptions(fleetCommandOptions, texts);
  const address = serverOf(given.fleet, given.insecure === true);
  const files = resultFiles(reportFileOptions, texts).map(
    ({ key, ...file }) => ({ report: key, ...file }) as ReportFile,
  );
  checkResultFiles(files);
  const [fleet, { exitCodeOf, reportRun }] = await Promise.all([
    import("../../fleet/index.js"),
    import("../output/run-report.js"),
  ]);
  await using bus = await fleet.connectFleet(address, texts, "pktgen-ts fleet");
  const result = await fleet.collectRun(bus, run);
  const color = hasColors();
  await reportRun(result, { files, ndjson: false, color }, output);
  finish(exitCodeOf(result));
}

const collectCommand: CommandDefinition<TextsOf<typeof collectOptions>> = {
  name: "collect",
  summary: "the result of a run whose coordinator was lost, out of what is kept: verdicts are made anew",
  argument: ["[run]", "its name, out of fleet runs"],
  options: { "": collectOptions },
  run: collect,
};

export const fleetCommand: CommandDefinition = {
  name: "fleet",
  summary: "a fleet: who is there, how clocks stand, its runs, and how to stop, collect or free them",
  options: {},
  children: [
    lsCommand,
    clocksCommand,
    runsCommand,
    collectCommand,
    stopCommand,
    releaseCommand,
  ] as readonly CommandDefinition[],
  run: async ([word]) => {
    const what = word === undefined ? "what about the fleet?" : `unknown fleet command '${word}'`;
    throw usageError(what, {
      where: "fleet",
      accepted: "ls, clocks, runs, collect, stop, release",
      hint: "see pktgen-ts fleet --help",
    });
  },
};
