import { defineConfig } from "vitest/config";

/** Tests that start threads or processes, open ports or look at the machine: one file at a time, so that counts stay exact. */
const real = [
  "test/*.test.ts",
  "test/{cli,contract,dut,options,package,port,sys}/**/*.test.ts",
  "test/engine/worker/*.test.ts",
];
/** Tests of real devices, interfaces and programs beside this one. */
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
      // All others take processor time only, and run together. The bound is for what never ends: a busy machine is slow.
      {
        test: {
          ...shared,
          testTimeout: 120_000,
          name: "pure",
          include: ["test/**/*.test.ts"],
          exclude: [...real, ...lab],
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...shared,
          name: "lab",
          include: lab,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
