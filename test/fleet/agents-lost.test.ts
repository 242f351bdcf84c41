/** Every way in which an agent of a run can fail, with simulated generators: what is known is told, the rest is not made up. */
import { describe, expect, it } from "vitest";
import { LocalHub } from "../../src/fleet/local-bus.js";
import { protocolVersion } from "../../src/fleet/protocol.js";
import type { Spool } from "../../src/fleet/spool.js";
import { failureOf, fleetRig, fleetRequest as request, trialRuns } from "../support/fleet-rig.js";
import { never, shortTimes, simulatedAgent } from "../support/simulated-agents.js";

const { benchOn, fleetOf, keep } = fleetRig();

describe("an agent is lost", () => {
  it("in the trial: the trial is invalid and names it, and the others' figures are there", async () => {
    const { bus, kill } = await fleetOf([{}, { holds: () => never }, {}]);
    const bench = await benchOn(bus, { times: shortTimes });
    const running = trialRuns(bus);
    const measuring = bench.trial(request, 0);
    await running;
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
    const { bus, agents } = await fleetOf([{}, { holds: () => never }]);
    const running = trialRuns(bus);
    const measuring = (await benchOn(bus)).trial(request, 0);
    await running;
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
    const { hub, bus, kill } = await fleetOf([{}, { holds: () => never }]);
    const running = trialRuns(bus);
    const measuring = (await benchOn(bus)).trial(request, 0);
    await running;
    await kill(1);
    keep(await simulatedAgent(keep(hub.connect()), "a2"));
    const [trial] = await measuring;
    expect(trial!.fleet!.lost).toEqual([{ agent: "a2", why: "it was started again" }]);
    expect(trial!.verdict).toBe("invalid");
  });

  it("in three trials in a row: no further one follows", async () => {
    const { bus } = await fleetOf([{}, { holds: () => never }]);
    const bench = await benchOn(bus, { times: { ...shortTimes, overtimeNs: 0.5e9, collectNs: 0.5e9 } });
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

describe("a trial whose end nobody can tell", () => {
  it("does not wait for an agent that is gone", async () => {
    const { bus, kill } = await fleetOf([{}, { holds: () => never }]);
    const bench = await benchOn(bus, { times: { ...shortTimes, silentNs: 1e9 } });
    const running = trialRuns(bus);
    const measuring = bench.trial({ ...request, rateText: "max", pps: null }, 0);
    await running;
    await kill(1);
    const [trial] = await measuring;
    expect(trial!.fleet).toMatchObject({ lost: [{ agent: "a2" }], agents: [{ name: "a1", sent: 500, accepted: 500 }] });
    expect(trial!.reasons.join()).toContain("a2: nothing was heard of it any more");
  });
});

describe("an agent that a trial began without", () => {
  it("is asked for nothing any more, however the others go on", async () => {
    const { bus, kill } = await fleetOf([{}, {}, {}]);
    const bench = await benchOn(bus, { minAgents: 2 });
    await kill(1);
    const [trial] = await bench.trial(request, 0);
    expect(trial!.fleet!.left).toMatchObject([{ agent: "a2" }]);
    const asked: string[] = [];
    await bus.subscribe("agent.a2.>", ({ subject }) => void asked.push(subject));
    await bench.learn(request, 1);
    const [next] = await bench.trial(request, 1);
    expect(next).toMatchObject({ verdict: "pass", sent: 1_000, accepted: 1_000, fleet: { left: [{ agent: "a2" }] } });
    expect(asked).toEqual([]);
  });
});

describe("reports", () => {
  it("that the run could not read stay with their agent", async () => {
    const { bus } = await fleetOf([{}, {}]);
    const bench = await benchOn(bus, { times: shortTimes });
    const ask = bus.request.bind(bus);
    bus.request = async (subject, data, timeoutMs) => {
      const answer = await ask(subject, data, timeoutMs);
      if (subject !== "agent.a2.report" || answer.kind !== "answer") return answer;
      return { kind: "answer", data: { ...(answer.data as object), part: {} } };
    };
    const [trial] = await bench.trial(request, 0);
    expect(trial!.fleet!.lost).toMatchObject([{ agent: "a2" }]);
    const { run } = (await bench.document([], new Date(0))).fleet!;
    const question = { v: protocolVersion, from: "test", run, epoch: 0, trial: 0, attempt: 1 };
    expect(await ask("agent.a2.report", question, 5_000)).toMatchObject({ data: { kind: "report", from: "a2" } });
    expect(await ask("agent.a1.report", question, 5_000)).toMatchObject({ data: { kind: "none", from: "a1" } });
  });

  it("that come when their agent was given up are not counted: what was said of it holds", async () => {
    const { hub, bus } = await fleetOf([{}, { holds: () => never }]);
    const bench = await benchOn(bus);
    const running = trialRuns(bus);
    const measuring = bench.trial(request, 0);
    await running;
    const { run } = (await bench.document([], new Date(0))).fleet!;
    const begun = (await bus.journal!.read(`keep.${run}.begun.0`))[0]!.data as { members: { incarnation: string }[] };
    const { incarnation } = begun.members[1]!;
    const ask = bus.request.bind(bus);
    bus.request = async (subject, data, timeoutMs) => {
      const answer = await ask(subject.replace("agent.a2.report", "agent.a1.report"), data, timeoutMs);
      if (subject !== "agent.a2.report" || answer.kind !== "answer") return answer;
      return { kind: "answer", data: { ...(answer.data as object), from: "a2", incarnation } };
    };
    keep(hub.connect()).publish(`run.${run}.event.a2`, {
      ...{ v: protocolVersion, from: "a2", incarnation: "another", run, epoch: 1, trial: 0, attempt: 1, kind: "done" },
    });
    const [trial] = await measuring;
    expect(trial!.fleet).toMatchObject({
      lost: [{ agent: "a2", why: "it was started again" }],
      agents: [{ name: "a1", sent: 500 }],
    });
    expect(trial).toMatchObject({ verdict: "invalid", sent: 500 });
  });

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
    const holds = (): Promise<void> => never;
    const { bus } = await fleetOf([{ holds }, { holds }]);
    void trialRuns(bus).then(() => interrupt.abort());
    const bench = await benchOn(bus, {}, interrupt.signal);
    const [trial] = await bench.trial(request, 0);
    expect(trial!.verdict).toBe("invalid");
    expect(trial!.causes).toContain("interrupted");
    expect(trial!.reasons.filter((reason) => reason === "interrupted")).toHaveLength(1);
  });
});
