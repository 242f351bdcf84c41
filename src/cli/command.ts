/** What a command is made of, so that one is one file and one line in `commands/index.ts`. */
import type { Command } from "commander";
import type { ExitCode } from "../errors.js";
import type { Output } from "./output/output.js";

/** What a command is given beside its options. */
export interface CommandContext {
  readonly output: Output;
  /** The command line as typed, for results. */
  readonly commandLine: string;
  readonly version: string;
  /** PKTGEN_DEBUG is set. */
  readonly debug: boolean;
  /** Told what the process should end with. */
  readonly finish: (exitCode: ExitCode) => void;
}

export interface CommandDefinition {
  readonly name: string;
  /** One line of the list in `--help`. */
  readonly summary: string;
  /** Run where no command is named. */
  readonly isDefault?: boolean;
  /** Options of other commands that it does not have → what to use. */
  readonly instead?: Readonly<Record<string, string>>;
  /** Adds options, help and action. Imports nothing heavy: `--help` must be quick; actions import what they need. */
  define(command: Command, context: CommandContext): void;
}
