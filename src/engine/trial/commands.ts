/** What the owner of a generator, or of a receiver, asks of its thread, and what the thread answers. */
import type { ReceiveSpec, SenderSkew, SenderTotal, TrialSpec } from "../loop/index.js";

export type ReceiveCommand =
  | { readonly kind: "receive"; readonly spec: ReceiveSpec }
  | { readonly kind: "stop" }
  | { readonly kind: "report" };

/** What a host learns of the senders of its trial. */
export type FlowCommand =
  /** Before it begins: how their clocks stand. */
  | { readonly kind: "skews"; readonly skews: readonly SenderSkew[] }
  /** All of them have ended. */
  | { readonly kind: "totals"; readonly totals: readonly SenderTotal[] };

/** Commands of the generator's job. `specs`: one for each direction, the forward one first. */
export type GeneratorCommand =
  | { readonly kind: "trial"; readonly specs: readonly TrialSpec[] }
  /** The trial that was told begins at this time of the clock that all threads share, not as soon as the loop runs. */
  | { readonly kind: "appoint"; readonly startAtNs: number }
  | FlowCommand
  /** `why` short: another worker cannot keep up. Absent: the user asked. */
  | { readonly kind: "stop"; readonly why?: "stopped" | "short" }
  /** Answers the median latency in ns through a direct loop: the generator's own share. */
  | { readonly kind: "floor"; readonly spec: TrialSpec }
  /** Answers how many frames a second go through a direct loop at max. */
  | { readonly kind: "speed"; readonly spec: TrialSpec }
  /** Answers a TrialReport for each direction. */
  | { readonly kind: "report" }
  /** A task between trials: run the loop until it says done, then ask for its outcome. */
  | { readonly kind: "between"; readonly task: BetweenTask }
  | { readonly kind: "outcome" };

/** What the loop can do between trials, or after a trial while its account is open. */
export type BetweenTask =
  /** Takes what lies in the receive rings. A trial that was not reported yet counts it. */
  | { readonly kind: "drain" }
  /**
   * Asks the neighbours of a port for the MAC address of `target`, from the address `from`. `listens`: another worker
   * asks, and the answer may come in here.
   */
  | {
      readonly kind: "resolve";
      readonly port: number;
      readonly target: string;
      readonly from: string;
      readonly listens?: true;
    }
  /** Runs a trial through a direct loop: its whole code runs, and nothing is sent on a port. */
  | { readonly kind: "rehearse"; readonly specs: readonly TrialSpec[] };

export interface BetweenOutcome {
  /** Frames that were taken and sent. */
  readonly moved: number;
  /** Questions and answers that responders sent, and that no trial's account counts. */
  readonly beside: number;
  /** The answer to `resolve`; null: nobody answered. */
  readonly mac: string | null;
}

/** Answer to `floor`, ns. */
export type FloorAnswer = number;

/** Answer to `speed`, frames per second. */
export type SpeedAnswer = number;

/** Events of the generator's job. */
export type GeneratorEvent =
  | { readonly kind: "done" }
  /** It cannot keep up, and the verdict can only be invalid. */
  | { readonly kind: "short" };
