/**
 * Who may use an agent. The agent itself is the authority: it grants its use to one run at a time, for a while that has to
 * be renewed. Every claim has an epoch, and an order with a lower one comes from a run that was overtaken.
 */
import { environmentError, type PktgenError } from "../errors.js";

export interface ClaimOrder {
  readonly run: string;
  readonly epoch: number;
  readonly ttlMs: number;
  /** For people: whose run it is. */
  readonly by: string;
  /** Takes it away from another run. */
  readonly force: boolean;
}

interface Held extends Omit<ClaimOrder, "ttlMs" | "force"> {
  readonly untilMs: number;
}

export type ClaimAnswer =
  | { readonly kind: "granted" }
  | { readonly kind: "held"; readonly holder: string; readonly leftMs: number; readonly epoch: number };

type Ordered = Pick<ClaimOrder, "run" | "epoch">;

export class Claims {
  #held: Held | null = null;
  #lastEpoch = 0;

  get lastEpoch(): number {
    return this.#lastEpoch;
  }

  /** null: nobody has it, or not any more. */
  holder(nowMs: number): (Ordered & { readonly by: string }) | null {
    return this.#held !== null && this.#held.untilMs > nowMs ? this.#held : null;
  }

  claim({ run, epoch, ttlMs, by, force }: ClaimOrder, nowMs: number): ClaimAnswer {
    const held = this.#held;
    const isSame = held?.run === run && held.epoch === epoch;
    const isFree = held === null || held.untilMs <= nowMs || force;
    if (isSame || (isFree && epoch > this.#lastEpoch)) {
      this.#held = { run, epoch, by, untilMs: nowMs + ttlMs };
      this.#lastEpoch = Math.max(this.#lastEpoch, epoch);
      return { kind: "granted" };
    }
    const leftMs = held === null ? 0 : Math.max(0, held.untilMs - nowMs);
    return { kind: "held", holder: held === null ? "nobody any more" : held.by, leftMs, epoch: this.#lastEpoch };
  }

  renew({ run, epoch }: Ordered, ttlMs: number, nowMs: number): void {
    const held = this.#held;
    if (held === null || held.run !== run || held.epoch !== epoch) return;
    this.#held = { ...held, untilMs: nowMs + ttlMs };
  }

  /** `force`: whoever has it. Returns whether anybody lost it. */
  release({ run, epoch }: Ordered, force = false): boolean {
    const held = this.#held;
    if (held === null || (!force && (held.run !== run || held.epoch !== epoch))) return false;
    this.#held = null;
    return true;
  }

  /** Nobody has it any more, and no renewal that comes late changes that. */
  end(): void {
    this.#held = null;
  }

  /** ms until nobody has it; Infinity: nobody has it now. */
  leftMs(nowMs: number): number {
    return this.#held === null ? Number.POSITIVE_INFINITY : Math.max(0, this.#held.untilMs - nowMs);
  }

  /** @throws PktgenError (3): the order comes from a run that does not have this agent, or not any more. */
  check({ run, epoch }: Ordered, nowMs: number): void {
    const held = this.holder(nowMs);
    if (held?.run === run && held.epoch === epoch) return;
    throw notYours(held);
  }
}

const notYours = (held: { readonly by: string } | null): PktgenError =>
  environmentError(held === null ? "the claim on it has run out" : `it is in use by ${held.by}`, {
    hint: "another run took it, or nothing was heard of this one for too long",
  });
