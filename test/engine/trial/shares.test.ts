/** Several generators with a share each: together they send the whole trial, and count it, whoever receives what. */
import { describe, expect, it } from "vitest";
import type { TrialSpec } from "../../../src/engine/loop/trial-spec.js";
import { splitTrial } from "../../../src/engine/trial/split.js";
import { Histogram } from "../../../src/stats/histogram.js";
import type { TrialReport } from "../../../src/stats/trial-report.js";
import { readSequence, readTrialStream, signatureBytes, streamOf } from "../../../src/stream/index.js";
import { fixedSize } from "../../../src/units.js";
import { type Back, type CrewDevice, CrewSim, echoToAll } from "../../support/crew-sim.js";
import { baseOrder, echo, GeneratorSim } from "../../support/generator-sim.js";
import { plain } from "../../support/plain.js";
import { trafficSpec, trafficStream } from "../../support/traffic-specs.js";

const sum = (reports: readonly TrialReport[], of: (report: TrialReport) => number): number =>
  reports.reduce((total, report) => total + of(report), 0);
const sentOf = ({ transmit }: TrialReport): number =>
  transmit.queues.reduce((total, { published, outstanding }) => total + published - outstanding, 0);
const withoutSignature = (frame: Uint8Array): string => Buffer.from(frame.subarray(0, -signatureBytes)).toString("hex");
const viewOf = (frame: Uint8Array): DataView => new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
const ten = trafficSpec(Array.from({ length: 10 }, (_, k) => trafficStream({ name: `s${k}`, weight: 1 + (k % 3) })));

const trials: readonly (readonly [what: string, order: Partial<TrialSpec>])[] = [
  ["one stream at a rate", { count: 1000 }],
  ["one stream at max", { count: 1000, load: { kind: "max" } }],
  [
    "16 flows in a mix of sizes",
    {
      count: 600,
      stream: plain({ flows: 16 }),
      size: {
        kind: "mix",
        name: "m",
        parts: [
          { frameBytes: 64, weight: 7 },
          { frameBytes: 594, weight: 4 },
        ],
      },
    },
  ],
  ["a time", { count: null, durationNs: 5e6 }],
  [
    "steps",
    {
      count: null,
      durationNs: 4e6,
      load: {
        kind: "stepped",
        steps: [
          { pps: 50_000, durationNs: 2e6 },
          { pps: 200_000, durationNs: 2e6 },
        ],
      },
    },
  ],
  ["ten streams", { count: 777, stream: ten, size: fixedSize(128) }],
  ["ten streams at max", { count: 777, stream: ten, size: fixedSize(128), load: { kind: "max" } }],
];

describe.each(trials)("%s", (_, order) => {
  it.each([1, 2, 3, 4])("of %d generators has the frames of one, and counts them all", (workers) => {
    const queues = workers === 4 ? 4 : workers * 2;
    const whole: string[] = [];
    const one = new GeneratorSim({ queues });
    const report = one.run({ ...order }, (frames, queue) => {
      whole.push(...frames.map(withoutSignature));
      return echo(frames, queue, 0);
    });
    const parts: string[] = [];
    const reports = new CrewSim(workers, queues).run(order, (frames, worker, queue) => {
      parts.push(...frames.map(withoutSignature));
      return echoToAll(frames, worker, queue);
    });
    expect(parts.sort()).toEqual(whole.sort());
    expect(sum(reports, sentOf)).toBe(sentOf(report));
    expect(sum(reports, ({ transmit }) => transmit.intended)).toBe(report.transmit.intended);
    expect(sum(reports, ({ receive }) => receive.accepted)).toBe(report.receive.accepted);
    expect(sum(reports, ({ receive }) => receive.receivedBytes)).toBe(report.receive.receivedBytes);
    expect(
      reports.map(({ receive: { stale, foreign, corrupt, duplicate } }) => [stale, foreign, corrupt, duplicate]),
    ).toEqual(reports.map(() => [0, 0, 0, 0]));
    // At max a loop begins with the first turn after the appointed time.
    expect(Math.max(...reports.map(({ begunLateNs = -1 }) => begunLateNs))).toBeLessThan(10_000);
  });
});

/** Worker w's frames come in at the next worker. */
const shifted =
  (workers: number, change: (back: Back, frame: Uint8Array) => readonly Back[] = (back) => [back]): CrewDevice =>
  (frames, worker, queue) =>
    frames.flatMap((frame) => change({ worker: (worker + 1) % workers, queue, frame }, frame));

