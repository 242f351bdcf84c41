/** One owner for each port: who has it, and what others are told. */
import { type Holder, RequestRefusal } from "./refusal.js";

/** The built-in device and testpmd are ports as well: two of them at once would disturb each other. */
export const builtIn = "embedded";

type Owner = Omit<Holder, "port">;

export class PortClaims {
  readonly #owners = new Map<string, Owner>();
  readonly #onAllFree: () => void;

  /** `onAllFree`: the last port that somebody had is given back. */
  constructor(onAllFree: () => void) {
    this.#onAllFree = onAllFree;
  }

  get areAllFree(): boolean {
    return this.#owners.size === 0;
  }

  ownerOf(port: string): Owner | null {
    return this.#owners.get(port) ?? null;
  }

  isFree(ports: readonly string[]): boolean {
    return ports.every((port) => !this.#owners.has(port));
  }

  /** All of them, or none. @throws RequestRefusal (409) that names the holder. */
  take(ports: readonly string[], owner: Owner): void {
    for (const port of ports) {
      const holder = this.#owners.get(port);
      if (holder === undefined) continue;
      throw new RequestRefusal("busy", `${port} is in use by ${holder.kind} ${holder.id}`, {
        where: "ports",
        accepted: "ports that nobody uses",
        hint: holder.kind === "exchange" ? "ask again in a moment" : `stop it, or wait until it has ended`,
        holder: { ...holder, port },
      });
    }
    for (const port of ports) this.#owners.set(port, owner);
  }

  release(id: string): void {
    for (const [port, owner] of this.#owners) if (owner.id === id) this.#owners.delete(port);
    if (this.areAllFree) this.#onAllFree();
  }
}
