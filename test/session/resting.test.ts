/** Sessions that rest: nothing that comes in or is asked for is missed, however it comes between the last look and the rest. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parsePortSpec } from "../../src/port/index.js";
import { openSession, type Session, type SessionSnapshot } from "../../src/session/index.js";
import { temporaryFolder } from "../support/rings-cross.js";
import { simFlow } from "../support/session-sim.js";

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(session: Session, isIt: (snapshot: SessionSnapshot) => boolean): Promise<void> {
  while (!isIt(session.sample())) await wait(5);
}

const host = (port: string, name: string, last: number) => ({
  ...{ name, port, mac: `02:00:00:00:00:0${last}`, ipv4: [`198.18.0.${last}`] },
});

const flow = (from: string, to: readonly string[], number: number) => ({
  ...simFlow(`f${number}`, number, { rate: { kind: "pps", pps: 2_000 }, duration: { kind: "frames", frames: 20 } }),
  ...{ from, to },
});

/** Some 50 ms a rest; each of a millisecond it would be 900 sleeps in a second. */
async function expectRests(session: Session): Promise<void> {
  await until(session, ({ flows }) => flows.every(({ settled }) => settled));
  await wait(500);
  const before = session.sample().loop.sleeps;
  await wait(1_000);
  expect(session.sample().loop.sleeps - before).toBeLessThan(150);
}

describe.each([
  ["split", 1],
  ["packed", 1],
  ["packed", 2],
] as const)("a session on a socket's %s rings with %i threads", (ring, workers) => {
  it("rests, and has every frame and every answer", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "s");
    await using session = await openSession({
      ports: [
        { name: "p0", port: parsePortSpec(`vhost:${path},server=on,ring=${ring}`) },
        { name: "p1", port: parsePortSpec(`virtio-user:${path},ring=${ring}`) },
      ],
      ...{ settleNs: 50e6, workers },
      hosts: [host("p0", "h0", 1), host("p1", "h1", 2)],
      flows: [flow("p0", ["p1"], 1), flow("p1", ["p0"], 2)],
    });
    await expectRests(session);
    let started = 0;
    for (let turn = 0; turn < 25; turn++) {
      // From the middle of a rest to just about its beginning: the loop stays awake 100 ms after a flow, and 10 after a frame.
      await wait([3, 8, 11, 20, 55, 105, 112, 130][turn % 8]! + (turn % 3));
      const [from, to] = turn % 2 === 0 ? ["h0", "198.18.0.2"] : ["h1", "198.18.0.1"];
      expect(await session.ping(from, to)).toMatchObject({ answered: true });
      if (turn % 5 !== 0) continue;
      await session.start("all");
      started++;
      await until(session, ({ flows }) => flows.every(({ settled }) => settled));
      for (const row of session.sample().flows) {
        // Of a busy machine slots are missed: their frames leave later.
        const { sent, received, blocked, lost, generation } = row;
        const all = { sent: 20, received: 20, blocked: 0, lost: 0, generation: started };
        expect({ sent, received, blocked, lost, generation }).toEqual(all);
      }
    }
    await expectRests(session);
  });
});

it("two sessions, of one port each, wake each other", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "s");
  const open = (kind: string, last: number): Promise<Session> =>
    openSession({
      ports: [{ name: "p", port: parsePortSpec(`${kind}:${path}${kind === "vhost" ? ",server=on" : ""}`) }],
      hosts: [host("p", "h", last)],
      flows: [flow("p", [], last)],
    });
  const opening = open("vhost", 1);
  await wait(100);
  await using there = await open("virtio-user", 2);
  await using here = await opening;
  await expectRests(here);
  await expectRests(there);
  expect(await here.resolve("h", "198.18.0.2")).toBe("02:00:00:00:00:02");
  expect(await there.ping("h", "198.18.0.1")).toMatchObject({ answered: true });
  for (const [from, to] of [
    [here, there],
    [there, here],
  ] as const) {
    const before = to.sample().ports[0]!.foreign;
    await wait(200);
    await from.start("all");
    await until(to, ({ ports }) => ports[0]!.foreign === before + 20);
  }
});
