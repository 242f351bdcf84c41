/**
 * Flows that another session sends, maybe at another host, and this one receives. Both have the same place for a flow, and
 * are told the number of each start, so that their signatures are the same. Nothing is known here of when and how much is
 * sent: frames have no latency, and a number that is seen was sent, with all below it.
 */
import { signatureHead } from "../../stream/frames/signature.js";
import type { LaneBook } from "./lane-book.js";
import { flowCell as cell, type SessionMemory, streamNumber } from "./session-memory.js";

export class AwaitedFlows {
  readonly #memory: SessionMemory;
  readonly #lanes: Pick<LaneBook, "restart">;
  /** By flow: its frames may come. */
  readonly #isExpected: Uint8Array;
  #expected = 0;

  constructor(memory: SessionMemory, lanes: Pick<LaneBook, "restart">) {
    this.#memory = memory;
    this.#lanes = lanes;
    this.#isExpected = new Uint8Array(memory.shape.capacity);
  }

  /** The loop is awake for the frames of some. */
  get areExpected(): boolean {
    return this.#expected > 0;
  }

  /** Its numbers begin again. `start`: which start of this place in the table it is; `generation`: which of the flow. */
  expect(flow: number, start: number, generation: number): void {
    const { flows, heads, shape, starts } = this.#memory;
    const at = flow * cell.doubles;
    flows[at + cell.begun] = generation;
    starts[flow] = start;
    heads[flow] = signatureHead(shape.trial, streamNumber(shape.capacity, flow, start)) | 0;
    this.#lanes.restart(flow, generation);
    flows[at + cell.published] = 0;
    flows[at + cell.generation] = generation;
    if (this.#isExpected[flow] === 0) this.#expected++;
    this.#isExpected[flow] = 1;
  }

  /** No more of it is to come. What comes nevertheless counts as before. */
  rest(flow: number): void {
    if (this.#isExpected[flow] === 1) this.#expected--;
    this.#isExpected[flow] = 0;
  }
}
