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
import type { TransmitQueue } from "../transmit/index.js";
import { answerTo, type Host, mayConcernHost, questionFor, toldBy } from "./frames.js";

/** A host at a port: the addresses that it answers for and asks from. */
export interface ResponderSetup {
  readonly mac: string;
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
  /** The VLAN of its questions; null: they have no tag. */
  readonly vlan: number | null;
}

/** At most this many answers wait for a free slot. A neighbour without an answer asks again. */
const mostWaiting = 64;
const burstFrames = 256;

const addressOf = (text: string) => (text.includes(":") ? parseIpv6(text) : parseIpv4(text));

const hostOf = ({ mac, ipv4, ipv6, vlan }: ResponderSetup): Host => ({
  mac: parseMac(mac),
  ipv4: ipv4.map((text) => parseIpv4(text)),
  ipv6: ipv6.map((text) => parseIpv6(text)),
  vlan,
});

/** The sender that is told of frames between those of its trial. */
type BesideSender = Pick<TransmitQueue, "noteBeside">;

export class Responder implements ForeignFrames {
  /** Frames that came in where no direction receives: those of this trial, and all others. */
  returned = 0;
  foreign = 0;
  /** Questions answered, and all frames sent: answers and own questions. */
  answered = 0;
  sent = 0;
  /** The MAC address that a neighbour told; null: none did. */
  told: string | null = null;
  readonly #memory: RingMemory;
  readonly #host: Host | null;
  readonly #waiting: Uint8Array[] = [];
  #port: OpenPort | null = null;
  /** The id of the trial that runs; −1: none has run yet. */
  #trial = -1;
  #wanted: ReturnType<typeof addressOf> | null = null;
  /** The sender that fills the first transmit ring, too. It must know what lies between its frames. */
  #sender: BesideSender | null = null;

  /** `setup` null: it answers nothing and only counts. */
  constructor(memory: RingMemory, setup: ResponderSetup | null) {
    this.#memory = memory;
    this.#host = setup === null ? null : hostOf(setup);
  }

  attach(port: OpenPort | null): void {
    this.#port = port;
  }

  /** The port can receive. */
  get listens(): boolean {
    return this.#port?.queues.some(({ rx }) => rx !== null) ?? false;
  }

  /** A trial begins. `sender` fills the port's first transmit ring in it; null: none does. */
  begin(trial: number, sender: BesideSender | null): void {
    this.#trial = trial;
    this.#sender = sender;
    this.returned = 0;
    this.foreign = 0;
    this.answered = 0;
    this.sent = 0;
  }

  /** Asks for the MAC address of `target`, from the host's address `from`; `told` has the answer when it came. */
  ask(target: string, from: string): void {
    this.expect(target);
    if (this.#host !== null) this.#send(questionFor(addressOf(target), addressOf(from), this.#host));
  }

  /** Somebody else asks, and the answer may come in here. */
  expect(target: string): void {
    this.told = null;
    this.#wanted = addressOf(target);
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
    if (answer !== null && this.#waiting.length < mostWaiting) this.#waiting.push(answer);
  }

  /** Sends the answers that wait, and returns how many left. */
  flush(): number {
    let went = 0;
    while (this.#waiting.length > 0 && this.#send(this.#waiting[0])) {
      this.#waiting.shift();
      went++;
    }
    this.answered += went;
    return went;
  }

  /** Takes what came in on a port where no direction receives; returns how many frames. */
  poll(): number {
    const port = this.#port;
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

  /** Returns false where there is no room now. */
  #send(frame: Uint8Array): boolean {
    const open = this.#port?.queues[0];
    const ring = open?.tx ?? null;
    if (open === undefined || ring === null) return false;
    if (ring.kickAgain?.()) open.notifyTx();
    if (ring.reclaim() < 1) return false;
    const at = ring.place(0, frame.length);
    if (at <= 0) return false;
    this.#memory.u8.set(frame, at);
    this.#sender?.noteBeside?.(ring.slotOf(0));
    ring.publish(1);
    if (ring.notifyWanted()) open.notifyTx();
    this.sent++;
    return true;
  }
}
