/** What agents say of themselves when their ports are open. */
import type { DutResult } from "../result/run-result.js";

export interface Opened {
  readonly settleNs: number;
  readonly dut: DutResult;
  readonly notes: readonly string[];
}

/** Ports of all, of what is one kind of device. */
export function dutOfAll(openings: readonly Opened[]): DutResult {
  const [first] = openings;
  return { ...first!.dut, ports: openings.flatMap(({ dut }) => dut.ports) } as DutResult;
}
