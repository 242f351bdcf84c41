/** Sees what flows do between two looks: that they started, ended, paused. It allocates nothing a flow. */
import { flowCell, flowState, type SessionMemory } from "../engine/session/index.js";
import { stateNamed } from "./flow-row.js";
import type { TableFlow } from "./flow-table.js";
import type { FlowState } from "./types.js";

export interface StateChange {
  readonly kind: "flow";
  readonly flow: string;
  readonly state: FlowState;
  readonly why: "asked" | "ended";
}

/** No flow has that many starts. */
const never = -1;

export class StateWatch {
  readonly #memory: SessionMemory;
  /** By slot, as they were at the last look. */
  readonly #generations: Float64Array;
  readonly #states: Float64Array;

  constructor(memory: SessionMemory) {
    this.#memory = memory;
    this.#generations = new Float64Array(memory.shape.capacity).fill(never);
    this.#states = new Float64Array(memory.shape.capacity);
  }

  /** Another flow may get its slot. */
  forget(slot: number): void {
    this.#generations[slot] = never;
  }

  look(flows: Iterable<TableFlow>, tell: (change: StateChange) => void): void {
    const { flows: cells } = this.#memory;
    for (const { slot, spec } of flows) {
      const at = slot * flowCell.doubles;
      const generation = cells[at + flowCell.generation]!;
      const state = cells[at + flowCell.state]!;
      const before = this.#generations[slot]!;
      if (before === generation && this.#states[slot] === state) continue;
      // It is just being started.
      if (cells[at + flowCell.begun] !== generation) continue;
      this.#generations[slot] = generation;
      this.#states[slot] = state;
      if (before === never && generation === 0) continue;
      const isEnded = state === flowState.stopped && cells[at + flowCell.endedItself] === 1;
      tell({ kind: "flow", flow: spec.name, state: stateNamed(state), why: isEnded ? "ended" : "asked" });
    }
  }
}
