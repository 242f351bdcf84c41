/** Rates over the last second: counts of ten moments a second, the same for all who ask. */
import { flowCell, flowState, laneRowDoubles, portCell, type SessionMemory } from "../engine/session/index.js";
import { sequenceCell } from "../stats/sequence-cells.js";
import { frameBits } from "../units.js";
import type { TableFlow } from "./flow-table.js";

export interface FourRates {
  readonly txPps: number;
  readonly rxPps: number;
  readonly txBpsL1: number;
  readonly rxBpsL1: number;
}

const none: FourRates = { txPps: 0, rxPps: 0, txBpsL1: 0, rxBpsL1: 0 };
const momentsKept = 11;

/** Doubles of a flow: frames sent and received, and the generation. Of a port: frames and bufferBytes sent and received. */
interface Moment {
  readonly atNs: number;
  readonly flows: ReadonlyMap<number, readonly [sent: number, received: number, generation: number]>;
  readonly ports: readonly (readonly [txFrames: number, txBytes: number, rxFrames: number, rxBytes: number])[];
}

export class RateBook {
  readonly #memory: SessionMemory;
  readonly #moments: Moment[] = [];
  #bytesOf = new Map<number, number>();
  #sending: boolean[] = [];

  constructor(memory: SessionMemory) {
    this.#memory = memory;
  }

  /** A moment is over; call it ten times a second. */
  note(flows: Iterable<TableFlow>, nowNs: number): void {
    this.#moments.push(this.#momentOf(flows, nowNs));
    if (this.#moments.length > momentsKept) this.#moments.shift();
  }

  get overNs(): number {
    const [first, last] = [this.#moments[0], this.#moments.at(-1)];
    return first === undefined || last === undefined ? 0 : last.atNs - first.atNs;
  }

  ofFlow(slot: number): FourRates {
    const [first, last] = [this.#moments[0]?.flows.get(slot), this.#moments.at(-1)?.flows.get(slot)];
    if (last === undefined || this.overNs === 0) return none;
    // A generation that began since, began at 0.
    const [sent, received] = first === undefined || first[2] !== last[2] ? [0, 0] : first;
    const [txPps, rxPps] = [this.#perSecond(last[0] - sent), this.#perSecond(last[1] - received)];
    const bits = frameBits(this.#bytesOf.get(slot) ?? 0, 1);
    return { txPps, rxPps, txBpsL1: txPps * bits, rxBpsL1: rxPps * bits };
  }

  ofPort(port: number): FourRates {
    const [first, last] = [this.#moments[0]?.ports[port], this.#moments.at(-1)?.ports[port]];
    if (first === undefined || last === undefined || this.overNs === 0) return none;
    const difference = last.map((value, k) => this.#perSecond(value - first[k]!));
    const [txPps, txBytes, rxPps, rxBytes] = difference as [number, number, number, number];
    // bufferBytes have no FCS.
    const bits = (bytes: number, frames: number): number => bytes * 8 + frames * frameBits(4, 1);
    return { txPps, rxPps, txBpsL1: bits(txBytes, txPps), rxBpsL1: bits(rxBytes, rxPps) };
  }

  /** A flow from this port runs. */
  sendsOn(port: number): boolean {
    return this.#sending[port] === true;
  }

  /** Which ports send now. */
  look(flows: Iterable<TableFlow>): void {
    const { flows: cells } = this.#memory;
    this.#sending = [];
    for (const { slot } of flows) {
      const at = slot * flowCell.doubles;
      if (cells[at + flowCell.state] === flowState.running) this.#sending[cells[at + flowCell.from]!] = true;
    }
  }

  #momentOf(flows: Iterable<TableFlow>, nowNs: number): Moment {
    const { flows: cells, ports, shape } = this.#memory;
    const ofFlows = new Map<number, readonly [number, number, number]>();
    this.#bytesOf = new Map();
    for (const flow of flows) {
      const at = flow.slot * flowCell.doubles;
      const generation = cells[at + flowCell.generation]!;
      const counts = [cells[at + flowCell.published]!, this.#received(flow)] as const;
      // A flow that is just being started has sent nothing yet, and has no moment.
      if (cells[at + flowCell.begun] === generation) ofFlows.set(flow.slot, [...counts, generation]);
      this.#bytesOf.set(flow.slot, flow.compiled.meanFrameBytes);
    }
    const ofPorts = Array.from({ length: shape.ports }, (_, port) => {
      const cell = (which: number): number => ports[port * portCell.count + which]!;
      const tx = [
        cell(portCell.published) + cell(portCell.beside),
        cell(portCell.bytes) + cell(portCell.besideBytes),
      ] as const;
      return [...tx, cell(portCell.rxFrames), cell(portCell.rxBytes)] as const;
    });
    return { atNs: nowNs, flows: ofFlows, ports: ofPorts };
  }

  #received({ slot, lanes, compiled }: TableFlow): number {
    const { flows, lanes: rows, sequences } = this.#memory;
    if (!compiled.program.signed) return flows[slot * flowCell.doubles + flowCell.recognised]!;
    let sum = 0;
    for (const lane of new Set(lanes)) {
      const next = rows[lane * laneRowDoubles]!;
      sum += (next < 0 ? -1 - next : next) - sequences[lane * sequenceCell.count + sequenceCell.missing]!;
    }
    return sum;
  }

  #perSecond(frames: number): number {
    return (frames * 1e9) / this.overNs;
  }
}
