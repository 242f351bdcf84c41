import { defineConfig } from "vitest/config";

/** Rooms whose tests start no thread, open no port and measure nothing: these run side by side. */
const pureRooms = [
  "bench",
  "docs",
  "engine",
  "golden",
  "method",
  "packet",
  "pcap",
  "profile",
  "report",
  "ring",
  "stats",
  "stream",
];
const pure = pureRooms.map((room) => `test/${room}/**/*.test.ts`);
/** The exceptions in those rooms: they start threads. */
const withThreads = ["loop-worker", "blocking-eventfd", "broken-between-trials"].map(
  (name) => `test/engine/${name}.test.ts`,
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
          include: ["test/*.test.ts", `test/!(${pureRooms.join("|")})/**/*.test.ts`, ...withThreads],
          fileParallelism: false,
          sequence: { groupOrder: 0 },
        },
      },
      // They take processor time only, of which a busy machine has little: this bound is for what never ends.
      {
        test: {
          ...shared,
          testTimeout: 120_000,
          name: "pure",
          include: pure,
          exclude: withThreads,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
