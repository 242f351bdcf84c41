/**
 * What the ports of all kinds share: the rings of the moment, who watches them, why earlier rings ended, and one end. A
 * kind adds how its rings come and go.
 */
import { environmentError, type PktgenError } from "../errors.js";
import { arena } from "../sys/arena.js";
import type { AnyPortSpec } from "./kind.js";
import type { Port, PortFacts, PortObserver, PortRings } from "./port.js";
import { PortState } from "./port-state.js";

export abstract class RingPort<Spec extends AnyPortSpec> implements Port {
  readonly spec: Spec;
  protected readonly state: PortState;
  #closed = false;

  constructor(spec: Spec) {
    this.spec = spec;
    this.state = new PortState(arena(), spec.queues);
  }

  /** The port was closed, or is being closed. */
  protected get closed(): boolean {
    return this.#closed;
  }

  ready(timeoutMs: number): Promise<PortRings> {
    return this.state.ready(timeoutMs, () => this.late(timeoutMs));
  }

  rings(): PortRings | null {
    return this.state.rings;
  }

  observe(observer: PortObserver): void {
    this.state.observe(observer);
  }

  whyLost(generation: number): string | null {
    return this.state.whyLost(generation);
  }

  abstract facts(): PortFacts;
  abstract breakConnection(why: string): void;

  /** Ends the rings, and gives back all that the port holds. Called once. */
  protected abstract close(): void | Promise<void>;

  /** The error of a wait that took too long. */
  protected late(_timeoutMs: number): PktgenError {
    return this.error(this.state.lastEnd ?? "the port is closed");
  }

  protected error(what: string): PktgenError {
    return environmentError(what, { where: this.spec.text });
  }

  /** The rings end, and no others will follow. */
  protected end(why: string): void {
    this.state.lose(why);
    this.state.fail(this.error(why));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.close();
    } finally {
      this.state.fail(this.error("the port was closed"));
    }
  }
}
