/**
 * Learning frames (RFC 2544 §23): from the addresses that the test frames go to, so that the device learns these
 * addresses. In one direction, the receiving port sends them. In both directions, the frames of each port are learning
 * frames for the other.
 */
import { reverseFirstStream, reverseStream } from "../stream/reverse.js";
import type { MeasureRequest } from "./measurer.js";
import { sentFrames } from "./sent-frames.js";
import { specsFor, type TrialRun } from "./trial-run.js";
import { steadyRequest } from "./trial-spec.js";

const learningPps = 1_000;
const learningSettleNs = 5e6;

export async function learn({ plan, lab, hooks }: TrialRun, like: MeasureRequest, frames: number): Promise<void> {
  await lab.ready();
  const few = { ...steadyRequest(like), pps: learningPps, count: frames, durationNs: Number.POSITIVE_INFINITY };
  const specs = specsFor({ ...plan, settleNs: learningSettleNs, settlesWhole: false }, lab, few);
  const back = {
    ...specs[0]!,
    stream: reverseStream(plan.incoming ?? lab.streams[0]),
    firstStream: reverseFirstStream,
  };
  const reports = await lab.generator.runDirections(plan.bidirectional ? specs : [back], hooks.signal);
  lab.beside.learning += sentFrames(reports);
}
