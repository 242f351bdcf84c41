/** The responders of all ports, and which of their counts belong to which direction of a trial. */

import type { JobContext, OpenPort, TrialReport } from "../loop/index.js";
import { Responder, type ResponderSetup } from "../neighbour/index.js";
import type { Direction } from "./direction.js";

export class Responders {
  readonly #inUse: JobContext["inUse"];
  readonly #responders: readonly Responder[];
  /** Ports where a direction of the trial receives: its receiver polls them. */
  readonly #received: boolean[];

  constructor({ memory, inUse }: JobContext, ports: number, setups: readonly (ResponderSetup | null)[]) {
    this.#inUse = inUse;
    this.#responders = Array.from({ length: ports }, (_, p) => new Responder(memory, setups[p] ?? null));
    this.#received = Array.from({ length: ports }, () => false);
  }

  at(port: number): Responder {
    return this.#responders[port]!;
  }

  /** Frames that all of them sent since a trial began. */
  get sent(): number {
    return this.#responders.reduce((sum, { sent }) => sum + sent, 0);
  }

  attach(index: number, port: OpenPort | null): void {
    this.at(index).attach(port);
  }

  begin(trial: number, directions: readonly Direction[]): void {
    for (const [p, responder] of this.#responders.entries()) {
      this.#received[p] = directions.some(({ rxPort }) => rxPort === p);
      responder.begin(trial, directions.find(({ txPort }) => txPort === p)?.firstSender ?? null);
    }
  }

  /** In a trial: polls the ports where no direction receives, and answers questions on all ports. */
  serve(): number {
    let moved = 0;
    for (let p = 0; p < this.#responders.length; p++) {
      this.#inUse.port = p;
      if (!this.#received[p]) moved += this.#responders[p].poll();
      moved += this.#responders[p].flush();
    }
    return moved;
  }

  /** Between trials: no direction receives, and all ports are polled. */
  serveAll(): number {
    let moved = 0;
    for (let p = 0; p < this.#responders.length; p++) {
      this.#inUse.port = p;
      moved += this.#responders[p].poll() + this.#responders[p].flush();
    }
    return moved;
  }

  accountOf(directions: readonly Direction[], index: number): Pick<TrialReport, "returned" | "answered" | "beside"> {
    const { txPort, rxPort } = directions[index]!;
    const other = directions[1 - index];
    const beside = this.at(txPort).sent;
    if (other !== undefined)
      return { returned: other.receiver.account.returned, answered: this.at(rxPort).answered, beside };
    return {
      returned: txPort === rxPort || !this.at(txPort).listens ? null : this.at(txPort).returned,
      answered: this.#responders.reduce((sum, { answered }) => sum + answered, 0),
      beside,
    };
  }
}
