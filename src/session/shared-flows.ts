/**
 * Flows that several sessions share, each of which has some of their ports, maybe at other hosts: one sends, the others
 * receive. All of them are told the same place of each flow and the same number of each start, so that signatures are the
 * same. Whoever receives is told of a start before the one that sends is.
 */
import { type Command, commandKind, flowCell, flowState, type SessionMemory } from "../engine/session/index.js";
import type { Commander } from "./commander.js";
import { askedPps, type SharedFlow } from "./flow-planner.js";
import type { TableFlow } from "./flow-table.js";
import { SessionError } from "./session-error.js";
import type { FlowNames, FlowRate } from "./types.js";

export interface NumberedStart {
  readonly name: string;
  /** Which start of its place it is, from 1, whichever flow has it. */
  readonly start: number;
  /** Which start of the flow it is, from 1. */
  readonly generation: number;
}

export interface SharedFlowsParts {
  readonly memory: SessionMemory;
  readonly commander: Commander;
  named(names: FlowNames): readonly TableFlow[];
  add(flows: readonly SharedFlow[]): Promise<void>;
  /** The batch that these commands are, of flows that are sent here. */
  sayStart(flows: readonly TableFlow[], atNs: number): Promise<void>;
}

export class SharedFlows {
  readonly #parts: SharedFlowsParts;

  constructor(parts: SharedFlowsParts) {
    this.#parts = parts;
  }

  /** All or none. They are stopped. @throws SessionError */
  async add(flows: readonly SharedFlow[]): Promise<void> {
    if (this.#parts.memory.parts > 1) {
      throw new SessionError("not-possible", "a session that shares flows with others has one thread", {
        where: "workers",
        accepted: "1",
      });
    }
    await this.#parts.add(flows);
  }

  /** Starts of these are to be seen from now on, at flows that another session sends. Others are left out. */
  async expect(starts: readonly NumberedStart[]): Promise<void> {
    const awaited = this.#flowsOf(starts).filter(({ flow }) => flow.isAwaited);
    await this.#say(
      awaited.map(({ flow, start, generation }) => {
        return { kind: commandKind.expect, slot: flow.slot, value: generation, batch: start };
      }),
    );
  }

  /** Nothing more of these is to come: the loop may rest. */
  async rest(names: FlowNames): Promise<void> {
    const awaited = this.#parts.named(names).filter(({ isAwaited }) => isAwaited);
    await this.#say(awaited.map(({ slot }) => ({ kind: commandKind.rest, slot })));
  }

  /** Starts what is sent here; others are left out. `atNs`: not before this time of the session; 0: at once. */
  async start(starts: readonly NumberedStart[], atNs: number): Promise<void> {
    const { memory } = this.#parts;
    const sent = this.#flowsOf(starts).filter(({ flow }) => !flow.isAwaited);
    // The loop counts on from there. It reads it at a start, which is said after this.
    for (const { flow, start, generation } of sent) {
      memory.starts[flow.slot] = start - 1;
      const cell = flow.slot * flowCell.doubles + flowCell.generation;
      // Others: where a start before this one came to nothing.
      if (memory.flows[cell] !== generation - 1) memory.flows[cell] = generation - 1;
    }
    const flows = sent.map(({ flow }) => flow);
    if (flows.length > 0) await this.#parts.sayStart(flows, atNs);
  }

  /**
   * Frames per second that are asked for of what is sent here, if these start now; `rate`: if they go on with it instead.
   * Infinity: at max. Of paused flows, too: they may go on at any time.
   */
  ppsIf(names: readonly string[], rate: FlowRate | null): number {
    const asked = new Set(names);
    const { flows } = this.#parts.memory;
    return this.#parts
      .named("all")
      .filter(({ isAwaited }) => !isAwaited)
      .reduce((sum, flow) => {
        const state = flows[flow.slot * flowCell.doubles + flowCell.state]!;
        const isActive = state === flowState.running || state === flowState.paused;
        const isAsked = asked.has(flow.spec.name);
        if (!isActive && (rate !== null || !isAsked)) return sum;
        return sum + (rate !== null && isAsked ? askedPps(flow, rate) : flow.pps);
      }, 0);
  }

  #flowsOf(starts: readonly NumberedStart[]): readonly (NumberedStart & { readonly flow: TableFlow })[] {
    return starts.map((start) => ({ ...start, flow: this.#parts.named([start.name])[0]! }));
  }

  async #say(commands: readonly Command[]): Promise<void> {
    if (commands.length > 0) await this.#parts.commander.say(commands);
  }
}
