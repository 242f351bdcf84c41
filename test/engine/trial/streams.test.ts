/** Trials of several streams: rates, order, accounts and latency of each. */
import { describe, expect, it } from "vitest";
import { ethernet, ipv6, udp } from "../../../src/packet/index.js";
import { streamPps, timelinesOf } from "../../../src/stream/departures/loads.js";
import type { TrafficSpec, TrafficStream } from "../../../src/stream/index.js";
import { fixedSize } from "../../../src/units.js";
import { type Device, echo, GeneratorSim } from "../../support/generator-sim.js";
import { macs, trafficSpec, trafficStream, v6 } from "../../support/traffic-specs.js";

const paced = (name: string, pps: number, changes: Partial<TrafficStream> = {}): TrafficStream =>
  trafficStream({ name, rate: { kind: "pps", pps }, ...changes });

const order = (stream: TrafficSpec) => ({
  stream,
  size: fixedSize(128),
  load: { kind: "own", lineRateBps: null } as const,
  count: null,
  durationNs: 50_000_000,
});

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

describe("several streams at once", () => {
  const three = trafficSpec([
    paced("fast", 100_000, {
      fields: [{ target: { field: "udp.srcPort" }, change: { kind: "increment", min: 1, max: 60_000, step: 1 } }],
    }),
    paced("large", 20_000, { size: { kind: "list", frameBytes: [64, 512, 1518] } }),
    paced("six", 5_000, { layers: [ethernet(macs), ipv6(v6), udp({ srcPort: 1, dstPort: 9 })] }),
  ]);

  it.each([1, 3])("keep their rates, and each is accounted for, over %i queues", (queues) => {
    const sim = new GeneratorSim({ queues });
    const { transmit, receive } = sim.run(order(three), echo);
    expect(transmit.streams!.map(({ sent }) => sent)).toEqual([5000, 1000, 250]);
    expect(receive.streams!.map(({ accepted }) => accepted)).toEqual([5000, 1000, 250]);
    expect(transmit).toMatchObject({ intended: 6250, missed: 0, blocked: 0 });
    expect(receive).toMatchObject({ accepted: 6250, duplicate: 0, reordered: 0, corrupt: 0, foreign: 0, stale: 0 });
    // Frame i of a stream goes out on queue i mod Q, and comes back there.
    for (const { queues: seen } of receive.streams!) {
      expect(Math.max(...seen) - Math.min(...seen)).toBeLessThanOrEqual(1);
    }
    expect(receive.streams!.every(({ latencyNs }) => latencyNs !== null && latencyNs.p99 <= latencyNs.max)).toBe(true);
  });

  it("a thousand send exactly what is due, each at a rate of its own, and have all of it back", () => {
    const pps = (stream: number): number => 200 + ((stream * 7919) % 1801);
    const many = Array.from({ length: 1000 }, (_, k) =>
      paced(`s${k}`, pps(k), {
        fields: [{ target: { field: "udp.srcPort" }, change: { kind: "increment", min: k, max: k + 7, step: 1 } }],
      }),
    );
    const spec = trafficSpec(many);
    const { transmit, receive } = new GeneratorSim().run({ ...order(spec), durationNs: 100e6 }, echo);
    const due = timelinesOf(spec, fixedSize(128), order(spec).load).map((timeline) => timeline.dueBefore(100e6, 0));
    expect(due.every((frames, k) => Math.abs(frames - pps(k) / 10) <= 1)).toBe(true);
    expect(transmit).toMatchObject({ missed: 0, blocked: 0 });
    expect(transmit.streams!.map(({ sent }) => sent)).toEqual(due);
    expect(receive.streams!.map(({ accepted }) => accepted)).toEqual(due);
    expect(receive).toMatchObject({ accepted: sum(due), duplicate: 0, reordered: 0, corrupt: 0, foreign: 0 });
  });

  it("share one rate in proportion", () => {
    const sim = new GeneratorSim();
    const { transmit } = sim.run({ ...order(three), load: { kind: "paced", pps: 12_500 }, durationNs: 100e6 }, echo);
    expect(transmit.streams!.map(({ sent }) => sent)).toEqual([1000, 200, 50]);
  });

  it("go round in proportion at max, and to an exact count", () => {
    const sim = new GeneratorSim();
    const { transmit, receive } = sim.run({ ...order(three), load: { kind: "max" }, count: 12_500 }, echo);
    expect(transmit.streams!.map(({ sent }) => sent)).toEqual([10_000, 2000, 500]);
    expect(receive.accepted).toBe(12_500);
  });

  it("have each its loss, duplicates and reordering", () => {
    const sim = new GeneratorSim();
    let seen = 0;
    let kept: { queue: number; frame: Uint8Array }[] = [];
    // Of each ten of the second stream (they are the ones of 512 bytes): one lost, one twice, one after the next.
    const device: Device = (frames, queue) => {
      const back: { queue: number; frame: Uint8Array }[] = [];
      for (const frame of frames) {
        const nth = frame.length === 508 ? seen++ % 10 : -1;
        if (nth === 3) continue;
        if (nth === 7) {
          kept = [{ queue, frame }];
          continue;
        }
        back.push({ queue, frame });
        if (nth === 5) back.push({ queue, frame });
        if (nth === 8) back.push(...kept.splice(0));
      }
      return back;
    };
    const two = trafficSpec([paced("a", 10_000), paced("b", 10_000, { size: fixedSize(512) })]);
    const { transmit, receive } = sim.run(order(two), device);
    expect(transmit.streams!.map(({ sent }) => sent)).toEqual([500, 500]);
    expect(receive.streams).toMatchObject([
      {
        accepted: 500,
        duplicate: 0,
        reordered: 0,
        lostRanges: [],
        lostRangesMore: 0,
        longestLost: 0,
        reorderExtent: null,
      },
      {
        accepted: 450,
        duplicate: 50,
        reordered: 50,
        // Every tenth from 3 on: the first sixteen, and how many more.
        lostRanges: Array.from({ length: 16 }, (_, k) => [3 + 10 * k, 3 + 10 * k]),
        lostRangesMore: 34,
        longestLost: 1,
        reorderExtent: { max: 1, mean: 1, unknown: 0 },
        reorderRuns: { reordered: { count: 50, frames: 50, max: 1 }, free: { count: 51, frames: 400, max: 8 } },
      },
    ]);
    expect(receive).toMatchObject({ accepted: 950, duplicate: 50, reordered: 50, received: 1000 });
  });

  it("have each its lost numbers, queue by queue, and its damaged frames, over two queues", () => {
    const sim = new GeneratorSim({ queues: 2 });
    const seen = [0, 0];
    const device: Device = (frames, queue) => {
      const back = frames.flatMap((frame) => {
        if (frame.length !== 508) return [frame];
        const nth = seen[queue]++;
        // Numbers 20, 22, 24 on queue 0; 41 on queue 1 comes back with another byte in its payload.
        if (queue === 0 && nth >= 10 && nth <= 12) return [];
        if (queue === 1 && nth === 20) frame[100] ^= 1;
        return [frame];
      });
      return back.map((frame) => ({ queue, frame }));
    };
    const two = trafficSpec([paced("a", 10_000), paced("b", 10_000, { size: fixedSize(512) })]);
    const { receive } = sim.run({ ...order(two), integrity: true, startSequence: 1000 }, device);
    expect(receive.streams).toMatchObject([
      { accepted: 500, corrupt: 0, lostRanges: [], queues: [250, 250] },
      {
        accepted: 496,
        corrupt: 1,
        lostRanges: [
          [1020, 1024],
          [1041, 1041],
        ],
        lostRangesMore: 0,
        queues: [247, 249],
      },
    ]);
    expect(receive).toMatchObject({ accepted: 996, corrupt: 1, lostRanges: [] });
    for (const { ipdvNs } of receive.streams!) expect(ipdvNs!.min).toBeLessThanOrEqual(ipdvNs!.max);
  });

  it("have payloads that change compared as they left, with what changes in them", () => {
    const sim = new GeneratorSim();
    const fields = [
      { target: { offset: 60, mask: 0xffff, bytes: 2 }, change: { kind: "increment", min: 0, max: 999, step: 1 } },
    ] as const;
    const two = trafficSpec([paced("a", 10_000, { fields }), paced("b", 10_000)]);
    let seen = 0;
    const device: Device = (frames, queue) =>
      frames.map((frame) => {
        // A bit of what changes, in one frame of the first stream.
        if (frame[frame.length - 15] === 0 && ++seen === 7) frame[61] ^= 1;
        return { queue, frame };
      });
    const { receive } = sim.run({ ...order(two), integrity: true }, device);
    expect(receive.streams).toMatchObject([
      { accepted: 499, corrupt: 1 },
      { accepted: 500, corrupt: 0 },
    ]);
    expect(receive.corruptKinds.payload).toBe(1);
  });

  it("adds up where the device takes no more: blocked frames are their stream's", () => {
    const sim = new GeneratorSim({ size: 256 });
    sim.begin({ ...order(trafficSpec([paced("a", 25_000), paced("b", 75_000)])), durationNs: 100e6 });
    const startNs = sim.nowNs;
    for (let turn = 0; turn < 1_000_000 && !sim.done; turn++) {
      const frozen = sim.nowNs - startNs >= 20e6 && sim.nowNs - startNs < 40e6;
      if (frozen) sim.job.step();
      else sim.turn(echo);
      if (frozen) sim.nowNs += sim.turnNs;
    }
    const { transmit, receive } = sim.report();
    // 20 ms of 100 kpps less the 256 frames that the ring took.
    expect(transmit.blocked).toBeGreaterThan(1_735);
    expect(transmit.blocked).toBeLessThan(1_755);
    expect(transmit.blockedOwn).toBe(0);
    expect(transmit.intended).toBe(10_000);
    const sent = sum(transmit.streams!.map((stream) => stream.sent));
    expect(transmit.intended).toBe(sent + transmit.missed + transmit.blocked);
    expect(sum(transmit.streams!.map(({ blocked }) => blocked))).toBe(transmit.blocked);
    expect(sum(receive.streams!.map(({ accepted }) => accepted))).toBe(receive.accepted);
  });
});

