/** Several generator threads with one trial: real threads, real sockets, real rings, and a real device. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EmbeddedPart } from "../../../src/dut/index.js";
import { noFaults } from "../../../src/engine/forward/fault-spec.js";
import type { TrialReport, TrialSpec } from "../../../src/engine/loop/index.js";
import type { Generator } from "../../../src/engine/trial/generator.js";
import { startGenerator } from "../../../src/engine/trial/start-generator.js";
import { openPort, type Port, type PortRings, parsePortSpec } from "../../../src/port/index.js";
import { Histogram } from "../../../src/stats/histogram.js";
import { arena } from "../../../src/sys/arena.js";
import { fixedSize } from "../../../src/units.js";
import { defaultTraffic, plain } from "../../support/plain.js";
import { trafficSpec, trafficStream } from "../../support/traffic-specs.js";
import { startEcho } from "./echo-part.js";

const spec: TrialSpec = {
  trial: 1,
  stream: defaultTraffic,
  size: fixedSize(64),
  queues: 2,
  startSequence: 0,
  load: { kind: "paced", pps: 20_000 },
  count: 2_001,
  durationNs: Number.POSITIVE_INFINITY,
  settleNs: 500e6,
  integrity: false,
  cooperative: true,
};
const many = trafficSpec(Array.from({ length: 10 }, (_, k) => trafficStream({ name: `s${k}` })));
const never = new AbortController().signal;

let directory = "";
const open: AsyncDisposable[] = [];
const keep = <T extends AsyncDisposable>(part: T): T => {
  open.push(part);
  return part;
};
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "pktgen-test-"));
});
afterEach(async () => {
  for (const part of open.splice(0).toReversed()) await part[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

const socket = (): string => `${directory}/echo.sock`;
const keepEcho = async (faults: Parameters<typeof startEcho>[1] = null): Promise<EmbeddedPart> =>
  keep(await startEcho(`${socket()},queues=2`, faults));

async function startOn(
  text: string,
  as: (port: Port) => Port = (port) => port,
  workers = 2,
): Promise<{ port: Port; generator: Generator }> {
  const port = keep(await openPort(parsePortSpec(text), { maxFrameBytes: 1518 }));
  await port.ready(5_000);
  const generator = keep(await startGenerator({ tx: as(port), rx: null, cpu: null, busy: false, workers }));
  return { port, generator };
}
const onEcho = (more = "", as?: (port: Port) => Port) => startOn(`virtio-user:${socket()},queues=2${more}`, as);

/** What is sent on a queue comes in on the other one, and so at the other worker. */
function crossed(port: Port): Port {
  const crossedRings = (rings: PortRings | null): PortRings | null => {
    if (rings === null) return null;
    const [a, b] = rings.queues;
    return {
      ...rings,
      queues: [
        { ...a!, rx: b!.rx, rxKick: b!.rxKick },
        { ...b!, rx: a!.rx, rxKick: a!.rxKick },
      ],
    };
  };
  return {
    spec: port.spec,
    ready: (timeoutMs) => port.ready(timeoutMs),
    rings: () => crossedRings(port.rings()),
    facts: () => port.facts(),
    observe: (observer) =>
      port.observe({
        quiesce: () => observer.quiesce(),
        resume: (rings, why) => observer.resume(crossedRings(rings), why),
      }),
    breakConnection: (why) => port.breakConnection(why),
    whyLost: (generation) => port.whyLost(generation),
    [Symbol.asyncDispose]: () => port[Symbol.asyncDispose](),
  };
}

const sentOf = ({ transmit }: TrialReport): number =>
  transmit.queues.reduce((sum, { published, outstanding }) => sum + published - outstanding, 0);
