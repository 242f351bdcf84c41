/** The live session of an agent: what it is told again it does once, and nothing for whoever has lost the agent. */
import { afterEach, expect, it } from "vitest";
import { environmentError } from "../../src/errors.js";
import { AgentSession } from "../../src/fleet/session/agent-session.js";
import type { AgentDeed } from "../../src/fleet/session/deeds.js";
import { monotonicClock } from "../../src/sys/clock.js";
import { simFlow } from "../support/session-sim.js";

const setup = { ports: ["null:"], yesThisInterface: false, maxPps: null, clock: monotonicClock() };
const port = { name: "p", port: "null:", lineRateBps: null, maxFrameBytes: 1522 };
const open: AgentDeed = {
  ...{ do: "open", ports: [port], capacity: 16, trial: 1, settleNs: 1e6, readyTimeoutMs: 0 },
};
const mine = (): void => {};

let session: AgentSession | null = null;
afterEach(() => session?.close());

it("a deed that is said twice is done once, and answered twice", async () => {
  session = new AgentSession(setup);
  const order = { run: "r", epoch: 1, id: 1, deed: open };
  const [first, second] = await Promise.all([session.do(order, mine), session.do(order, mine)]);
  expect(second).toBe(first);
  expect(first).toMatchObject({ kind: "done", result: { ports: [{ name: "p", kind: "null" }] } });
  const other = await session.do({ ...order, id: 2, deed: { ...open, ports: [{ ...port, port: "packet:x" }] } }, mine);
  expect(other).toMatchObject({ kind: "failed", code: null, what: "it does not offer packet:x", accepted: "null:" });
});

it("is closed again where its owner lost the agent meanwhile, and refuses what needs it", async () => {
  session = new AgentSession(setup);
  let asked = 0;
  const lost = (): void => {
    if (++asked > 1) throw environmentError("it is in use by somebody else");
  };
  const refused = await session.do({ run: "r", epoch: 1, id: 1, deed: open }, lost);
  expect(refused).toMatchObject({ kind: "failed", what: "it is in use by somebody else" });
  expect(session.isOpen).toBe(false);
  const stop: AgentDeed = { do: "stop", names: [] };
  expect(await session.do({ run: "r", epoch: 2, id: 1, deed: stop }, mine)).toMatchObject({
    kind: "failed",
    code: "closed",
  });
});

it("whoever looks again gets what changed; the next session has nothing of the one before", async () => {
  session = new AgentSession(setup);
  let id = 0;
  const ask = async (deed: AgentDeed) => (await session!.do({ run: "r", epoch: 1, id: ++id, deed }, mine)) as never;
  const flow = (name: string, slot: number): AgentDeed =>
    ({ do: "add", flows: [{ spec: simFlow(name, slot, { from: "p", to: [] }), slot, lineRateBps: 1e9 }] }) as never;
  const look = async (since: number | null) => {
    const { result } = await ask({ do: "sample", since });
    const { changes, snapshot } = result as unknown as Record<string, { number: number; flows: { name: string }[] }>;
    expect(snapshot).not.toHaveProperty("flows");
    return { number: changes!.number, names: changes!.flows.map(({ name }) => name) };
  };
  await ask(open);
  expect(await ask(flow("a", 0))).toMatchObject({ kind: "done" });
  expect(await ask(flow("b", 1))).toMatchObject({ kind: "done" });
  const first = await look(null);
  expect(first.names).toEqual(["a", "b"]);
  const second = await look(first.number);
  expect(second.names).toEqual([]);
  expect((await look(first.number)).names).toEqual(["a", "b"]);
  await ask(open);
  await ask(flow("a", 0));
  expect((await look(second.number + 1)).names).toEqual(["a"]);
});
