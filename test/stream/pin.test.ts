/** Source ports chosen for a queue: what leaves is hashed again, from its bytes. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rssQueue } from "../../src/packet/index.js";
import { referenceFrame, type TrafficStream } from "../../src/stream/index.js";
import { programStreams, stream, udp4 } from "../../src/stream/program/api.js";
import { pinStream } from "../../src/stream/spec/pin.js";
import { fixedSize } from "../../src/units.js";
import { plain } from "../support/plain.js";
import { trafficSpec, trafficStream } from "../support/traffic-specs.js";

const stamp = { trial: 1, stream: 0, sequence: 0, timeNs: 0 };
const port = { field: "udp.srcPort" };

/** The queue of a UDP frame with plain headers, as a card reads it. */
function queueOf(frame: Uint8Array, queues: number, ipv6 = false): number {
  const view = new DataView(frame.buffer, frame.byteOffset);
  const [src, dst, ports] = ipv6 ? [22, 38, 54] : [26, 30, 34];
  const tuple = { src: frame.subarray(src, dst), dst: frame.subarray(dst, dst + (dst - src)) };
  return rssQueue({ ...tuple, srcPort: view.getUint16(ports), dstPort: view.getUint16(ports + 2) }, queues);
}

describe("plain flows", () => {
  it("land on queue f mod n, each with a port of its own", () => {
    const queues = fc.integer({ min: 1, max: 16 });
    fc.assert(
      fc.property(queues, fc.integer({ min: 1, max: 8 }), fc.constantFrom(4, 6), (pinQueues, perQueue, ip) => {
        const flows = pinQueues * perQueue;
        const spec = plain({ ip: ip as 4 | 6, flows, pinQueues, sizes: [fixedSize(128)] });
        const ports = new Set<number>();
        for (let f = 0; f < flows; f++) {
          const frame = referenceFrame(spec, fixedSize(128), f, stamp);
          expect(queueOf(frame, pinQueues, ip === 6)).toBe(f % pinQueues);
          ports.add(new DataView(frame.buffer).getUint16(ip === 6 ? 54 : 34));
        }
        expect(ports.size).toBe(flows);
        expect(Math.min(...ports)).toBeGreaterThanOrEqual(1024);
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    [{ flows: 3, pinQueues: 2 }, /3 flows cannot be pinned to 2 queues/, /a multiple of 2/],
    [
      { flows: 4, pinQueues: 4, srcPort: 65_532 },
      /source ports from 65532 put only \d flows on one of 4 queues, not 1/,
      /up to/,
    ],
    [{ flows: 200, pinQueues: 200 }, /pinned to 200 queues/, /1 to 128/],
  ])("are refused where it cannot be: %#", (changes, message, accepted) => {
    expect(() => plain(changes)).toThrow(
      expect.objectContaining({
        exitCode: 2,
        message: expect.stringMatching(message),
        accepted: expect.stringMatching(accepted),
        where: expect.stringMatching(/pinQueues|srcPort/),
      }),
    );
  });
});

describe("a stream", () => {
  const frames = (stream: TrafficStream, count: number) =>
    Array.from({ length: count }, (_, i) => referenceFrame(trafficSpec([stream]), fixedSize(128), i, stamp));

  it.each([0, 1, 2, 3])("keeps those of its ports that put it on queue %i of 4, in order", (queue) => {
    const up = { target: port, change: { kind: "increment", min: 2000, max: 2063, step: 1 } } as const;
    const pinned = pinStream(trafficStream({ fields: [up] }), { queue, of: 4 });
    const [{ change }] = pinned.fields;
    const values = change.kind === "list" ? change.values.map(Number) : [];
    expect(values.length).toBeGreaterThan(4);
    expect(values).toEqual([...values].sort((a, b) => a - b));
    for (const frame of frames(pinned, values.length)) expect(queueOf(frame, 4)).toBe(queue);
  });

  it("without a change of its port gets one that does", () => {
    for (const queue of [0, 1, 2]) {
      const [frame] = frames(pinStream(trafficStream({}), { queue, of: 3 }), 1);
      expect(queueOf(frame, 3)).toBe(queue);
    }
  });

  it.each<[Partial<TrafficStream>, { queue: number; of: number }, RegExp]>([
    [{}, { queue: 4, of: 4 }, /there is no queue 4 of 4/],
    [{ layers: [trafficStream({}).layers[0]] }, { queue: 0, of: 2 }, /no ports that could be chosen/],
    [
      { fields: [{ target: { field: "ipv4.src" }, change: { kind: "list", values: ["198.18.0.9"] } }] },
      { queue: 0, of: 2 },
      /while ipv4\.src changes as well/,
    ],
    [
      { fields: [{ target: port, change: { kind: "random", min: 1, max: 9, seed: null, limit: null } }] },
      { queue: 0, of: 2 },
      /drawn at random/,
    ],
    [
      { fields: [{ target: port, change: { kind: "list", values: [1024] } }] },
      { queue: 127, of: 128 },
      /none of the 1 source ports/,
    ],
    [{ program: { url: "file:///p.ts", stream: 0 } }, { queue: 0, of: 2 }, /cannot be foreseen/],
  ])("is refused where it cannot be: %#", (changes, pin, message) => {
    expect(() => pinStream(trafficStream(changes), pin)).toThrow(
      expect.objectContaining({ exitCode: 2, message: expect.stringMatching(message), accepted: expect.any(String) }),
    );
  });
});

describe("a program's streams", () => {
  const url = "file:///p.ts";
  const ports = { target: port, change: { kind: "increment", min: 1024, max: 1124, step: 1 } } as const;

  it("are pinned as a profile's are: the frames that leave are the queue's", () => {
    const module = stream(
      { name: "one", packet: udp4(), pin: { queue: 2, of: 4 } },
      { name: "many", packet: udp4(), fields: [ports], pin: { queue: 1, of: 3 } },
      { name: "free", packet: udp4() },
    );
    const [one, many, free] = programStreams(module, url);
    const frames = (pinned: TrafficStream, n: number): Uint8Array[] =>
      Array.from({ length: n }, (_, k) => referenceFrame(trafficSpec([pinned]), fixedSize(128), k, stamp));
    expect(frames(one, 1).map((frame) => queueOf(frame, 4))).toEqual([2]);
    expect(new Set(frames(many, 60).map((frame) => queueOf(frame, 3)))).toEqual(new Set([1]));
    expect(new Set(frames(many, 60).map((frame) => frame.subarray(34, 36).join())).size).toBeGreaterThan(10);
    expect(free.layers).toEqual(udp4());
  });

  it("are not where eachFrame may set the ports, and a queue that is none is refused", () => {
    const pin = { queue: 0, of: 4 };
    const programmed = stream({ packet: udp4(), pin, eachFrame: () => {} });
    expect(() => programStreams(programmed, url)).toThrow(/what a program sets cannot be foreseen/);
    const beyond = stream({ packet: udp4(), pin: { queue: 4, of: 4 } });
    expect(() => programStreams(beyond, url)).toThrow(/there is no queue 4 of 4/);
  });
});
