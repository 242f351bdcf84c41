/** A live session over two agents of this process, with real ports: each has one end of a socket. */
import { afterEach, describe, expect, it, vi } from "vitest";
import type { FlowCounters, FlowSpec, SessionEvent, TestSession } from "../../src/session/index.js";
import { fixedSize } from "../../src/units.js";
import { type SessionAgents, sessionAgents } from "../support/session-agents.js";
import { simFlow } from "../support/session-sim.js";

vi.setConfig({ testTimeout: 120_000 });

const opened: AsyncDisposable[] = [];

afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

async function agentsOf(more: Parameters<typeof sessionAgents>[0] = {}): Promise<SessionAgents> {
  const agents = await sessionAgents(more);
  opened.push(agents);
  return agents;
}

async function sessionOn(agents: SessionAgents): Promise<TestSession> {
  const session = await agents.open();
  opened.push({ [Symbol.asyncDispose]: () => session.close() });
  return session;
}

const there = (name: string, number: number, more: Partial<FlowSpec> = {}): FlowSpec =>
  simFlow(name, number, { from: "left", to: ["right"], rate: { kind: "pps", pps: 5_000 }, ...more });
const frames = (count: number): Partial<FlowSpec> => ({ duration: { kind: "frames", frames: count } });

async function rowOf(session: TestSession, name: string): Promise<FlowCounters> {
  return (await session.look(true)).flows.find((row) => row.name === name)!;
}

