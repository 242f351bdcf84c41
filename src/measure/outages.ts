/**
 * Loss as a time, as RFC 6412 derives it from loss: frames that did not come back whole ÷ the rate at which they were
 * sent. And the outage, the longest time of it at one go: the longest run of numbers of which none came back whole (a
 * loss period of RFC 3357), times the gap between them. Where a stream leaves on several queues, each has its own
 * numbers, and the queue with the longest run counts. A frame that came late closes the run that it was missing in, as
 * long as it is told from a duplicate (65,536 numbers of a stream, fewer of many streams); a duplicate changes nothing. Pure.
 */

export interface Outages {
  /** Of all frames that did not come back whole. */
  readonly lossDurationNs: number;
  /** Of the longest run of them. Absent: runs are not known, or frames carry no numbers. */
  readonly outageNs?: number;
}

export interface LossOfStream {
  readonly sent: number;
  /** Frames that did not come back whole: lost or damaged. */
  readonly missing: number;
  /** Frames of the longest run of them on one queue; undefined: not known. */
  readonly longestLost: number | undefined;
  readonly queues: number;
  /** The time in which they were sent. */
  readonly windowNs: number;
}

/** The gap between two frames is the mean one of the trial: of a load that changes, times are as long as at its mean. */
export function outagesOf({ sent, missing, longestLost, queues, windowNs }: LossOfStream): Outages {
  const gapNs = sent > 0 ? windowNs / sent : 0;
  const lasted = (frames: number): number => Math.round(Math.min(windowNs, frames * gapNs));
  const lossDurationNs = lasted(missing);
  return longestLost === undefined ? { lossDurationNs } : { lossDurationNs, outageNs: lasted(longestLost * queues) };
}
