/** The one builder of what the generator's thread is told to do in a trial. Pure. */
import type { Load, TrialSpec } from "../engine/loop/index.js";
import type { TrafficSpec } from "../stream/spec/traffic.js";
import type { MeasureRequest } from "./measurer.js";

/** What all trials of a run share. */
export interface TrialSettings {
  readonly queues: number;
  readonly startSequence: number;
  readonly settleNs: number;
  readonly settlesWhole?: boolean | undefined;
  readonly integrity: boolean;
  readonly cooperative: boolean;
  /** The streams leave at their own rates, not at the request's. Absent: they do not. */
  readonly ownRates?: boolean | undefined;
  /** Bits per second on layer 1. null: the ports' own. Absent: no schedule needs it. */
  readonly lineRateBps?: number | null;
  /** Share of the load that may be missing. Absent: the usual one. */
  readonly rateTolerance?: number | undefined;
  /** Another machine does the other half of the trial, by this clock. Absent: one thread does both. */
  readonly clockAheadNs?: number;
}

type TrialNumber = Required<Pick<TrialSpec, "trial" | "trialsBefore">>;

export function trialSpec(
  number: TrialNumber,
  stream: TrafficSpec,
  request: MeasureRequest,
  settings: TrialSettings,
): TrialSpec {
  const { settlesWhole, rateTolerance, clockAheadNs } = settings;
  const { probePps, resetAtNs, lossGoals } = request;
  return {
    trial: number.trial,
    trialsBefore: number.trialsBefore,
    stream,
    size: request.size,
    queues: settings.queues,
    startSequence: settings.startSequence,
    load: loadOf(request, settings),
    count: request.count,
    durationNs: request.durationNs,
    settleNs: settings.settleNs,
    ...(settlesWhole === true ? { settlesWhole } : {}),
    ...(probePps === undefined ? {} : { hasProbe: true }),
    ...(resetAtNs === undefined ? {} : { outlastsPeer: true }),
    ...(lossGoals === undefined ? {} : { endsWhenShort: true }),
    ...(rateTolerance === undefined ? {} : { rateTolerance }),
    integrity: settings.integrity,
    cooperative: settings.cooperative,
    ...(clockAheadNs === undefined ? {} : { clockAheadNs }),
  };
}

function loadOf({ pps, steps }: MeasureRequest, { ownRates, lineRateBps }: TrialSettings): Load {
  const line = lineRateBps === undefined ? {} : { lineRateBps };
  if (steps !== undefined) return { kind: "stepped", steps, ...line };
  if (pps === null) return { kind: "max", ...line };
  return ownRates === true ? { kind: "own", ...line } : { kind: "paced", pps, ...line };
}

/** The same trial without what only its measurement needs: for warm-ups and learning frames. */
export function steadyRequest(request: MeasureRequest): MeasureRequest {
  const { steps: _, resetAtNs: __, probePps: ___, lossGoals: ____, ...steady } = request;
  return steady;
}
