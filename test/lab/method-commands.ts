/** A short run of every method, at loads that a busy machine offers. */

const search = ["--min-load", "1kpps", "--width", "50%", "--line-rate", "10Mbps", "--max-trials", "4"];
const searched = (trial: string): string[] => [
  ...["--trial", trial, "--initial-trial", trial, "--dut-queue", "16"],
  ...search,
];

export const methodNames = ["ndr", "throughput", "loss", "latency", "soak", "y1564", "burst"] as const;
export type MethodName = (typeof methodNames)[number];

/** The command of a method whose trials last `trialMs`, without its device. */
export function methodCommand(name: MethodName, trialMs: number): string[] {
  const trial = `${trialMs}ms`;
  const commands: Readonly<Record<MethodName, readonly string[]>> = {
    ndr: ["ndr", "--quick", ...searched(trial)],
    throughput: ["rfc2544", "--quick", "--tests", "throughput", ...searched(trial)],
    loss: ["rfc2544", "--quick", "--tests", "loss", "--trial", trial, "--loss-step", "50%", "--line-rate", "5Mbps"],
    latency: ["latency", "--reference", "4kpps", "--loads", "50%,100%", "--trial-duration", trial],
    soak: ["soak", "--load", "2kpps", "--for", `${2 * trialMs}ms`, "--piece", trial],
    y1564: ["y1564", "--cir", "4kpps", "--steps", "50%,100%", "--step-duration", trial, "--performance", trial],
    burst: ["burst", "--load", "20kpps", "--frames", "64,128"],
  };
  return [...commands[name], "--sizes", "128", "--warmup", "100ms"];
}

export const verdictCodes = { pass: 0, fail: 1, invalid: 4 } as const;
