/** `soak`: from options to one load for hours, and to an earlier report that is taken up again. */
import { createHash } from "node:crypto";
import { usageError } from "../../errors.js";
import type { RunPlan } from "../../measure/plan.js";
import { runSoak, type SoakSettings } from "../../method/soak.js";
import { judgeSoak } from "../../method/soak-verdict.js";
import { soakSchema } from "../../result/method-schema.js";
import type { RunResult, Soak } from "../../result/run-result.js";
import { hostFacts } from "../../sys/host.js";
import { readJsonDocument } from "../../sys/input-file.js";
import { usualTolerances } from "../../tolerances.js";
import { type FrameSize, formatRate, frameSizeName, meanFrameBytes } from "../../units.js";
import { knownOf } from "../known-setup.js";
import { plainMethod } from "../method-facts.js";
import { soakOptions } from "../method-options.js";
import { readOptions, type TextsOf } from "../option.js";
import type { RunOptions } from "../run-options.js";
import { loadPps, onlySize } from "./loads.js";
import type { MethodEntry } from "./method.js";

export type SoakOptions = TextsOf<typeof soakOptions>;

/** What must be the same for a report to be taken up again. */
function setupOf(plan: RunPlan): Record<string, string> {
  const { cpu, cores } = hostFacts();
  const { dut, dutOptions, queues } = knownOf(plan);
  const ports = plan.dut.kind === "external" ? `${plan.dut.tx.text} ${plan.dut.rx?.text ?? ""}`.trim() : dutOptions;
  const bits = (_key: string, value: unknown): unknown => (typeof value === "bigint" ? `${value}n` : value);
  const traffic = JSON.stringify([plan.stream, plan.bidirectional], bits);
  return {
    cpu: `${cpu}, ${cores} cores`,
    "device under test": ports === "" ? dut : `${dut}, ${ports}`,
    queues: String(queues),
    traffic: createHash("sha256").update(traffic).digest("hex").slice(0, 16),
  };
}

/** The soak of an earlier report, which must be of the same size, load and setup. */
function earlierSoak(path: string, size: FrameSize, pps: number, setup: Record<string, string>): Soak {
  const where = "--resume";
  const accepted = "a file of --state, or of soak's --json";
  const document = readJsonDocument(path, where, accepted) as Partial<RunResult> | null;
  if (document?.soak === undefined) throw usageError(`${path} has no soak in it`, { where, accepted });
  const checked = soakSchema.safeParse(document.soak);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    const what = `soak.${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not as expected"}`;
    throw usageError(`${path} is damaged, or of another version: ${what}`, { where, accepted });
  }
  const soak = checked.data as Soak;
  if (soak.frameBytes !== frameSizeName(size) || soak.pps !== pps) {
    const what = `${path} is of ${soak.frameBytes} bytes at ${formatRate({ kind: "pps", pps: soak.pps })}`;
    throw usageError(what, { where, accepted: "a report of the same size and load" });
  }
  const other = Object.keys(setup).find((key) => soak.setup?.[key] !== setup[key]);
  if (other === undefined) return soak;
  const there = soak.setup?.[other] ?? "not said";
  const what =
    other === "traffic" ? `${path} is of other traffic` : `${path} is of another setup: ${other} ${there} there`;
  const here = other === "traffic" ? "the same profile and options" : `${setup[other]}, as here`;
  throw usageError(what, { where, accepted: `a report of ${here}`, hint: "leave --resume away to begin anew" });
}

const defaultRate = { kind: "pps", pps: 10_000 } as const;
const defaultDurationNs = 3_600e9;
const defaultPieceNs = 10e9;

/** Reads the file of `--resume`. Throws a usage error where it is of another load, or of another setup. */
export function soakSettings(texts: SoakOptions, plan: RunPlan): SoakSettings {
  const given = readOptions(soakOptions, texts);
  const size = onlySize(plan, "one: a soak has one load");
  const pps = loadPps(given.load ?? defaultRate, "--load", meanFrameBytes(size), plan.lineRateBps);
  const setup = setupOf(plan);
  return {
    size,
    pps,
    firstNumber: plan.startSequence,
    durationNs: given.for ?? defaultDurationNs,
    pieceNs: given.piece ?? defaultPieceNs,
    resume: given.resume === undefined ? null : earlierSoak(given.resume, size, pps, setup),
    setup,
  };
}

/** `onPiece` is told of the soak so far after each piece. */
export const soakEntry = (onPiece: (soak: Soak) => void): MethodEntry<RunOptions & SoakOptions, SoakSettings> => ({
  sizes: "64",
  settings: soakSettings,
  facts: ({ size, pps, pieceNs, durationNs }) =>
    plainMethod("soak", {
      ...{ size: frameSizeName(size), pps, pieceNs },
      forNs: Number.isFinite(durationNs) ? durationNs : null,
    }),
  expectedTrials: ({ durationNs, pieceNs }) => (Number.isFinite(durationNs) ? Math.ceil(durationNs / pieceNs) : 0),
  keepTrials: 100,
  run: async (measurer, settings) => ({ soak: await runSoak(measurer, settings, () => new Date(), onPiece) }),
  judge: (result, { lossLimit, tolerances = usualTolerances }) =>
    judgeSoak(result, { lossRatioMax: lossLimit ?? 0, tolerances }),
});
