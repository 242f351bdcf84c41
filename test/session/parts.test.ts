/** Sessions whose ports are shared by several threads. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { allocateSession, commandKind, SessionMemory, startSession } from "../../src/engine/session/index.js";
import { openPort, type Port, parsePortSpec } from "../../src/port/index.js";
import { dealPorts } from "../../src/session/deal-ports.js";
import { openSession, type Session, type SessionSnapshot } from "../../src/session/index.js";
import { temporaryFolder } from "../support/rings-cross.js";
import { simFlow } from "../support/session-sim.js";

async function until(session: Session, isIt: (snapshot: SessionSnapshot) => boolean): Promise<SessionSnapshot> {
  for (;;) {
    const snapshot = session.sample();
    if (isIt(snapshot)) return snapshot;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const allSettled = ({ flows }: SessionSnapshot): boolean => flows.every(({ settled }) => settled);

/** Both sides of one socket, each of a thread of its own. */
const bothSides = (path: string): Promise<Session> =>
  openSession({
    ports: [
      { name: "p0", port: parsePortSpec(`vhost:${path},server=on`) },
      { name: "p1", port: parsePortSpec(`virtio-user:${path}`) },
    ],
    settleNs: 100e6,
    workers: 2,
  });

const threads = (): number => readdirSync("/proc/self/task").length;

describe("a session of two threads", () => {
  it("counts every frame from one to the other, however often flows are started anew while they run", async () => {
    using folder = temporaryFolder();
    await using session = await bothSides(join(folder.path, "s"));
    const rate = { kind: "pps", pps: 20_000 } as const;
    const { frames, ...plain } = simFlow("plain", 3, { rate: { kind: "pps", pps: 2_000 } });
    await session.addFlows([
      simFlow("there", 1, { rate }),
      simFlow("back", 2, { rate, from: "p1", to: ["p0"] }),
      { ...plain, frames: { ...frames, signed: false } },
    ]);
    await session.start("all");
    for (let k = 0; k < 100; k++) {
      await session.start([k % 2 === 0 ? "there" : "back"]);
      for (const flow of session.sample().flows) {
        expect([flow.lost, flow.corrupt, flow.duplicate]).toEqual([0, 0, 0]);
        expect(flow.sent).toBe(flow.received + flow.inFlight);
      }
    }
    await until(session, ({ flows }) => flows.every(({ sent }) => sent > 50));
    await session.stop("all");
    // A thread notes once a millisecond what the peers of its ports have taken, and later if it gets no CPU.
    const isDone = (sample: SessionSnapshot): boolean =>
      allSettled(sample) && sample.ports.every((p) => p.inRing === 0);
    const { flows, ports } = await until(session, isDone);
    expect(flows.map(({ generation }) => generation)).toEqual([51, 51, 1]);
    for (const flow of flows) {
      expect(flow).toMatchObject({ received: flow.sent, lost: 0, corrupt: 0, duplicate: 0, elsewhere: 0, inRing: 0 });
      expect(flow.latencyNs === null).toBe(!flow.signed);
      if (flow.latencyNs !== null) expect(flow.latencyNs.min).toBeGreaterThanOrEqual(0);
    }
    const [p0, p1] = ports as [(typeof ports)[0], (typeof ports)[0]];
    expect([p1.rxFrames, p0.rxFrames]).toEqual([p0.txFrames, p1.txFrames]);
    for (const { rxFrames, test, stale } of ports) expect(test + stale).toBe(rxFrames);
  });

  it("gives what removed flows had to others only when both threads let it go", async () => {
    using folder = temporaryFolder();
    await using session = await bothSides(join(folder.path, "s"));
    const rate = { kind: "pps", pps: 50_000 } as const;
    for (let k = 0; k < 40; k++) {
      const ends = k % 2 === 0 ? {} : { from: "p1", to: ["p0"] };
      await session.addFlows([simFlow(`f${k}`, k, { rate, ...ends })]);
      await session.start([`f${k}`]);
      const { flows } = await until(session, (snapshot) => snapshot.flows[0]!.received > 5);
      expect(flows).toHaveLength(1);
      expect(flows[0]).toMatchObject({ generation: 1, lost: 0, duplicate: 0, corrupt: 0, stale: 0 });
      await session.removeFlows("all");
    }
    const { ports } = await until(session, (s) => s.ports[0]!.txFrames === s.ports[1]!.rxFrames);
    for (const { rxFrames, test, stale } of ports) expect(test + stale).toBe(rxFrames);
  });

  it("answers hosts and captures at the ports of both", async () => {
    using folder = temporaryFolder();
    await using session = await bothSides(join(folder.path, "s"));
    const [left, right] = ["198.18.0.1", "198.18.0.2"];
    await session.setHosts([
      { name: "left", port: "p0", mac: "02:00:00:00:00:01", ipv4: [left!] },
      { name: "right", port: "p1", mac: "02:00:00:00:00:02", ipv4: [right!] },
    ]);
    await session.startCapture({ port: "p1", direction: "both" });
    expect(await session.resolve("left", right!)).toBe("02:00:00:00:00:02");
    expect(await session.ping("right", left!)).toMatchObject({ answered: true });
    expect((await session.fetchCapture("p1")).frames).toBeGreaterThanOrEqual(4);
  });

  it("ends with the error of a thread that dies, and so does the other", async () => {
    const before = threads();
    const ports: Port[] = [await openPort(parsePortSpec("null:")), await openPort(parsePortSpec("null:"))];
    const shape = { capacity: 16, lanes: 32, ports: 2, partOf: [0, 1], trial: 0x747001, heapBytes: 1 << 20 };
    let died = (_error: Error): void => {};
    const death = new Promise<Error>((resolve) => {
      died = resolve;
    });
    await using handle = await startSession({
      ...{ ports, shape, cpu: null, busy: false, onEvent: () => {}, onTrouble: () => {} },
      onFailure: (error) => died(error),
    });
    await handle.begin();
    expect(handle.commands).toHaveLength(2);
    // No JSON is there.
    handle.commands[1]!.write([{ kind: commandKind.order, at: 64, length: 0 }]);
    expect((await death).message).toMatch(/JSON/);
    while (threads() > before) await new Promise((wake) => setTimeout(wake, 5));
    for (const port of ports) await port[Symbol.asyncDispose]();
  });
});

