/** The figures of samples and their units: of a run, of a session. A name means the same in both. */
import type { EventConfig } from "../contract.js";

type Unit = EventConfig["units"][string];

const counts = { sent: "frames", received: "frames", lost: "frames", corrupt: "frames" } as const;
const rates = {
  offeredPps: "pps",
  txPps: "pps",
  rxPps: "pps",
  lostPps: "pps",
  txBpsL2: "bps",
  rxBpsL2: "bps",
  txBpsL1: "bps",
  rxBpsL1: "bps",
} as const;
const shares = { lateShare: "ratio", stealShare: "ratio" } as const;
const latencies = { latencyP50Ns: "ns", latencyP99Ns: "ns", latencyMaxNs: "ns" } as const;

export const runUnits = {
  ...{ trial: "index", ...counts, accepted: "frames", ...rates },
  ...{ ...latencies, ...shares },
} as const satisfies Record<string, Unit>;

export const sessionUnits = {
  ...{ ...counts, inFlight: "frames", duplicate: "frames", reordered: "frames" },
  ...{ ...rates, ...latencies, ...shares },
} as const satisfies Record<string, Unit>;

export type RunFigure = keyof typeof runUnits;
export type SessionFigure = keyof typeof sessionUnits;

/** In the order in which samples have them. */
export const runFigures = Object.keys(runUnits) as readonly RunFigure[];
export const sessionFigures = Object.keys(sessionUnits) as readonly SessionFigure[];

/** A sample's values in their order. */
export const sampleValues = <Name extends string>(
  names: readonly Name[],
  figures: Readonly<Partial<Record<Name, number | null | undefined>>>,
): (number | null)[] => names.map((name) => figures[name] ?? null);
