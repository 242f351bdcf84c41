/** What an owner and its loop worker's thread say to each other, as plain data. */
import type { ErrorDetails } from "../../errors.js";
import type { PortRings } from "../../port/port.js";

export type ToThread =
  | { readonly kind: "attach"; readonly index: number; readonly rings: PortRings | null }
  | { readonly kind: "command"; readonly id: number; readonly request: unknown };

export interface Trouble {
  readonly message: string;
  /** null: the error is no PktgenError. */
  readonly exitCode: number | null;
  readonly stack: string;
  /** The code of an error of Node or the kernel, e.g. EMFILE. */
  readonly code: string | null;
  /** The details of a PktgenError, without its cause. */
  readonly details: ErrorDetails;
}

export type FromThread =
  | { readonly kind: "ready" }
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | ({ readonly kind: "refusal"; readonly id: number } & Trouble)
  | { readonly kind: "event"; readonly event: unknown }
  | { readonly kind: "ring-fault"; readonly index: number; readonly message: string }
  /** The job is gone, and the thread waits for another. The last message of the job. */
  | { readonly kind: "left" }
  | ({ readonly kind: "failure" } & Trouble);
