/** Flows that one session sends and another receives: two sessions, each with one end of a socket. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parsePortSpec } from "../../src/port/index.js";
import {
  type FlowCounters,
  type FlowSpec,
  type NumberedStart,
  openSharedSession,
  type SharedSession,
} from "../../src/session/index.js";
import { temporaryFolder } from "../support/rings-cross.js";
import { simFlow } from "../support/session-sim.js";

interface Pair extends AsyncDisposable {
  readonly near: SharedSession;
  readonly far: SharedSession;
}

async function until(isIt: () => boolean): Promise<void> {
  while (!isIt()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** `near` has p0, `far` has p1. */
async function openPair(folder: string): Promise<Pair> {
  const path = join(folder, "s");
  const more = { trial: 4711, capacity: 16, settleNs: 50e6, readyTimeoutMs: 5_000 };
  const open = (name: string, port: string) =>
    openSharedSession({ ...more, ports: [{ name, port: parsePortSpec(port) }] });
  const opening = open("p0", `vhost:${path},server=on`);
  await until(() => existsSync(path));
  const far = await open("p1", `virtio-user:${path}`);
  const near = await opening;
  return {
    ...{ near, far },
    [Symbol.asyncDispose]: async () => {
      await near.close();
      await far.close();
    },
  };
}

const frames = (count: number): Partial<FlowSpec> => ({ duration: { kind: "frames", frames: count } });

async function add({ near, far }: Pair, specs: readonly (readonly [slot: number, spec: FlowSpec])[]): Promise<void> {
  const flows = specs.map(([slot, spec]) => ({ slot, spec, lineRateBps: 1e9 }));
  await near.shared.add(flows);
  await far.shared.add(flows);
}

async function start({ near, far }: Pair, starts: readonly NumberedStart[]): Promise<void> {
  for (const session of [near, far]) await session.shared.expect(starts);
  for (const session of [near, far]) await session.shared.start(starts, 0);
}

const row = (session: SharedSession, name: string): FlowCounters => {
  const [counters] = session.countersOf([name]) as unknown as [{ toJSON(): FlowCounters }];
  return counters.toJSON();
};

describe("flows of two sessions", () => {
  it("what one sends, the other receives: both ways, again and again, and at a place that another flow had", async () => {
    using folder = temporaryFolder();
    await using pair = await openPair(folder.path);
    const { near, far } = pair;
    await add(pair, [
      [3, simFlow("a", 1, frames(500))],
      [0, simFlow("b", 2, { from: "p1", to: ["p0"], ...frames(300) })],
    ]);
    for (const generation of [1, 2]) {
      const starts = ["a", "b"].map((name) => ({ name, start: generation, generation }));
      await start(pair, starts);
      await until(() => row(far, "a").received === 500 && row(near, "b").received === 300);
      await until(() => row(near, "a").sent === 500 && row(far, "b").sent === 300);
      await until(() => row(near, "a").state === "stopped" && row(far, "b").state === "stopped");
      for (const [sender, receiver, name, sent] of [
        [near, far, "a", 500],
        [far, near, "b", 300],
      ] as const) {
        expect(row(sender, name)).toMatchObject({ generation, sent, state: "stopped", received: 0 });
        const came = row(receiver, name);
        expect(came).toMatchObject({ generation, received: sent, lost: 0, duplicate: 0, corrupt: 0, stale: 0 });
        expect(came).toMatchObject({ latencyNs: null, firstSentNs: null, receivedBytes: sent * 64 });
        expect(came.lastReceivedNs).toBeGreaterThanOrEqual(came.firstReceivedNs!);
      }
    }
    for (const session of [near, far]) {
      await session.shared.rest("all");
      await session.removeFlows(["a"]);
    }
    await add(pair, [[3, simFlow("c", 3, frames(100))]]);
    await start(pair, [{ name: "c", start: 3, generation: 1 }]);
    await until(() => row(far, "c").received === 100);
    expect(far.sample().ports[0]).toMatchObject({ test: 1_100, stale: 0, foreign: 0, corrupt: 0 });
  });

  it("frames of a start that the receiver was not told of are stale, and no flow gets them", async () => {
    using folder = temporaryFolder();
    await using pair = await openPair(folder.path);
    await add(pair, [[1, simFlow("a", 1, frames(50))]]);
    await pair.far.shared.expect([{ name: "a", start: 1, generation: 1 }]);
    await pair.near.shared.start([{ name: "a", start: 2, generation: 2 }], 0);
    await until(() => pair.far.sample().ports[0]!.stale === 50);
    expect(row(pair.far, "a")).toMatchObject({ received: 0, stale: 50 });
  });

  it("nothing leaves before the appointed time, and rates change at both", async () => {
    using folder = temporaryFolder();
    await using pair = await openPair(folder.path);
    await add(pair, [[0, simFlow("a", 1, { rate: { kind: "percent", share: 0.0001 }, delayNs: 0 })]]);
    const starts = [{ name: "a", start: 1, generation: 1 }];
    for (const session of [pair.near, pair.far]) await session.shared.expect(starts);
    // A sender that hears of it later begins later: it has a second from here on.
    const atNs = pair.near.sample().atNs + 1e9;
    for (const session of [pair.near, pair.far]) await session.shared.start(starts, atNs);
    for (const session of [pair.near, pair.far]) await session.setRate(["a"], { kind: "percent", share: 0.001 });
    await until(() => row(pair.far, "a").received > 10);
    await pair.near.stop(["a"]);
    await pair.far.stop(["a"]);
    expect(row(pair.near, "a").startedNs).toBe(atNs);
    expect(row(pair.near, "a").firstSentNs).toBeGreaterThanOrEqual(atNs);
    expect(row(pair.far, "a").pps).toBe(row(pair.near, "a").pps);
  });

  it("a place that is taken is refused, and so is the same name", async () => {
    using folder = temporaryFolder();
    await using pair = await openPair(folder.path);
    await add(pair, [[1, simFlow("a", 1)]]);
    const flow = { slot: 1, spec: simFlow("b", 2), lineRateBps: null };
    await expect(pair.far.shared.add([flow])).rejects.toMatchObject({ code: "full" });
    await expect(pair.far.shared.add([{ ...flow, spec: simFlow("a", 2) }])).rejects.toMatchObject({ code: "exists" });
    expect(pair.far.flows().map(({ spec }) => spec.name)).toEqual(["a"]);
  });
});
