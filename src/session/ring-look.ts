/**
 * What lies in the ports' rings: published, and not taken yet as far as the loop looked, which it does each millisecond. What
 * has come in since was taken, too.
 */
import { flowCell, portCell, recentFrames, type SessionMemory, senderPorts } from "../engine/session/index.js";
import type { TableFlow } from "./flow-table.js";
import type { SizeSums } from "./size-sums.js";

export class RingLook {
  readonly #memory: SessionMemory;
  readonly #sizes: SizeSums;
  /** The port of each transmit queue. */
  readonly #senderPorts: readonly number[];
  /** By slot: frames of the start that runs. */
  readonly #flowFrames: Int32Array;
  /** By port: of all, with their bufferBytes. */
  readonly #portFrames: Float64Array;
  readonly #portBytes: Float64Array;

  constructor(memory: SessionMemory, sizes: SizeSums) {
    const { capacity, ports } = memory.shape;
    this.#memory = memory;
    this.#sizes = sizes;
    this.#senderPorts = senderPorts(memory.shape);
    this.#flowFrames = new Int32Array(capacity);
    this.#portFrames = new Float64Array(ports);
    this.#portBytes = new Float64Array(ports);
  }

  look(): void {
    const { ports, shape, recents, recentBytes, heads } = this.#memory;
    this.#flowFrames.fill(0);
    this.#portFrames.fill(0);
    this.#portBytes.fill(0);
    for (const [sender, port] of this.#senderPorts.entries()) {
      const taken = ports[sender * portCell.count + portCell.taken]!;
      const published = ports[sender * portCell.count + portCell.published]!;
      let sum = 0;
      for (let place = Math.max(taken, published - recentFrames); place < published; place++) {
        const at = sender * recentFrames + (place & (recentFrames - 1));
        sum += recentBytes[at]!;
        const slot = (recents[at]! >>> 8) & (shape.capacity - 1);
        if (heads[slot] !== recents[at]) continue;
        this.#flowFrames[slot]! += 1;
      }
      this.#portFrames[port]! += published - taken;
      this.#portBytes[port]! += sum;
    }
  }

  /** Of a flow that has published so many, of whose numbers those below `highest` came in. */
  framesOf(slot: number, published: number, highest: number): number {
    return Math.max(0, Math.min(this.#flowFrames[slot]!, published - highest));
  }

  framesAt(port: number): number {
    return this.#portFrames[port]!;
  }

  bytesAt(port: number): number {
    return this.#portBytes[port]!;
  }

  /** Once for each flow after a look: what came in of it is in its port's rings no more. */
  takeBack({ slot, compiled }: TableFlow, generation: number, highest: number): void {
    const { flows } = this.#memory;
    const at = slot * flowCell.doubles;
    // What was published since the look only makes it less.
    const published = flows[at + flowCell.published]!;
    const inRing = this.#flowFrames[slot]!;
    const taken = inRing - this.framesOf(slot, published, highest);
    if (taken === 0 || flows[at + flowCell.begun] !== generation) return;
    const port = flows[at + flowCell.from]!;
    const before = published - inRing;
    this.#portFrames[port]! -= taken;
    this.#portBytes[port]! -= this.#bytesOf(compiled, before + taken) - this.#bytesOf(compiled, before);
  }

  /** Of its first frames, without FCS. */
  #bytesOf({ program }: TableFlow["compiled"], frames: number): number {
    const { variants } = program;
    return variants.length === 1 ? frames * variants[0]!.bufferBytes : this.#sizes.of(program, frames);
  }
}
