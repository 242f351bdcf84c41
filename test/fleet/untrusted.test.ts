/** What others put on a fleet's bus: it is refused or not heard, names nobody else, and ends neither agent nor run. */
import { describe, expect, it } from "vitest";
import { collectRun } from "../../src/fleet/collect.js";
import { listAgents } from "../../src/fleet/fleet-commands.js";
import { type AgentVerb, subjectOf } from "../../src/fleet/names.js";
import { protocolVersion } from "../../src/fleet/protocol.js";
import { decodeWire, encodeWire, WireText } from "../../src/fleet/wire.js";
import { failureOf, fleetRig, fleetRequest as request, trialRuns } from "../support/fleet-rig.js";
import { shortTimes } from "../support/simulated-agents.js";

const { benchOn, fleetOf, keep } = fleetRig();

const nonsense: readonly unknown[] = [null, 7, "text", [], {}, { v: protocolVersion }, { v: 99, from: "x" }];
const own = { v: protocolVersion, from: "x", run: "r1", epoch: 1, trial: 0, attempt: 1 };

describe("an agent that is told nonsense", () => {
  it("refuses it in a sentence, at every verb, and does its trials", async () => {
    const { bus } = await fleetOf([{}]);
    const verbs: AgentVerb[] = ["claim", "release", "open", "prepare", "report", "close"];
    for (const verb of verbs) {
      for (const one of nonsense) {
        const answer = await bus.request(subjectOf.agent("a1", verb), one, 5_000);
        expect(answer).toMatchObject({ kind: "answer", data: { kind: "refused", from: "a1" } });
        expect(JSON.stringify(answer)).not.toMatch(/a bug|TypeError/);
      }
    }
    for (const word of ["go", "stop", "renew", "kept", "end"] as const) {
      for (const one of [...nonsense, own]) bus.publish(subjectOf.run("r1", word), one);
    }
    const [trial] = await (await benchOn(bus)).trial(request, 0);
    expect(trial).toMatchObject({ verdict: "pass", sent: 1_000 });
  });
});

describe("a run", () => {
  it("hears nothing that is said in another agent's name, nor of another trial", async () => {
    let running: () => void = () => {};
    let end: () => void = () => {};
    const begun = new Promise<void>((resolve) => {
      running = resolve;
    });
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const holds = (): Promise<void> => {
      running();
      return ended;
    };
    const { hub, bus } = await fleetOf([{ holds }, { holds }]);
    const stranger = keep(hub.connect());
    const bench = await benchOn(bus);
    const run = (await bench.document([], new Date(0))).fleet!.run;
    const trialIsOn = trialRuns(bus);
    const measuring = bench.trial(request, 0);
    await begun;
    await trialIsOn;
    const restarted = { ...own, from: "a2", incarnation: "other", run, progress: null };
    stranger.publish("beat.a1", restarted);
    stranger.publish(`run.${run}.event.a1`, { ...restarted, kind: "done" });
    for (const one of nonsense) {
      stranger.publish("beat.a1", one);
      stranger.publish(`run.${run}.event.a2`, one);
    }
    // An answer of the run's own: what was said before it has been heard.
    await bus.request(subjectOf.everybody("facts"), own, 5_000);
    end();
    expect((await measuring)[0]).toMatchObject({ verdict: "pass", sent: 1_000, fleet: { lost: [], silent: [] } });
  });

  it("goes on where somebody answers nonsense to a question to all, and fleet ls has the others", async () => {
    const { hub, bus } = await fleetOf([{}]);
    const stranger = keep(hub.connect());
    await stranger.subscribe("agent.all.facts", ({ reply }) => reply({ from: "b1", hello: 1 }));
    expect(await listAgents(bus)).toMatch(/^agent .*\na1 /);
    const [trial] = await (await benchOn(bus, { names: null })).trial(request, 0);
    expect(trial!.verdict).toBe("pass");
    expect(await failureOf(benchOn(bus, { names: ["a1", "b1"] }))).toMatchObject({
      exitCode: 2,
      message: expect.stringContaining("version unknown of the fleet's protocol"),
    });
  });

  it("refuses an agent that speaks another version of the protocol, although nobody named it", async () => {
    const { hub, bus } = await fleetOf([{}]);
    await keep(hub.connect()).subscribe("agent.all.facts", ({ reply }) => reply({ v: 99, from: "b1" }));
    expect(await failureOf(benchOn(bus, { names: null }))).toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/version 99 of the fleet's protocol, and this is version \d/),
    });
  });

  for (const [what, part, why] of [
    ["without a report", { inputs: [], startNs: 0, stopped: null, lost: null }, /not of this trial's directions/],
    ["with a count that is none", "negative", /inputs\.0\.report\.receive\.accepted/],
  ] as const) {
    it(`counts nothing of an agent whose report is one ${what}, and says so`, async () => {
      const { bus } = await fleetOf([{}, {}]);
      const bench = await benchOn(bus, { times: shortTimes });
      const ask = bus.request.bind(bus);
      bus.request = async (subject, data, timeoutMs) => {
        const answer = await ask(subject, data, timeoutMs);
        if (subject !== "agent.a2.report" || answer.kind !== "answer") return answer;
        const report = answer.data as { part: { inputs: { report: { receive: { accepted: number } } }[] } };
        if (part === "negative") report.part.inputs[0]!.report.receive.accepted = -1;
        else Object.assign(report, { part });
        return answer;
      };
      const [trial] = await bench.trial(request, 0);
      expect(trial).toMatchObject({ verdict: "invalid", fleet: { lost: [{ agent: "a2" }] } });
      expect(trial!.fleet!.lost[0]!.why).toMatch(why);
      expect(trial!.fleet!.agents.map(({ name, sent }) => [name, sent])).toEqual([["a1", 500]]);
    });
  }

  it("that is collected has no report that one agent kept in another one's name", async () => {
    const { hub, bus, kill } = await fleetOf([{}, { holds: () => new Promise(() => {}) }]);
    const bench = await benchOn(bus, { times: shortTimes });
    const [trial] = await bench.trial({ ...request, lossGoals: [0] }, 0);
    expect(trial!.fleet!.lost).toMatchObject([{ agent: "a2" }]);
    await kill(1);
    const { run } = (await bench.document([], new Date(0))).fleet!;
    const kept = await bus.journal!.read(`keep.${run}.trial.0.a1`);
    const begun = (await bus.journal!.read(`keep.${run}.begun.0`))[0]!.data as {
      members: { agent: string; incarnation: string }[];
    };
    const forged = { ...(kept[0]!.data as object), from: "a2", incarnation: begun.members[1]!.incarnation };
    await keep(hub.connect()).journal!.keep(`keep.${run}.trial.0.a1`, "forged", forged);
    await bench[Symbol.asyncDispose]();
    expect((await collectRun(bus, run)).trials[0]!.fleet!.lost).toMatchObject([{ agent: "a2" }]);
  });
});

describe("messages as text", () => {
  it("have no number that is something else, and no memory that they did not bring", () => {
    expect(decodeWire('{"a":{"$number":"constructor"}}')).toEqual({ a: Number.NaN });
    const many = `[${Array.from({ length: 40 }, () => '{"$doubles":1000000,"used":[]}').join()}]`;
    expect(() => decodeWire(many)).toThrow(SyntaxError);
  });

  it("that were written once are the same", () => {
    const value = { a: Number.POSITIVE_INFINITY, b: Float64Array.of(0, 3) };
    expect(encodeWire(new WireText(value))).toBe(encodeWire(value));
  });
});
