/** Halves that an interrupt cut off, on ports that need nobody: `merge` knows that it was an interrupt. */
import { expect, it } from "vitest";
import { mergeHalves } from "../../src/method/merge.js";
import { type OneWayPlan, runReceive, runSend } from "../../src/method/one-way.js";
import { planRun } from "../../src/options/run-plan.js";
import { reports } from "../../src/report/index.js";
import { type ReceivedHalf, renderHalf, type SentHalf } from "../../src/result/half.js";
import { parseHalf } from "../../src/result/half-schema.js";
import { usualTolerances } from "../../src/tolerances.js";

const options = { sizes: "64", rate: "1kpps", count: "100000000", warmup: "0s", runId: "7" };

function onePlan(): OneWayPlan {
  const plan = planRun({ ...options, dut: "external", tx: "null:" }, null, "pktgen-ts");
  if (plan.dut.kind !== "external") throw new Error("a port is external");
  return { plan, port: plan.dut.tx, clocksSynchronised: false };
}

const soon = (): AbortSignal => AbortSignal.timeout(1_000);

const sendInterrupted = (): Promise<SentHalf> => runSend({ ...onePlan(), gapNs: 0 }, { signal: soon() });
const receiveInterrupted = (): Promise<ReceivedHalf> =>
  runReceive({ ...onePlan(), waitNs: 60e9, quietNs: 60e9, runId: 7 }, { signal: soon() });

const written = <T extends SentHalf | ReceivedHalf>(half: T): T => parseHalf(renderHalf(half)) as T;

const merged = (sent: SentHalf, received: ReceivedHalf) =>
  mergeHalves(written(sent), written(received), {
    names: { sent: "sent.json", received: "received.json" },
    ...{ lossLimit: null, minRatePps: null, tolerances: usualTolerances, commandLine: "pktgen-ts merge" },
  });

const [sent, received] = await Promise.all([sendInterrupted(), receiveInterrupted()]);

it("halves that the user cut off are interrupted when they are merged, and skipped in JUnit", () => {
  const result = merged(sent, received);
  const [trial] = result.trials;
  expect(trial).toMatchObject({ verdict: "invalid" });
  expect(trial!.reasons.slice(0, 2)).toEqual(["the sender: interrupted", "the receiver: interrupted"]);
  expect(trial!.causes!.slice(0, 2)).toEqual(["interrupted", "interrupted"]);
  expect(result.causes).toContain("interrupted");
  expect(reports.junit(result, { color: false, ascii: false })).toContain(' skipped="1"');
});

it("a half of an earlier version has no causes: what it says is a fault", () => {
  const bare = <T extends SentHalf | ReceivedHalf>(half: T): T => ({
    ...half,
    trials: half.trials.map(({ causes: _, ...trial }) => trial),
  });
  const [trial] = merged(bare(sent), bare(received)).trials;
  expect(trial!.causes!.slice(0, 2)).toEqual(["fault", "fault"]);
});

it("each side may know other addresses of the outermost headers, and nothing else may differ", () => {
  const receivedAs = (changes: object): ReceivedHalf => ({
    ...received,
    trials: received.trials.map((trial) => ({
      ...trial,
      order: { ...trial.order, stream: { ...trial.order.stream, ...changes } as typeof trial.order.stream },
    })),
  });
  expect(merged(sent, receivedAs({ srcMac: "02:00:00:00:00:77", dstMac: "02:00:00:00:00:78" })).trials).toHaveLength(1);
  expect(() => merged(sent, receivedAs({ vlan: 5 }))).toThrow("another what is sent");
});
