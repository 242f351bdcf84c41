/** The whole lab of the test plan, generator > host > container > host > generator: testpmd's three hops and ours. */
import { spawnSync } from "node:child_process";
import { alternate, type Contender } from "./harness.js";
import { compared, type Outcome } from "./outcome.js";
import { hasTestpmd } from "./testpmd.js";

interface LabRun {
  readonly trials: readonly {
    readonly rxPps: number;
    readonly unaccounted: number | null;
    readonly dutOwnRates?: { readonly txPps: number; readonly generatorRxPps: number };
  }[];
}

const labRun = (dut: string, apart: number[], unaccounted: number[]): Contender => ({
  name: `three hops, 64 bytes, max, ${dut}: back`,
  async run() {
    const args = [
      "dist/cli/main.js",
      "--dut",
      dut,
      "--sizes",
      "64",
      "--rate",
      "max",
      "--duration",
      "2s",
      "--json",
      "-",
    ];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", maxBuffer: 1e8 });
    if (stdout === "") throw new Error(stderr);
    const [trial] = (JSON.parse(stdout) as LabRun).trials;
    if (trial.dutOwnRates !== undefined) {
      apart.push(Math.abs(trial.dutOwnRates.txPps / trial.dutOwnRates.generatorRxPps - 1));
    }
    unaccounted.push(trial.unaccounted ?? Number.NaN);
    return trial.rxPps / 1e6;
  },
});

export async function labBench(rounds: number): Promise<Outcome> {
  const apart: number[] = [];
  const unaccounted: number[] = [];
  const duts = hasTestpmd() ? ["testpmd,container=none", "embedded"] : ["embedded"];
  const series = await alternate(
    duts.map((dut) => labRun(dut, apart, unaccounted)),
    rounds,
    "Mpps",
  );
  const outcome = compared(series, { apart, unaccounted });
  const percent = apart.map((share) => `${(share * 100).toFixed(2)} %`).join(", ");
  const lines = [...outcome.lines, `unaccounted: ${unaccounted.join(", ")}`];
  return { ...outcome, lines: apart.length > 0 ? [...lines, `testpmd's own rate is off ours by ${percent}`] : lines };
}
