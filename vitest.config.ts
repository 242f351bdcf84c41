import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Tests that measure with threads on every core: one file at a time, so that a busy machine spoils no trial. */
const real = [
  "test/{api,examples}/**/*.test.ts",
  "test/cli/{dut,fleet,methods,record,run,workers}.test.ts",
  "test/dut/embedded-dut.test.ts",
  "test/engine/worker/*.test.ts",
  "test/fleet/{nats,processes}-fleet.test.ts",
];
/** Tests on the kernel's interfaces at low rates, each in its own namespaces: they stand a busy machine. */
const wire = [
  "test/lab/{external,fleet-bridge,netdev,one-way,packet,relay,tap,wire,workers,xdp,xdp-interface}.test.ts",
];
/** Long tests of whole runs, of which each stands that others spoil a trial: two at a time. */
const runs = ["test/lab/{methods,plan,recipes}.test.ts"];
/** Tests with other programs beside this one: testpmd, containers, virtual machines, a browser. */
const lab = ["test/{browser,lab}/**/*.test.ts"];

const shared = { pool: "forks", testTimeout: 30_000, hookTimeout: 30_000 } as const;

export default defineConfig({
  test: {
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
      // All others run side by side. The bound is for what never ends: a busy machine is slow.
      {
        test: {
          ...shared,
          testTimeout: 120_000,
          name: "pure",
          // They share what they import: loading it anew for each file took longer than most of the tests.
          isolate: false,
          maxWorkers: availableParallelism(),
          include: ["test/**/*.test.ts"],
          exclude: [...real, ...wire, ...runs, ...lab],
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...shared,
          testTimeout: 120_000,
          name: "wire",
          maxWorkers: availableParallelism(),
          include: wire,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...shared,
          testTimeout: 120_000,
          name: "runs",
          include: runs,
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          ...shared,
          name: "lab",
          include: lab,
          exclude: [...wire, ...runs],
          fileParallelism: false,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
