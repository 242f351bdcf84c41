/** Clocks that are set or slewed in a trial between hosts: latencies are withheld or widened, and every frame counts. */
import { expect, it } from "vitest";
import { openFleetBench } from "../../src/fleet/fleet-bench.js";
import { LocalHub } from "../../src/fleet/local-bus.js";
import type { Trial } from "../../src/result/run-result.js";
import { fleetRequest, fleetRig } from "../support/fleet-rig.js";
import { FlowNetwork, type FlowScript, flowHostNames, flowList, flowPlan } from "../support/flow-agents.js";
import { simulatedSettings } from "../support/simulated-agents.js";

const { keep } = fleetRig();
const signal = new AbortController().signal;

async function trialOf(script: FlowScript): Promise<Trial> {
  const hub = new LocalHub();
  const network = new FlowNetwork(script);
  for (const name of flowHostNames) keep(await network.agent(keep(hub.connect()), name));
  const settings = { ...simulatedSettings, flows: flowList, startWithinNs: 10e9 };
  const bench = keep(await openFleetBench(keep(hub.connect()), settings)(flowPlan, { signal }, 1));
  const [trial] = await bench.trial(fleetRequest, 0);
  expect(trial).toMatchObject({ sent: 1_000, received: 1_000, accepted: 1_000, lost: 0, duplicate: 0 });
  expect(trial!.fleet!.flows!.map(({ sent, accepted, lost }) => [sent, accepted, lost])).toEqual([
    [500, 500, 0],
    [500, 500, 0],
  ]);
  return trial!;
}

const boundsOf = ({ fleet }: Trial): (number | null)[] => fleet!.flows!.map(({ clock }) => clock.boundNs);

it("clocks that nobody sets: the latency is there, with a bound", async () => {
  const ahead = { a1: 3e12, a2: -5e12, rx: 20e12 };
  const trial = await trialOf({ aheadNs: (host) => ahead[host] });
  expect(trial.latencyNs!.count).toBe(1_000);
  expect(trial.latencyBoundNs).toBe(Math.ceil(Math.max(...boundsOf(trial).map(Number))));
});

it("a clock that is set in the trial: no latency of its flow, whose clock it was is said, and the other flow has one", async () => {
  const ahead = { a1: 0, a2: 0, rx: 20e12 };
  const trial = await trialOf({
    aheadNs: (host) => ahead[host],
    afterTrial: () => {
      ahead.a2 += 3e9;
    },
  });
  expect(trial).toMatchObject({ latencyNs: null, pdvNs: null });
  expect(trial.notes.join()).toMatch(
    /no latency between the hosts: the clock of a2 was stepped or slewed in the trial, by 3/,
  );
  const [steady, stepped] = trial.fleet!.flows!;
  expect(steady!.latencyNs).not.toBeNull();
  expect(stepped).toMatchObject({ latencyNs: null, clock: { boundNs: null } });
});

it("a clock that is slewed in the trial: its bound is as much wider as it may have gone wrong", async () => {
  // 500 ppm, as a kernel slews at most, from the end of the trial on.
  let slewedFromNs: number | null = null;
  let slewNs = 0;
  const hostNs = (): number => Number(process.hrtime.bigint());
  const aheadNs = (host: string): number => {
    if (host !== "rx" || slewedFromNs === null) return 0;
    slewNs = (hostNs() - slewedFromNs) * 500e-6;
    return slewNs;
  };
  const trial = await trialOf({
    aheadNs,
    afterTrial: async () => {
      slewedFromNs = hostNs();
      while (aheadNs("rx") < 100_000) await new Promise((resolve) => setTimeout(resolve, 10));
    },
  });
  for (const { clock, latencyNs } of trial.fleet!.flows!) {
    if (clock.boundNs === null) expect(latencyNs).toBeNull();
    else expect(clock.boundNs).toBeGreaterThanOrEqual(100_000);
  }
});
