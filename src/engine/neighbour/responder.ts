/**
 * A port of a trial as one host, or as none. Its host answers neighbours' questions and can ask its own (host-table.ts),
 * so that routers and hosts can be devices under test. Where no direction receives on the port, it polls the port's rings
 * itself, and counts what comes in.
 */

import type { RingMemory } from "../../memory.js";
import { isSignature, readTrial, signatureBytes } from "../../stream/frames/signature.js";
import type { OpenPort } from "../loop/index.js";
import type { ForeignFrames } from "../receive/index.js";
import type { BesideSender } from "./answer-queue.js";
import { HostTable, type ResponderSetup } from "./host-table.js";

const burstFrames = 256;
/** The only one. */
const hostName = "host";

export class Responder implements ForeignFrames {
  /** Frames that came in where no direction receives: those of this trial, and all others. */
  returned = 0;
  foreign = 0;
  /** The MAC address that a neighbour told; null: none did. */
  told: string | null = null;
  readonly #memory: RingMemory;
  readonly #hosts: HostTable;
  #port: OpenPort | null = null;
  /** The id of the trial that runs; −1: none has run yet. */
  #trial = -1;

  /** `setup` null: it answers nothing and only counts. */
  constructor(memory: RingMemory, setup: ResponderSetup | null) {
    this.#memory = memory;
    // It sends no echo requests, so nobody asks for a time.
    this.#hosts = new HostTable(
      memory,
      null,
      (event) => {
        if (event.kind === "neighbour") this.told = event.mac;
      },
      () => 0,
    );
    if (setup !== null) this.#hosts.setHosts([{ name: hostName, ...setup }]);
  }

  attach(port: OpenPort | null): void {
    this.#port = port;
    this.#hosts.attach(port);
  }

  /** Frames that it sent since a trial began: answers and own questions. */
  get sent(): number {
    return this.#hosts.queue.sent;
  }

  /** Questions answered since then. */
  get answered(): number {
    return this.#hosts.queue.answered;
  }

  /** The port can receive. */
  get listens(): boolean {
    return this.#port?.queues.some(({ rx }) => rx !== null) ?? false;
  }

  /** A trial begins. `sender` fills the port's first transmit ring in it; null: none does. */
  begin(trial: number, sender: BesideSender | null): void {
    this.#trial = trial;
    this.#hosts.queue.sender = sender;
    this.#hosts.queue.reset();
    this.returned = 0;
    this.foreign = 0;
  }

  /** Asks for the MAC address of `target`, from the host's address `from`; `told` has the answer when it came. */
  ask(target: string, from: string): void {
    this.expect(target);
    this.#hosts.askNow(hostName, target, from);
  }

  /** Somebody else asks, and the answer may come in here. */
  expect(target: string): void {
    this.told = null;
    this.#hosts.expect(hostName, target);
  }

  /** A frame that no direction knows as its own. */
  onForeign(offset: number, bytes: number): void {
    this.#hosts.onForeign(offset, bytes);
  }

  /** Sends the answers that wait, and returns how many left. */
  flush(): number {
    return this.#hosts.queue.flush();
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
}
