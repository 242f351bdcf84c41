/** Compares the DUT's own rates with ours: two looks at both while frames go, over the same piece of the trial. */
import type { DutSample } from "../dut/dut.js";
import type { TrialProgress } from "../engine/trial/index.js";
import type { DutOwnRates } from "../result/run-result.js";
import { sleepNs } from "../sys/sleep.js";
import type { Lab } from "./lab.js";

/** Shorter than this, the time that a look takes is too much of it. */
const leastDurationNs = 500_000_000;

interface Look {
  readonly dut: DutSample;
  readonly published: number;
  readonly received: number;
  readonly elapsedNs: number;
}

const halfWay = (before: number, after: number): number => (before + after) / 2;

/**
 * The DUT's count lies half way between two counts of the generator. null: the DUT has none, or the sending is over.
 */
async function look({ dut, generator }: Looked): Promise<Look | null> {
  const before = generator.progress();
  const sample = (await dut?.sample?.()) ?? null;
  const after = generator.progress();
  if (sample === null || before === null || after === null || after.phase !== "sending") return null;
  const between = (key: keyof Omit<TrialProgress, "phase">): number => halfWay(before[key], after[key]);
  return {
    dut: sample,
    published: between("published"),
    received: between("received"),
    elapsedNs: between("elapsedNs"),
  };
}

/** What is looked at. */
type Looked = Pick<Lab, "dut"> & { readonly generator: Pick<Lab["generator"], "progress"> };

/**
 * Resolves when both looks are taken, at a fifth and four fifths of the trial; null where it can't be done. `over`: the
 * trial has ended, which may be long before the time it was given, and no look is waited for any more.
 */
export async function compareDutRates(lab: Looked, durationNs: number, over: AbortSignal): Promise<DutOwnRates | null> {
  if (lab.dut?.sample === undefined || !Number.isFinite(durationNs) || durationNs < leastDurationNs) return null;
  const lookAfter = async (share: number): Promise<Look | null> => {
    const isTime = await sleepNs(durationNs * share, over).then(
      () => true,
      () => false,
    );
    return isTime ? look(lab) : null;
  };
  const first = await lookAfter(0.2);
  const second = await lookAfter(0.6);
  if (first === null || second === null) return null;
  const dutNs = second.dut.atNs - first.dut.atNs;
  const ownNs = second.elapsedNs - first.elapsedNs;
  return {
    rxPps: ((second.dut.rxPackets - first.dut.rxPackets) * 1e9) / dutNs,
    txPps: ((second.dut.txPackets - first.dut.txPackets) * 1e9) / dutNs,
    generatorTxPps: ((second.published - first.published) * 1e9) / ownNs,
    generatorRxPps: ((second.received - first.received) * 1e9) / ownNs,
  };
}
