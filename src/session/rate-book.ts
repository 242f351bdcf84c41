/** Rates over the last second: counts of ten moments a second, the same for all who ask. It allocates nothing a flow. */
import {
  arrivalCell,
  arrivedInAll,
  flowCell,
  flowState,
  laneRowCell,
  portCell,
  type SessionMemory,
  senderPorts,
} from "../engine/session/index.js";
import { sequenceCell } from "../stats/sequence-cells.js";
import { frameBits } from "../units.js";
import { currentLanes } from "./current-lanes.js";
import type { TableFlow } from "./flow-table.js";

export interface FourRates {
  readonly txPps: number;
  readonly rxPps: number;
  readonly txBpsL1: number;
  readonly rxBpsL1: number;
}

const none: FourRates = { txPps: 0, rxPps: 0, txBpsL1: 0, rxBpsL1: 0 };
const momentsKept = 11;

/** Doubles of a flow in a moment. `generation` −1: it has none. */
const flowAt = { sent: 0, received: 1, generation: 2, doubles: 3 } as const;
/** Doubles of a port in a moment; bytes are bufferBytes. */
const portAt = { txFrames: 0, txBytes: 1, rxFrames: 2, rxBytes: 3, doubles: 4 } as const;

export class RateBook {
  readonly #memory: SessionMemory;
  /** The port of each transmit queue. */
  readonly #senderPorts: readonly number[];
  /** By moment; the next one takes the place of the oldest. */
  readonly #times = new Float64Array(momentsKept);
  readonly #flows: Float64Array;
  readonly #ports: Float64Array;
  /** By slot: bytes of a frame, with FCS. */
  readonly #bytesOf: Float64Array;
  readonly #sending: Uint8Array;
  #noted = 0;

  constructor(memory: SessionMemory) {
    const { capacity, ports } = memory.shape;
    this.#memory = memory;
    this.#senderPorts = senderPorts(memory.shape);
    this.#flows = new Float64Array(momentsKept * capacity * flowAt.doubles);
    this.#ports = new Float64Array(momentsKept * ports * portAt.doubles);
    this.#bytesOf = new Float64Array(capacity);
    this.#sending = new Uint8Array(ports);
  }

  /** A moment is over; call it ten times a second. */
  note(flows: Iterable<TableFlow>, nowNs: number): void {
    const moment = this.#noted % momentsKept;
    this.#times[moment] = nowNs;
    this.#noteFlows(flows, moment);
    this.#notePorts(moment);
    this.#noted++;
  }

  /** Another flow may get its slot: it has none of these moments. */
  forget(slot: number): void {
    for (let moment = 0; moment < momentsKept; moment++) {
      this.#flows[this.#flowPlace(moment, slot) + flowAt.generation] = -1;
    }
  }

  get overNs(): number {
    return this.#noted === 0 ? 0 : this.#times[this.#last]! - this.#times[this.#first]!;
  }

