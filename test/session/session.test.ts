/** Sessions in their own thread, on both sides of one socket. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ethernet, ipv4, parseIpv4, parseMac, sctp } from "../../src/packet/index.js";
import { decodeCapture } from "../../src/pcap/codec.js";
import { parsePortSpec } from "../../src/port/index.js";
import {
  type FlowSpec,
  openSession,
  type Session,
  type SessionEvent,
  type SessionSpec,
} from "../../src/session/index.js";
import { fixedSize } from "../../src/units.js";
import { temporaryFolder } from "../support/rings-cross.js";
import { simFlow } from "../support/session-sim.js";

/** A session on both sides of one socket: what one port sends, the other receives. */
async function openBoth(folder: string, changes: Partial<SessionSpec> = {}): Promise<Session> {
  const path = join(folder, "s");
  return openSession({
    ports: [
      { name: "p0", port: parsePortSpec(`vhost:${path},server=on`), lineRateBps: 1e9 },
      { name: "p1", port: parsePortSpec(`virtio-user:${path}`) },
    ],
    settleNs: 50e6,
    ...changes,
  });
}

async function until(session: Session, isIt: (snapshot: ReturnType<Session["sample"]>) => boolean): Promise<void> {
  while (!isIt(session.sample())) await new Promise((resolve) => setTimeout(resolve, 5));
}

const allSettled = ({ flows }: ReturnType<Session["sample"]>): boolean => flows.every(({ settled }) => settled);

