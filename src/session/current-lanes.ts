/** The lanes of a flow that count for its last start: another part's do so from the first frame of it on. */
import { isCurrent, type SessionMemory } from "../engine/session/index.js";
import type { TableFlow } from "./flow-table.js";

type Flow = Pick<TableFlow, "slot" | "ownLanes" | "laneParts">;

export function currentLanes(memory: SessionMemory, { slot, ownLanes, laneParts }: Flow): readonly number[] {
  if (memory.parts === 1) return ownLanes;
  const isOld = laneParts.some((part) => !isCurrent(memory, part, slot));
  return isOld ? ownLanes.filter((_, k) => isCurrent(memory, laneParts[k]!, slot)) : ownLanes;
}
