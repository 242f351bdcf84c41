/** A network card's stamps, with a card that is made up: no machine of ours has one. */
import { describe, expect, it } from "vitest";
import { type StampIoctl, stampAllReceived } from "../../src/sys/net/hardware-stamps.js";

/** Keeps flags, tx_type, rx_filter; `takes`: what it makes of a wish. */
class Card {
  config = [0, 7, 0];
  readonly log: string[] = [];
  readonly #takes: (filter: number) => number | string;
  readonly #canSay: boolean;

  constructor(takes: (filter: number) => number | string = (filter) => filter, canSay = true) {
    this.#takes = takes;
    this.#canSay = canSay;
  }

  readonly ioctl: StampIoctl = (request, config) => {
    if (request === "get") {
      if (!this.#canSay) return "EOPNOTSUPP";
      for (const [i, value] of this.config.entries()) config.writeInt32LE(value, 4 * i);
      return null;
    }
    const filter = this.#takes(config.readInt32LE(8));
    if (typeof filter === "string") return filter;
    config.writeInt32LE(filter, 8);
    this.config = [0, 4, 8].map((at) => config.readInt32LE(at));
    this.log.push(`set ${this.config}`);
    return null;
  };

  readonly close = (): void => {
    this.log.push("closed");
  };
}

const lineOf = (card: Card): string => {
  try {
    stampAllReceived("e0", "packet:e0", card);
  } catch (error) {
    return (error as { toLine(): string }).toLine();
  }
  return "stamps";
};

describe("stamps of a network card", () => {
  it("are switched on for all frames, and set as they were afterwards", () => {
    const card = new Card();
    card.config = [0, 7, 3];
    const stamping = stampAllReceived("e0", "packet:e0", card);
    expect(card.config).toEqual([0, 7, 1]);
    stamping[Symbol.dispose]();
    expect(card.config).toEqual([0, 7, 3]);
    expect(card.log.at(-1)).toBe("closed");
  });

  it("that are on are left alone; a driver that cannot be asked is told", () => {
    const on = new Card();
    on.config = [0, 0, 1];
    stampAllReceived("e0", "packet:e0", on)[Symbol.dispose]();
    expect(on.log).toEqual(["closed"]);
    const silent = new Card(undefined, false);
    stampAllReceived("e0", "packet:e0", silent);
    expect(silent.config).toEqual([0, 0, 1]);
  });

  it("that cannot be had are refused with the reason, and nothing is left changed", () => {
    expect(lineOf(new Card(() => "EPERM"))).toBe(
      "packet:e0: the stamps of interface e0 are switched off; to switch them on needs CAP_NET_ADMIN: run as root, or use timestamp=kernel",
    );
    expect(lineOf(new Card(() => "ERANGE"))).toMatch(
      /does not stamp all that it receives \(ERANGE\); use timestamp=kernel/,
    );
    const partly = new Card((filter) => (filter === 1 ? 12 : filter));
    expect(lineOf(partly)).toMatch(/it stamps some kinds of frames only/);
    expect(partly.config).toEqual([0, 7, 0]);
    expect(partly.log.at(-1)).toBe("closed");
  });
});
