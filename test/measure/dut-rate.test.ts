/** The device's own rate: looked at while a trial runs, and never waited for when it is over. */
import { expect, it } from "vitest";
import type { Dut } from "../../src/dut/index.js";
import type { TrialProgress } from "../../src/engine/trial/progress.js";
import { compareDutRates } from "../../src/measure/dut-rate.js";

const progress = (elapsedNs: number): TrialProgress => ({
  ...{ phase: "sending", published: elapsedNs, received: elapsedNs, accepted: 0, corrupt: 0, missing: 0, elapsedNs },
  ...{ late: 0, turns: 0, beganAtNs: 0 },
});

function labThat(looks: number[]) {
  let at = 0;
  const sample = async () => {
    looks.push(at);
    return { atNs: at, rxPackets: 2 * at, txPackets: at };
  };
  return {
    dut: { sample } as unknown as Dut,
    generator: { progress: () => progress(++at * 1000) },
  };
}

it("ends with the trial, of which hours were left", async () => {
  const looks: number[] = [];
  const over = new AbortController();
  const compared = compareDutRates(labThat(looks), 10 * 3600e9, over.signal);
  over.abort();
  await expect(compared).resolves.toBeNull();
  expect(looks).toEqual([]);
});

it("is compared over the same piece of a trial that goes on", async () => {
  const looks: number[] = [];
  const rates = await compareDutRates(labThat(looks), 0.5e9, new AbortController().signal);
  expect(looks).toHaveLength(2);
  expect(rates?.rxPps).toBe(2e9);
  expect(rates?.generatorTxPps).toBe(1e9);
});
