/** `npx vitest run --config examples/vitest.config.ts`: the examples that are tests. Ports and cores are shared, so one at a time. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { root: import.meta.dirname, include: ["*.test.ts"], fileParallelism: false, testTimeout: 60_000 },
});
