/** `soak`: one load for hours, with interval statistics and each spell of loss. */
import { createHash } from "node:crypto";
import { PktgenError, usageError } from "../../errors.js";
import type { RunPlan } from "../../measure/plan.js";
import type { Row } from "../../options/option-rows.js";
import type { RunOptions } from "../../options/run-options.js";
import type { RunResult, Soak } from "../../result/run-result.js";
import { readJsonDocument } from "../../sys/input-file.js";
import { usualTolerances } from "../../tolerances.js";
import { formatRate, frameSizeName, meanFrameBytes, parseDuration, parseDurationOrForever } from "../../units.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { knownOf } from "../output/baseline-file.js";
import { type ResultFile, writeResultFile } from "../output/result-file.js";
import { addMethodOptions, decidedByMethods, decidesItself, methodPlan, runMethodCommand } from "./method-command.js";

interface SoakOptions {
  readonly load?: string;
  readonly for?: string;
  readonly piece?: string;
  readonly resume?: string;
  readonly state?: string;
}

const rows: readonly Row[] = [
  ["--load <rate>", "frames per second, or a share of --line-rate (default: 10kpps)"],
  ["--for <time>", "so long, or forever (until Ctrl-C; default: 1h)"],
  ["--piece <time>", "sending goes in pieces of this length, with the settle time between (default: 10s)"],
  ["--state <file>", "the result so far as JSON, written anew after each piece"],
  ["--resume <file>", "takes up the report of such a file, or of an earlier --json"],
];

const examples = `
Examples:
  pktgen-ts soak --sizes 64 --load 20kpps --for 8h --state soak.json --html soak.html
  pktgen-ts soak --sizes 64 --load 20kpps --for 8h --state soak.json --resume soak.json
`;

/** What must be the same for a report to be taken up again. */
async function setupOf(plan: RunPlan): Promise<Record<string, string>> {
  const { hostFacts } = await import("../../sys/host.js");
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
async function earlierSoak(path: string, plan: RunPlan, pps: number, setup: Record<string, string>): Promise<Soak> {
  const where = "--resume";
  const accepted = "a file of --state, or of soak's --json";
  const document = readJsonDocument(path, where, accepted) as Partial<RunResult> | null;
  if (document?.soak === undefined) throw usageError(`${path} has no soak in it`, { where, accepted });
  const { soakSchema } = await import("../../result/method-schema.js");
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

/** What cannot be written is said, each reason once: the measurement is worth more than its state. */
function stateWriter(file: ResultFile | null, say: (note: string) => void): (soak: Soak) => void {
  let said = "";
  return (soak) => {
    if (file === null) return;
    try {
      writeResultFile(file, `${JSON.stringify({ soak }, null, 2)}\n`);
      said = "";
    } catch (error) {
      if (!(error instanceof PktgenError)) throw error;
      if (said !== error.message) say(`${error.toLine()}; the soak goes on, and this state is missing or an older one`);
      said = error.message;
    }
  };
}

async function runSoak(
  options: RunOptions & SoakOptions,
  words: readonly string[],
  context: CommandContext,
): Promise<void> {
  const plan = await methodPlan(options, words, "64", context);
  const { loadPps } = await import("../../options/method-options.js");
  const [size] = plan.sizes;
  if (size === undefined || plan.sizes.length > 1) {
    throw usageError(`${plan.sizes.length} sizes`, { where: "--sizes", accepted: "one: a soak has one load" });
  }
  const { load = "10kpps", for: howLong = "1h", piece = "10s", resume, state } = options;
  const pps = loadPps(load, "--load", meanFrameBytes(size), plan.lineRateBps);
  const pieceNs = parseDuration(piece, "--piece", 1e6);
  const durationNs = parseDurationOrForever(howLong, "--for");
  const setup = await setupOf(plan);
  const earlier = resume === undefined ? null : await earlierSoak(resume, plan, pps, setup);
  const file = state === undefined ? null : { option: "--state", path: state };
  if (file !== null) (await import("../output/result-file.js")).checkResultFiles([file]);
  const [{ soak }, { judgeSoak }, { runMethod }, { plainMethod }] = await Promise.all([
    import("../../method/soak.js"),
    import("../../method/soak-verdict.js"),
    import("../../method/session.js"),
    import("../../options/method-facts.js"),
  ]);
  const settings = { size, pps, firstNumber: plan.startSequence, durationNs, pieceNs, resume: earlier, setup };
  const onPiece = stateWriter(file, (note) => context.output.message(`pktgen-ts: ${note}\n`));
  const facts = { size: frameSizeName(size), pps, pieceNs, forNs: Number.isFinite(durationNs) ? durationNs : null };
  const method = () => plainMethod("soak", facts);
  await runMethodCommand(options, plan, context, method, async (from, hooks) =>
    judgeSoak(
      await runMethod(
        {
          plan: from,
          method,
          keepTrials: 100,
          expectedTrials: Number.isFinite(durationNs) ? Math.ceil(durationNs / pieceNs) : 0,
          run: async (bench) => ({ soak: await soak(bench, settings, () => new Date(), onPiece) }),
        },
        hooks,
      ),
      { lossRatioMax: from.lossLimit ?? 0, tolerances: from.tolerances ?? usualTolerances },
    ),
  );
}

export const soakCommand: CommandDefinition = {
  name: "soak",
  summary: "one load for hours: interval statistics, and each spell of loss with its time and length",
  instead: decidesItself({
    "--rate": "see --load",
    "--duration": "see --for",
    "--count": "see --for",
  }),
  define: (command, context) => {
    addMethodOptions(command, {
      without: decidedByMethods.filter((name) => name !== "--loss"),
      rows: { "How much, how long": rows },
      sizes: "64",
    });
    command.addHelpText("after", examples);
    command
      .allowExcessArguments()
      .action(() => runSoak(command.opts<RunOptions & SoakOptions>(), command.args, context));
  },
};
