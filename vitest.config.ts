import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Tests that expect a trial that nobody spoiled: one file at a time. */
const real = ["test/cli/{dut,methods,run}.test.ts", "test/examples/github-action.test.ts"];
/** Tests that measure with threads on every core, of which none expects that: as many files at a time as there are cores. */
const threads = [
  "test/{api,examples}/**/*.test.ts",
  "test/cli/{fleet,record,workers}.test.ts",
  "test/dut/embedded-dut.test.ts",
  "test/engine/worker/*.test.ts",
  "test/fleet/{nats,processes}-fleet.test.ts",
];
/**
 * Tests that change what the whole machine has, such as its hugepages, or look at all of it, and those of a polling device
 * on an interface, which loses frames where others take its CPU: one file at a time.
 */
const lab = ["test/lab/{containers,hugepages,links,setup,testpmd-dut,testpmd-interfaces,testpmd-process}.test.ts"];
/** Long tests of whole runs, of which each stands that others spoil a trial. */
const runs = ["test/lab/{methods,methods-bad-devices,plan,recipes-*,testpmd}.test.ts"];
/** Tests on the kernel's interfaces at low rates, and with other programs: each has its own namespaces and folders. */
const wire = ["test/{browser,lab}/**/*.test.ts"];

/** Files that take longer than their length tells. On a clean checkout vitest knows no other order than by length. */
const long = [
  "test/examples/examples.test.ts",
  "test/fleet/processes-fleet.test.ts",
  "test/lab/methods.test.ts",
  "test/lab/packages.test.ts",
  "test/lab/recipes-devices.test.ts",
  "test/lab/recipes-traffic.test.ts",
];

/** What takes long begins first in its project, so that nothing is left alone at its end. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const projects = [...new Set(sorted.map(({ project }) => project))];
    const isLong = ({ moduleId }: TestSpecification): boolean => long.some((path) => moduleId.endsWith(path));
    return projects.flatMap((one) => {
      const own = sorted.filter(({ project }) => project === one);
      return [...own.filter(isLong), ...own.filter((file) => !isLong(file))];
    });
  }
}

const shared = { pool: "forks", testTimeout: 30_000, hookTimeout: 30_000 } as const;

export default defineConfig({
  test: {
    sequence: { sequencer: LongFirst },
    projects: [
      {
        test: {
          ...shared,
          name: "real",
          include: real,
          fileParallelism: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...shared,
          testTimeout: 120_000,
          name: "threads",
          maxWorkers: availableParallelism(),
          include: threads,
          exclude: real,
          sequence: { groupOrder: 1 },
        },
      },
      // All others run side by side. The bound is for what never ends: a busy machine is slow.
      {
        test: {
          ...shared,
          testTimeout: 120_000,
          name: "pure",
          // They share what they import: loading it anew for each file took longer than most of the tests.
          isolate: false,
          maxWorkers: availableParallelism() + 1,
          include: ["test/**/*.test.ts"],
          exclude: [...real, ...threads, ...wire],
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...shared,
          testTimeout: 120_000,
          name: "wire",
          maxWorkers: availableParallelism(),
          include: wire,
          exclude: [...runs, ...lab],
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          ...shared,
          testTimeout: 120_000,
          name: "runs",
          include: runs,
          // One more than there are: each of them waits half of its time for a program to start or to end.
          maxWorkers: availableParallelism() + 1,
          sequence: { groupOrder: 4 },
        },
      },
      {
        test: {
          ...shared,
          name: "lab",
          include: lab,
          fileParallelism: false,
          sequence: { groupOrder: 5 },
        },
      },
    ],
  },
});
