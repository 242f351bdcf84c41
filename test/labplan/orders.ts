/** Orders and facts for tests of planning: a machine with two CPUs and an engine that is only written down. */
import { join } from "node:path";
import { loadTestPlan } from "../../src/labplan/file/index.js";
import type { LabFacts, TestPlanOrder } from "../../src/labplan/order.js";
import { fixedTrial } from "../../src/stream/index.js";

const folder = join(import.meta.dirname, "../../profiles/plans");

/** The plan's file as a reader of the evidence would name it. */
export const orderOf = (name: string, changes: Partial<TestPlanOrder> = {}): TestPlanOrder => ({
  plan: loadTestPlan(join(folder, `${name}.yaml`)),
  cases: null,
  sizes: null,
  rate: null,
  count: null,
  durationNs: null,
  warmUpNs: 0,
  container: null,
  hugepages: null,
  expected: {},
  judgeExpected: false,
  tolerance: 0.02,
  lineRateBps: null,
  yesThisInterface: false,
  record: { tx: null, rx: null, stopOnFull: false },
  runId: fixedTrial(1),
  program: "dpdk-testpmd",
  commandLine: "pktgen-ts plan",
  ...changes,
});

export const facts: LabFacts = {
  cpus: [0, 1],
  directory: "/tmp/run",
  prefix: "p",
  launcher: {
    kind: "podman",
    description: "podman",
    launch: (argv, { name, mounts }) => ({
      file: "podman",
      args: [
        "run",
        "--name",
        name,
        ...mounts.flatMap(({ host, inside }) => ["-v", `${host}:${inside}`]),
        "image",
        ...argv,
      ],
      env: {},
    }),
    remove: async () => {},
    removeNow: () => {},
  },
  runtimeDirectory: "/tmp/run",
};