async function until(session: TestSession, name: string, isIt: (row: FlowCounters) => boolean): Promise<FlowCounters> {
  for (;;) {
    const row = await rowOf(session, name);
    expect(row.received).toBeLessThanOrEqual(row.sent);
    if (isIt(row)) return row;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const settled = (row: FlowCounters): boolean => row.settled && row.sent > 0;

describe("a session over two agents", () => {
  it("counts every frame of flows both ways that start together, are paused, changed and started again", async () => {
    const session = await sessionOn(await agentsOf());
    expect(session.ports.map(({ name, kind }) => [name, kind])).toEqual([
      ["left", "vhost"],
      ["right", "virtio-user"],
    ]);
    await session.addFlows([
      there("a", 1, frames(1_000)),
      there("b", 2, { from: "right", to: ["left"], ...frames(500) }),
      there("c", 3, { rate: { kind: "percent", share: 0.001 } }),
    ]);
    for (const generation of [1, 2]) {
      await session.start(["a", "b"]);
      for (const [name, sent] of [
        ["a", 1_000],
        ["b", 500],
      ] as const) {
        const row = await until(session, name, settled);
        expect(row).toMatchObject({ generation, sent, received: sent, lost: 0, inFlight: 0, duplicate: 0, stale: 0 });
        expect(row).toMatchObject({ state: "stopped", latencyNs: null, signed: true, receivedBytes: sent * 64 });
      }
    }
    await session.start(["c"]);
    await session.setRate(["c"], { kind: "pps", pps: 2_000 });
    await until(session, "c", ({ received }) => received > 20);
    await session.pause(["c"]);
    expect((await rowOf(session, "c")).state).toBe("paused");
    await session.resume("all");
    expect(session.flows().map(({ spec }) => spec.name)).toEqual(["a", "b", "c"]);
    await session.stop("all");
    const row = await until(session, "c", settled);
    expect(row).toMatchObject({ lost: 0, inFlight: 0, pps: 2_000 });
    expect(row.received).toBe(row.sent);
    const { ports } = await session.look(true);
    const [left, right] = ports;
    expect(right!.rxFrames).toBe(left!.txFrames);
    expect(left!.rxFrames).toBe(right!.txFrames);
    expect([left!.stale, left!.foreign, right!.stale, right!.foreign]).toEqual([0, 0, 0, 0]);
    await session.removeFlows(["a"]);
    await session.addFlows([there("d", 4, frames(10))]);
    await session.start(["d"]);
    expect(await until(session, "d", settled)).toMatchObject({ sent: 10, received: 10, generation: 1 });
  });

  it("a flow that nobody receives has no loss, and frames of it that come in are said to be elsewhere", async () => {
    const session = await sessionOn(await agentsOf());
    await session.addFlows([there("a", 1, { to: [], ...frames(100) })]);
    await session.start("all");
    const row = await until(session, "a", ({ elsewhere, inRing }) => elsewhere === 100 && inRing === 0);
    expect(row).toMatchObject({ sent: 100, received: 0, lost: 0, inFlight: 0 });
  });

  it("frames without signature are counted by their headers", async () => {
    const session = await sessionOn(await agentsOf());
    const { frames: stream } = there("a", 1);
    await session.addFlows([
      there("a", 1, { frames: { ...stream, signed: false } as FlowSpec["frames"], ...frames(50) }),
    ]);
    await session.start("all");
    expect(await until(session, "a", settled)).toMatchObject({ sent: 50, received: 50, lost: 0, signed: false });
  });

  it("all or none: what one agent refuses is nowhere, and what is refused is said with the flow", async () => {
    const agents = await agentsOf({ maxPps: 1_000 });
    const session = await sessionOn(agents);
    const long = there("long", 2, {
      frames: { ...there("x", 1).frames, size: fixedSize(9_000) } as FlowSpec["frames"],
    });
    await expect(session.addFlows([there("a", 1), long])).rejects.toMatchObject({
      ...{ code: "bad-spec", where: expect.stringMatching(/^flow "long"/) },
    });
    expect(session.flows()).toEqual([]);
    await session.addFlows([there("a", 1), there("slow", 2, { rate: { kind: "pps", pps: 900 } })]);
    await expect(session.start(["a"])).rejects.toMatchObject({ code: "not-possible", accepted: /--max-rate/ });
    await session.start(["slow"]);
    await expect(session.setRate(["slow"], { kind: "max" })).rejects.toMatchObject({ code: "not-possible" });
    await until(session, "slow", ({ received }) => received > 5);
    await session.stop("all");
    expect(await until(session, "slow", settled)).toMatchObject({ lost: 0, pps: 900 });
    await expect(session.addFlows([there("a", 1)])).rejects.toMatchObject({ code: "exists" });
    await expect(session.start(["nobody"])).rejects.toMatchObject({ code: "unknown-flow" });
  });

  it("an agent has one owner: another session is refused and told whose it is, until the first one is closed", async () => {
    const agents = await agentsOf();
    const session = await agents.open();
    await expect(agents.open()).rejects.toMatchObject({ exitCode: 3, message: expect.stringMatching(/in use by/) });
    await session.close();
    await (await agents.open()).close();
  });

  it("a port that an agent does not offer is refused, and nothing stays open", async () => {
    const agents = await agentsOf();
    const port = { name: "x", agent: "a1", port: "packet:eth9", lineRateBps: null, maxFrameBytes: 1522 };
    await expect(agents.open({ ports: [port] })).rejects.toThrow(/does not offer packet:eth9/);
    await (await agents.open()).close();
  });

  it("a receiver that is gone: its ports are down, its flows stay as they were last known, and starts are refused", async () => {
    const agents = await agentsOf();
    const session = await sessionOn(agents);
    const events: SessionEvent[] = [];
    session.onEvent((event) => events.push(event));
    await session.addFlows([there("a", 1, frames(100)), there("b", 2)]);
    await session.start(["a"]);
    const before = await until(session, "a", settled);
    await session.start(["b"]);
    await until(session, "b", ({ received }) => received > 10);
    await agents.kill(1);
    while (session.lostPort("right") === null) await session.look(true);
    const { flows, ports } = await session.look(true);
    expect(session.lostPort("right")).toMatch(/^agent a2: /);
    expect(ports.map(({ name, link }) => [name, link])).toEqual([
      ["left", "up"],
      ["right", "down"],
    ]);
    expect(flows[0]).toMatchObject({ sent: before.sent, received: before.received, lost: 0 });
    expect(flows[1]!.settled).toBe(false);
    expect(events).toContainEqual(expect.objectContaining({ kind: "link", port: "right", state: "down" }));
    await expect(session.start(["a"])).rejects.toMatchObject({ code: "ended", where: "agent a2" });
    await session.stop("all");
    expect((await rowOf(session, "b")).state).toBe("stopped");
    await session.removeFlows("all");
  });

  it("an agent whose owner is gone stops by itself, and is free", async () => {
    const agents = await agentsOf();
    const session = await sessionOn(agents);
    await session.addFlows([there("a", 1)]);
    await session.start("all");
    await until(session, "a", ({ received }) => received > 10);
    await agents.bus[Symbol.asyncDispose]();
    const other = agents.hub.connect();
    const facts = async () =>
      [...(await other.gather("agent.all.facts", { v: 2, from: "t" }, ["a1", "a2"], 2_000)).values()] as {
        state: string;
      }[];
    expect((await facts()).map(({ state }) => state)).toEqual(["open", "open"]);
    while (!(await facts()).every(({ state }) => state === "idle"))
      await new Promise((resolve) => setTimeout(resolve, 500));
    await other[Symbol.asyncDispose]();
  });
});
