/** What a command is made of: its file, and one line in `commands/index.ts`. */
import type { ExitCode } from "../errors.js";
import type { OptionGroups } from "../options/option.js";
import type { Output } from "./output/output.js";

/** What a command is given in addition to its options. */
export interface CommandContext {
  readonly output: Output;
  /** The command line as typed, for results. */
  readonly commandLine: string;
  readonly version: string;
  /** PKTGEN_DEBUG is set. */
  readonly debug: boolean;
  /** Takes the exit code that the process should end with. */
  readonly finish: (exitCode: ExitCode) => void;
}

/**
 * `Options`: the texts that were given. A definition imports nothing heavy, since `--help` must be quick: `run` imports
 * what it needs.
 */
export interface CommandDefinition<Options = never> {
  readonly name: string;
  /** One line of the list in `--help`. */
  readonly summary: string;
  /** The second paragraph of its own help. Absent: the summary. */
  readonly description?: string;
  /** Words after its name as help shows them, and what they are. Absent: help shows none. */
  readonly argument?: readonly [flags: string, means: string];
  /** Words that help does not show are refused. Absent: they go to `run`. */
  readonly refusesWords?: boolean;
  /** By heading of its help. */
  readonly options: OptionGroups;
  /** Texts below the options. */
  readonly help?: readonly (string | (() => string))[];
  /** Options that other commands have and this one does not → what to use instead. */
  readonly instead?: Readonly<Record<string, string>>;
  /** Commands below it, e.g. `dut embedded`. */
  readonly children?: readonly CommandDefinition[];
  readonly run: (words: readonly string[], options: Options, context: CommandContext) => Promise<void>;
}
