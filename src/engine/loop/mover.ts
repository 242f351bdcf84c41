/** From a slot ring's order, plain data, to what moves its frames. */
import type { RingMemory } from "../../memory.js";
import { tapMover } from "../../port/tap/mover.js";
import type { FrameMover } from "../../ring/kernel/slot-ring.js";
import type { SlotRingLayout } from "../../ring/ring.js";
import { captureReader, captureWriter } from "./capture-mover.js";

export function moverOf(memory: RingMemory, { direction, mover }: SlotRingLayout): FrameMover {
  switch (mover.kind) {
    case "capture writer":
      return captureWriter(memory, mover);
    case "capture reader":
      return captureReader(memory, mover);
    case "tap":
      return tapMover(memory, direction, mover);
  }
}
