/** The commands that a request may ask for, and their options, from the tables of the command line. */
import { methodCommands, methodGroups } from "../../options/measuring-commands.js";
import { type OptionGroups, type OptionTable, onlyThose } from "../../options/option.js";
import { fieldKindOf } from "../../options/option-texts.js";
import { runGroups } from "../../options/run-options.js";
import type { CommandInfo, CommandName } from "../contract.js";
import { commandNames } from "../schema/about.js";

/** Options of the command line alone → what a request has instead. */
export const ofCommandLine: Readonly<Record<string, string>> = {
  json: "GET /runs/ID/result.json",
  csv: "GET /runs/ID/result.csv",
  streamsCsv: "GET /runs/ID/result.streams.csv",
  junit: "GET /runs/ID/result.junit",
  html: "GET /runs/ID/result.html",
  markdown: "GET /runs/ID/result.md",
  openmetrics: "GET /runs/ID/result.openmetrics",
  ndjson: "GET /runs/ID/events",
  live: "GET /runs/ID/events",
  ui: "GET /",
  verbose: "GET /runs/ID/events",
  baseline: "GET /runs/compare",
  updateBaseline: "GET /runs/compare",
  recordTx: "captures of a session, or POST /exchange",
  recordRx: "captures of a session, or POST /exchange",
  onFull: "captures of a session, or POST /exchange",
  state: "GET /runs/ID/recording.ndjson",
  resume: "a run of its own",
  profileRoot: "profileText, or a name out of GET /profiles",
};

const groupsOf = (command: CommandName): OptionGroups =>
  onlyThose(command === "run" ? runGroups : methodGroups(methodCommands[command]), (_, key) => !(key in ofCommandLine));

const tableOf = (command: CommandName): OptionTable => Object.assign({}, ...Object.values(groupsOf(command)));

/** By command: key → option. */
export const tables = Object.fromEntries(commandNames.map((name) => [name, tableOf(name)])) as Readonly<
  Record<CommandName, OptionTable>
>;

const runSummary = "forwarding test: what each frame size loses, and how fast it goes";

const shownKind = { texts: "texts", flag: "flag", optional: "optional" } as const;

/** What a form is made of. */
export const commandInfos = (): CommandInfo[] =>
  commandNames.map((name) => ({
    name,
    summary: name === "run" ? runSummary : methodCommands[name].summary,
    options: Object.entries(groupsOf(name)).flatMap(([heading, table]) =>
      Object.entries(table).map(([key, { flags, means, ...option }]) => ({
        ...{ key, heading, means },
        flag: /--[\w-]+/.exec(flags)![0],
        argument: /[<[].*$/.exec(flags)?.[0] ?? null,
        kind: shownKind[fieldKindOf({ flags, ...option }) as keyof typeof shownKind] ?? "text",
      })),
    ),
  }));
