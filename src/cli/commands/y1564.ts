/** `y1564`: service activation, the configuration and the performance test of ITU-T Y.1564. */
import { usageError } from "../../errors.js";
import type { Row } from "../../options/option-rows.js";
import type { RunOptions } from "../../options/run-options.js";
import { meanFrameBytes, parseDuration, parseRatio } from "../../units.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { addMethodOptions, decidedByMethods, decidesItself, methodPlan, runMethodCommand } from "./method-command.js";

interface ServiceOptions {
  readonly cir?: string;
  readonly eir?: string;
  readonly steps?: string;
  readonly stepDuration?: string;
  readonly performance?: string;
  readonly policing?: boolean;
  readonly flr?: string;
  readonly ftd?: string;
  readonly ifdv?: string;
}

const rows: readonly Row[] = [
  ["--cir <rate>", "committed information rate, e.g. 100Mbps or 50kpps"],
  ["--eir <rate>", "excess information rate on top of it (default: none)"],
  ["--steps <shares>", "of the CIR, growing (default: 25%,50%,75%,100%)"],
  ["--step-duration <time>", "of each step (default: 10s)"],
  ["--performance <time>", "of the performance test at CIR (default: 15min)"],
  ["--policing", "traffic above CIR + EIR must be dropped"],
];
const criteria: readonly Row[] = [
  ["--flr <ratio>", "frame loss ratio that the service promises (default: 0)"],
  ["--ftd <time>", "mean frame transfer delay that it promises"],
  ["--ifdv <time>", "delay variation that it promises, of 99.9 % of frames"],
];

const examples = `
Examples:
  pktgen-ts y1564 --sizes 512 --cir 20kpps --policing --performance 1min --dut embedded,rate=20kpps
  pktgen-ts y1564 --sizes 512 --cir 50Mbps --eir 20Mbps --flr 0.1% --ftd 5ms --html service.html
`;

function stepsOf(text: string): number[] {
  const steps = text.split(",").map((piece) => parseRatio(piece.trim(), "--steps"));
  const falls = steps.some((share, i) => share <= (steps[i - 1] ?? 0));
  if (!falls && steps.at(-1) === 1) return steps;
  const what = falls ? "the steps do not grow" : "the last step is not the whole CIR";
  throw usageError(what, { where: "--steps", accepted: "growing shares that end with 100%, e.g. 25%,50%,75%,100%" });
}

async function runService(
  options: RunOptions & ServiceOptions,
  words: readonly string[],
  context: CommandContext,
): Promise<void> {
  const plan = await methodPlan(options, words, "512", context);
  const { loadPps } = await import("../../options/method-options.js");
  const [size] = plan.sizes;
  if (size === undefined || plan.sizes.length > 1) {
    throw usageError(`${plan.sizes.length} sizes`, {
      where: "--sizes",
      accepted: "one size or mix: a service has one",
    });
  }
  if (options.cir === undefined) throw usageError("which rate?", { where: "--cir", accepted: "e.g. 100Mbps, 50kpps" });
  const rate = (text: string, where: string): number => loadPps(text, where, meanFrameBytes(size), plan.lineRateBps);
  const timeOf = (text: string | undefined, where: string): number | null =>
    text === undefined ? null : parseDuration(text, where);
  const settings = {
    size,
    cirPps: rate(options.cir, "--cir"),
    eirPps: options.eir === undefined ? 0 : rate(options.eir, "--eir"),
    steps: stepsOf(options.steps ?? "25%,50%,75%,100%"),
    stepNs: parseDuration(options.stepDuration ?? "10s", "--step-duration"),
    performanceNs: parseDuration(options.performance ?? "15min", "--performance"),
    policing: options.policing === true,
    policingMargin: 0.01,
    criteria: {
      lossRatio: parseRatio(options.flr ?? "0", "--flr"),
      delayNs: timeOf(options.ftd, "--ftd"),
      delayVariationNs: timeOf(options.ifdv, "--ifdv"),
    },
  };
  const short = settings.performanceNs < 15 * 60e9 ? ["a performance test below 15 min, Y.1564 §8.2"] : [];
  const [{ serviceActivation }, { runMethod }, { serviceMethod }] = await Promise.all([
    import("../../method/service.js"),
    import("../../method/session.js"),
    import("../../options/method-facts.js"),
  ]);
  const method = () => serviceMethod(settings, short);
  await runMethodCommand(options, plan, context, method, (from, hooks) =>
    runMethod(
      {
        plan: from,
        method,
        keepTrials: 10_000,
        expectedTrials: settings.steps.length + 3,
        run: async (bench) => ({ service: await serviceActivation(bench, settings) }),
      },
      hooks,
    ),
  );
}

export const serviceCommand: CommandDefinition = {
  name: "y1564",
  summary: "service activation: CIR in steps, EIR, policing and performance (ITU-T Y.1564)",
  instead: decidesItself({
    "--rate": "see --cir and --eir",
    "--duration": "see --step-duration and --performance",
    "--count": "see --step-duration",
    "--loss": "see --flr",
  }),
  define: (command, context) => {
    addMethodOptions(command, {
      without: decidedByMethods,
      rows: { "The service": rows, "What it promises": criteria },
      sizes: "512",
    });
    command.addHelpText("after", examples);
    command
      .allowExcessArguments()
      .action(() => runService(command.opts<RunOptions & ServiceOptions>(), command.args, context));
  },
};
