import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Two cores, and tests that start pollers: one file at a time keeps exact-count tests honest.
    fileParallelism: false,
  },
});
