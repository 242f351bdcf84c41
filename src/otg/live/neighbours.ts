/** What the devices of a configuration know of their gateways. */
import type { HostSpec, TestSession } from "../../session/index.js";
import type { DeviceEnd } from "../translate/devices.js";

/** Clients wait for an answer at most ten seconds. */
const askMs = 3_000;

export class Neighbours {
  readonly #session: TestSession;
  readonly #hosts: readonly HostSpec[];
  readonly #endpoints: ReadonlyMap<string, DeviceEnd>;
  readonly #macs = new Map<string, string>();
  #isOn = false;

  constructor(session: TestSession, hosts: readonly HostSpec[], endpoints: ReadonlyMap<string, DeviceEnd>) {
    this.#session = session;
    this.#hosts = hosts;
    this.#endpoints = endpoints;
  }

  /** By name of an interface. */
  get gatewayMacs(): ReadonlyMap<string, string> {
    return this.#macs;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** The devices answer, and ask for their gateways. */
  async start(): Promise<void> {
    await this.#session.setHosts(this.#hosts);
    this.#isOn = true;
    await this.ask([...this.#endpoints.values()].filter(({ gateway, gatewayMac }) => gateway !== null && !gatewayMac));
  }

  async stop(): Promise<void> {
    await this.#session.setHosts([]);
    this.#isOn = false;
    this.#macs.clear();
  }

  /** Those that are not known yet, all at once. Nobody has to answer. */
  async ask(endpoints: readonly DeviceEnd[]): Promise<void> {
    if (!this.#isOn) return;
    const open = new Map(endpoints.filter(({ name }) => !this.#macs.has(name)).map((one) => [one.name, one]));
    await Promise.all(
      [...open.values()].map(async ({ name, ethernet, gateway }) => {
        const mac = await this.#session.resolve(ethernet, gateway!, askMs);
        if (mac !== null) this.#macs.set(name, mac);
      }),
    );
  }

  /** A row for each gateway of these Ethernet interfaces; empty: of all. */
  states(family: 4 | 6, ethernets: readonly string[]): readonly Readonly<Record<string, string>>[] {
    const rows = new Map<string, Readonly<Record<string, string>>>();
    for (const { name, family: own, ethernet, gateway, gatewayMac } of this.#endpoints.values()) {
      if (own !== family || gateway === null) continue;
      if (ethernets.length > 0 && !ethernets.includes(ethernet)) continue;
      const mac = gatewayMac ?? this.#macs.get(name);
      rows.set(`${ethernet} ${gateway}`, {
        ethernet_name: ethernet,
        [`ipv${family}_address`]: gateway,
        ...(mac === undefined ? {} : { link_layer_address: mac }),
      });
    }
    return [...rows.values()];
  }
}
