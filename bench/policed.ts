/**
 * Is the limit found where it is? A policed rate searched five times over: on the embedded device, and where
 * dpdk-testpmd is installed with it as host and the embedded container behind it. Every limit must lie within 1 %.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { RunResult } from "../src/result/run-result.js";
import type { Outcome } from "./outcome.js";
import { hasTestpmd, Testpmd } from "./testpmd.js";

const policedPps = Number(process.env["BENCH_POLICED_PPS"] ?? 10_000);
const main = "dist/cli/main.js";

function search(dut: readonly string[]): NonNullable<RunResult["results"]>[number] {
  const goal = [
    "ndr",
    "--quick",
    "--width",
    "0.5%",
    "--sizes",
    "64",
    "--pdr",
    "0.5%",
    "--dut-queue",
    "256",
    "--settle",
    "500ms",
  ];
  const args = [main, ...goal, "--json", "-", ...dut];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", maxBuffer: 1e9 });
  if (stdout === "") throw new Error(stderr);
  const [found] = (JSON.parse(stdout) as RunResult).results ?? [];
  if (found === undefined) throw new Error("the search has no result");
  return found;
}

/** `testpmd` between the generator and a container of ours that polices. */
async function behindTestpmd(rounds: number): Promise<ReturnType<typeof search>[]> {
  const directory = mkdtempSync(join(tmpdir(), "pktgen-ts-policed-"));
  const [outer, inner] = ["gen", "net"].map((name) => join(directory, `${name}.sock`));
  const testpmd = await Testpmd.start({
    directory,
    prefix: "policed",
    cpu: 1,
    vdevs: [`net_vhost0,iface=${outer}`, `net_vhost1,iface=${inner}`],
  });
  const part = ["dut", "embedded", "--part", "container", "--port", `virtio-user:${inner}`];
  // With testpmd, which never gives way, so that the generator has its CPU for itself.
  const place = ["--cores", availableParallelism() > 2 ? "2" : "1"];
  const options = ["--options", `rate=${policedPps}pps,queue=256`];
  const container = spawn(process.execPath, [main, ...part, ...options, ...place], { stdio: "ignore" });
  try {
    await testpmd.command("start");
    const found: ReturnType<typeof search>[] = [];
    for (let round = 0; round < rounds; round++)
      found.push(search(["--dut", "external", "--tx", `virtio-user:${outer}`, "--cores", "0"]));
    return found;
  } finally {
    container.kill("SIGINT");
    await testpmd.quit();
    rmSync(directory, { recursive: true, force: true });
  }
}

function linesOf(name: string, found: readonly ReturnType<typeof search>[]): string[] {
  return found.map(({ pps, ppsUpper, limitedBy }) => {
    const off = pps / policedPps - 1;
    const right = limitedBy === "dut" && Math.abs(off) <= 0.01;
    const percent = (off * 100).toFixed(2);
    return `${right ? "right" : "WRONG"}  ${name}: ${pps} to ${ppsUpper} pps of ${policedPps}, ${percent} % off, limited by ${limitedBy}`;
  });
}

export async function policedBench(rounds: number): Promise<Outcome> {
  const embedded = Array.from({ length: rounds }, () => search(["--dut", `embedded,rate=${policedPps}pps,queue=256`]));
  const testpmd = hasTestpmd() ? await behindTestpmd(rounds) : [];
  const lines = [...linesOf("embedded", embedded), ...linesOf("testpmd, then embedded", testpmd)];
  return { lines, series: [], ratios: {}, figures: { embedded, testpmd } };
}
