/** What a reader should know of a trial besides the verdict, in sentences. Pure. */
import type { DutOwnRates, Trial } from "../result/run-result.js";
import type { TrialCounts } from "../stats/ledger.js";
import { framesWord, percentWord, rateWord } from "../stats/words.js";
import { streamNotes } from "./stream-results.js";
import type { ReportedTrial } from "./trial-times.js";
import { workerNotes } from "./worker-shares.js";

export interface NotedTrial extends ReportedTrial {
  readonly dutOwnRates?: DutOwnRates | null;
  readonly notes?: readonly string[];
}

/** All notes of a trial, in the order of the document. */
export function notesOf(inputs: NotedTrial, trial: TrialCounts & Pick<Trial, "streams" | "flows">): string[] {
  return [
    ...(inputs.notes ?? []),
    ...streamNotes(trial.streams ?? []),
    ...flowNotes(trial.flows),
    ...ownRateNotes(inputs),
    ...returnedNotes(inputs),
    ...damageNotes(trial),
    ...lengthNotes(inputs, trial),
    ...workerNotes(inputs.report),
  ];
}

/** How many flows kept to one queue. */
function flowNotes(flows: Trial["flows"]): string[] {
  const told = (flows?.list ?? []).filter(({ flow, queues }) => flow !== null && queues.some((count) => count > 0));
  if (told.length === 0) return [];
  const queuesOf = ({ queues }: (typeof told)[number]): number => queues.filter((count) => count > 0).length;
  const spread = told.filter((flow) => queuesOf(flow) > 1);
  const count = `${told.length} ${told.length === 1 ? "flow" : "flows"}`;
  if (spread.length === 0) return [`${count}: each came out of one queue`];
  const most = spread.reduce((a, b) => (queuesOf(b) > queuesOf(a) ? b : a));
  return [`${count}: ${spread.length} came out of several queues, e.g. ${most.flow} out of ${queuesOf(most)}`];
}

/** The rates that the DUT counted in the middle of the trial, compared with ours. */
function ownRateNotes({ dutOwnRates }: NotedTrial): string[] {
  if (dutOwnRates == null) return [];
  const { rxPps, txPps, generatorTxPps, generatorRxPps } = dutOwnRates;
  const apart = (theirs: number, ours: number): string =>
    percentWord(Math.abs(theirs - ours) / Math.max(1, ours, theirs));
  return [
    `the device's own figures: it took ${rateWord(rxPps)} (${apart(rxPps, generatorTxPps)} from ours) ` +
      `and gave back ${rateWord(txPps)} (${apart(txPps, generatorRxPps)} from ours)`,
  ];
}

function returnedNotes({ report: { returned } }: NotedTrial): string[] {
  return returned === null || returned === 0
    ? []
    : [`${framesWord(returned)} came back on the port that they were sent on`];
}

/** What cannot be known of damaged frames. */
function damageNotes({ corrupt }: TrialCounts): string[] {
  if (corrupt === 0) return [];
  return [
    `corrupt is an upper bound: some of the ${framesWord(corrupt)} may be damaged copies of frames that came back whole, ` +
      "and then as many more are lost",
  ];
}

/**
 * A device that pushes or pops tags returns longer or shorter frames, which are whole. Frames inside an encapsulation
 * are longer, too, and none of them is whole.
 */
function lengthNotes({ spec, report }: NotedTrial, { sent, accepted, received }: TrialCounts): string[] {
  const { transmit, receive } = report;
  // Of several sizes, means are comparable only where no frame is missing.
  const isComparable = (spec.size.kind === "fixed" && spec.stream.plain !== undefined) || received === sent;
  if (received === 0 || (accepted > 0 && accepted < received) || !isComparable) return [];
  const sentBytes = transmit.queues.reduce((sum, queue) => sum + queue.sentBytes, 0);
  const more = Number((receive.receivedBytes / received - sentBytes / sent).toFixed(2));
  if (more === 0) return [];
  const how = `${Math.abs(more)} bytes ${more > 0 ? "longer" : "shorter"}`;
  const mean = Number.isInteger(more) ? how : `${how} on average`;
  const tags = `the device ${more > 0 ? "pushed" : "popped"} tags`;
  const why = accepted > 0 ? tags : more > 0 ? "inside an encapsulation, or padded" : "they were cut";
  return [`frames came back ${mean} than they were sent: ${why}`];
}
