/** The halves of a trial whose frames go from host to host: what this one receives of each sender, and whether it sends. */
import type { RingMemory } from "../../memory.js";
import { isSimple } from "../../stream/departures/loads.js";
import type { FrameProgram } from "../../stream/frames/program.js";
import { firstStreamOf, wholeShare } from "../../stream/share.js";
import type { TrialClock, TrialSpec } from "../loop/index.js";
import {
  type DealtHalf,
  FlowReceiver,
  type ForeignFrames,
  Receiver,
  StrayFinder,
  StreamsReceiver,
  sentElsewhere,
} from "../receive/index.js";

export interface FlowHalfStart {
  readonly spec: TrialSpec;
  readonly programs: readonly FrameProgram[];
  readonly memory: RingMemory;
  readonly clock: TrialClock;
  readonly foreignFrames: ForeignFrames | null;
}

const unknown = (): number => Number.POSITIVE_INFINITY;

export function flowReceiver({ spec, programs, memory, clock, foreignFrames }: FlowHalfStart): FlowReceiver {
  const streams = spec.stream.streams.length;
  const own = spec.share ?? wholeShare;
  const firstOfAll = (spec.firstStream ?? 0) - own.index * streams;
  const half = (index: number | null, halfClock: TrialClock): DealtHalf => {
    const share = { ...own, index: index ?? own.index };
    const ofSender: TrialSpec = { ...spec, share, firstStream: firstStreamOf(firstOfAll, streams, share) };
    // Who looks at what is no sender's knows the numbers of all, so that a lengthened frame counts as damaged.
    const strays =
      index === null ? new StrayFinder({ spec: ofSender, memory, streams, direction: 0, boxes: null }) : null;
    const common = { memory, clock: halfClock, strays, foreignFrames: index === null ? foreignFrames : null };
    if (isSimple(spec.stream)) {
      return new Receiver({ ...common, spec: ofSender, program: programs[0]!, lag: null, published: unknown });
    }
    const senders = Array.from({ length: spec.queues }, () => sentElsewhere);
    return new StreamsReceiver({ ...common, spec: ofSender, programs, lags: null, senders });
  };
  return new FlowReceiver({ spec, streams, memory, clock, half });
}
