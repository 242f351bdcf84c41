/** Exchanges on ports of the server: one owner for each port while it lasts, and an end of all when the server ends. */
import type { PortClaims } from "../claims.js";
import { idStamp } from "../id-stamp.js";
import { portNamed } from "../named-port.js";
import { RequestRefusal } from "../refusal.js";
import type { ServeSetup } from "../setup.js";
import { mayUseThisInterface } from "../this-interface.js";
import { type ExchangePorts, exchangeByReplay } from "./by-replay.js";
import type { ExchangeOrder } from "./order.js";
import type { ExchangeOutcome } from "./outcome.js";

const mostAtOnce = 4;

/** The ports that a request names, and what it may do with them. @throws RequestRefusal (403) */
export function exchangePorts(
  { tx, rx, yesThisInterface }: Pick<ExchangeOrder, "tx" | "rx" | "yesThisInterface">,
  setup: Pick<ServeSetup, "ports" | "yesThisInterface">,
): ExchangePorts {
  return {
    tx: portNamed(tx, setup.ports, "tx").spec,
    rx: portNamed(rx, setup.ports, "rx").spec,
    yesThisInterface: mayUseThisInterface(yesThisInterface, setup),
  };
}

export class Exchanges {
  readonly #setup: ServeSetup;
  readonly #claims: PortClaims;
  readonly #controller = new AbortController();
  readonly #going = new Set<Promise<unknown>>();
  #number = 0;

  constructor(setup: ServeSetup, claims: PortClaims) {
    this.#setup = setup;
    this.#claims = claims;
  }

  /** Ends early when `gone` is aborted. @throws RequestRefusal (403, 409, 429), PktgenError */
  async run(order: ExchangeOrder, gone: AbortSignal): Promise<ExchangeOutcome> {
    const ports = exchangePorts(order, this.#setup);
    if (this.#going.size >= mostAtOnce)
      throw new RequestRefusal("too-many", `${mostAtOnce} exchanges go on`, { hint: "ask again in a moment" });
    const id = `x-${idStamp(new Date())}-${++this.#number}`;
    this.#claims.take([...new Set([order.tx, order.rx])], { kind: "exchange", id });
    const signal = AbortSignal.any([gone, this.#controller.signal]);
    const exchange = exchangeByReplay(order, ports, signal);
    this.#going.add(exchange);
    try {
      return await exchange;
    } finally {
      this.#going.delete(exchange);
      this.#claims.release(id);
    }
  }

  async close(): Promise<void> {
    this.#controller.abort();
    await Promise.allSettled(this.#going);
  }
}