  /** Four rates of a flow, in the order of `FourRates`, from `to` on. */
  writeFlow(slot: number, into: Float64Array, to: number): void {
    const { overNs } = this;
    const last = this.#flowPlace(this.#last, slot);
    const flows = this.#flows;
    const generation = overNs === 0 ? -1 : flows[last + flowAt.generation]!;
    if (generation < 0) {
      into.fill(0, to, to + 4);
      return;
    }
    const first = this.#flowPlace(this.#first, slot);
    // A generation that began since, began at 0.
    const isSame = flows[first + flowAt.generation] === generation;
    const sent = flows[last + flowAt.sent]! - (isSame ? flows[first + flowAt.sent]! : 0);
    const received = flows[last + flowAt.received]! - (isSame ? flows[first + flowAt.received]! : 0);
    const bits = frameBits(this.#bytesOf[slot]!, 1);
    const txPps = (sent * 1e9) / overNs;
    const rxPps = (received * 1e9) / overNs;
    into[to] = txPps;
    into[to + 1] = rxPps;
    into[to + 2] = txPps * bits;
    into[to + 3] = rxPps * bits;
  }

  ofPort(port: number): FourRates {
    const { overNs } = this;
    if (overNs === 0) return none;
    const { ports } = this.#memory.shape;
    const [first, last] = [this.#first, this.#last].map((moment) => (moment * ports + port) * portAt.doubles);
    const rate = (which: number): number =>
      ((this.#ports[last! + which]! - this.#ports[first! + which]!) * 1e9) / overNs;
    const [txPps, rxPps] = [rate(portAt.txFrames), rate(portAt.rxFrames)];
    // bufferBytes have no FCS.
    const bits = (bytes: number, frames: number): number => bytes * 8 + frames * frameBits(4, 1);
    return { txPps, rxPps, txBpsL1: bits(rate(portAt.txBytes), txPps), rxBpsL1: bits(rate(portAt.rxBytes), rxPps) };
  }

  /** Frames that had left a port, and come in there, at the last moment. */
  movedAt(port: number): number {
    if (this.#noted === 0) return 0;
    const at = (this.#last * this.#memory.shape.ports + port) * portAt.doubles;
    return this.#ports[at + portAt.txFrames]! + this.#ports[at + portAt.rxFrames]!;
  }

  /** A flow from this port runs. */
  sendsOn(port: number): boolean {
    return this.#sending[port] === 1;
  }

  /** Which ports send now. */
  look(flows: Iterable<TableFlow>): void {
    const { flows: cells } = this.#memory;
    this.#sending.fill(0);
    for (const { slot } of flows) {
      const at = slot * flowCell.doubles;
      if (cells[at + flowCell.state] === flowState.running) this.#sending[cells[at + flowCell.from]!] = 1;
    }
  }

  get #last(): number {
    return (this.#noted - 1) % momentsKept;
  }

  get #first(): number {
    return this.#noted > momentsKept ? this.#noted % momentsKept : 0;
  }

  #flowPlace(moment: number, slot: number): number {
    return (moment * this.#memory.shape.capacity + slot) * flowAt.doubles;
  }

  #noteFlows(flows: Iterable<TableFlow>, moment: number): void {
    const { flows: cells } = this.#memory;
    const from = this.#flowPlace(moment, 0);
    this.#flows.fill(-1, from, this.#flowPlace(moment + 1, 0));
    for (const flow of flows) {
      const { slot } = flow;
      const at = slot * flowCell.doubles;
      const place = from + slot * flowAt.doubles;
      const generation = cells[at + flowCell.generation]!;
      this.#flows[place + flowAt.sent] = cells[at + flowCell.published]!;
      this.#flows[place + flowAt.received] = this.#received(flow);
      // A flow that is just being started has sent nothing yet, and has no moment.
      if (cells[at + flowCell.begun] === generation) this.#flows[place + flowAt.generation] = generation;
      this.#bytesOf[slot] = flow.compiled.meanFrameBytes;
    }
  }

  #notePorts(moment: number): void {
    const { ports, shape } = this.#memory;
    for (let port = 0; port < shape.ports; port++) {
      const from = port * portCell.count;
      const to = (moment * shape.ports + port) * portAt.doubles;
      this.#ports[to + portAt.txFrames] = ports[from + portCell.beside]!;
      this.#ports[to + portAt.txBytes] = ports[from + portCell.besideBytes]!;
      this.#ports[to + portAt.rxFrames] = ports[from + portCell.rxFrames]!;
      this.#ports[to + portAt.rxBytes] = ports[from + portCell.rxBytes]!;
    }
    for (const [sender, port] of this.#senderPorts.entries()) {
      const from = sender * portCell.count;
      const to = (moment * shape.ports + port) * portAt.doubles;
      this.#ports[to + portAt.txFrames]! += ports[from + portCell.published]!;
      this.#ports[to + portAt.txBytes]! += ports[from + portCell.bytes]!;
    }
  }

  #received(flow: TableFlow): number {
    const { lanes: rows, sequences } = this.#memory;
    if (!flow.signed) return arrivedInAll(this.#memory, flow.slot, arrivalCell.recognised);
    let sum = 0;
    for (const lane of currentLanes(this.#memory, flow)) {
      const next = rows[lane * laneRowCell.doubles]!;
      sum += (next < 0 ? -1 - next : next) - sequences[lane * sequenceCell.count + sequenceCell.missing]!;
    }
    return sum;
  }
}
