/** What the server says no with, as clients of the models read it. */

/** `validation`: the request is wrong. `internal`: it could not be carried out. */
export type RefusalKind = "validation" | "internal";

export class OtgRefusal extends Error {
  readonly kind: RefusalKind;
  /** One sentence each, with its path in front. */
  readonly errors: readonly string[];
  /** As of HTTP. */
  readonly status: number;

  constructor(kind: RefusalKind, errors: readonly string[], status = kind === "validation" ? 400 : 500) {
    super(errors.join("; "));
    this.kind = kind;
    this.errors = errors;
    this.status = status;
  }
}

export const invalid = (...errors: readonly string[]): OtgRefusal => new OtgRefusal("validation", errors);
