/**
 * The hosts at one port: each answers its neighbours' questions, and asks who has an address. What neighbours tell is
 * kept. Nothing is sent that nobody asked for.
 */
import type { RingMemory } from "../../memory.js";
import { formatMac, type Ipv4Address, type Ipv6Address, parseIpv4, parseIpv6, parseMac } from "../../packet/index.js";
import type { OpenPort } from "../loop/index.js";
import type { ForeignFrames } from "../receive/index.js";
import { AnswerQueue, type BesideSender } from "./answer-queue.js";
import { answerTo, echoAnswered, echoRequestTo, type Host, mayConcernHost, questionFor, toldBy } from "./frames.js";

/** A host at a port: the addresses that it answers for and asks from. */
export interface ResponderSetup {
  readonly mac: string;
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
  /** The VLAN of its questions; null: they have no tag. */
  readonly vlan: number | null;
}

const ipAddressFrom = (text: string): Ipv4Address | Ipv6Address =>
  text.includes(":") ? parseIpv6(text) : parseIpv4(text);

const hostOf = ({ mac, ipv4, ipv6, vlan }: ResponderSetup): Host => ({
  mac: parseMac(mac),
  ipv4: ipv4.map((text) => parseIpv4(text)),
  ipv6: ipv6.map((text) => parseIpv6(text)),
  vlan,
});

export type NeighbourEvent =
  | { readonly kind: "neighbour"; readonly host: string; readonly address: string; readonly mac: string }
  | { readonly kind: "echo"; readonly id: number; readonly atNs: number };

interface TableHost {
  readonly name: string;
  readonly host: Host;
  /** Asked for, and not told yet. */
  readonly wanted: Map<string, Uint8Array>;
}

export class HostTable implements ForeignFrames {
  readonly queue: AnswerQueue;
  readonly #memory: RingMemory;
  readonly #tell: (event: NeighbourEvent) => void;
  readonly #nowNs: () => number;
  #hosts: readonly TableHost[] = [];

  /** `sender`: fills the port's first transmit ring, too. */
  constructor(
    memory: RingMemory,
    sender: BesideSender | null,
    tell: (event: NeighbourEvent) => void,
    nowNs: () => number,
  ) {
    this.#memory = memory;
    this.#tell = tell;
    this.#nowNs = nowNs;
    this.queue = new AnswerQueue(memory);
    this.queue.sender = sender;
  }

  attach(port: OpenPort | null): void {
    this.queue.port = port;
  }

  setHosts(hosts: readonly ({ readonly name: string } & ResponderSetup)[]): void {
    this.#hosts = hosts.map(({ name, ...setup }) => ({ name, host: hostOf(setup), wanted: new Map() }));
  }

  /** Asks once; a neighbour that tells is an event. */
  ask(name: string, address: string): void {
    const table = this.#named(name);
    if (table === undefined) return;
    const target = this.#want(table, address);
    const from = (target.length === 4 ? table.host.ipv4 : table.host.ipv6)[0];
    if (from !== undefined) this.queue.push(questionFor(target, from, table.host), false);
  }

  /** Asks from this address of the host, at once: where there is no room now, it does not. */
  askNow(name: string, address: string, from: string): void {
    const table = this.#named(name);
    if (table === undefined) return;
    this.queue.send(questionFor(this.#want(table, address), ipAddressFrom(from), table.host));
  }

  /** Somebody else asks for this address alone, and the answer may come in here. */
  expect(name: string, address: string): void {
    const table = this.#named(name);
    table?.wanted.clear();
    if (table !== undefined) this.#want(table, address);
  }

  /** An echo request; the answer is an event with this id (16 bits). */
  ping(name: string, address: string, mac: string, id: number): void {
    const table = this.#named(name);
    if (table === undefined) return;
    const target = ipAddressFrom(address);
    const { host } = table;
    const from = (target.length === 4 ? host.ipv4 : host.ipv6)[0];
    if (from === undefined) return;
    this.queue.push(echoRequestTo(target, from, parseMac(mac), { identifier: id, host }), false);
  }

  onForeign(offset: number, bytes: number): void {
    if (this.#hosts.length === 0 || !mayConcernHost(this.#memory.view, offset, bytes)) return;
    const frame = this.#memory.u8.slice(offset, offset + bytes);
    for (const table of this.#hosts) {
      this.#learn(table, frame);
      const echo = echoAnswered(frame, table.host);
      if (echo !== null) this.#tell({ kind: "echo", id: echo, atNs: this.#nowNs() });
      const answer = answerTo(frame, table.host);
      if (answer === null) continue;
      this.queue.push(answer, true);
      return;
    }
  }

  #want({ wanted }: TableHost, address: string): Ipv4Address | Ipv6Address {
    const target = ipAddressFrom(address);
    wanted.set(address, target);
    return target;
  }

  #learn({ name, wanted }: TableHost, frame: Uint8Array): void {
    for (const [address, target] of wanted) {
      const mac = toldBy(frame, target);
      if (mac === null) continue;
      wanted.delete(address);
      this.#tell({ kind: "neighbour", host: name, address, mac: formatMac(mac) });
    }
  }

  #named(name: string): TableHost | undefined {
    return this.#hosts.find((table) => table.name === name);
  }
}
