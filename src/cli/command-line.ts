/** The command line as commander sees it: the table of commands, help, and its errors in this project's words. */

import { Command, CommanderError } from "commander";
import { type PktgenError, usageError } from "../errors.js";
import { didYouMean } from "../nearest.js";
import { hopSourcesHelp } from "../options/dut-options-help.js";
import { packageVersion } from "../sys/version.js";
import type { CommandContext, CommandDefinition } from "./command.js";
import { commandWords, defaultCommand, loadCommands } from "./commands/index.js";
import { defineCommand } from "./define-command.js";

const examples = `
Examples:
  pktgen-ts --sizes 64,1518                       forwarding test of two frame sizes on the built-in lab
  pktgen-ts --sizes plan --queues 2 --rate 100kpps --duration 5s
  pktgen-ts --sizes 64 --count 1000000 --json result.json
  pktgen-ts --dut external --tx virtio-user:/tmp/vhost0 --rx virtio-user:/tmp/vhost1
  pktgen-ts doctor                                what this machine can run, and what is missing

Units:
  sizes      bytes with the 4 of the frame check sequence, as RFC 2544 counts: 64 is 60 in a ring
  rates      kpps, Mpps; kbps, Mbps, Gbps on layer 2; with -l1 on layer 1 (+20 bytes a frame); max; 50% of --line-rate
  times      ns, us, ms, s, min, h        shares   0.001 or 0.1%

Exit codes:
  0 passed   1 measured and failed   2 wrong usage or input   3 something is missing here
  4 invalid measurement   130 interrupted, with the results so far
`;

/** Commander's sentence without its prefix; what it suggests is the hint. */
function translated(error: CommanderError, command: CommandDefinition | undefined): PktgenError {
  const [sentence = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
  const what = sentence.replace(/\.$/, "");
  const option = /^unknown option '(--[\w-]+)/.exec(what)?.[1];
  const instead = option === undefined ? undefined : command?.instead?.[option];
  const hint = instead ?? suggestion?.replace(/^\((.*)\)$/, "$1");
  const help = command === undefined ? "see pktgen-ts --help" : `see pktgen-ts ${command.name} --help`;
  return usageError(what, {
    hint: hint === undefined || hint === "" ? help : `${hint}${/[?.!]$/.test(hint) ? "" : ";"} ${help}`,
  });
}

/** True for the end of `--help` or `--version`, which commander throws. */
const isDone = (error: CommanderError): boolean =>
  error.exitCode === 0 || error.code === "commander.help" || error.code === "commander.helpDisplayed";

function unknownCommand(word: string): PktgenError {
  return usageError(`unknown command '${word}'`, {
    accepted: commandWords.join(", "),
    hint: "see pktgen-ts --help",
    ...didYouMean(word, commandWords),
  });
}

/** The main help shows the options of the default command: they need no word before them. */
function defaultOptionsHelp(program: Command): string {
  const command = program.commands.find((child) => child.name() === defaultCommand);
  const sections = command?.helpInformation().trimEnd().split("\n\n") ?? [];
  return `\n${sections.filter((section) => section.startsWith("Options of run:") || / \(run\):/.test(section)).join("\n\n")}`;
}

function createProgram(commands: readonly CommandDefinition[], context: CommandContext): Command {
  const program = new Command("pktgen-ts");
  program
    .description(
      "Software traffic generator and packet-forwarding harness over vhost-user rings: no DPDK, no root, no C.",
    )
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help: of everything, or of one command")
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, writeOut: (text) => void context.output.result(text) })
    .configureHelp({ helpWidth: 120 });
  for (const definition of commands) defineCommand(program, definition, context);
  program
    .addHelpText("after", () => defaultOptionsHelp(program))
    .addHelpText("after", hopSourcesHelp)
    .addHelpText("after", examples);
  return program;
}

/** Parses and runs. Rejects with a usage error, or with what the command threw. */
export async function runProgram(argv: readonly string[], context: CommandContext): Promise<void> {
  // `--help ndr` is the help of ndr, as `ndr --help`.
  const asksFor = argv.length === 2 && (argv[0] === "--help" || argv[0] === "-h") && !argv[1]!.startsWith("-");
  const words = asksFor ? [argv[1]!, "--help"] : argv;
  const [first] = words;
  const isWord = first !== undefined && !first.startsWith("-") && first !== "help";
  if (isWord && !commandWords.includes(first)) throw unknownCommand(first);
  const isHelp = first === "help" || words.some((word) => word === "--help" || word === "-h");
  const commands = await loadCommands(isWord ? [first] : isHelp ? commandWords : [defaultCommand]);
  const program = createProgram(commands, context);
  try {
    await program.parseAsync([...words], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (!isDone(error)) throw translated(error, isWord ? commands[0] : undefined);
  }
}
