/** Rows of metrics by the values of a flow's tags. */
import type { FlowCounters, SplitCounters } from "../../session/index.js";
import { invalid } from "../refusal.js";
import type { PlannedFlow } from "../translate/flows.js";
import { type FlowTags, portTag } from "../translate/tags.js";
import { askedColumns, type LossTimes, lossDurationOf, type Row } from "./metrics.js";

/** Which of them, and what of them. */
export interface TaggedAsked {
  readonly include: boolean;
  readonly include_empty_metrics: boolean;
  readonly metric_names: readonly string[];
  readonly filters: readonly { readonly name?: string; readonly values: readonly string[] }[];
}

interface Tag {
  readonly name: string;
  readonly value: { readonly choice: "hex"; readonly hex: string } | { readonly choice: "str"; readonly str: string };
}

type SettledCounters = Pick<FlowCounters, "settled"> & LossTimes;

/** Columns that every row has. */
const always = ["tags", "loss", "packet_loss_duration", "timestamps", "latency"];
/** The value of what has none: kinds without room in the table, and frames that end before the field. */
const [other, none] = ["other", "none"];

const textValue = (str: string): Tag["value"] => ({ choice: "str", str });
const numberValue = (value: bigint): Tag["value"] => ({ choice: "hex", hex: `0x${value.toString(16)}` });

function tagsOfRow(row: SplitCounters, { sent, received, split }: FlowTags): readonly Tag[] {
  const valued = (name: string, value: bigint | undefined): Tag => {
    if (value !== undefined) return { name, value: numberValue(value) };
    return { name, value: textValue(row.isOther ? other : none) };
  };
  return [
    ...sent.map((name, k) => valued(name, row.sent?.[k])),
    ...received.map((name, k) => valued(name, row.received?.[k])),
    ...(split.byPort ? [{ name: portTag, value: textValue(row.port ?? other) }] : []),
  ];
}

const hexPattern = /^(?:0x)?([0-9a-f]+)$/i;

function isValue(value: Tag["value"], asked: string): boolean {
  if (value.choice === "str") return value.str === asked;
  const digits = hexPattern.exec(asked)?.[1];
  return digits !== undefined && BigInt(`0x${digits}`) === BigInt(value.hex);
}

/** A row has all the tags that are asked for, each with one of the values. */
const isAsked = (tags: readonly Tag[], { filters }: TaggedAsked): boolean =>
  filters.every(({ name, values }) =>
    tags.some((tag) => tag.name === name && (values.length === 0 || values.some((one) => isValue(tag.value, one)))),
  );

function rowOf(
  row: SplitCounters,
  tags: readonly Tag[],
  { metrics }: PlannedFlow,
  of: SettledCounters | undefined,
): Row {
  const made: Record<string, unknown> = { tags };
  const { sentFrames, sentBytes, latencyNs } = row;
  if (sentFrames !== null) made["frames_tx"] = sentFrames;
  if (sentBytes !== null) made["bytes_tx"] = sentBytes;
  made["frames_rx"] = row.frames;
  made["bytes_rx"] = row.bytes;
  // What is on its way has not come, and is not lost.
  if ((of?.settled ?? true) && sentFrames !== null) {
    const loss = sentFrames === 0 ? 0 : (100 * (sentFrames - row.frames)) / sentFrames;
    if (metrics.loss) made["loss"] = loss;
    if (metrics.lossDuration) made["packet_loss_duration"] = of === undefined ? {} : lossDurationOf(loss, of);
  }
  if (metrics.timestamps && row.firstReceivedNs !== null) {
    made["timestamps"] = { first_timestamp_ns: row.firstReceivedNs, last_timestamp_ns: row.lastReceivedNs };
  }
  if (metrics.latency && latencyNs !== null) {
    const { min, mean, max } = latencyNs;
    made["latency"] = { minimum_ns: min, maximum_ns: max, average_ns: mean };
  }
  return made;
}

/** `counters`: of the flow, read before its rows were. */
export function taggedRows(
  rows: readonly SplitCounters[],
  plan: PlannedFlow,
  counters: SettledCounters | undefined,
  asked: TaggedAsked,
): readonly Row[] {
  const made = rows
    .filter(({ sentFrames, frames }) => asked.include_empty_metrics || frames > 0 || (sentFrames ?? 0) > 0)
    .map((row) => ({ row, tags: tagsOfRow(row, plan.tags!) }))
    .filter(({ tags }) => isAsked(tags, asked))
    .map(({ row, tags }) => rowOf(row, tags, plan, counters));
  return askedColumns(made, asked.metric_names, always);
}

/** @throws OtgRefusal: a filter names a tag that no flow has. */
export function checkFilters({ filters }: TaggedAsked, plans: readonly PlannedFlow[], path: string): void {
  if (filters.length === 0) return;
  const known = new Set(plans.flatMap(({ tags }) => (tags === null ? [] : namesOf(tags))));
  const faults = filters.flatMap(({ name = "" }, k) =>
    known.has(name) ? [] : [`${path}.filters[${k}].name: no flow has a metric tag "${name}"`],
  );
  if (faults.length > 0) throw invalid(...faults.slice(0, 50));
}

const namesOf = ({ sent, received, split }: FlowTags): readonly string[] => [
  ...[...sent, ...received],
  ...(split.byPort ? [portTag] : []),
];
