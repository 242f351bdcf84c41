/**
 * What came in of a flow, beside its lanes: a row for each part of the session. The part that sends a flow starts it; the
 * others learn it from the flow's own row, when the first frame comes that concerns it. Until then their rows, and their
 * lanes, are of an earlier start, and count for nothing.
 *
 * A start takes the sending part some microseconds. A frame of the start before that comes in at another part meanwhile is
 * stale at its port, and in a row that is replaced when the start is complete. Neither start counts it as received: the one
 * that it is of has no counters any more. None counts for the new start, because it carries a time before that
 * (port-receiver.ts). Frames without signature carry nothing: those that come in after a start are counted for it, in one
 * part as in several.
 */
import { arrivalCell, flowCell, type SessionMemory } from "./session-memory.js";

export const arrivalsAt = ({ shape }: SessionMemory, part: number, flow: number): number =>
  (part * shape.capacity + flow) * arrivalCell.doubles;

/** What this part counts of the flow is of its last start. */
export const isCurrent = (memory: SessionMemory, part: number, flow: number): boolean =>
  memory.arrivals[arrivalsAt(memory, part, flow) + arrivalCell.generation] ===
  memory.flows[flow * flowCell.doubles + flowCell.generation];

/** Of all parts: one of the counts in their rows. */
export function arrivedInAll(memory: SessionMemory, flow: number, which: number): number {
  if (memory.parts === 1) return memory.arrivals[arrivalsAt(memory, 0, flow) + which]!;
  let sum = 0;
  for (let part = 0; part < memory.parts; part++) {
    if (isCurrent(memory, part, flow)) sum += memory.arrivals[arrivalsAt(memory, part, flow) + which]!;
  }
  return sum;
}
