/** `burst`: what a device's queues absorb of bursts and ramps. */
import { usageError } from "../../errors.js";
import type { Row } from "../../options/option-rows.js";
import type { RunOptions } from "../../options/run-options.js";
import { parseCount, parseDuration } from "../../units.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { addMethodOptions, decidedByMethods, decidesItself, methodPlan, runMethodCommand } from "./method-command.js";

interface BurstOptions {
  readonly load?: string;
  readonly frames?: string;
  readonly ramp?: boolean;
  readonly steps?: string;
  readonly stepDuration?: string;
}

const rows: readonly Row[] = [
  ["--load <rate>", "of a burst's frames, or of the last step of a ramp (default: 1Mpps)"],
  ["--frames <list>", "lengths of the bursts, growing (default: 64,128,256,512,1024,2048,4096)"],
  ["--ramp", "a ramp of load instead of bursts"],
  ["--steps <n>", "of the ramp (default: 10)"],
  ["--step-duration <time>", "of each step of the ramp (default: 1s)"],
];

const examples = `
Examples:
  pktgen-ts burst --sizes 64 --load 200kpps --dut embedded,rate=40kpps,queue=256
  pktgen-ts burst --ramp --load 80kpps --dut embedded,rate=40kpps
`;

function framesOf(text: string): number[] {
  const frames = text.split(",").map((piece) => parseCount(piece.trim(), "--frames"));
  if (frames.every((count, i) => count > (frames[i - 1] ?? 0))) return frames;
  throw usageError("the bursts do not grow", { where: "--frames", accepted: "growing counts, e.g. 64,256,1024" });
}

async function runBurst(
  options: RunOptions & BurstOptions,
  words: readonly string[],
  context: CommandContext,
): Promise<void> {
  const plan = await methodPlan(options, words, "64", context);
  const { loadPps } = await import("../../options/method-options.js");
  const { load = "1Mpps", frames = "64,128,256,512,1024,2048,4096", steps = "10", stepDuration = "1s" } = options;
  const settings = {
    sizes: plan.sizes,
    kind: options.ramp === true ? ("ramp" as const) : ("burst" as const),
    pps: loadPps(load, "--load", 64, plan.lineRateBps),
    frames: framesOf(frames),
    rampSteps: parseCount(steps, "--steps", 1, 1_000),
    stepNs: parseDuration(stepDuration, "--step-duration"),
  };
  const [{ absorption }, { runMethod }, { plainMethod }] = await Promise.all([
    import("../../method/absorption.js"),
    import("../../method/session.js"),
    import("../../options/method-facts.js"),
  ]);
  const { kind, pps, rampSteps } = settings;
  const each = kind === "ramp" ? rampSteps : settings.frames.length;
  const facts = { kind, pps, ...(kind === "ramp" ? { rampSteps, stepNs: settings.stepNs } : { frames }) };
  const method = () => plainMethod("burst", facts);
  await runMethodCommand(options, plan, context, method, (from, hooks) =>
    runMethod(
      {
        plan: from,
        method,
        keepTrials: 10_000,
        expectedTrials: each * plan.sizes.length,
        run: async (bench) => ({ absorption: await absorption(bench, settings) }),
      },
      hooks,
    ),
  );
}

export const burstCommand: CommandDefinition = {
  name: "burst",
  summary: "what the queues of a device absorb: bursts of growing length, or a ramp of load",
  instead: decidesItself({
    "--rate": "see --load",
    "--duration": "see --step-duration",
    "--count": "see --frames",
  }),
  define: (command, context) => {
    addMethodOptions(command, { without: decidedByMethods, rows: { "Bursts and ramps": rows }, sizes: "64" });
    command.addHelpText("after", examples);
    command
      .allowExcessArguments()
      .action(() => runBurst(command.opts<RunOptions & BurstOptions>(), command.args, context));
  },
};
