/** Hosts of a trial whose frames go from host to host: each is the engine with a clock of its own, in lockstep. */
import type { SenderSkew, TrialSpec } from "../../src/engine/loop/trial-spec.js";
import { splitByWeights } from "../../src/engine/trial/split.js";
import type { TrialReport } from "../../src/stats/trial-report.js";
import { baseOrder, GeneratorSim } from "./generator-sim.js";

export interface SimulatedHost {
  /** Which share it sends; null: none. */
  readonly sends: number | null;
  /** Shares whose frames should come in. */
  readonly from: readonly number[];
  /** How far its clock is ahead of the test's. */
  readonly aheadNs: number;
  /** How much faster it runs, in parts per billion. */
  readonly ratePpb?: number;
}

/** A frame that a host sent: where it goes, and when it arrives. */
export type Network = (
  frame: Uint8Array,
  from: number,
) => readonly { readonly to: number; readonly frame: Uint8Array }[];

export interface FlowTrial {
  readonly hosts: readonly SimulatedHost[];
  readonly network: Network;
  readonly changes?: Partial<TrialSpec>;
  /** By host: how far its trial begins after its appointed moment by the test's clock. */
  readonly startsLateNs?: readonly number[];
  readonly skews?: readonly (readonly SenderSkew[])[];
  /** How much of the load each sender has; absent: all have as much. */
  readonly weights?: readonly number[];
  /** Tells the receivers when all senders have ended. */
  readonly tells?: boolean;
}

const stepNs = 1_000;
const beginNs = 1e6;

/** The whole trial; a report of each host. */
export function flowTrial(trial: FlowTrial): TrialReport[] {
  const { hosts, network, changes, startsLateNs = [], skews = [], weights, tells } = trial;
  const senders = hosts.filter(({ sends }) => sends !== null).length;
  const shares = splitByWeights({ ...baseOrder, ...changes, queues: senders, forMerging: true }, senders, weights);
  const sims = hosts.map(() => new GeneratorSim());
  let atNs = 0;
  const clockOf = (h: number): number => {
    const { aheadNs, ratePpb = 0 } = hosts[h]!;
    return 5e9 + aheadNs + Math.round(atNs * (1 + ratePpb / 1e9));
  };
  for (const [h, { sends, from }] of hosts.entries()) {
    const sim = sims[h]!;
    sim.readNs = 10;
    sim.turnNs = 0;
    sim.nowNs = clockOf(h);
    const spec = { ...shares[sends ?? 0]!, flow: { sends: sends !== null, from } };
    sim.command({ kind: "trial", specs: [spec] });
    sim.command({ kind: "skews", skews: skews[h] ?? [] });
    sim.command({ kind: "appoint", startAtNs: clockOf(h) + beginNs + (startsLateNs[h] ?? 0) });
  }
  let isTold = tells !== true;
  for (let step = 0; step < 400_000 && !sims.every(({ done }) => done); step++) {
    atNs += stepNs;
    for (const [h, sim] of sims.entries()) {
      sim.nowNs = Math.max(sim.nowNs, clockOf(h));
      sim.turn((frames) => {
        for (const frame of frames) for (const out of network(frame, h)) sims[out.to]!.wire.send(0, [out.frame]);
        return [];
      });
      // A sender that waits for a departure takes the time with it.
      const { aheadNs, ratePpb = 0 } = hosts[h]!;
      atNs = Math.max(atNs, Math.round((sim.nowNs - 5e9 - aheadNs) / (1 + ratePpb / 1e9)));
    }
    const areOver = hosts.every(({ sends }, h) => sends === null || sims[h]!.done);
    if (isTold || !areOver) continue;
    isTold = true;
    const totals = hosts.flatMap(({ sends }, h) =>
      sends === null ? [] : [{ share: sends, frames: sims[h]!.report().transmit.queues[0]!.published }],
    );
    for (const sim of sims) sim.command({ kind: "totals", totals });
  }
  if (!sims.every(({ done }) => done)) throw new Error("the trial did not end");
  return sims.map((sim) => sim.report());
}
