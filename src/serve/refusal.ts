/** What the server says no with: an error for people, and the status that goes with it. */
import { type ErrorDetails, exitCodes, PktgenError } from "../errors.js";
import { SessionError, type SessionErrorCode } from "../session/index.js";
import type { ErrorAnswer, ErrorCode, ErrorDetail } from "./contract.js";

const statuses: Readonly<Record<ErrorCode, number>> = {
  "bad-request": 400,
  unauthorised: 401,
  forbidden: 403,
  "not-found": 404,
  "method-not-allowed": 405,
  busy: 409,
  "wrong-state": 409,
  "too-large": 413,
  "unsupported-media": 415,
  invalid: 422,
  "too-many": 429,
  "not-built": 501,
  "missing-here": 503,
  failed: 500,
};

const ofSessions: Readonly<Record<SessionErrorCode, ErrorCode>> = {
  "unknown-flow": "not-found",
  "unknown-port": "not-found",
  "unknown-host": "not-found",
  "unknown-capture": "not-found",
  exists: "wrong-state",
  "bad-spec": "invalid",
  full: "too-many",
  "not-possible": "wrong-state",
  closed: "wrong-state",
  ended: "wrong-state",
};

/** Who has a port. */
export interface Holder {
  readonly kind: "run" | "session" | "exchange";
  readonly id: string;
  readonly port: string;
}

export class RequestRefusal extends PktgenError {
  readonly code: ErrorCode;
  readonly holder: Holder | undefined;

  constructor(code: ErrorCode, what: string, details: ErrorDetails & { readonly holder?: Holder } = {}) {
    super(exitCodes.usage, what, details);
    this.code = code;
    this.holder = details.holder;
  }
}

export const detailOf = (error: PktgenError): ErrorDetail => ({ message: error.message, ...said(error) });

const said = ({ where, accepted, hint }: PktgenError): Omit<ErrorDetail, "message"> => ({
  ...(where === undefined ? {} : { where }),
  ...(accepted === undefined ? {} : { accepted }),
  ...(hint === undefined ? {} : { hint }),
});

const codeOf = (error: PktgenError): ErrorCode => {
  if (error instanceof RequestRefusal) return error.code;
  if (error instanceof SessionError) return ofSessions[error.code];
  if (error.exitCode === exitCodes.usage) return "invalid";
  return error.exitCode === exitCodes.environment ? "missing-here" : "failed";
};

/** The status and the document of any error. A bug says no more than that it is one. */
export function answerOf(thrown: unknown): { readonly status: number; readonly body: ErrorAnswer } {
  if (!(thrown instanceof PktgenError)) {
    const message = `this is a bug in pktgen-ts, not yours: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
    return { status: statuses.failed, body: { error: { code: "failed", message } } };
  }
  const code = codeOf(thrown);
  const holder = thrown instanceof RequestRefusal ? thrown.holder : undefined;
  const error = { code, ...detailOf(thrown), ...(holder === undefined ? {} : { holder }) };
  return { status: statuses[code], body: { error } };
}
