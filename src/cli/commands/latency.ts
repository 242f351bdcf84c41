/** `latency`: latency and delay variation at shares of the no-drop rate. */
import { usageError } from "../../errors.js";
import type { RunPlan } from "../../measure/plan.js";
import type { loadPps as LoadPps } from "../../options/method-options.js";
import type { Row } from "../../options/option-rows.js";
import type { RunOptions } from "../../options/run-options.js";
import { type SearchOptions, searchRows } from "../../options/search-rows.js";
import { isSigned } from "../../stream/spec.js";
import { frameSizeName, meanFrameBytes, parseCount, parseDuration, parseRatio } from "../../units.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { addMethodOptions, decidedByMethods, decidesItself, methodPlan, runMethodCommand } from "./method-command.js";

interface LatencyOptions extends SearchOptions {
  readonly loads?: string;
  readonly reference?: string;
  readonly trialDuration?: string;
  readonly repeats?: string;
  readonly probe?: string;
}

const rows: readonly Row[] = [
  ["--loads <shares>", "of the reference rate (default: 10%,50%,90%,100%)"],
  ["--reference <rate>", "what 100% is (default: each size's NDR, searched for quickly first)"],
  ["--trial-duration <time>", "at each load (default: 10s)"],
  ["--repeats <n>", "trials at each load (default: 1)"],
  ["--probe <rate>", "a stream beside the load, on top of it, whose latency is reported by itself, e.g. 1kpps"],
];

const examples = `
Examples:
  pktgen-ts latency --sizes 64 --reference 20kpps --dut embedded,rate=40kpps --html latency.html
  pktgen-ts latency --sizes 64 --reference 20kpps --loads 100% --probe 1kpps --dut embedded,rate=40kpps
  pktgen-ts latency --sizes 64,1518 --threshold 'latency 50 %.p99<=500us'
`;

function sharesOf(text: string): number[] {
  const shares = text.split(",").map((piece) => parseRatio(piece.trim(), "--loads"));
  if (shares.every((share) => share > 0)) return shares;
  throw usageError("a load of 0 sends nothing", { where: "--loads", accepted: "shares above 0, e.g. 10%,50%,100%" });
}

/** A probe's frames are told from the load's by their signature. */
function probePps(text: string, { sizes, stream, lineRateBps }: RunPlan, loadPps: typeof LoadPps): number {
  const small = sizes.find((size) => !isSigned(stream, size));
  if (small !== undefined) {
    throw usageError(`frames of ${frameSizeName(small)} bytes are too small to tell the probe from the load`, {
      where: "--probe",
      accepted: "larger --sizes: from 64, with a VLAN tag from 68, IPv6 from 84",
    });
  }
  const rates = sizes.map((size) => loadPps(text, "--probe", meanFrameBytes(size), lineRateBps));
  if (rates.every((rate) => rate === rates[0])) return rates[0]!;
  throw usageError(`"${text}" is another rate in frames for each size`, { where: "--probe", accepted: "e.g. 1kpps" });
}

async function runLatency(
  options: RunOptions & LatencyOptions,
  words: readonly string[],
  context: CommandContext,
): Promise<void> {
  const plan = await methodPlan(options, words, "64,1518", context);
  const { loadPps, ndrSettings } = await import("../../options/method-options.js");
  const search = ndrSettings({ ...options, quick: true }, plan);
  const { reference, probe, trialDuration = "10s", repeats = "1", loads = "10%,50%,90%,100%" } = options;
  const settings = {
    sizes: plan.sizes,
    shares: sharesOf(loads),
    durationNs: parseDuration(trialDuration, "--trial-duration"),
    repeats: parseCount(repeats, "--repeats", 1, 1_000),
    referencePps:
      reference === undefined
        ? null
        : (size: (typeof plan.sizes)[number]) =>
            loadPps(reference, "--reference", meanFrameBytes(size), plan.lineRateBps),
    search: { ...search, goals: search.goals.slice(0, 1) },
    probePps: probe === undefined ? null : probePps(probe, plan, loadPps),
    lossRatioMax: plan.lossLimit ?? 0,
  };
  for (const size of plan.sizes) settings.referencePps?.(size);
  const [{ latencyAtLoads }, { runMethod }, { latencyMethod }] = await Promise.all([
    import("../../method/latency.js"),
    import("../../method/session.js"),
    import("../../options/method-facts.js"),
  ]);
  const perSize = settings.shares.length * settings.repeats + (reference === undefined ? 9 : 0);
  const method = () => latencyMethod(settings);
  await runMethodCommand(options, plan, context, method, (from, hooks) =>
    runMethod(
      {
        plan: from,
        method,
        keepTrials: 10_000,
        expectedTrials: perSize * plan.sizes.length,
        run: (bench) => latencyAtLoads(bench, settings),
      },
      hooks,
    ),
  );
}

export const latencyCommand: CommandDefinition = {
  name: "latency",
  summary: "latency and delay variation of every frame, at 10, 50, 90 and 100 % of the no-drop rate",
  instead: decidesItself({
    "--rate": "see --reference and --loads",
    "--duration": "see --trial-duration",
    "--count": "see --trial-duration",
    "--repeat": "see --repeats",
  }),
  define: (command, context) => {
    addMethodOptions(command, {
      without: decidedByMethods.filter((name) => name !== "--loss"),
      rows: { "What is measured": rows, "How the no-drop rate is searched": searchRows },
      sizes: "64,1518",
    });
    command.addHelpText("after", examples);
    command
      .allowExcessArguments()
      .action(() => runLatency(command.opts<RunOptions & LatencyOptions>(), command.args, context));
  },
};
