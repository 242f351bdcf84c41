/** What the generator's loop does between trials: empties rings, asks a neighbour for its MAC address, or rehearses. */

import type { BetweenOutcome, BetweenTask } from "./commands.js";
import type { Rehearsal } from "./rehearsal.js";
import type { Responders } from "./responders.js";

/** Rings are empty when nothing came for so long; what never stops coming is given up. */
const drainQuietNs = 2_000_000;
const drainMostNs = 200_000_000;
/** RFC 4861 §10 has three questions, a second apart; sooner here, since the first often meets a device just woken. */
const askEveryNs = 300_000_000;
const askMostNs = 3_000_000_000;

export class BetweenTrials {
  readonly #task: BetweenTask;
  readonly #responders: Responders;
  readonly #rehearsal: Rehearsal | null;
  /** What the responders had sent when it began. */
  readonly #sentBefore: number;
  #moved = 0;
  /** −1: it has not begun. */
  #startNs = -1;
  #quietSinceNs = 0;
  #askAtNs = 0;
  #asked = false;
  #done = false;

  /** `rehearsal`: of an errand that is one, else null. */
  constructor(task: BetweenTask, responders: Responders, rehearsal: Rehearsal | null) {
    this.#task = task;
    this.#responders = responders;
    this.#rehearsal = rehearsal;
    this.#sentBefore = responders.sent;
  }

  get done(): boolean {
    return this.#done;
  }

  /** One that touches no port. */
  get rehearsal(): Rehearsal | null {
    return this.#rehearsal;
  }

  /** After a turn that moved so many frames; true: it is done now. */
  step(moved: number, nowNs: number): boolean {
    if (this.#startNs < 0) {
      this.#startNs = nowNs;
      this.#quietSinceNs = nowNs;
      this.#askAtNs = nowNs;
    }
    this.#moved += moved;
    if (moved > 0) this.#quietSinceNs = nowNs;
    this.#done = this.#isDone(nowNs);
    return this.#done;
  }

  #isDone(nowNs: number): boolean {
    if (this.#rehearsal !== null) return this.#rehearsal.done;
    return this.#task.kind === "resolve" ? this.#isResolved(this.#task, nowNs) : this.#isDrained(nowNs);
  }

  /** `isOpen`: a trial's account is open, and what responders send is part of it. */
  outcome(isOpen: boolean): BetweenOutcome {
    return {
      moved: this.#moved,
      beside: isOpen ? 0 : this.#responders.sent - this.#sentBefore,
      mac: this.#task.kind === "resolve" ? this.#told(this.#task) : null,
    };
  }

  #isDrained(nowNs: number): boolean {
    return nowNs - this.#quietSinceNs >= drainQuietNs || nowNs - this.#startNs >= drainMostNs;
  }

  #told({ port }: { readonly port: number }): string | null {
    return this.#asked ? this.#responders.at(port).told : null;
  }

  #isResolved(errand: BetweenTask & { readonly kind: "resolve" }, nowNs: number): boolean {
    if (this.#told(errand) !== null || nowNs - this.#startNs >= askMostNs) return true;
    if (nowNs < this.#askAtNs) return false;
    this.#askAtNs = nowNs + askEveryNs;
    this.#asked = true;
    this.#responders.at(errand.port).ask(errand.target, errand.from);
    return false;
  }
}
