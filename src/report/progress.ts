/** The progress as one line of text. The caller prints it and decides how to overwrite it. */
import { grouped, rateWord } from "../stats/words.js";

export interface Progress {
  /** 1 … trials; 0 in a search, where the number of trials is unknown. */
  readonly trial: number;
  readonly trials: number;
  readonly frameBytes: number | string;
  readonly phase: string;
  /** warming up, sending, waiting for the last frames, …: empty while sending. */
  readonly stage: string;
  readonly elapsedNs: number;
  /** Null where it runs until a count is sent, or forever. */
  readonly durationNs: number | null;
  readonly sent: number;
  readonly received: number;
  /** Frames missing now; some of them may still be in flight. */
  readonly lost: number;
  /** Of the last interval. */
  readonly rxPps: number;
  /** The load of this trial, where a search chose it; null: max. */
  readonly pps?: number | null;
  /** Approximate time to the end; null: not known yet. */
  readonly leftNs?: number | null;
}

/** `trial 2 of 4  64 bytes, rate  0.5 of 1.0 s  sent 5,000,000  back 4,999,000  lost 0  5.1 Mpps` */
export function progressText(progress: Progress): string {
  const { trial, trials, phase, stage, elapsedNs, durationNs } = progress;
  const size = typeof progress.frameBytes === "number" ? `${progress.frameBytes} bytes` : progress.frameBytes;
  const parts = [
    trials > 0 ? `trial ${trial} of ${trials}` : `trial ${trial}`,
    `${size}, ${phase}${typeof progress.pps === "number" ? ` at ${rateWord(progress.pps)}` : ""}`,
    durationNs === null ? `${tenths(elapsedNs)} s` : `${tenths(elapsedNs)} of ${tenths(durationNs)} s`,
    `sent ${grouped(progress.sent)}`,
    `back ${grouped(progress.received)}`,
    `lost ${grouped(progress.lost)}`,
    stage === "" ? rateWord(progress.rxPps) : stage,
    ...(typeof progress.leftNs === "number" ? [`about ${Math.ceil(progress.leftNs / 1e9)} s left`] : []),
  ];
  return parts.join("  ");
}

function tenths(ns: number): string {
  return (ns / 1e9).toFixed(1);
}
