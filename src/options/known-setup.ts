/** What is known of a run's setup before anything runs. Pure. */
import type { RunPlan } from "../measure/plan.js";
import type { Method } from "../result/run-result.js";
import type { TrafficSpec } from "../stream/spec/traffic.js";
import { frameSizeName } from "../units.js";

/** What is known of the setup before anything runs; the rest (versions) is compared at the end. */
export interface KnownSetup {
  readonly cpu: string;
  readonly cores: number;
  readonly dut: string;
  /** As they were given; "": none. */
  readonly dutOptions: string;
  readonly queues: number;
  readonly stream: TrafficSpec;
  /** Names of the frame sizes. */
  readonly sizes: readonly string[];
  /** null: a forwarding run. */
  readonly method: Method | null;
}

/** What a plan says of it. */
export const knownOf = ({ dut, queues, stream, sizes }: RunPlan): Omit<KnownSetup, "cpu" | "cores" | "method"> => ({
  stream,
  sizes: sizes.map((size) => String(frameSizeName(size))),
  dut: dut.kind,
  dutOptions: dut.kind === "external" ? "" : dut.options.given.join(","),
  queues,
});
