/** Every way in which an agent of a run can fail, with simulated generators: what is known is told, the rest is not made up. */
import { describe, expect, it } from "vitest";
import { LocalHub } from "../../src/fleet/local-bus.js";
import type { Spool } from "../../src/fleet/spool.js";
import { afterStart, failureOf, fleetRig, fleetRequest as request } from "../support/fleet-rig.js";
import { never, simulatedAgent, simulatedSettings } from "../support/simulated-agents.js";

const { benchOn, fleetOf, keep } = fleetRig();

describe("an agent is lost", () => {
  it("in the trial: the trial is invalid and names it, and the others' figures are there", async () => {
    let running: () => void = () => {};
    const begun = new Promise<void>((resolve) => {
      running = resolve;
    });
    const holds = (): Promise<void> => {
      running();
      return never;
    };
    const { bus, kill } = await fleetOf([{}, { holds }, {}]);
    const bench = await benchOn(bus);
    const measuring = bench.trial(request, 0);
    await begun;
    await afterStart();
    await kill(1);
    const [trial] = await measuring;
    expect(trial!.verdict).toBe("invalid");
    expect(trial!.reasons[0]).toMatch(
      /^a2 was lost \(its report did not come\): what it sent and received is not known$/,
    );
    expect(trial!.causes).toContain("fault");
    expect(trial!.fleet!.lost).toEqual([{ agent: "a2", why: "its report did not come" }]);
    expect(trial!.fleet!.agents.map(({ name, sent }) => [name, sent])).toEqual([
      ["a1", 334],
      ["a3", 333],
    ]);
  });

  it("that is ended in the trial is not lost: the trial is invalid, and says why", async () => {
    let running: () => void = () => {};
    const begun = new Promise<void>((resolve) => {
      running = resolve;
    });
    const { bus, agents } = await fleetOf([
      {},
      {
        holds: () => {
          running();
          return never;
        },
      },
    ]);
    const measuring = (await benchOn(bus)).trial(request, 0);
    await begun;
    await afterStart();
    await agents[1]![Symbol.asyncDispose]();
    const [trial] = await measuring;
    expect(trial!.verdict).toBe("invalid");
    expect(trial!.reasons).toContain("a2: it was stopped: the agent ends");
    expect(trial!.fleet!.lost).toEqual([]);
  });

  it("before the trial: nobody sends, and the run says who", async () => {
    const { bus, kill } = await fleetOf([{}, {}]);
    const bench = await benchOn(bus);
    await kill(1);
    const failure = await failureOf(bench.trial(request, 0));
    expect(failure).toMatchObject({
      exitCode: 3,
      message: "the trial could not begin: a2: nobody answers at its name",
    });
  });

  it("before the trial, with --min-agents: the others have the whole load, and the trial says so", async () => {
    const { bus, kill } = await fleetOf([{}, {}, {}]);
    const bench = await benchOn(bus, { minAgents: 2 });
    await kill(1);
    const [trial] = await bench.trial(request, 0);
    expect(trial).toMatchObject({ verdict: "pass", sent: 1_000, accepted: 1_000 });
    expect(trial!.fleet!.agents.map(({ sent }) => sent)).toEqual([500, 500]);
    expect(trial!.fleet!.left).toEqual([{ agent: "a2", why: "nobody answers at its name" }]);
    expect(trial!.notes.join()).toContain("without a2");
  });

  it("and started again in the trial is not taken for the old one", async () => {
    let running: () => void = () => {};
    const begun = new Promise<void>((resolve) => {
      running = resolve;
    });
    const { hub, bus, kill } = await fleetOf([
      {},
      {
        holds: () => {
          running();
          return never;
        },
      },
    ]);
    const measuring = (await benchOn(bus)).trial(request, 0);
    await begun;
    await afterStart();
    await kill(1);
    keep(await simulatedAgent(keep(hub.connect()), "a2"));
    const [trial] = await measuring;
    expect(trial!.fleet!.lost).toEqual([{ agent: "a2", why: "it was started again" }]);
    expect(trial!.verdict).toBe("invalid");
  });

  it("in three trials in a row: no further one follows", async () => {
    const { bus } = await fleetOf([{}, { holds: () => never }]);
    const bench = await benchOn(bus, { times: { ...simulatedSettings.times, collectNs: 1e8 } });
    for (let index = 0; index < 3; index++) {
      expect(await bench.ended()).toBeNull();
      const [trial] = await bench.trial({ ...request, lossGoals: [0] }, index);
      expect(trial!.verdict).toBe("invalid");
    }
    expect(await bench.ended()).toMatchObject({
      text: expect.stringContaining("lost in 3 trials in a row, at last a2"),
    });
  });
});

describe("reports", () => {
  it("that cannot be spooled are handed over from memory; those that can be are forgotten once they are kept", async () => {
    const files = new Map<string, string>();
    const keyOf = (run: string, id: object): string => JSON.stringify([run, id]);
    const working: Spool = {
      write: (run, id, text) => {
        files.set(keyOf(run, id), text);
        return null;
      },
      read: (run, id) => files.get(keyOf(run, id)) ?? null,
      remove: (run, id) => void files.delete(keyOf(run, id)),
    };
    const full: Spool = { write: () => "ENOSPC", read: () => null, remove: () => {} };
    const hub = new LocalHub();
    keep(await simulatedAgent(keep(hub.connect()), "a1", {}, { spool: full }));
    keep(await simulatedAgent(keep(hub.connect()), "a2", {}, { spool: working }));
    const bus = keep(hub.connect());
    const bench = await benchOn(bus);
    const [trial] = await bench.trial(request, 0);
    expect(trial).toMatchObject({ verdict: "pass", accepted: 1_000 });
    await bench.trial(request, 1);
    expect(files.size).toBeLessThanOrEqual(1);
  });

  it("whose agent ended right behind them come from the journal", async () => {
    const { hub, bus, kill } = await fleetOf([{}, {}]);
    const bench = await benchOn(bus);
    // It is gone before anybody asks for its report.
    await keep(hub.connect()).subscribe("run.*.event.a2", () => void kill(1));
    const [trial] = await bench.trial(request, 0);
    expect(trial).toMatchObject({ verdict: "pass", accepted: 1_000 });
    expect(trial!.fleet!.lost).toEqual([]);
  });
});

describe("an interrupt", () => {
  it("stops all agents, and the trial says so with what there is", async () => {
    const interrupt = new AbortController();
    let waiting = 2;
    const holds = (): Promise<void> => {
      if (--waiting === 0) void afterStart().then(() => interrupt.abort());
      return never;
    };
    const { bus } = await fleetOf([{ holds }, { holds }]);
    const bench = await benchOn(bus, {}, interrupt.signal);
    const [trial] = await bench.trial(request, 0);
    expect(trial!.verdict).toBe("invalid");
    expect(trial!.causes).toContain("interrupted");
    expect(trial!.reasons.filter((reason) => reason === "interrupted")).toHaveLength(1);
  });
});
