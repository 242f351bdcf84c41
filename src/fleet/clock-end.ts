/** An agent's end of comparing clocks host to host (clock-udp.ts): open only while a run has the agent and asks for it. */
import { environmentError } from "../errors.js";
import { type ClockAddress, parseClockAddress } from "../options/clock-address.js";
import type { ClockExchange } from "../stats/index.js";
import type { UdpPeer } from "../sys/udp-stamps.js";
import { ClockSocket } from "./clock-udp.js";

export class ClockEnd {
  readonly #at: ClockAddress | null;
  readonly #nowNs: () => number;
  #socket: ClockSocket | null = null;

  /** `at` null: the agent opens no socket. */
  constructor(at: ClockAddress | null, nowNs: () => number) {
    this.#at = at;
    this.#nowNs = nowNs;
  }

  get isOffered(): boolean {
    return this.#at !== null;
  }

  /** @throws PktgenError (3): it is not offered, or cannot be opened. */
  open(key: string): { readonly address: string; readonly port: number } {
    if (this.#at === null)
      throw environmentError("it compares no clocks by UDP", { hint: "start it with --clock-udp" });
    if (this.#socket === null) this.#socket = new ClockSocket(this.#at, key, this.#nowNs, "--clock-udp");
    else this.#socket.use(key);
    return { address: this.#at.text, port: this.#socket.port };
  }

  async ask(address: string, port: number, exchanges: number): Promise<readonly ClockExchange[]> {
    const peer: UdpPeer = { address: parseClockAddress(address, "clock-ask").address, port };
    return (await this.#socket?.ask(peer, exchanges)) ?? [];
  }

  close(): void {
    this.#socket?.[Symbol.dispose]();
    this.#socket = null;
  }
}