const untilSent = async (generator: Generator, frames: number): Promise<void> => {
  while ((generator.progress()?.published ?? 0) < frames) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe.each([
  ["64 bytes", { size: fixedSize(64) }],
  ["1518 bytes", { size: fixedSize(1518) }],
  ["at max", { load: { kind: "max" } }],
  ["16 flows, every byte compared", { stream: plain({ flows: 16 }), integrity: true }],
  ["ten streams", { stream: many, size: fixedSize(128) }],
] as const satisfies readonly (readonly [string, Partial<TrialSpec>])[])("%s", (_, changes) => {
  it.each([
    ["on the queue that they were sent on", undefined],
    ["at the other thread", crossed],
  ])("every frame is counted once, trial after trial, where they come back %s", async (__, as) => {
    const echo = await keepEcho();
    const { generator } = await onEcho("", as);
    for (const trial of [1, 2]) {
      const report = await generator.runTrial({ ...spec, ...changes, trial }, never);
      const { transmit, receive } = report;
      expect(sentOf(report)).toBe(2_001);
      expect(transmit.queues.map(({ queue }) => queue)).toEqual([0, 1]);
      expect(receive).toMatchObject({
        accepted: 2_001,
        received: 2_001,
        duplicate: 0,
        foreign: 0,
        stale: 0,
        corrupt: 0,
      });
      expect(receive.lostRanges).toEqual([]);
      expect(receive.queues.map(({ packets }) => packets).reduce((a, b) => a + b)).toBe(2_001);
      expect(Histogram.fromData(receive.latency!).count).toBe(2_001);
      expect(report.workers?.map(({ strayed }) => strayed)).toEqual([0, 0]);
      expect(report.inexact?.filter(({ field }) => field === "accepted")).toEqual([]);
      expect(receive.streams?.map((stream) => stream.accepted) ?? [2_001]).toEqual(
        transmit.streams?.map((stream) => stream.sent) ?? [2_001],
      );
      expect(generator.progress()).toMatchObject({ phase: "done", published: 2_001, accepted: 2_001 });
    }
    expect(echo.counters().reduce((sum, { rxPackets }) => sum + rxPackets, 0)).toBe(4_002);
  });

  it.each([
    ["on the queue that they were sent on", undefined],
    ["at the other thread", crossed],
  ])("exactly what the device lost and sent twice is found, where they come back %s", async (__, as) => {
    const echo = await keepEcho({
      ...noFaults,
      loss: { kind: "count", frames: 100 },
      duplicate: { kind: "count", frames: 10 },
    });
    const { generator } = await onEcho("", as);
    await echo.reset(7);
    const report = await generator.runTrial({ ...spec, ...changes }, never);
    const { lost, duplicated } = (await echo.injected())!;
    expect([sentOf(report) - report.receive.accepted, report.receive.duplicate]).toEqual([lost, duplicated]);
    expect(lost).toBe(100);
    const ofStreams = report.transmit.streams?.map(({ sent }, s) => sent - report.receive.streams![s]!.accepted);
    expect((ofStreams ?? [100]).reduce((a, b) => a + b)).toBe(100);
  });
});

it("two threads send into a null port as many frames as they are told", async () => {
  const { generator } = await startOn("null:,queues=2");
  const report = await generator.runTrial({ ...spec, load: { kind: "max" }, count: 100_001, settleNs: 1e6 }, never);
  expect(report.transmit.queues.map(({ published }) => published)).toEqual([50_001, 50_000]);
  expect(report.receive.received).toBe(0);
  expect(report.workers?.map(({ sent }) => sent)).toEqual([50_001, 50_000]);
});

it("four threads on four queues are one generator, too", async () => {
  keep(await startEcho(`${socket()},queues=4`));
  const { generator } = await startOn(`virtio-user:${socket()},queues=4`, undefined, 4);
  const report = await generator.runTrial({ ...spec, queues: 4, stream: many, size: fixedSize(128) }, never);
  expect([sentOf(report), report.receive.accepted]).toEqual([2_001, 2_001]);
  expect(report.transmit.streams?.map(({ sent }) => sent)).toEqual(report.receive.streams?.map((s) => s.accepted));
});

it("frames that lie in the rings of any of them are taken between trials", async () => {
  await keepEcho();
  const { generator } = await onEcho();
  await generator.rehearse([spec], never);
  expect(await generator.floorNs(spec)).toBeGreaterThan(0);
  expect(await generator.drain()).toBe(0);
  let drained = -1;
  const last = async (): Promise<void> => {
    drained = await generator.drain();
  };
  const [report] = await generator.runDirections([spec], never, last);
  expect([drained, report!.receive.accepted]).toEqual([0, 2_001]);
});

describe("what ends one of them ends all", () => {
  it("the user", async () => {
    await keepEcho();
    const { generator } = await onEcho();
    const stop = new AbortController();
    const running = generator.runTrial({ ...spec, count: null }, stop.signal);
    await untilSent(generator, 100);
    stop.abort();
    const report = await running;
    expect(report.transmit.cutShort).toBe("stopped");
    expect(report.receive.accepted).toBe(sentOf(report));
  });

  it("the peer, and the next trial runs with the one that came back", async () => {
    const first = await keepEcho();
    const { port, generator } = await onEcho();
    const running = generator.runTrial({ ...spec, count: null }, never);
    await untilSent(generator, 100);
    await first[Symbol.asyncDispose]();
    expect((await running).transmit.cutShort).toBe("peer gone");
    await keepEcho();
    await port.ready(5_000);
    expect((await generator.runTrial({ ...spec, trial: 2 }, never)).receive.accepted).toBe(2_001);
  });

  it("a ring that the peer broke, and the next trial runs with new rings", async () => {
    await keepEcho();
    const { port, generator } = await onEcho(",ring=split");
    const running = generator.runTrial({ ...spec, count: null }, never);
    await untilSent(generator, 100);
    const layout = port.rings()!.queues[1]!.tx!;
    if (layout.format !== "split") throw new Error("a split ring was asked for");
    const used = new Uint16Array(arena().memory().u8.buffer, layout.deviceArea, 2);
    // The device writes it, too: once is not enough.
    for (const first = port.rings(); port.rings() === first; ) {
      used[1] = used[1]! + 3_000;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const report = await running;
    expect(report.transmit.cutShort).toBe("peer gone");
    expect(port.whyLost(1)).toMatch(/used\.idx/);
    await port.ready(5_000);
    expect((await generator.runTrial({ ...spec, trial: 2 }, never)).receive.accepted).toBe(2_001);
  });

  it("a thread that dies: the trial rejects with its error, and nothing is sent any more", async () => {
    await keepEcho();
    const { generator } = await onEcho();
    const running = generator.runTrial({ ...spec, count: null }, never).catch((error: unknown) => error);
    await untilSent(generator, 100);
    // No sum takes a BigInt: the loop ends with an error where it settles.
    const broken = { ...spec, share: { index: 1, of: 2 }, firstStream: 1, queues: 1, count: 1, settleNs: 1n };
    await generator.workers[1]!.command({ kind: "trial", specs: [broken] });
    expect(String(await running)).toMatch(/BigInt/);
    const published = generator.workers[0]!.counters.slice();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(generator.workers[0]!.counters.slice()).toEqual(published);
    await expect(generator.runTrial({ ...spec, trial: 2 }, never)).rejects.toThrow(/BigInt/);
  });
});

it("what needs one thread is refused before anything starts", async () => {
  const port = keep(await openPort(parsePortSpec("null:,queues=2"), { maxFrameBytes: 1518 }));
  const setup = { tx: port, rx: null, cpu: null, busy: false, workers: 2 };
  await expect(startGenerator({ ...setup, programs: ["file:///x.ts"] })).rejects.toThrow(/traffic of a program/);
});