describe("frames that come in at another worker", () => {
  const tenStreams = { stream: ten, size: fixedSize(128), integrity: true };
  const [, secondOfTwo] = splitTrial({ ...baseOrder, ...tenStreams, count: 1800, queues: 6 }, 2) as [
    TrialSpec,
    TrialSpec,
  ];
  const { queues: _, ...ofAgent } = secondOfTwo;
  const orders: readonly (readonly [what: string, order: Partial<TrialSpec>])[] = [
    ["one stream", { count: 900, integrity: true }],
    ["flows", { count: 900, stream: plain({ flows: 12 }), integrity: true }],
    ["ten streams", { count: 900, ...tenStreams }],
    ["ten streams of the second of two agents", ofAgent],
  ];

  it.each(orders)("are counted by the one that sent them: %s", (_, order) => {
    const reports = new CrewSim(3, 6).run(order, shifted(3));
    for (const { transmit, receive } of reports) {
      const sent = transmit.queues.reduce((total, { published, outstanding }) => total + published - outstanding, 0);
      expect(sent).toBeGreaterThan(250);
      expect(receive).toMatchObject({
        accepted: sent,
        received: sent,
        lostRanges: [],
        foreign: 0,
        stale: 0,
        corrupt: 0,
      });
      expect(receive.receivedBytes).toBe(transmit.queues.reduce((total, { sentBytes }) => total + sentBytes, 0));
      // They are accepted when they are told: which came next to each other is not known.
      expect([receive, ...(receive.streams ?? [])].filter(({ reorderRuns }) => reorderRuns !== undefined)).toEqual([]);
      expect(receive.strayed).toBeUndefined();
      expect(Histogram.fromData(receive.latency!).count).toBe(sent);
      expect(receive.firstArrivalNs).toBeGreaterThan(0);
    }
    const flowCounts = reports.flatMap(({ receive }) => receive.flows!.list.map(({ queues }) => queues));
    expect(flowCounts.flat().reduce((a, b) => a + b, 0)).toBe(order.count);
    const streams = reports.flatMap(({ receive }) => receive.streams ?? []);
    for (const { queues } of streams) expect(queues.every((frames) => frames >= 0)).toBe(true);
    if (streams.length > 0)
      expect(streams.flatMap(({ queues }) => queues).reduce((a, b) => a + b, 0)).toBe(order.count);
  });

  it.each(orders)("are lost and twice where they are, and in an order that is not known: %s", (_, order) => {
    let held: Back | null = null;
    const device = shifted(3, (back, frame) => {
      const view = viewOf(frame);
      const [number, stream] = [readSequence(view, frame.length), streamOf(readTrialStream(view, frame.length))];
      if (stream % 10 !== 0) return [back];
      if (number === 7) return [];
      if (number === 9) return [back, back];
      if (number === 11) {
        held = back;
        return [];
      }
      const late = number === 13 && held !== null ? [held] : [];
      return [back, ...late];
    });
    const reports = new CrewSim(3, 3).run(order, device);
    const lost = sum(reports, sentOf) - sum(reports, ({ receive }) => receive.accepted);
    expect(sum(reports, ({ receive }) => receive.duplicate)).toBe(lost);
    expect(lost).toBeGreaterThan(0);
    expect(sum(reports, ({ receive }) => receive.unordered ?? 0)).toBeGreaterThan(0);
    expect(sum(reports, ({ receive }) => receive.foreign + receive.corrupt + receive.stale)).toBe(0);
  });

  it("are not out of order because they are told late; what is out of order on its own way is", () => {
    // Every other frame comes in elsewhere, and in the order in which all were sent.
    const spread: CrewDevice = (frames, worker, queue) =>
      frames.map((frame) => {
        const elsewhere = readSequence(viewOf(frame), frame.length) % 2 === 1;
        return { worker: elsewhere ? (worker + 1) % 2 : worker, queue, frame };
      });
    const even = new CrewSim(2, 2).run({ count: 2000, load: { kind: "max" } }, spread);
    expect(sum(even, ({ receive }) => receive.accepted)).toBe(2000);
    expect(sum(even, ({ receive }) => receive.reordered)).toBe(0);
    expect(sum(even, ({ receive }) => receive.unordered ?? 0)).toBeGreaterThan(0);
    let held: Back | null = null;
    const mixing: CrewDevice = (frames, worker, queue) =>
      echoToAll(frames, worker, queue).flatMap((back) => {
        const number = readSequence(viewOf(back.frame), back.frame.length);
        if (worker !== 0 || number % 50 !== 0) {
          const late = held !== null && number % 50 === 3 && worker === 0 ? [held] : [];
          return [back, ...late];
        }
        held = back;
        return [];
      });
    const mixed = new CrewSim(2, 2).run({ count: 2000 }, mixing);
    expect(sum(mixed, ({ receive }) => receive.reordered)).toBe(20);
    expect(sum(mixed, ({ receive }) => receive.unordered ?? 0)).toBe(0);
  });

  it("damaged are counted where they come in", () => {
    const reports = new CrewSim(2, 2).run(
      { count: 400 },
      shifted(2, (back, frame) => {
        const end = frame.length;
        if (readSequence(viewOf(frame), end) === 5) frame[end - 9] ^= 0x40;
        return [back];
      }),
    );
    expect(sum(reports, ({ receive }) => receive.corrupt)).toBe(2);
    expect(sum(reports, ({ receive }) => receive.accepted)).toBe(398);
  });

  it("are told of in the report where nobody can tell the other", () => {
    const reports = new CrewSim(2, 2, false).run({ count: 100 }, shifted(2));
    for (const { receive } of reports) {
      expect(receive).toMatchObject({ strayed: { frames: 50 }, received: 50, accepted: 0, foreign: 0 });
      expect(receive.receivedBytes).toBe(50 * 60);
    }
  });
});

it("a generator that comes late to the appointed time says by how much", () => {
  const sim = new GeneratorSim();
  sim.begin({ count: 10 });
  sim.command({ kind: "appoint", startAtNs: sim.nowNs - 3e6 });
  while (!sim.done) sim.turn(echo);
  const report = sim.report();
  expect(report.begunLateNs).toBeGreaterThanOrEqual(3e6);
  expect(report.receive.accepted).toBe(10);
});
