/** What a session refuses. Servers make a status of the code. */
import { type ErrorDetails, type ExitCode, exitCodes, PktgenError } from "../errors.js";

export type SessionErrorCode =
  | "unknown-flow"
  | "unknown-port"
  | "unknown-host"
  | "unknown-capture"
  | "exists"
  | "bad-spec"
  | "full"
  | "not-possible"
  | "closed"
  | "ended";

const exitCodeOf = (code: SessionErrorCode): ExitCode =>
  code === "closed" || code === "ended" ? exitCodes.invalid : exitCodes.usage;

export class SessionError extends PktgenError {
  readonly code: SessionErrorCode;

  constructor(code: SessionErrorCode, what: string, details: ErrorDetails = {}) {
    super(exitCodeOf(code), what, details);
    this.code = code;
  }
}
