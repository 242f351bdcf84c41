/** Sessions on real interfaces, through sockets of the kernel and of XDP: links go down and up, and every frame stays accounted for. */
import { expect, it } from "vitest";
import { parsePortSpec } from "../../src/port/index.js";
import { openSession, type Session, type SessionEvent, type SessionSnapshot } from "../../src/session/index.js";
import { ip, makeNetns, type VethEnd, vethPair } from "../support/netns.js";
import { describeLab } from "../support/probe.js";
import { simFlow } from "../support/session-sim.js";
import { statistics } from "./interface-run.js";

async function until(session: Session, isIt: (snapshot: SessionSnapshot) => boolean): Promise<void> {
  while (!isIt(session.sample())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Some 50 ms a rest; each of a millisecond it would be 900 sleeps in a second. */
async function expectRests(session: Session): Promise<void> {
  const before = session.sample().loop.sleeps;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(session.sample().loop.sleeps - before).toBeLessThan(100);
}

const settled = ({ flows }: SessionSnapshot): boolean => flows.every((flow) => flow.settled);

describeLab("a session on interfaces", ["netns"], () => {
  it.each([
    ["packet", 1],
    ["xdp", 1],
    ["packet", 2],
    ["xdp", 2],
  ])("of kind %s takes a link down and up, and goes on, with %i threads", async (kind, workers) => {
    using pair = vethPair();
    const [a, b] = [pair.a, pair.b].map(({ name, netns }) => parsePortSpec(`${kind}:${name},netns=${netns}`));
    await using session = await openSession({
      ports: [
        { name: "p0", port: a! },
        { name: "p1", port: b! },
      ],
      ...{ settleNs: 300e6, workers },
      flows: [simFlow("a", 1, { rate: { kind: "pps", pps: 500 } })],
    });
    const events: SessionEvent[] = [];
    session.onEvent((event) => events.push(event));
    await session.start("all");
    await until(session, ({ flows }) => flows[0]!.received > 50);
    await session.setLink("p0", "down");
    const isUp = (): boolean => ip(pair.a.netns, "-br", "link", "show", pair.a.name).includes("LOWER_UP");
    expect(isUp()).toBe(false);
    await session.setLink("p0", "up");
    const before = session.sample().flows[0]!.received;
    await until(session, ({ flows }) => flows[0]!.received > before + 50);
    expect(isUp()).toBe(true);
    await session.stop("all");
    await until(session, settled);
    const [flow] = session.sample().flows;
    expect(flow!.received + flow!.lost).toBe(flow!.sent);
    expect(flow).toMatchObject({ corrupt: 0, duplicate: 0 });
    expect(flow!.intended).toBe(flow!.sent + flow!.missed + flow!.blocked);
  });

  it.each([
    ["packet", "", 1],
    ["packet", "", 2],
    ["packet", ",tx=ring", 1],
    ["packet", ",qdisc=on", 1],
    ["packet", ",qdisc=on,tx=ring", 1],
    ["xdp", "", 1],
    ["xdp", "", 2],
    ["xdp", ",mode=skb", 1],
  ])(
    "of kind %s%s counts what the kernel sent, delivered and dropped while links went down and up, with %i threads",
    async (kind, options, workers) => {
      using pair = vethPair();
      const ends = [pair.a, pair.b];
      const before = ends.map(statistics);
      const rate = { kind: "pps", pps: 2000 } as const;
      await using session = await openSession({
        ports: ends.map(({ name, netns }, k) => ({
          name: `p${k}`,
          port: parsePortSpec(`${kind}:${name},netns=${netns}${options}`),
        })),
        ...{ settleNs: 300e6, workers },
        flows: [simFlow("a", 1, { rate }), { ...simFlow("b", 2, { rate }), from: "p1", to: ["p0"] }],
      });
      const whys: (string | null)[] = [];
      await session.start("all");
      for (const port of ["p0", "p1", "p0"]) {
        const moved = session.sample().ports.map(({ rxFrames }) => rxFrames);
        await until(session, ({ ports }) => ports.every(({ rxFrames }, k) => rxFrames > moved[k]!));
        await session.setLink(port, "down");
        await until(session, () => session.linkStates().every(({ state }) => state === "down"));
        whys.push(session.linkStates().find((link) => link.port === port)!.why);
        await session.setLink(port, "up");
        await until(session, () => session.linkStates().every(({ state }) => state === "up"));
      }
      await session.stop("all");
      await until(session, settled);
      // Of each time, not of the first one.
      expect(whys.map((why) => /interface [ab] went down/.exec(why ?? "")?.[0])).toEqual(
        ["a", "b", "a"].map((name) => `interface ${name} went down`),
      );
      const { flows, ports } = session.sample();
      const kernel = ends.map((end, k) => {
        const now = statistics(end);
        return [now.txPackets - before[k]!.txPackets, now.rxPackets - before[k]!.rxPackets];
      });
      expect(
        ports.map(({ txFrames, sendDrops, rxFrames, receiveDrops }) => [
          txFrames - sendDrops!,
          rxFrames + receiveDrops!,
        ]),
      ).toEqual(kernel);
      expect(flows.map(({ sent }) => sent)).toEqual(ports.map(({ txFrames }) => txFrames));
      for (const { received, lost, sent } of flows) expect(received + lost).toBe(sent);
    },
  );

  it.each([1, 2])(
    "shows frames that found its ring full at the port, and says what helps, with %i threads",
    async (workers) => {
      using pair = vethPair();
      // A burst is longer than this ring.
      const [a, b] = [pair.a, pair.b].map(({ name, netns }) => parsePortSpec(`packet:${name},netns=${netns},size=4`));
      await using session = await openSession({
        ports: [
          { name: "p0", port: a! },
          { name: "p1", port: b! },
        ],
        ...{ settleNs: 500e6, workers },
        flows: [simFlow("a", 1, { rate: { kind: "max" }, duration: { kind: "frames", frames: 20_000 } })],
      });
      const troubles: SessionEvent[] = [];
      session.onEvent((event) => void (event.kind === "trouble" && troubles.push(event)));
      await session.start("all");
      await until(session, settled);
      const { flows, ports } = session.sample();
      const { sent, received, lost } = flows[0]!;
      expect([sent, received + lost]).toEqual([20_000, 20_000]);
      expect(lost).toBeGreaterThan(0);
      expect(ports.map(({ receiveDrops }) => receiveDrops)).toEqual([0, lost]);
      expect(troubles).toEqual([expect.objectContaining({ port: "p1", message: expect.stringContaining("size=") })]);
    },
  );

  it.each(["packet", "xdp"])(
    "of kind %s rests while nothing is due, and is there for frames and commands",
    async (kind) => {
      using pair = vethPair();
      const openAt = ({ name, netns }: VethEnd, host: number): Promise<Session> =>
        openSession({
          ports: [{ name: "p", port: parsePortSpec(`${kind}:${name},netns=${netns}`) }],
          hosts: [{ name: "h", port: "p", mac: `02:00:00:00:00:0${host}`, ipv4: [`198.18.0.${host}`] }],
          flows: [{ ...simFlow("a", 1, { duration: { kind: "frames", frames: 100 } }), from: "p", to: [] }],
        });
      await using here = await openAt(pair.a, 1);
      await using there = await openAt(pair.b, 2);
      await new Promise((resolve) => setTimeout(resolve, 500));
      await expectRests(there);
      expect(await here.resolve("h", "198.18.0.2")).toBe("02:00:00:00:00:02");
      expect(await here.ping("h", "198.18.0.2")).toMatchObject({ answered: true });
      await here.start("all");
      await until(here, settled);
      expect(here.sample().flows[0]).toMatchObject({ sent: 100, missed: 0, blocked: 0 });
      await until(there, ({ ports }) => ports[0]!.foreign >= 100);
    },
  );

  it("of kind tap rests while nothing is due, and is there for the kernel's frames and for commands", async () => {
    using space = makeNetns();
    await using session = await openSession({
      ports: [{ name: "p", port: parsePortSpec(`tap:t0,netns=${space.name}`), lineRateBps: 1e9 }],
      hosts: [{ name: "h", port: "p", mac: "02:00:00:00:00:01", ipv4: ["198.18.0.1"] }],
      flows: [{ ...simFlow("a", 1, { duration: { kind: "frames", frames: 100 } }), from: "p", to: [] }],
    });
    ip(space.name, "addr", "add", "198.18.0.2/24", "dev", "t0");
    await new Promise((resolve) => setTimeout(resolve, 500));
    await expectRests(session);
    for (let turn = 0; turn < 10; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 13 * turn));
      expect(await session.ping("h", "198.18.0.2")).toMatchObject({ answered: true });
    }
    await session.start("all");
    await until(session, settled);
    expect(session.sample().flows[0]).toMatchObject({ sent: 100, missed: 0, blocked: 0, inRing: 0 });
  });

  it.each(["packet", "xdp"])(
    "of kind %s with two threads rests, and the first flow of all finds both awake",
    async (kind) => {
      using pair = vethPair();
      const [a, b] = [pair.a, pair.b].map(({ name, netns }) => parsePortSpec(`${kind}:${name},netns=${netns}`));
      const count = { kind: "frames", frames: 100 } as const;
      await using session = await openSession({
        ports: [
          { name: "p0", port: a! },
          { name: "p1", port: b! },
        ],
        ...{ settleNs: 300e6, workers: 2 },
        flows: [
          simFlow("a", 1, { duration: count }),
          { ...simFlow("b", 2, { duration: count }), from: "p1", to: ["p0"] },
        ],
      });
      for (let turn = 1; turn <= 5; turn++) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        await expectRests(session);
        await session.start(turn % 2 === 0 ? ["a"] : ["b"]);
        await until(session, settled);
      }
      const counts = { sent: 100, received: 100, missed: 0, blocked: 0, lost: 0 };
      expect(session.sample().flows).toEqual([
        expect.objectContaining({ ...counts, generation: 2 }),
        expect.objectContaining({ ...counts, generation: 3 }),
      ]);
    },
  );
});
