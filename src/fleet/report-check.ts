/** A report as an agent hands it over, checked before anything is counted: whoever is on the bus may have sent it. */
import { z } from "zod";
import { type PktgenError, usageError } from "../errors.js";
import type { TrialInputs } from "../measure/trial-result.js";
import { causes } from "../stats/cause.js";
import type { ReportPart } from "./agent-link.js";

const count = z.int().min(0);
/** Not finite ones too: what is unknown. */
const figure = z.custom<number>((value) => typeof value === "number", "no number");
const text = z.string().max(10_000);
const texts = z.array(text).max(10_000).optional();

/** Objects of counts; what else they have is checked where it is merged. */
const counts = <K extends string>(...keys: readonly K[]) => z.looseObject(fieldsOf(keys, count));
const fieldsOf = <K extends string, S>(keys: readonly K[], schema: S) =>
  Object.fromEntries(keys.map((key) => [key, schema])) as Record<K, S>;

const transmit = z.looseObject({
  ...fieldsOf(["intended", "late", "missed", "blocked", "blockedOwn"], count),
  ...fieldsOf(["blockedNs", "lastBlockedNs", "firstNs", "lastNs", "windowNs"], figure),
  queues: z.array(counts("queue", "published", "outstanding", "bytes", "sentBytes", "carried")).max(10_000),
});

const runs = counts("count", "frames", "max");

const received = z.looseObject({
  ...fieldsOf(["received", "receivedBytes", "accepted", "duplicate", "reordered", "corrupt", "tooOld"], count),
  ...fieldsOf(["stale", "staleOfOthers", "foreign"], count),
  ...fieldsOf(["firstArrivalNs", "lastArrivalNs"], figure),
  queues: z.array(counts("queue", "packets", "bytes")).max(10_000),
  acceptedByQueue: z.array(count),
  corruptByQueue: z.array(count),
  corruptKinds: counts("signature", "padded", "trimmed", "payload"),
  lostRanges: z.array(z.tuple([count, count])),
  reorderRuns: z.looseObject({ reordered: runs, free: runs }).optional(),
  firstCorrupt: z.array(z.looseObject({ reason: text, hex: text })),
  firstForeign: z.array(z.looseObject({ reason: text, hex: text })),
});

/** Of hosts that receive what others send. */
const pairs = z.looseObject({
  senders: z
    .array(z.looseObject({ share: count, receive: received, seenByQueue: z.array(count).max(10_000) }))
    .max(10_000),
  strayed: z.array(counts("share", "frames")).max(10_000),
});
const receive = z.looseObject({ ...received.shape, pairs: pairs.optional() });

const hopCounts = ["rx", "tx", "dropped", "duplicated", "inRing"] as const;

const inputs = z.looseObject({
  phase: text,
  signed: z.boolean(),
  report: z.looseObject({ transmit, receive, elapsedNs: figure, calibrationNs: z.tuple([figure, figure]) }),
  disturbance: z.looseObject({ stealMs: figure, switches: figure }),
  drops: counts("received", "sent").optional(),
  hops: z
    .array(
      z.looseObject({
        name: text,
        ...fieldsOf(hopCounts, figure),
        queues: z.array(z.looseObject({ queue: count, ...fieldsOf(hopCounts, figure) })),
      }),
    )
    .optional(),
  faults: z.array(z.looseObject({ cause: z.enum(causes), text })).optional(),
  ...{ failures: texts, notes: texts },
});

const partSchema = z.looseObject({
  inputs: z.array(inputs),
  startNs: z.number(),
  stopped: text.nullable(),
  lost: text.nullable(),
});

const unreadable = (agent: string, what: string): PktgenError =>
  usageError(`its report cannot be read: ${what}`, { where: agent, accepted: "a report of the same pktgen-ts" });

/** `directions`: of the trial. @throws PktgenError (2) that names the field. */
export function checkedPart(
  report: { readonly from: string; readonly incarnation: string; readonly part: unknown },
  directions: number,
): ReportPart {
  const checked = partSchema.safeParse(report.part);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw unreadable(report.from, `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not as expected"}`);
  }
  const { startNs, stopped, lost } = checked.data;
  if (checked.data.inputs.length !== directions) throw unreadable(report.from, "it is not of this trial's directions");
  const own = checked.data.inputs as unknown as readonly TrialInputs[];
  return { kind: "part", incarnation: report.incarnation, inputs: own, startNs, stopped, lost };
}
