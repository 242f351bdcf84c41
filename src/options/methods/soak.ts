/** `soak` from its options. */
import { createHash } from "node:crypto";
import { usageError } from "../../errors.js";
import type { RunPlan } from "../../measure/plan.js";
import { runMethod } from "../../method/session.js";
import { soak } from "../../method/soak.js";
import { judgeSoak } from "../../method/soak-verdict.js";
import { soakSchema } from "../../result/method-schema.js";
import type { RunResult, Soak } from "../../result/run-result.js";
import { hostFacts } from "../../sys/host.js";
import { readJsonDocument } from "../../sys/input-file.js";
import { usualTolerances } from "../../tolerances.js";
import { formatRate, frameSizeName, meanFrameBytes, parseDuration, parseDurationOrForever } from "../../units.js";
import { plainMethod } from "../method-facts.js";
import { loadPps } from "../method-options.js";
import type { RunOptions } from "../run-options.js";
import type { PreparedMethod } from "./prepared.js";

export interface SoakOptions extends RunOptions {
  readonly load?: string;
  readonly for?: string;
  readonly piece?: string;
  readonly resume?: string;
}

/** Pieces that the document keeps as trials. */
const keptPieces = 100;

/** What must be the same for a report to be taken up again. */
function setupOf(plan: RunPlan): Record<string, string> {
  const { cpu, cores } = hostFacts();
  const { dut, queues } = plan;
  const ports = dut.kind === "external" ? `${dut.tx.text} ${dut.rx?.text ?? ""}`.trim() : dut.options.given.join(",");
  const bits = (_key: string, value: unknown): unknown => (typeof value === "bigint" ? `${value}n` : value);
  const traffic = JSON.stringify([plan.stream, plan.bidirectional], bits);
  return {
    cpu: `${cpu}, ${cores} cores`,
    "device under test": ports === "" ? dut.kind : `${dut.kind}, ${ports}`,
    queues: String(queues),
    traffic: createHash("sha256").update(traffic).digest("hex").slice(0, 16),
  };
}

/** The soak of an earlier report, which must be of the same size, load and setup. */
function earlierSoak(path: string, plan: RunPlan, pps: number, setup: Record<string, string>): Soak {
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
  const size = plan.sizes[0]!;
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

/**
 * `onPiece` is told the soak so far after each piece. @throws PktgenError (2) for the first option that cannot be.
 */
export function prepareSoak(options: SoakOptions, plan: RunPlan, onPiece: (soak: Soak) => void): PreparedMethod {
  const [size] = plan.sizes;
  if (size === undefined || plan.sizes.length > 1) {
    throw usageError(`${plan.sizes.length} sizes`, { where: "--sizes", accepted: "one: a soak has one load" });
  }
  const { load = "10kpps", for: howLong = "1h", piece = "10s", resume } = options;
  const pps = loadPps(load, "--load", meanFrameBytes(size), plan.lineRateBps);
  const pieceNs = parseDuration(piece, "--piece", 1e6);
  const durationNs = parseDurationOrForever(howLong, "--for");
  const setup = setupOf(plan);
  const earlier = resume === undefined ? null : earlierSoak(resume, plan, pps, setup);
  const settings = { size, pps, firstNumber: plan.startSequence, durationNs, pieceNs, resume: earlier, setup };
  const isBounded = Number.isFinite(durationNs);
  const facts = { size: frameSizeName(size), pps, pieceNs, forNs: isBounded ? durationNs : null };
  const method = () => plainMethod("soak", facts);
  const session = {
    plan,
    method,
    keepTrials: keptPieces,
    expectedTrials: isBounded ? Math.ceil(durationNs / pieceNs) : 0,
    run: async (bench: Parameters<typeof soak>[0]) => ({
      soak: await soak(bench, settings, () => new Date(), onPiece),
    }),
  };
  const limits = { lossRatioMax: plan.lossLimit ?? 0, tolerances: plan.tolerances ?? usualTolerances };
  return { plan, method, run: async (hooks) => judgeSoak(await runMethod(session, hooks), limits) };
}
