/** What somebody did to a trial's load, in a sentence. Pure. */
import type { TrialChange } from "../result/run-result.js";
import type { Reason } from "../stats/cause.js";
import { rateWord, timeWord } from "../stats/words.js";

/** Changes that the sentence names; the document has all of them. */
const mostNamed = 4;
const mostStreams = 3;

/** Why a changed trial shows nothing about one load. */
export function changedReason(changes: readonly TrialChange[]): Reason {
  const named = changes.slice(0, mostNamed).map(changeWords);
  const more = changes.length > mostNamed ? [`${changes.length - mostNamed} more changes`] : [];
  const what = [...named, ...more].join("; ");
  const text = changes.every(({ kind }) => kind === "extend")
    ? `somebody gave it more time while it ran (${what}), so that it is not the trial that was asked for`
    : `somebody changed the load while it ran (${what}), so that its figures are of no one load`;
  return { cause: "changed", text };
}

function changeWords({ atNs, kind, streams, pps, addNs = 0 }: TrialChange): string {
  if (kind === "extend") return `${timeWord(addNs)} longer, said at ${timeWord(atNs)}`;
  const what = kind === "rate" ? `${rateWord(pps ?? 0)} from` : kind === "pause" ? "paused at" : "resumed at";
  return `${streamWords(streams)}${what} ${timeWord(atNs)}`;
}

function streamWords(streams: readonly string[] | null): string {
  if (streams === null) return "";
  const named = streams.slice(0, mostStreams).join(", ");
  return `${named}${streams.length > mostStreams ? ` and ${streams.length - mostStreams} more` : ""} `;
}
