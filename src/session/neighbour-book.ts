/** The hosts of a session and what their neighbours told. Questions are asked again until an answer comes, or time is up. */
import type { SessionJobEvent, SessionOrder } from "../engine/session/index.js";
import { parseIpv4, parseIpv6, parseMac } from "../packet/index.js";
import { SessionError } from "./session-error.js";
import type { HostSpec, Neighbour, PingResult } from "./types.js";

/** RFC 4861 §10 asks three times, a second apart. We ask sooner: the first question often meets a device just woken. */
const askEveryMs = 300;
const usualTimeoutMs = 3_000;

type Tell = (neighbour: Neighbour) => void;

export class NeighbourBook {
  readonly #order: (orders: readonly SessionOrder[]) => Promise<void>;
  readonly #portOf: (name: string, where: string) => number;
  readonly #ports: number;
  readonly #nowNs: () => number;
  readonly #tell: Tell;
  #hosts = new Map<string, { readonly spec: HostSpec; readonly port: number }>();
  readonly #known = new Map<string, Neighbour>();
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #echoes = new Map<number, (atNs: number) => void>();
  #nextId = 1;

  constructor(parts: {
    readonly order: (orders: readonly SessionOrder[]) => Promise<void>;
    readonly portOf: (name: string, where: string) => number;
    readonly ports: number;
    readonly nowNs: () => number;
    readonly tell: Tell;
  }) {
    this.#order = parts.order;
    this.#portOf = parts.portOf;
    this.#ports = parts.ports;
    this.#nowNs = parts.nowNs;
    this.#tell = parts.tell;
  }

  /** @throws SessionError exists, unknown-port; PktgenError: no such address */
  async setHosts(specs: readonly HostSpec[]): Promise<void> {
    const hosts = new Map<string, { readonly spec: HostSpec; readonly port: number }>();
    for (const spec of specs) {
      const where = `host "${spec.name}"`;
      if (hosts.has(spec.name)) throw new SessionError("exists", "there are two hosts of this name", { where });
      parseMac(spec.mac, where);
      for (const address of spec.ipv4 ?? []) parseIpv4(address, where);
      for (const address of spec.ipv6 ?? []) parseIpv6(address, where);
      hosts.set(spec.name, { spec, port: this.#portOf(spec.port, where) });
    }
    const orders = Array.from({ length: this.#ports }, (_, port): SessionOrder => {
      const here = [...hosts.values()].filter((host) => host.port === port);
      return { kind: "hosts", port, hosts: here.map(({ spec }) => plainHost(spec)) };
    });
    await this.#order(orders);
    this.#hosts = hosts;
  }

  list(): readonly Neighbour[] {
    return [...this.#known.values()];
  }

  async resolve(host: string, address: string, timeoutMs = usualTimeoutMs): Promise<string | null> {
    const port = this.#portOfHost(host, address);
    const key = `${host} ${address}`;
    const endMs = performance.now() + timeoutMs;
    const sinceNs = this.#nowNs();
    for (;;) {
      const told = this.#told(key);
      await this.#order([{ kind: "ask", port, host, address }]);
      await Promise.race([told.promise, after(Math.min(askEveryMs, Math.max(0, endMs - performance.now())))]);
      told.end();
      const known = this.#known.get(key);
      if (known !== undefined && known.mac !== null && known.sinceNs >= sinceNs) return known.mac;
      if (performance.now() >= endMs) break;
    }
    this.#note({ host, address, mac: null, sinceNs: this.#nowNs() });
    return null;
  }

  async ping(host: string, address: string, timeoutMs = usualTimeoutMs): Promise<PingResult> {
    const beganMs = performance.now();
    const known = this.#known.get(`${host} ${address}`)?.mac ?? (await this.resolve(host, address, timeoutMs));
    const port = this.#portOfHost(host, address);
    if (known === null) return { answered: false, rttNs: null };
    const id = this.#nextId;
    this.#nextId = (this.#nextId % 0xffff) + 1;
    const answered = new Promise<number>((resolve) => this.#echoes.set(id, resolve));
    const sentNs = this.#nowNs();
    await this.#order([{ kind: "ping", port, host, address, mac: known, id }]);
    const left = Math.max(50, timeoutMs - (performance.now() - beganMs));
    const atNs = await Promise.race([answered, after(left).then(() => null)]);
    this.#echoes.delete(id);
    return { answered: atNs !== null, rttNs: atNs === null ? null : Math.max(0, atNs - sentNs) };
  }

  /** What the loop tells. `atNs` of echoes is session time. */
  take(event: SessionJobEvent, atNs: number): void {
    if (event.kind === "echo") {
      this.#echoes.get(event.id)?.(atNs);
      return;
    }
    const { host, address, mac } = event;
    this.#note({ host, address, mac, sinceNs: this.#nowNs() });
    for (const wake of this.#waiting.get(`${host} ${address}`) ?? []) wake();
  }

  #note(neighbour: Neighbour): void {
    this.#known.set(`${neighbour.host} ${neighbour.address}`, neighbour);
    this.#tell(neighbour);
  }

  #told(key: string): { readonly promise: Promise<void>; readonly end: () => void } {
    let wake = (): void => {};
    const promise = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const all = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, all.add(wake));
    return { promise, end: () => all.delete(wake) };
  }

  /** @throws SessionError unknown-host, not-possible */
  #portOfHost(name: string, address: string): number {
    const host = this.#hosts.get(name);
    if (host === undefined) {
      const accepted = [...this.#hosts.keys()].slice(0, 20).join(", ") || "a host of the session: there is none";
      throw new SessionError("unknown-host", `there is no host "${name}"`, { accepted });
    }
    const isIpv6 = address.includes(":");
    if (isIpv6) parseIpv6(address, `host "${name}"`);
    else parseIpv4(address, `host "${name}"`);
    const own = isIpv6 ? host.spec.ipv6 : host.spec.ipv4;
    if ((own ?? []).length > 0) return host.port;
    const what = `the host has no IPv${isIpv6 ? 6 : 4} address to ask from`;
    throw new SessionError("not-possible", what, { where: `host "${name}"` });
  }
}

const plainHost = ({ name, mac, ipv4 = [], ipv6 = [], vlan = null }: HostSpec) => ({ name, mac, ipv4, ipv6, vlan });

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
