/**
 * A port as a host: it answers its neighbours' questions and can ask its own, so that routers and hosts can be devices
 * under test. It sees the frames that no direction knows as its own, in the slow path of the receive loop, and sends on
 * the port's first transmit ring. Where no direction receives on the port, it polls the port's rings itself.
 */

import type { RingMemory } from "../../memory.js";
import { formatMac, parseIpv4, parseIpv6, parseMac } from "../../packet/index.js";
import { isSignature, readTrial, signatureBytes } from "../../stream/frames/signature.js";
import type { OpenPort } from "../loop/index.js";
import type { ForeignFrames } from "../receive/index.js";
import { AnswerQueue, type BesideSender } from "./answer-queue.js";
import { answerTo, type Host, mayConcernHost, questionFor, toldBy } from "./frames.js";

/** A host at a port: the addresses that it answers for and asks from. */
export interface ResponderSetup {
  readonly mac: string;
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
  /** The VLAN of its questions; null: they have no tag. */
  readonly vlan: number | null;
}

const burstFrames = 256;

export const ipAddressFrom = (text: string) => (text.includes(":") ? parseIpv6(text) : parseIpv4(text));

export const hostOf = ({ mac, ipv4, ipv6, vlan }: ResponderSetup): Host => ({
  mac: parseMac(mac),
  ipv4: ipv4.map((text) => parseIpv4(text)),
  ipv6: ipv6.map((text) => parseIpv6(text)),
  vlan,
});

export class Responder implements ForeignFrames {
  /** Frames that came in where no direction receives: those of this trial, and all others. */
  returned = 0;
  foreign = 0;
  /** Questions answered. */
  answered = 0;
  /** The MAC address that a neighbour told; null: none did. */
  told: string | null = null;
  readonly #memory: RingMemory;
  readonly #host: Host | null;
  readonly #queue: AnswerQueue;
  /** The id of the trial that runs; −1: none has run yet. */
  #trial = -1;
  #wanted: ReturnType<typeof ipAddressFrom> | null = null;

  /** `setup` null: it answers nothing and only counts. */
  constructor(memory: RingMemory, setup: ResponderSetup | null) {
    this.#memory = memory;
    this.#queue = new AnswerQueue(memory);
    this.#host = setup === null ? null : hostOf(setup);
  }

  attach(port: OpenPort | null): void {
    this.#queue.port = port;
  }

  /** Frames that it sent since a trial began: answers and own questions. */
  get sent(): number {
    return this.#queue.sent;
  }

  /** The port can receive. */
  get listens(): boolean {
    return this.#queue.port?.queues.some(({ rx }) => rx !== null) ?? false;
  }

  /** A trial begins. `sender` fills the port's first transmit ring in it; null: none does. */
  begin(trial: number, sender: BesideSender | null): void {
    this.#trial = trial;
    this.#queue.sender = sender;
    this.returned = 0;
    this.foreign = 0;
    this.answered = 0;
    this.#queue.sent = 0;
  }

  /** Asks for the MAC address of `target`, from the host's address `from`; `told` has the answer when it came. */
  ask(target: string, from: string): void {
    this.expect(target);
    if (this.#host !== null) this.#queue.send(questionFor(ipAddressFrom(target), ipAddressFrom(from), this.#host));
  }

  /** Somebody else asks, and the answer may come in here. */
  expect(target: string): void {
    this.told = null;
    this.#wanted = ipAddressFrom(target);
  }

  /** A frame that no direction knows as its own. */
  onForeign(offset: number, bytes: number): void {
    const host = this.#host;
    if (host === null || !mayConcernHost(this.#memory.view, offset, bytes)) return;
    const frame = this.#memory.u8.slice(offset, offset + bytes);
    if (this.#wanted !== null) {
      const mac = toldBy(frame, this.#wanted);
      if (mac !== null) this.told = formatMac(mac);
    }
    const answer = answerTo(frame, host);
    if (answer !== null) this.#queue.push(answer);
  }

  /** Sends the answers that wait, and returns how many left. */
  flush(): number {
    const went = this.#queue.flush();
    this.answered += went;
    return went;
  }

  /** Takes what came in on a port where no direction receives; returns how many frames. */
  poll(): number {
    const { port } = this.#queue;
    if (port === null) return 0;
    let moved = 0;
    for (let q = 0; q < port.queues.length; q++) {
      const open = port.queues[q];
      const ring = open.rx;
      if (ring === null) continue;
      const n = ring.poll(burstFrames);
      if (n === 0) continue;
      for (let k = 0; k < n; k++) this.#take(ring.offsets[k], ring.lengths[k]);
      ring.release(n);
      if (ring.notifyWanted()) open.notifyRx();
      moved += n;
    }
    return moved;
  }

  #take(offset: number, bytes: number): void {
    const { view } = this.#memory;
    const end = offset + bytes;
    const isTest = bytes >= signatureBytes && readTrial(view, end) === this.#trial && isSignature(view, end);
    if (isTest) {
      this.returned++;
      return;
    }
    this.foreign++;
    this.onForeign(offset, bytes);
  }
}
