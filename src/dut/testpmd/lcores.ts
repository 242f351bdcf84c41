/**
 * Which CPUs the two testpmds poll on. An lcore that forwards never sleeps; the main lcore sleeps at the prompt and
 * may share a CPU. With CPUs enough every polling thread has its own, as the plan asks; else they share. Pure.
 */
import { environmentError } from "../../errors.js";

export interface LcorePlan {
  /** lcore 0 is the main one, the others forward. */
  readonly forwarding: number;
  /** Per lcore the CPUs that it may run on; several: the scheduler decides. */
  readonly cpus: readonly (readonly number[])[];
}

export interface LcoreLayout {
  readonly host: LcorePlan;
  readonly container: LcorePlan;
  /** Several pollers per CPU. */
  readonly shared: boolean;
  /** None of them runs on the generator's. */
  readonly leavesGenerator: boolean;
}

/** What `cores=own` and `cores=share` ask for; auto: own ones where there are enough. */
export const coreChoices = ["auto", "own", "share"] as const;
export type CoreChoice = (typeof coreChoices)[number];

const same = (forwarding: number, cpus: readonly number[]): LcorePlan => ({
  forwarding,
  cpus: Array.from({ length: forwarding + 1 }, () => cpus),
});

/** The main lcore shares the first forwarding one's CPU. */
const pinned = (cpus: readonly number[]): LcorePlan => ({
  forwarding: cpus.length,
  cpus: [cpus[0]!, ...cpus].map((cpu) => [cpu]),
});

/** CPUs of their own: the generator, and one for each queue on both sides. */
export const cpusOfTheirOwn = (queues: number): number => 1 + 2 * queues;

/**
 * `allowed`: the CPUs that this process may use, the first for the generator. `named`: those of `--cores`, generator,
 * host, container; null: none named.
 * @throws PktgenError (3) where own ones are asked for and there are too few.
 */
export function layOutLcores(
  allowed: readonly number[],
  queues: number,
  choice: CoreChoice,
  named: { readonly host: number; readonly container: number } | null,
): LcoreLayout {
  if (named !== null) {
    return {
      host: same(1, [named.host]),
      container: same(1, [named.container]),
      shared: named.host === named.container,
      leavesGenerator: true,
    };
  }
  const needed = cpusOfTheirOwn(queues);
  if (choice !== "share" && allowed.length >= needed) {
    return {
      host: pinned(allowed.slice(1, 1 + queues)),
      container: pinned(allowed.slice(1 + queues, 1 + 2 * queues)),
      shared: false,
      leavesGenerator: true,
    };
  }
  if (choice === "own") {
    const pollers = `generator 1, host ${queues}, container ${queues}`;
    throw environmentError(`cores=own needs ${needed} CPUs (${pollers}), and this process may use ${allowed.length}`, {
      where: "--dut testpmd,cores=own",
      accepted: "auto, own, share",
      hint: "leave cores=own away: then pollers share CPUs, and the report says so",
    });
  }
  // One lcore serves all queues: several that poll on the same CPU only take time slices from each other.
  const forwarding = allowed.length >= 2 + 2 * queues ? queues : 1;
  // All of them run on all CPUs, the generator's too. Leaving that CPU to the generator (as --cores does) keeps set rates
  // far better: 60,000 frames of 20 kpps for 3 s instead of 53,000 to 59,000. But the device's parts then share the CPU
  // that is left. If the hypervisor withholds it, neither forwards anything for a second, and whole trials are late.
  const plan = same(forwarding, allowed);
  return { host: plan, container: plan, shared: true, leavesGenerator: false };
}

const cpuSet = (cpus: readonly number[]): string => (cpus.length === 1 ? `${cpus[0]}` : `(${cpus.join(",")})`);

/** EAL's arguments: `-l 1,2` where each lcore is a CPU of its own, else `--lcores 0@(0,1),1@(0,1)`. */
export function lcoreArguments({ cpus }: LcorePlan): string[] {
  const plain = cpus.every((set) => set.length === 1) && new Set(cpus.flat()).size === cpus.length;
  if (plain) return ["-l", cpus.map(([cpu]) => cpu).join(",")];
  return ["--lcores", cpus.map((set, lcore) => `${lcore}@${cpuSet(set)}`).join(",")];
}
