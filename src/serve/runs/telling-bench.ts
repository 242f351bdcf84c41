/** A bench that tells what it does: warms up, or runs a trial. */
import type { OpenBench } from "../../measure/bench.js";

type Tell = (state: "warming" | "running", trial?: number) => void;

export const tellingBench =
  (open: OpenBench, tell: Tell): OpenBench =>
  async (plan, hooks, total) => {
    const bench = await open(plan, hooks, total);
    const warmUp = bench.warmUp.bind(bench);
    const trial = bench.trial.bind(bench);
    return Object.assign(bench, {
      warmUp: (like: Parameters<typeof warmUp>[0]) => {
        tell("warming");
        return warmUp(like);
      },
      trial: (request: Parameters<typeof trial>[0], index: number) => {
        tell("running", index);
        return trial(request, index);
      },
    });
  };
