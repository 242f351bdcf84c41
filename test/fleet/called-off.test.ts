/** Attempts at a trial that are called off: no frame of theirs is ever sent, however late the agents hear of it. */
import { describe, expect, it } from "vitest";
import type { Bus } from "../../src/fleet/bus.js";
import { toldPlans } from "../../src/fleet/part.js";
import { protocolVersion } from "../../src/fleet/protocol.js";
import { afterStart, fleetPlan, fleetRequest, fleetRig } from "../support/fleet-rig.js";
import type { Device } from "../support/generator-sim.js";

const { benchOn, fleetOf } = fleetRig();

/** Everything comes back, and is counted. */
function counting(): { readonly device: Device; frames: number } {
  const counted = {
    frames: 0,
    device: ((frames, queue) => {
      counted.frames += frames.length;
      return frames.map((frame) => ({ queue, frame }));
    }) satisfies Device,
  };
  return counted;
}

/** The same bus, of which some is done otherwise. */
const busWith = (bus: Bus, changes: Partial<Pick<Bus, "gather" | "publish">>): Bus => ({
  journal: bus.journal,
  gone: bus.gone,
  publish: (subject, data) => bus.publish(subject, data),
  subscribe: (subject, take) => bus.subscribe(subject, take),
  request: (subject, data, timeoutMs) => bus.request(subject, data, timeoutMs),
  gather: (subject, data, expected, timeoutMs) => bus.gather(subject, data, expected, timeoutMs),
  onLink: (watch) => bus.onLink(watch),
  [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  ...changes,
});

/** The run's way to its agents in its first attempt: one answer to the appointment is lost, and stops come late. */
function slowWay(bus: Bus): Bus {
  let goes = 0;
  const gather: Bus["gather"] = async (subject, data, expected, timeoutMs) => {
    const answers = new Map(await bus.gather(subject, data, expected, timeoutMs));
    if (subject.endsWith(".go") && goes++ === 0) answers.delete("a2");
    return answers;
  };
  const publish: Bus["publish"] = (subject, data) => {
    if (!subject.endsWith(".stop")) return bus.publish(subject, data);
    void afterStart().then(() => bus.publish(subject, data));
  };
  return busWith(bus, { gather, publish });
}

describe("an attempt that is called off", () => {
  it("after its agents said that they go, and of which they hear after the moment, has sent nothing", async () => {
    const [one, other] = [counting(), counting()];
    const { bus } = await fleetOf([one, other]);
    const bench = await benchOn(slowWay(bus), { startWithinNs: 10e9 });
    const [trial] = await bench.trial(fleetRequest, 0);
    expect(trial).toMatchObject({ verdict: "pass", sent: 1_000, accepted: 1_000 });
    expect(one.frames + other.frames).toBe(1_000);
  });

  it("is confirmed by nobody: its agent waits, and does what it is asked next", async () => {
    const counted = counting();
    const { bus } = await fleetOf([counted]);
    const message = { v: protocolVersion, from: "test", run: "r1", epoch: 1 };
    const ask = async (verb: string, fields: object = {}) => {
      const answer = await bus.request(`agent.a1.${verb}`, { ...message, ...fields }, 10_000);
      return (answer.kind === "answer" ? answer.data : answer) as { readonly kind: string };
    };
    const ofRun = async (word: string, fields: object) =>
      bus.request(`run.r1.${word}`, { ...message, ...fields }, 10_000);
    await ask("claim", { ttlMs: 60_000, by: "test", force: false });
    await ask("open", { part: toldPlans(fleetPlan, 1)[0] });
    const order = (attempt: number) => ({
      ...{ trial: 0, attempt, task: "trial", request: fleetRequest, share: { index: 0, of: 1 }, index: 0 },
      idsGiven: attempt,
    });
    const soon = (): object => ({ startNs: { a1: Number(process.hrtime.bigint()) + 8e8 } });
    expect(await ask("prepare", order(1))).toMatchObject({ kind: "armed" });
    expect(await ofRun("go", { trial: 0, attempt: 1, ...soon() })).toMatchObject({ data: { kind: "going" } });
    await afterStart();
    expect(counted.frames).toBe(0);
    expect(await ask("counters")).toMatchObject({ moved: 0 });
    expect(await ask("prepare", order(2))).toMatchObject({ kind: "armed" });
    expect(await ofRun("go", { trial: 0, attempt: 2, ...soon() })).toMatchObject({ data: { kind: "going" } });
    const done = new Promise<void>((resolve) => void bus.subscribe("run.r1.event.a1", () => resolve()));
    // Of the first attempt: it is nobody's any more.
    bus.publish("run.r1.confirm", { ...message, trial: 0, attempt: 1 });
    expect(await ofRun("confirm", { trial: 0, attempt: 2 })).toMatchObject({ kind: "answer" });
    await done;
    expect(counted.frames).toBe(1_000);
  });
});

it("an agent that did not hear that all begin is told again, and its trial counts", async () => {
  const { bus } = await fleetOf([{}, {}]);
  let confirmed = 0;
  const deaf = busWith(bus, {
    gather: (subject, data, expected, timeoutMs) => {
      if (subject.endsWith(".confirm") && confirmed++ === 0) return Promise.resolve(new Map());
      return bus.gather(subject, data, expected, timeoutMs);
    },
  });
  const bench = await benchOn(deaf, { startWithinNs: 10e9 });
  const [trial] = await bench.trial(fleetRequest, 0);
  expect(trial).toMatchObject({ verdict: "pass", sent: 1_000, accepted: 1_000 });
});
