/** Runs over a real socket that somebody gives more time, with the built-in device. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resultSchema } from "../../src/result/run-schema.js";
import type { RunInfo } from "../../src/serve/contract.js";
import { type Answer, dataOf, type Rig, startRig } from "../support/serve-rig.js";

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig[Symbol.asyncDispose]());

const untilLive = async (id: string): Promise<void> => {
  while (((await rig.get(`/runs/${id}`)) as RunInfo).live === null) await sleep(20);
};

describe("a run with an end", () => {
  const timedRun = { sizes: "64", duration: "3s", rate: "1kpps", warmup: "0ms" } as const;

  it("is given more time while it sends: its result and its events say so", async () => {
    const { id, can } = await rig.run({ options: timedRun });
    expect(can.extend).toBe(true);
    await untilLive(id);
    const extend = (time: string): Promise<Answer> => rig.ask("PATCH", `/runs/${id}`, { body: { extend: time } });
    const longer = await extend("500ms");
    expect([longer.status, longer.json.can.extend], longer.text).toEqual([200, true]);
    expect((await extend("1min 5")).json.error).toMatchObject({ code: "invalid", where: "extend" });
    const events = await rig.events(id);
    expect(dataOf(events, "marker").map(({ what, text }) => [what, text])).toEqual([["extend", "500 ms longer"]]);
    expect(dataOf(events, "done")[0]).toMatchObject({ state: "done", verdict: "invalid", causes: ["changed"] });
    const { trials } = resultSchema.parse(await rig.get(`/runs/${id}/result.json`));
    expect(trials[0]).toMatchObject({ intended: 3_500, lost: 0, changes: [{ kind: "extend", addNs: 500e6 }] });
    const ended = await extend("10s");
    expect([ended.status, ended.json.error.code]).toEqual([409, "wrong-state"]);
    expect((await rig.get(`/runs/${id}`)).can.extend).toBe(false);
  });

  it("is changed in all that a request asks for, or in nothing", async () => {
    const { id } = await rig.run({ options: { ...timedRun, count: "2500", duration: undefined } as never });
    await untilLive(id);
    const patch = (run: string, body: object): Promise<Answer> => rig.ask("PATCH", `/runs/${run}`, { body });
    const refused = await patch(id, { rate: "2kpps", extend: "10s", paused: true });
    expect([refused.status, refused.json.error.where]).toEqual([422, "extend"]);
    const events = await rig.events(id);
    expect(dataOf(events, "marker")).toEqual([]);
    expect(dataOf(events, "done")[0]!.causes).not.toContain("changed");
    const both = await rig.run({ options: timedRun });
    await untilLive(both.id);
    const done = await patch(both.id, { rate: "2kpps", extend: "500ms", paused: false });
    expect([done.status, done.text]).toEqual([200, done.text]);
    const told = dataOf(await rig.events(both.id), "marker");
    expect(told.map(({ what, addMs = 0 }) => [what, addMs])).toEqual([
      ["rate", 0],
      ["extend", 500],
    ]);
    const [trial] = resultSchema.parse(await rig.get(`/runs/${both.id}/result.json`)).trials;
    expect(trial!.changes!.map(({ kind, pps }) => [kind, pps])).toEqual([
      ["rate", 2_000],
      ["extend", 2_000],
    ]);
    expect(trial!.lost).toBe(0);
  });

  const plain = { sizes: "64", warmup: "0ms" } as const;
  it.each([
    ["run", { ...plain, rate: "1kpps", count: "5000" }, [422, "invalid"], /5,000 frames ends with its last/],
    ["run", { ...plain, rate: "1kpps", duration: "forever" }, [422, "invalid"], /without an end/],
    ["soak", { ...plain, load: "1kpps", for: "10s" }, [409, "wrong-state"], /in pieces/],
  ] as const)("of %s %j that cannot be is refused, and goes on", async (command, options, expected, why) => {
    const { id, can } = await rig.run({ command, options });
    expect(can.extend).toBe(false);
    await untilLive(id);
    const { status, json } = await rig.ask("PATCH", `/runs/${id}`, { body: { extend: "10s" } });
    expect([status, json.error.code, json.error.where]).toEqual([...expected, "extend"]);
    expect(json.error.message).toMatch(why);
    expect(json.error.hint).toMatch(/duration|stop/);
    await rig.ask("POST", `/runs/${id}/stop`);
    expect(dataOf(await rig.events(id), "done")[0]!.causes).not.toContain("changed");
  });
});
