import { defineConfig } from "vitest/config";

/** Rooms whose tests start no thread, open no port and measure nothing. */
const pure = ["method", "packet", "profile", "report", "ring", "stats", "stream"].map(
  (room) => `test/${room}/**/*.test.ts`,
);

const shared = { pool: "forks", testTimeout: 30_000, hookTimeout: 30_000 } as const;

export default defineConfig({
  test: {
    projects: [
      // Two cores, and tests that start pollers: one file at a time keeps exact-count tests honest.
      {
        test: {
          ...shared,
          name: "real",
          include: ["test/**/*.test.ts"],
          exclude: pure,
          fileParallelism: false,
          sequence: { groupOrder: 0 },
        },
      },
      { test: { ...shared, name: "pure", include: pure, sequence: { groupOrder: 1 } } },
    ],
  },
});
