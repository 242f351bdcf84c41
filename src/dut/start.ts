/** Starts every device that this program can start itself. */
import type { Dut } from "./dut.js";
import type { EmbeddedOptions } from "./embedded/options.js";
import { startEmbeddedDut } from "./embedded/start.js";
import type { TestpmdOptions } from "./testpmd/options.js";
import { startTestpmdDut } from "./testpmd/start.js";

/** Which device, with its options. */
export type StartedDut =
  | { readonly kind: "embedded"; readonly options: EmbeddedOptions }
  | { readonly kind: "testpmd"; readonly options: TestpmdOptions };

export interface DutSetup {
  /** Queue pairs, 1 … 8. */
  readonly queues: number;
  /** The longest frame that will be sent, with FCS. */
  readonly maxFrameBytes: number;
  /** The forwarders of the embedded device never sleep. Other devices never sleep anyhow. */
  readonly busy: boolean;
  /** CPUs for the pollers of both sides. Absent: the device decides. */
  readonly cores?: { readonly host: number; readonly container: number } | undefined;
  /** Where its folder of sockets is made. Absent: where the system keeps temporary files. */
  readonly directory?: string | undefined;
  /** A testpmd may open an interface even if the machine depends on it. */
  readonly yesThisInterface?: boolean;
  /** Aborted: a start that waits for other programs gives up. */
  readonly signal?: AbortSignal | undefined;
}

/** @throws PktgenError (3): it says what the environment lacks. Nothing is left behind then. */
export function startDut(choice: StartedDut, setup: DutSetup): Promise<Dut> {
  switch (choice.kind) {
    case "embedded":
      return startEmbeddedDut(choice.options, setup);
    case "testpmd":
      return startTestpmdDut(choice.options, setup);
  }
}
