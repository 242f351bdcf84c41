/**
 * The life of a port on a network interface: its rings end when the interface goes down, loses its carrier or is
 * removed, and new ones are opened when it is back. A kind adds what its rings are and what they count, and may go on
 * receiving meanwhile: the other end may send before we know that the link is back.
 */
import { PktgenError } from "../errors.js";
import { watchInterface } from "../sys/net/interface-watch.js";
import { type InterfaceFacts, type InterfaceStatistics, readInterface } from "../sys/net/netdev.js";
import { inNetns } from "../sys/net/netns.js";
import { type InterfaceSpec, onInterface } from "./interface.js";
import type { AnyPortSpec } from "./kind.js";
import type { OpenPortOptions } from "./options.js";
import { OutageCounts } from "./outage-counts.js";
import type { QueueRings } from "./port.js";
import { RingPort } from "./ring-port.js";

/** Frames lost, by where. */
export type Losses = Readonly<Record<string, number>>;

/** Rings that are opened together and closed together. */
export interface InterfaceRings<Counted extends Losses> {
  /** The interface as it was then. */
  readonly facts: InterfaceFacts;
  readonly queues: readonly QueueRings[];
  /** What sockets and programs counted since these rings were opened. */
  readonly losses: () => Counted;
  readonly close: () => void;
}

function plus<Counted extends Losses>(a: Counted | null, b: Counted): Counted {
  if (a === null) return b;
  return Object.fromEntries(Object.entries(b).map(([name, frames]) => [name, frames + a[name]!])) as Counted;
}

export abstract class InterfacePort<
  Spec extends AnyPortSpec & InterfaceSpec,
  Counted extends Losses,
  Rings extends InterfaceRings<Counted>,
> extends RingPort<Spec> {
  protected readonly options: OpenPortOptions;
  #watch: Disposable | null = null;
  #opened: Rings | null = null;
  /** The interface's own counts since the port was opened. */
  #counts: OutageCounts | null = null;
  /** What was counted in rings that are closed. */
  #earlier: Counted | null = null;
  /** The opened rings count on: their counts are not among the earlier ones. */
  #areOpen = false;

  constructor(spec: Spec, options: OpenPortOptions) {
    super(spec);
    this.options = options;
  }

  /** In the interface's namespace, both times. What was opened is closed again where a later part fails. */
  protected abstract openRings(facts: InterfaceFacts): Rings;

  /** The interface is back. The rings are new ones, because the kernel's place in the old ones is not known. */
  protected reopenRings(): Rings {
    return onInterface(this.spec, this.options, (facts) => this.openRings(facts));
  }

  /** Of the opened rings, those that receive on while there is no link; null: none, and all of them close. */
  protected get receiving(): readonly QueueRings[] | null {
    return null;
  }

  /** The link is gone, and for the moment no loop uses any of them. */
  protected suspend(): void {
    this.#shut();
  }

  /**
   * A socket keeps the error that its interface went down, or was removed, until it is asked, and a rest on it ends at once.
   * The interface may go down long after its carrier.
   */
  protected takeErrors(): void {}

  /** Without a carrier there are no rings. */
  protected get needsCarrier(): boolean {
    return true;
  }

  /** The interface may drop a frame to send without saying so, though it has a link. */
  protected get dropsUntold(): boolean {
    return false;
  }

  /** Frames that the interface took from our rings since the port was opened, modulo 2^32. */
  protected taken(): number {
    return 0;
  }

  /** What outlives the rings goes, too. */
  protected release(): void {}

  /** Opens the rings for the first time. In the interface's namespace. */
  start(facts: InterfaceFacts): this {
    this.#counts = new OutageCounts(facts.statistics, this.dropsUntold);
    const rings = this.openRings(facts);
    try {
      this.#watch = watchInterface(facts.index, (now) => this.#changed(now));
    } catch (error) {
      rings.close();
      throw error;
    }
    this.#publish(rings);
    return this;
  }

  /** The rings, or those that were closed last. */
  protected get opened(): Rings {
    return this.#opened!;
  }

  #publish(rings: Rings): void {
    this.#opened = rings;
    this.#areOpen = true;
    this.state.publish(rings.queues);
  }

  #changed(now: InterfaceFacts | null): void {
    const { name } = this.spec;
    if (now === null) {
      const why = `interface ${name} was removed`;
      this.#lose(why);
      // The kernel takes an interface down before it removes it: if that was seen, this is why.
      this.state.explain(why);
      this.state.fail(this.error(why));
    } else if (!now.up) this.#lose(`interface ${name} went down`);
    else if (this.needsCarrier && !now.carrier) this.#lose(`interface ${name} lost its carrier`);
    else if (this.state.rings === null) this.#reopen();
  }

  #reopen(): void {
    try {
      const rings = this.reopenRings();
      this.#counts!.linkIsBack(rings.facts.statistics, this.taken());
      this.#publish(rings);
    } catch (error) {
      if (!(error instanceof PktgenError)) throw error;
    }
  }

  #lose(why: string): void {
    if (this.state.rings !== null) this.state.lose(why, this.receiving, () => this.suspend());
    if (this.#areOpen) this.takeErrors();
  }

  /** The loop stands. First the losses are counted, then the rings close: nothing is lost uncounted. */
  #shut(): void {
    if (!this.#areOpen) return;
    this.#earlier = this.losses();
    this.#areOpen = false;
    this.opened.close();
  }

  breakConnection(why: string): void {
    this.#lose(why);
  }

  /** What sockets and programs counted since the port was opened. */
  protected losses(): Counted {
    return this.#areOpen ? plus(this.#earlier, this.opened.losses()) : this.#earlier!;
  }

  /**
   * What the interface itself counted since the port was opened, without what it dropped of arrivals while it had no link;
   * null: it is gone.
   */
  protected interfaceSince(): InterfaceStatistics | null {
    const { netns, text, name } = this.spec;
    const taken = this.taken();
    const now = inNetns(netns, text, () => readInterface(name));
    if (now === null || this.#counts === null) return null;
    const isAsOpened = now.up && now.carrierChanges === this.opened.facts.carrierChanges;
    return this.#counts.note(now.statistics, taken, this.state.rings !== null && isAsOpened);
  }

  /** Frames that the interface took from our rings, and dropped because it had no link. */
  protected outageDrops(): number {
    this.interfaceSince();
    return this.#counts?.sendDrops ?? 0;
  }

  protected close(): void {
    this.#watch?.[Symbol.dispose]();
    this.state.lose("the port was closed");
    this.#shut();
    this.release();
  }
}
