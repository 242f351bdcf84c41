/** What the generator's loop does between trials: empties rings, asks a neighbour for its MAC address, or rehearses. */

import type { BetweenOutcome, BetweenTask } from "./commands.js";
import type { Rehearsal } from "./rehearsal.js";
import type { Responders } from "./responders.js";

/** Rings are empty when nothing came for the first time; a drain gives up after the second. */
const drainQuietNs = 2_000_000;
const drainMostNs = 200_000_000;
/** RFC 4861 §10 asks three times, a second apart. We ask sooner: the first question often meets a device just woken. */
const askEveryNs = 300_000_000;
const askMostNs = 3_000_000_000;

/** Doubles in a typed array; trial-clock.ts says why. */
const cell = { moved: 0, startNs: 1, quietSinceNs: 2, askAtNs: 3, count: 4 } as const;

export class BetweenTrials {
  readonly #task: BetweenTask;
  readonly #responders: Responders;
  readonly #rehearsal: Rehearsal | null;
  /** What the responders had sent when it began. */
  readonly #sentBefore: number;
  readonly #cells = new Float64Array(cell.count);
  #asked = false;
  #stopped = false;
  #done = false;

  /** `rehearsal`: set where the task is to rehearse, else null. */
  constructor(task: BetweenTask, responders: Responders, rehearsal: Rehearsal | null) {
    this.#task = task;
    this.#responders = responders;
    this.#rehearsal = rehearsal;
    this.#sentBefore = responders.sent;
    this.#cells[cell.startNs] = -1;
  }

  get done(): boolean {
    return this.#done;
  }

  /** Set where the task touches no port. */
  get rehearsal(): Rehearsal | null {
    return this.#rehearsal;
  }

  /** Ends it early. */
  stop(): void {
    this.#rehearsal?.stop();
    this.#stopped = true;
  }

  /** The end of a turn that moved `moved` frames. Returns true when the task is done. */
  step(moved: number, nowNs: number): boolean {
    const cells = this.#cells;
    if (cells[cell.startNs] < 0) {
      cells[cell.startNs] = nowNs;
      cells[cell.quietSinceNs] = nowNs;
      cells[cell.askAtNs] = nowNs;
    }
    cells[cell.moved] += moved;
    if (moved > 0) cells[cell.quietSinceNs] = nowNs;
    this.#done = this.#isDone(nowNs);
    return this.#done;
  }

  #isDone(nowNs: number): boolean {
    if (this.#rehearsal !== null) return this.#rehearsal.done;
    return this.#task.kind === "resolve" ? this.#isResolved(this.#task, nowNs) : this.#isDrained(nowNs);
  }

  /** `isOpen`: a trial's account is still open, and counts what responders send. */
  outcome(isOpen: boolean): BetweenOutcome {
    return {
      moved: this.#cells[cell.moved],
      beside: isOpen ? 0 : this.#responders.sent - this.#sentBefore,
      mac: this.#task.kind === "resolve" ? this.#told(this.#task) : null,
    };
  }

  #isDrained(nowNs: number): boolean {
    return nowNs - this.#cells[cell.quietSinceNs] >= drainQuietNs || nowNs - this.#cells[cell.startNs] >= drainMostNs;
  }

  #told({ port }: { readonly port: number }): string | null {
    return this.#asked ? this.#responders.at(port).told : null;
  }

  #isResolved(task: BetweenTask & { readonly kind: "resolve" }, nowNs: number): boolean {
    if (this.#stopped || this.#told(task) !== null || nowNs - this.#cells[cell.startNs] >= askMostNs) return true;
    if (nowNs < this.#cells[cell.askAtNs]) return false;
    this.#cells[cell.askAtNs] = nowNs + askEveryNs;
    this.#asked = true;
    const responder = this.#responders.at(task.port);
    if (task.listens === true) responder.expect(task.target);
    else responder.ask(task.target, task.from);
    return false;
  }
}
