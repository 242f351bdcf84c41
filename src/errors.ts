/**
 * Errors for people: what was wrong, where, what is accepted, what to do, and the exit code. Everything this project
 * throws on purpose is a PktgenError. Anything else that reaches `cli` is a bug and is reported as one.
 */
import { terminalText } from "./terminal-text.js";

/** The exit codes of the process. 4 is a measurement that cannot be used, 130 an interrupt (128 + SIGINT). */
export const exitCodes = {
  passed: 0,
  failed: 1,
  usage: 2,
  environment: 3,
  invalid: 4,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export interface ErrorDetails {
  /** The option, file:line:column, or protocol message that was wrong, e.g. `--sizes` or `SET_MEM_TABLE`. */
  readonly where?: string;
  /** What is accepted instead. */
  readonly accepted?: string;
  /** What to do about it: a command or one sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** An error that is one clear sentence for the user. `message` has no stack and needs no full stop. */
export class PktgenError extends Error {
  override readonly name = "PktgenError";
  readonly exitCode: ExitCode;
  readonly where: string | undefined;
  readonly accepted: string | undefined;
  readonly hint: string | undefined;

  constructor(exitCode: ExitCode, what: string, details: ErrorDetails = {}) {
    super(what, details.cause === undefined ? undefined : { cause: details.cause });
    this.exitCode = exitCode;
    this.where = details.where;
    this.accepted = details.accepted;
    this.hint = details.hint;
  }

  /** The parts of the sentence without the cause: plain data, e.g. for another thread. */
  get details(): ErrorDetails {
    const { where, accepted, hint } = this;
    return {
      ...(where === undefined ? {} : { where }),
      ...(accepted === undefined ? {} : { accepted }),
      ...(hint === undefined ? {} : { hint }),
    };
  }

  /** The whole error on one line: `where: what; accepted: …; hint`. Quoted text cannot control a terminal. */
  toLine(): string {
    const head = this.where === undefined ? this.message : `${this.where}: ${this.message}`;
    const accepted = this.accepted === undefined ? "" : `; accepted: ${this.accepted}`;
    const hint = this.hint === undefined ? "" : `; ${this.hint}`;
    return terminalText(head + accepted + hint);
  }
}

/** Wrong usage, profile or input file: exit code 2. */
export const usageError = (what: string, details?: ErrorDetails): PktgenError =>
  new PktgenError(exitCodes.usage, what, details);

/** The environment lacks something: exit code 3. */
export const environmentError = (what: string, details?: ErrorDetails): PktgenError =>
  new PktgenError(exitCodes.environment, what, details);

/** The user ended it before there were results: exit code 130. */
export const interruptedError = (what: string): PktgenError => new PktgenError(exitCodes.interrupted, what);

/** The measurement cannot be used, e.g. because the peer died during it: exit code 4. */
export const invalidError = (what: string, details?: ErrorDetails): PktgenError =>
  new PktgenError(exitCodes.invalid, what, details);
