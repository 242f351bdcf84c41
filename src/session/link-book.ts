/** Which ports of a session have a link: a peer, or an interface that is up. */
import type { Port } from "../port/index.js";
import { configureInterface } from "../sys/net/interface-settings.js";
import { readInterface } from "../sys/net/netdev.js";
import { inNetns } from "../sys/net/netns.js";
import { SessionError } from "./session-error.js";
import type { LinkState, SessionPortSpec } from "./types.js";

interface Link {
  state: "up" | "down";
  sinceNs: number;
  why: string | null;
  /** Of the last rings that were seen. */
  generation: number;
}

export class LinkBook {
  readonly #ports: readonly Port[];
  readonly #specs: readonly SessionPortSpec[];
  readonly #tell: (change: Omit<LinkState, "sinceNs">) => void;
  readonly #links: Link[];
  #nowNs: () => number = () => 0;

  constructor(
    ports: readonly Port[],
    specs: readonly SessionPortSpec[],
    tell: (change: Omit<LinkState, "sinceNs">) => void,
  ) {
    this.#ports = ports;
    this.#specs = specs;
    this.#tell = tell;
    this.#links = ports.map(() => ({ state: "down", sinceNs: 0, why: null, generation: 0 }));
  }

  begin(nowNs: () => number): void {
    this.#nowNs = nowNs;
    for (const [index, link] of this.#links.entries()) link.state = this.isUp(index) ? "up" : "down";
  }

  isUp(index: number): boolean {
    return this.#ports[index]!.rings() !== null;
  }

  /** Now and then: tells of changes. */
  look(): void {
    for (const [index, link] of this.#links.entries()) {
      const state = this.isUp(index) ? "up" : "down";
      const since = link.generation;
      link.generation = this.#ports[index]!.rings()?.generation ?? since;
      if (state === link.state) continue;
      link.state = state;
      link.sinceNs = this.#nowNs();
      link.why = state === "up" ? null : this.#ports[index]!.whyLost(since);
      this.#tell({ port: this.#specs[index]!.name, state, why: link.why });
    }
  }

  states(): readonly LinkState[] {
    this.look();
    return this.#links.map(({ state, sinceNs, why }, index) => ({
      port: this.#specs[index]!.name,
      state,
      sinceNs,
      why,
    }));
  }

  /** @throws SessionError not-possible; PktgenError (3): not permitted */
  set(index: number, state: "up" | "down"): void {
    const { spec } = this.#ports[index]!;
    const { name, netns } = spec as { readonly name?: unknown; readonly netns?: unknown };
    const isInterface = ["packet", "xdp", "tap"].includes(spec.kind) && typeof name === "string";
    if (!isInterface) {
      const what = `a port of kind ${spec.kind} has no link that could be set ${state}`;
      throw new SessionError("not-possible", what, { where: spec.text, accepted: "ports on interfaces" });
    }
    inNetns(typeof netns === "string" ? netns : null, spec.text, () => {
      const facts = readInterface(name);
      if (facts === null) throw new SessionError("not-possible", `there is no interface ${name}`, { where: spec.text });
      configureInterface(facts, spec.text, { up: state === "up" });
    });
  }
}
