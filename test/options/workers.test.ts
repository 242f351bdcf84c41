/** `--workers` as a plan: how many threads, how many queues, and what is refused. */
import { describe, expect, it } from "vitest";
import { checkPlan } from "../../src/measure/plan-check.js";
import { allowedCores } from "../../src/options/allowed-cores.js";
import type { RunOptions } from "../../src/options/run-options.js";
import { planRun } from "../../src/options/run-plan.js";

const plan = (options: RunOptions) => planRun({ sizes: "64", ...options }, null, "pktgen-ts");
const shape = (options: RunOptions) => {
  const { workers, queues } = plan(options);
  return { workers, queues };
};

describe("--workers", () => {
  it("is one without it, and one thread is no field of a plan", () => {
    expect(shape({})).toEqual({ workers: undefined, queues: 1 });
    expect(shape({ workers: "1" })).toEqual({ workers: undefined, queues: 1 });
    expect(shape({ workers: "1", queues: "3" })).toEqual({ workers: undefined, queues: 3 });
  });

  it("gives each thread a queue where nobody said how many there are", () => {
    expect(shape({ workers: "4" })).toEqual({ workers: 4, queues: 4 });
    expect(shape({ workers: "2", queues: "6" })).toEqual({ workers: 2, queues: 6 });
    const external = { dut: "external", tx: "null:", workers: "2" };
    expect(shape(external)).toEqual({ workers: 2, queues: 2 });
    expect(plan(external).dut).toMatchObject({ tx: { queues: 2 } });
    expect(shape({ ...external, tx: "null:,queues=4" })).toEqual({ workers: 2, queues: 4 });
  });

  it("auto leaves a CPU to whoever else polls, and deals the queues evenly", () => {
    const cpus = allowedCores().length;
    const free = (pollers: number): number => Math.min(8, Math.max(1, cpus - pollers));
    const { workers = 1, queues } = plan({ dut: "external", tx: "null:", workers: "auto" });
    expect([workers, queues]).toEqual([free(1), free(1)]);
    expect(shape({ workers: "auto", cores: "0" })).toEqual({ workers: undefined, queues: 1 });
    const many = { dut: "external", tx: "null:", cores: "0-4", workers: "auto" };
    expect(shape(many)).toEqual({ workers: 4, queues: 4 });
    expect(shape({ ...many, queues: "6" })).toEqual({ workers: 3, queues: 6 });
    expect(shape({ ...many, queues: "7" })).toEqual({ workers: undefined, queues: 7 });
  });

  it.each([
    [{ workers: "3", queues: "4" }, "4 queues cannot be dealt evenly to 3 threads", "1, 2, 4"],
    [{ workers: "2", queues: "1" }, "1 queue cannot be dealt evenly to 2 threads", "1"],
    [{ workers: "2", dut: "external", tx: "xdp:v0,tx=live" }, "tx=live needs a generator of one thread", "1"],
    [{ workers: "two" }, '"two" is not a number of threads', "1 to 8, or auto"],
    [{ workers: "9" }, "9", "1 to 8"],
  ] as const)("%o is refused", (options, what, accepted) => {
    expect(() => plan(options)).toThrow(
      expect.objectContaining({
        exitCode: 2,
        message: expect.stringContaining(what),
        accepted: expect.stringContaining(accepted),
        where: expect.stringMatching(/^--workers/),
      }),
    );
  });
});

it("a library's plan is held to the same", () => {
  const good = plan({ workers: "2" });
  expect(() => checkPlan(good)).not.toThrow();
  expect(() => checkPlan({ ...good, workers: 3 })).toThrow(/workers can't be 3/);
  expect(() => checkPlan({ ...good, workers: 1.5 })).toThrow(/workers can't be 1.5/);
});