describe("the ports of a session are dealt", () => {
  const ports = ["a", "b", "c"].map((name) => ({ name, port: parsePortSpec("null:") }));

  it("in turn, or as its user says", () => {
    expect(dealPorts({ ports })).toEqual([0, 0, 0]);
    expect(dealPorts({ ports, workers: 2 })).toEqual([0, 1, 0]);
    expect(dealPorts({ ports, workers: [["b"], ["c", "a"]] })).toEqual([1, 0, 1]);
    expect(new SessionMemory(allocateSession({ ...shapeOf([1, 0, 1]) })).parts).toBe(2);
  });

  it("to at most as many threads, each once", async () => {
    await expect(openSession({ ports, workers: 4 })).rejects.toMatchObject({
      message: "4 threads cannot share 3 ports",
      details: { where: "workers", accepted: "1 to 3" },
    });
    for (const workers of [
      0,
      1.5,
      [["a", "b"]],
      [
        ["a", "b"],
        ["c", "a"],
      ],
      [["a", "b", "c"], []],
      [["a"], ["b", "x"]],
    ]) {
      await expect(openSession({ ports, workers })).rejects.toMatchObject({ code: "bad-spec" });
    }
  });
});

function shapeOf(partOf: readonly number[]) {
  return { capacity: 16, lanes: 32, ports: partOf.length, partOf, trial: 0x747001, heapBytes: 1 << 20 };
}