describe("ten thousand streams", () => {
  it("hold each its rate within 1 %", () => {
    // 10, 20 … 100 frames per second each: 550,000 together.
    const streams = Array.from({ length: 10_000 }, (_, k) => paced(`s${k}`, 10 * (1 + (k % 10))));
    const spec = trafficSpec(streams);
    const sim = new GeneratorSim({ size: 1024 });
    sim.turnNs = 2_000;
    const { transmit, receive } = sim.run({ ...order(spec), durationNs: 1e9 }, echo, 2_000_000);
    const rates = streamPps(spec, fixedSize(128), { kind: "own", lineRateBps: null });
    const off = transmit.streams!.map(({ sent }, k) => Math.abs(sent - rates[k]!));
    expect(Math.max(...off)).toBe(0);
    expect(receive).toMatchObject({ accepted: 550_000, duplicate: 0, reordered: 0, corrupt: 0 });
    expect(receive.streams!.every(({ accepted }, k) => accepted === transmit.streams![k]!.sent)).toBe(true);
  }, 120_000);
});

describe("schedules", () => {
  const one = (changes: Partial<TrafficStream>) => trafficSpec([paced("a", 100_000, changes)]);
  const departures = (stream: TrafficSpec): number[] => {
    const sim = new GeneratorSim();
    const times: number[] = [];
    sim.run(order(stream), (frames, queue) => {
      for (const frame of frames) {
        const view = new DataView(frame.buffer, frame.byteOffset + frame.length - 8);
        times.push(view.getUint32(0, true));
      }
      return echo(frames, queue, 0);
    });
    return times;
  };

  it("burst: ten bursts of ten, 1 ms between them", () => {
    const times = departures(
      one({ schedule: { kind: "bursts", startNs: 2e6, frames: 10, bursts: 10, gapNs: 1e6 } }), // 100 µs of burst
    );
    expect(times.length).toBe(100);
    times.forEach((ns, k) => {
      const due = 2e6 + Math.floor(k / 10) * 1.1e6 + (k % 10) * 10_000;
      expect(Math.abs(ns - due)).toBeLessThan(5_000);
    });
  });

  it("a number of frames, then nothing", () => {
    expect(departures(one({ schedule: { kind: "continuous", startNs: 0, frames: 17 } })).length).toBe(17);
  });

  it("a chain: the second begins when the first has ended", () => {
    const chain = trafficSpec([
      paced("a", 100_000, { schedule: { kind: "continuous", startNs: 0, frames: 100 } }),
      paced("b", 50_000, {
        schedule: { kind: "after", stream: "a", schedule: { kind: "continuous", startNs: 500_000, frames: 10 } },
      }),
    ]);
    const times = departures(chain);
    expect(times.length).toBe(110);
    expect(Math.abs(times[100]! - 1_500_000)).toBeLessThan(5_000);
  });

  it("a ramp: the first half of the time has a quarter of the frames", () => {
    const ramp = one({ schedule: { kind: "ramp", startNs: 0, fromShare: 0, toShare: 1, rampNs: 50e6 } });
    const times = departures(ramp);
    expect(Math.abs(times.length - 2500)).toBeLessThan(5);
    expect(Math.abs(times.filter((ns) => ns < 25e6).length - 625)).toBeLessThan(5);
  });

  it("Poisson arrivals: the same by seed, with the rate as mean and gaps as exponential as they should be", () => {
    const poisson = (seed: number) => one({ schedule: { kind: "poisson", startNs: 0, seed } });
    const times = departures(poisson(4));
    expect(departures(poisson(4)).length).toBe(times.length);
    expect(Math.abs(times.length - 5000)).toBeLessThan(300);
    const gaps = times.slice(1).map((ns, k) => ns - times[k]!);
    const longer = gaps.filter((gap) => gap > 10_000).length / gaps.length;
    expect(Math.abs(longer - Math.exp(-1))).toBeLessThan(0.04);
  });
});

