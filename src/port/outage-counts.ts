/**
 * What an interface counted since a port was opened on it. An interface without a link drops what it is given and what
 * comes to it, and counts both beside what it drops for want of room. So they are told apart here by when they were counted.
 */
import type { InterfaceStatistics } from "../sys/net/netdev.js";

export class OutageCounts {
  readonly #before: InterfaceStatistics;
  /** It tells nobody when it drops a frame to send, link or none. */
  readonly #dropsUntold: boolean;
  /** Since the port was opened, as it was when the interface was seen last with a link. */
  #withLink: InterfaceStatistics;
  /** What it dropped of what came in while it had no link. */
  #rxDropped = 0;
  #rxMissed = 0;
  /** What it dropped of the frames that it took from our rings: with a link, and without one. */
  #droppedWithLink = 0;
  #sendDrops = 0;

  /** `before`: as the port was opened. */
  constructor(before: InterfaceStatistics, dropsUntold: boolean) {
    this.#before = before;
    this.#dropsUntold = dropsUntold;
    this.#withLink = minus(before, before);
  }

  /** Frames taken from our rings, and dropped while there was no link. */
  get sendDrops(): number {
    return this.#sendDrops;
  }

  /**
   * What it counted since then, without what it dropped of arrivals while it had no link. `taken`: frames that it took from
   * our rings, read before, modulo 2^32. `hasLink`: it has had one all the time since the rings were opened.
   */
  note(now: InterfaceStatistics, taken: number, hasLink: boolean): InterfaceStatistics {
    const since = minus(now, this.#before);
    const gone = Math.min(Math.max(0, (taken - since.txPackets) | 0), Math.max(0, since.txDropped));
    if (hasLink) {
      this.#withLink = since;
      if (this.#dropsUntold) this.#droppedWithLink = Math.max(0, gone - this.#sendDrops);
    } else {
      this.#sendDrops = Math.max(this.#sendDrops, gone - this.#droppedWithLink);
    }
    const { rxDropped, rxMissed } = this.#withLink;
    return { ...since, rxDropped: rxDropped - this.#rxDropped, rxMissed: rxMissed - this.#rxMissed };
  }

  /** The link is back, and no frame was taken meanwhile. */
  linkIsBack(now: InterfaceStatistics, taken: number): void {
    this.note(now, taken, false);
    const since = minus(now, this.#before);
    this.#rxDropped += since.rxDropped - this.#withLink.rxDropped;
    this.#rxMissed += since.rxMissed - this.#withLink.rxMissed;
    this.#withLink = since;
  }
}

function minus(a: InterfaceStatistics, b: InterfaceStatistics): InterfaceStatistics {
  const fields = Object.keys(a) as (keyof InterfaceStatistics)[];
  return Object.fromEntries(fields.map((field) => [field, a[field] - b[field]])) as unknown as InterfaceStatistics;
}