describe("a session in its own thread", () => {
  it("counts every frame of flows that are started, changed, paused and stopped", async () => {
    using folder = temporaryFolder();
    await using session = await openBoth(folder.path);
    const events: SessionEvent[] = [];
    session.onEvent((event) => events.push(event));
    const count = { kind: "frames", frames: 2_000 } as const;
    const back = { from: "p1", to: ["p0"] };
    await session.addFlows([
      simFlow("a", 1, { rate: { kind: "pps", pps: 20_000 }, duration: count }),
      simFlow("b", 2, { rate: { kind: "percent", share: 0.001 } }),
      simFlow("c", 3, { ...back, rate: { kind: "bps", layer: 1, bps: 6.72e6 } }),
    ]);
    expect(session.flows().map(({ spec, state }) => [spec.name, state])).toEqual([
      ["a", "stopped"],
      ["b", "stopped"],
      ["c", "stopped"],
    ]);
    await session.start("all");
    await session.setRate(["c"], { kind: "pps", pps: 5_000 });
    await session.pause(["b"]);
    await session.resume(["b"]);
    await until(session, ({ flows }) => flows[0]!.state === "stopped" && flows[2]!.sent > 100);
    await session.stop("all");
    await until(session, allSettled);
    const snapshot = session.sample();
    for (const flow of snapshot.flows) {
      expect(flow).toMatchObject({ lost: 0, inFlight: 0, inRing: 0, corrupt: 0, duplicate: 0, generation: 1 });
      expect(flow.received).toBe(flow.sent);
      expect(flow.latencyNs!.min).toBeGreaterThanOrEqual(0);
      expect(flow.latencyNs!.max).toBeGreaterThanOrEqual(flow.latencyNs!.p99);
    }
    expect(snapshot.flows[0]!.sent).toBe(2_000);
    expect(snapshot.flows[1]!.pps).toBeCloseTo(1e6 / (84 * 8), 6);
    const [p0, p1] = snapshot.ports as [(typeof snapshot.ports)[0], (typeof snapshot.ports)[0]];
    expect(p1.rxFrames).toBe(p0.txFrames);
    expect(p0.txFrames).toBe(snapshot.flows[0]!.sent + snapshot.flows[1]!.sent);
    expect(p0.rxFrames).toBe(snapshot.flows[2]!.sent);
    expect(events).toContainEqual(expect.objectContaining({ kind: "flow", flow: "a", state: "stopped", why: "ended" }));
    expect(events).toContainEqual(expect.objectContaining({ kind: "rate", flow: "c", pps: 5_000 }));
    expect(session.snapshot().flows.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    const removed = session.removeFlows(["a", "c"]);
    expect(session.snapshot().flows.map(({ name }) => name)).toEqual(["b"]);
    await removed;
    expect(session.flows().map(({ spec }) => spec.name)).toEqual(["b"]);
  });

  it("counts the rate of a flow from its own frames, not from those of one that had its place before", async () => {
    using folder = temporaryFolder();
    await using session = await openBoth(folder.path);
    const send = async (name: string, frames: number): Promise<void> => {
      await session.addFlows([
        simFlow(name, 1, { rate: { kind: "pps", pps: 20_000 }, duration: { kind: "frames", frames } }),
      ]);
      await session.start([name]);
      await until(session, allSettled);
    };
    await send("first", 4_000);
    await until(session, ({ flows }) => flows[0]!.txPps > 0);
    await session.removeFlows("all");
    await send("second", 10);
    await until(session, ({ flows }) => flows[0]!.txPps !== 0);
    expect(session.sample().flows[0]!.txPps).toBeGreaterThan(0);
  });

  it("starts flows with another duration than they were added with", async () => {
    using folder = temporaryFolder();
    await using session = await openBoth(folder.path);
    await session.addFlows([simFlow("a", 1), simFlow("b", 2)]);
    await session.start(["a", "b"], { kind: "frames", frames: 70 });
    await until(session, allSettled);
    expect(session.sample().flows.map(({ sent, received }) => [sent, received])).toEqual([
      [70, 70],
      [70, 70],
    ]);
    // It is theirs from now on.
    await session.start(["a"]);
    await until(session, (snapshot) => snapshot.flows[0]!.generation === 2 && allSettled(snapshot));
    expect(session.sample().flows[0]).toMatchObject({ sent: 70, received: 70 });
    // One that runs is started anew.
    await session.start(["b"], { kind: "continuous" });
    await session.start(["a", "b"], { kind: "frames", frames: 5 });
    await until(session, allSettled);
    expect(session.sample().flows.map(({ generation, sent }) => [generation, sent])).toEqual([
      [3, 5],
      [3, 5],
    ]);
    await session.start(["b"], { kind: "continuous" });
    await expect(session.start(["a"], { kind: "frames", frames: 0 })).rejects.toMatchObject({ code: "bad-spec" });
    expect(session.flows().map(({ spec, state }) => [spec.duration?.kind, state])).toEqual([
      ["frames", "stopped"],
      ["continuous", "running"],
    ]);
  });

  it("gives each of two starts in a row its own duration", async () => {
    using folder = temporaryFolder();
    await using session = await openBoth(folder.path);
    const others = Array.from({ length: 1_500 }, (_, k) => `other ${k}`);
    await session.addFlows([
      simFlow("a", 1, { rate: { kind: "pps", pps: 1e6 } }),
      ...others.map((name) => simFlow(name, 2)),
    ]);
    // Commands that take the loop many turns: before the first start, so that both are asked for before it; and between.
    const busy = () => [session.pause(others), session.pause(others)];
    const before = busy();
    const first = session.start(["a"], { kind: "frames", frames: 5 });
    const between = busy();
    const second = session.start(["a"], { kind: "frames", frames: 70 });
    await Promise.all([...before, first, ...between, second]);
    await until(session, (snapshot) => snapshot.flows[0]!.generation === 2 && allSettled(snapshot));
    const { flows, ports } = session.sample();
    expect(flows[0]).toMatchObject({ sent: 70, received: 70 });
    expect(ports[0]!.txFrames).toBe(75);
  });

  it("is a host on each port: it answers and asks, whatever flows do", async () => {
    using folder = temporaryFolder();
    const hosts = [
      { name: "h0", port: "p0", mac: "02:00:00:00:00:10", ipv4: ["198.18.0.10"], ipv6: ["2001:2::10"] },
      { name: "h1", port: "p1", mac: "02:00:00:00:00:11", ipv4: ["198.18.0.11"], ipv6: ["2001:2::11"] },
      { name: "h2", port: "p1", mac: "02:00:00:00:00:12", ipv4: ["198.18.0.12"] },
    ];
    await using session = await openBoth(folder.path, { hosts, flows: [simFlow("a", 1)] });
    await session.start(["a"]);
    expect(await session.resolve("h0", "198.18.0.11")).toBe("02:00:00:00:00:11");
    expect(await session.resolve("h0", "198.18.0.12")).toBe("02:00:00:00:00:12");
    expect(await session.resolve("h0", "2001:2::11")).toBe("02:00:00:00:00:11");
    expect(await session.ping("h0", "2001:2::11")).toMatchObject({ answered: true });
    expect(await session.ping("h2", "198.18.0.10")).toMatchObject({ answered: true });
    expect(await session.resolve("h0", "198.18.0.99", 20)).toBeNull();
    await session.stop(["a"]);
    await until(session, allSettled);
    const { flows, ports } = session.sample();
    expect(flows[0]!.received).toBe(flows[0]!.sent);
    expect(ports[0]!.beside + ports[1]!.beside).toBe(ports[0]!.foreign + ports[1]!.foreign);
    expect(session.neighbours().map(({ host, address, mac }) => [host, address, mac])).toContainEqual([
      "h0",
      "198.18.0.99",
      null,
    ]);
  });

  it("captures what passes the filter, in bounded memory, and hands it out while it runs", async () => {
    using folder = temporaryFolder();
    await using session = await openBoth(folder.path);
    const duration = { kind: "frames", frames: 300 } as const;
    await session.addFlows([simFlow("a", 1, { duration }), simFlow("b", 2, { duration })]);
    await session.startCapture({ port: "p1", filter: "udp.srcport == 1025", frames: 50, snapBytes: 42 });
    await session.startCapture({ port: "p0", direction: "tx", overwrite: false, frames: 400 });
    await session.start("all");
    await until(session, allSettled);
    const running = await session.fetchCapture("p1", "pcapng");
    expect(running).toMatchObject({ seen: 300, frames: 49, missed: 251 });
    await session.stopCapture("p1");
    const { file, ...rest } = await session.fetchCapture("p1");
    expect(rest).toEqual({ format: "pcap", seen: 300, frames: 50, missed: 250 });
    const { frames } = decodeCapture(file);
    expect(frames.every(({ bytes, originalBytes }) => bytes.length === 42 && originalBytes === 60)).toBe(true);
    expect(frames.every(({ bytes }) => ((bytes[34]! << 8) | bytes[35]!) === 1025)).toBe(true);
    expect(await session.fetchCapture("p0")).toMatchObject({ frames: 400, seen: 600, missed: 200 });
    expect(session.sample().ports.map(({ capture }) => capture)).toEqual(["stopped", "stopped"]);
    // What is fetched while a capture takes another's place is the new one's.
    const replaced = session.startCapture({ port: "p1", frames: 400 });
    expect(await session.fetchCapture("p1")).toMatchObject({ frames: 0, seen: 0 });
    await replaced;
    await session.removeCapture("p1");
    await expect(session.fetchCapture("p1")).rejects.toMatchObject({ code: "unknown-capture" });
  });

  it("hands out every frame of a capture that is just full, where none is written over", async () => {
    using folder = temporaryFolder();
    await using session = await openBoth(folder.path);
    await session.addFlows([simFlow("a", 1, { duration: { kind: "frames", frames: 300 } })]);
    await session.startCapture({ port: "p1", overwrite: false, frames: 300 });
    await session.start("all");
    await until(session, allSettled);
    expect(await session.fetchCapture("p1")).toMatchObject({ frames: 300, seen: 300, missed: 0 });
  });

  it("hands out frames of a capture that are written over faster than they can be read", async () => {
    using folder = temporaryFolder();
    await using session = await openBoth(folder.path);
    await session.addFlows([simFlow("a", 1, { rate: { kind: "max" } })]);
    await session.start(["a"]);
    await session.startCapture({ port: "p1", frames: 2000 });
    for (let time = 0; time < 3; time++) {
      const before = session.sample().flows[0]!.received;
      await until(session, ({ flows }) => flows[0]!.received > before + 10_000);
      const { frames, seen, missed } = await session.fetchCapture("p1");
      expect(frames).toBeGreaterThan(1000);
      expect(seen).toBe(frames + missed);
    }
  });

  it("refuses what cannot be, with the place and a code, and goes on", async () => {
    using folder = temporaryFolder();
    await using session = await openBoth(folder.path, { capacity: 2 });
    const refused = async (code: string, act: () => Promise<unknown>, text: RegExp): Promise<void> => {
      await expect(act()).rejects.toMatchObject({ name: "PktgenError", code });
      await expect(act()).rejects.toThrow(text);
    };
    await session.addFlows([simFlow("a", 1)]);
    await refused("exists", () => session.addFlows([simFlow("a", 1)]), /there is a flow "a" already/);
    await refused("unknown-flow", () => session.start(["b"]), /there is no flow "b"/);
    await refused("unknown-port", () => session.addFlows([simFlow("b", 1, { to: ["p9"] })]), /there is no port "p9"/);
    await refused("full", () => session.addFlows([simFlow("b", 1), simFlow("c", 1)]), /room for 1 more flows/);
    const percent = { kind: "percent", share: 0.5 } as const;
    const reverse = { from: "p1", to: ["p0"], rate: percent };
    await refused("bad-spec", () => session.addFlows([simFlow("b", 1, reverse)]), /no line speed/);
    const short = { kind: "bytes", bytes: new Uint8Array(10) } as const;
    await refused("bad-spec", () => session.addFlows([simFlow("b", 1, { frames: short })]), /no Ethernet frame/);
    const [src, dst] = [parseMac("02:00:00:00:00:01"), parseMac("02:00:00:00:00:02")];
    const ip = ipv4({ src: parseIpv4("198.18.0.1"), dst: parseIpv4("198.19.0.1") });
    const layers = [ethernet({ src, dst }), ip, sctp({ srcPort: 1, dstPort: 2 })];
    const frames = { kind: "stream", layers, size: fixedSize(128) } as const;
    await refused("not-possible", () => session.addFlows([simFlow("b", 1, { frames })]), /SCTP/);
    await refused("unknown-capture", () => session.stopCapture("p0"), /has no capture/);
    await refused("not-possible", () => session.setLink("p0", "down"), /no link that could be set/);
    await refused("unknown-host", () => session.resolve("h", "198.18.0.1"), /no host "h"/);
    const max = { rate: { kind: "max" } } as const;
    const poisson = { kind: "poisson", key: 1 } as const;
    const bursts = { kind: "bursts", frames: 2, bursts: null, gapNs: 0 } as const;
    const add = (changes: Partial<FlowSpec>) => () => session.addFlows([simFlow("b", 1, changes)]);
    await refused("not-possible", add({ ...max, law: poisson }), /has no departures of its own/);
    await refused("not-possible", add({ ...max, duration: bursts }), /has no departures of its own/);
    await refused("not-possible", add({ law: poisson, duration: bursts }), /no Poisson arrivals/);
    await refused("bad-spec", add({ law: { kind: "poisson", key: -1 } }), /the key cannot be -1/);
    await refused("bad-spec", add({ law: { kind: "shape", pieces: [], thenShare: 0 } }), /sends nothing/);
    const piece = { durationNs: 0, fromShare: 1, toShare: 1 };
    await refused("bad-spec", add({ law: { kind: "shape", pieces: [piece], thenShare: 1 } }), /a piece of 0 ns/);
    const long = { kind: "stream", layers: layers.slice(0, 2), size: fixedSize(1519) } as const;
    await refused("bad-spec", add({ frames: long }), /frames of 1519 bytes do not fit into the buffers of port "p0"/);
    await session.addFlows([simFlow("b", 1, { law: poisson })]);
    await refused("not-possible", () => session.setRate(["a", "b"], max.rate), /has no departures of its own/);
    expect(session.sample().flows.map(({ pps }) => pps)).toEqual([100_000, 100_000]);
    await session.removeFlows(["b"]);
    await session.addFlows([simFlow("b", 1, { frames: { kind: "bytes", bytes: new Uint8Array(60).fill(7) } })]);
    await session.close();
    await refused("closed", () => session.start("all"), /was closed/);
  });
});