describe("what cannot be sent", () => {
  const own = { kind: "own", lineRateBps: null } as const;
  const chain = (name: string, stream: string): TrafficStream =>
    paced(name, 10, { schedule: { kind: "after", stream, schedule: { kind: "continuous", startNs: 0, frames: 1 } } });
  it.each<[string, TrafficSpec, RegExp]>([
    ["a circle", trafficSpec([chain("a", "b"), chain("b", "a")]), /circle: a → b → a/],
    ["after itself", trafficSpec([chain("a", "a")]), /circle: a → a/],
    ["after nobody", trafficSpec([chain("a", "x")]), /no stream "x"/],
    ["after what never ends", trafficSpec([paced("b", 1), chain("a", "b")]), /never ends/],
    ["no rate", trafficSpec([paced("a", 1), trafficStream({ name: "b" })]), /no rate of its own/],
    [
      "max of many",
      trafficSpec([paced("a", 1), trafficStream({ name: "b", rate: { kind: "max" } })]),
      /cannot have all/,
    ],
    ["too slow", trafficSpec([paced("a", 1e-9), paced("b", 1)]), /cannot be scheduled/],
    [
      "percent of nothing",
      trafficSpec([paced("a", 1), trafficStream({ name: "b", rate: { kind: "percent", share: 0.5 } })]),
      /of what/,
    ],
  ])("%s is refused", (_, stream, message) => {
    const sim = new GeneratorSim();
    expect(() => sim.begin({ ...order(stream), load: own })).toThrow(
      expect.objectContaining({ exitCode: 2, message: expect.stringMatching(message) }),
    );
  });
});
