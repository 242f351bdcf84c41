/** The generator as its owner sees it, whether one thread or several do its work. */
import type { Port } from "../../port/port.js";
import type { HistogramSummary } from "../../stats/histogram.js";
import type { TrialReport, TrialSpec } from "../loop/index.js";
import type { ResponderSetup } from "../neighbour/index.js";
import type { RecordingSetup } from "../pipe/index.js";
import type { LoopWorker } from "../worker/index.js";
import type { FlowCommand } from "./commands.js";
import type { SentTurn } from "./load-queue.js";
import type { TrialProgress } from "./progress.js";

export interface GeneratorSetup {
  readonly tx: Port;
  /** null: the sending port receives as well. */
  readonly rx: Port | null;
  /** The host that answers neighbours at each port (sending, receiving); null or absent: none. */
  readonly responders?: readonly (ResponderSetup | null)[];
  /** Where frames of the rings are recorded; null or absent: nowhere. */
  readonly recording?: RecordingSetup | null;
  /** URLs of the modules of streams that are programs. */
  readonly programs?: readonly string[];
  /** Threads, each with some of the ports' queues, whose number is a multiple of it. Absent: one. */
  readonly workers?: number;
  /** CPU of the first thread, and of the further ones; null or absent: the scheduler decides. */
  readonly cpu: number | null;
  readonly furtherCpus?: readonly number[];
  readonly busy: boolean;
}

export interface Generator extends AsyncDisposable {
  readonly workers: readonly LoopWorker[];
  /**
   * Runs one trial to its end. `signal` ends it early: its report has `cutShort`. Rejects only when the thread is
   * gone.
   */
  runTrial(spec: TrialSpec, signal: AbortSignal): Promise<TrialReport>;
  /**
   * As runTrial, with a spec and a report for each direction: forward, then reverse if there is one. `last` is called
   * when the trial is over and its account is still open. `appointed` is called when the trial is prepared, and says at
   * which time of the monotonic clock it begins. Absent: as soon as it can.
   */
  runDirections(
    specs: readonly TrialSpec[],
    signal: AbortSignal,
    last?: () => Promise<void>,
    appointed?: () => Promise<number>,
  ): Promise<TrialReport[]>;
  /**
   * Takes what lies in the receive rings; the last trial counts it while its account is open. Resolves with the frames
   * taken and sent. Call it between trials, or from `last`.
   */
  drain(): Promise<number>;
  /**
   * Runs a trial through a direct loop, so that V8 compiles its code. Nothing is sent on a port. `signal` ends it
   * early.
   */
  rehearse(specs: readonly TrialSpec[], signal: AbortSignal): Promise<void>;
  /** Tells the trial that was prepared what it has to know of other hosts that send in it. */
  tellFlow(command: FlowCommand): Promise<void>;
  /** Asks at port `port` (0 sends, the last one receives) who has `target`; null: nobody answered within 3 s. */
  resolve(port: number, target: string, from: string): Promise<string | null>;
  /** The generator's own share of every latency: the median of a direct loop with these frames, ns. */
  floorNs(spec: TrialSpec): Promise<number>;
  /** Frames like these that it sends and receives in a second through a direct loop, at max. */
  speedPps(spec: TrialSpec): Promise<number>;
  /** Frames that were sent between trials: our own questions, and answers. */
  besideTrials(): number;
  /**
   * Changes the load of the trial that is being sent, without making a frame late. Resolves when all threads have done
   * it. Rejects with a PktgenError where no trial is sending.
   */
  change(turns: readonly SentTurn[]): Promise<void>;
  /** Latency of the last trial's frames until now, of both directions; null: nothing was measured yet. */
  latency(): HistogramSummary | null;
  /** The counters; null before the first trial. */
  progress(): TrialProgress | null;
}
