/** The contract of measurers, run for the simulated bench and for a method's session on an open lab. */
import { expect, it } from "vitest";
import { runMethod } from "../../src/method/session.js";
import { planRun } from "../../src/options/run-plan.js";
import { interruptedReason } from "../../src/stats/cause.js";
import { simulatedBench } from "../support/simulated-bench.js";
import { contractSizes, type MeasurerCase, measurerContract } from "./measurer.js";

const method = { name: "contract", preset: "quick", conforming: null, deviations: [], settings: {} };

const session = (options: Parameters<typeof planRun>[0]): MeasurerCase => ({
  name: `a session on an open lab, ${options.dut ?? "embedded"}`,
  sizes: contractSizes,
  async using(body, signal) {
    const plan = planRun({ sizes: "64,512", warmup: "0", settle: "50ms", ...options }, null, "pktgen-ts");
    const setup = { plan, method: () => method, keepTrials: 10, expectedTrials: 1 };
    await runMethod(
      {
        ...setup,
        run: async (measurer) => {
          await body(measurer);
          return {};
        },
      },
      { signal },
    );
  },
});

measurerContract({
  name: "the simulated bench",
  sizes: contractSizes,
  using: (body) => body(simulatedBench({ capacityPps: 400_000 })),
});
measurerContract(session({}));
measurerContract(session({ dut: "embedded,loss=5%" }));

it("a session that is interrupted says so, and measures no more", async () => {
  const interrupt = new AbortController();
  await session({}).using(async (measurer) => {
    expect(measurer.ended()).toBeNull();
    interrupt.abort();
    expect(measurer.ended()).toEqual(interruptedReason);
  }, interrupt.signal);
});
