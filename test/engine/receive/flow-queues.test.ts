/** Which queue each flow came out of, against the obvious way. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FlowQueues } from "../../../src/engine/receive/flow-queues.js";
import { flowMap } from "../../../src/stream/frames/flows.js";
import type { FieldModifier } from "../../../src/stream/index.js";
import { fixedSize } from "../../../src/units.js";
import { baseOrder, echo, GeneratorSim } from "../../support/generator-sim.js";
import { plain } from "../../support/plain.js";
import { trafficSpec, trafficStream } from "../../support/traffic-specs.js";

const port = { field: "udp.srcPort" };
const up = { kind: "increment", min: 1, max: 4, step: 1 } as const;

describe("flows of a stream", () => {
  const mapOf = (fields: readonly FieldModifier[]) =>
    flowMap(trafficSpec([trafficStream({ fields })]), 0, fixedSize(128), 4096);

  it("are its combinations of addresses and ports, named", () => {
    const map = mapOf([
      { target: { field: "ipv4.src" }, change: { kind: "list", values: ["198.18.0.7", "198.18.0.9"] } },
      { target: port, change: up, after: 0 },
      { target: { field: "ipv4.ttl" }, change: { kind: "increment", min: 1, max: 200, step: 1 } },
    ])!;
    expect(map.flows).toBe(8);
    expect(map.flowOf.length).toBe(8);
    expect(map.nameOf(3)).toMatch(/^198\.18\.0\.9:2 > /);
  });

  it("are told by their combination, not by their turn", () => {
    const map = mapOf([{ target: port, change: { kind: "list", values: [5, 6, 5, 7] } }])!;
    expect([map.flows, [...map.flowOf]]).toEqual([3, [0, 1, 0, 2]]);
  });

  it("cannot be told apart where they are drawn without end, or are too many", () => {
    const random = { kind: "random", min: 1, max: 60_000, seed: null } as const;
    expect(mapOf([{ target: port, change: { ...random, limit: null } }])).toBeNull();
    expect(mapOf([{ target: port, change: { ...random, limit: 100 } }])!.flowOf.length).toBe(100);
    expect(mapOf([{ target: port, change: { ...up, max: 5000 } }])).toBeNull();
  });
});

describe("runs of frames", () => {
  it("are counted as each of their frames", () => {
    const run = fc.tuple(fc.nat(2000), fc.integer({ min: 1, max: 9 }), fc.nat(300), fc.nat(2));
    fc.assert(
      fc.property(fc.array(run, { maxLength: 8 }), fc.integer({ min: 1, max: 40 }), (runs, flows) => {
        const order = { ...baseOrder, stream: plain({ flows }) };
        const [fast, slow] = [new FlowQueues(order, 3), new FlowQueues(order, 3)];
        for (const [index, step, count, queue] of runs) {
          fast.noteRun(index, step, count, queue);
          for (let i = 0; i < count; i++) slow.note(0, index + i * step, queue);
        }
        expect(fast.report()).toEqual(slow.report());
      }),
      { numRuns: 200 },
    );
  });
});

describe("a trial over several queues", () => {
  it("says for each flow how many of its frames came out of which queue", () => {
    const sim = new GeneratorSim({ queues: 2 });
    // A device that puts flow 3 (source port 1027) on queue 0, wherever it came in.
    const { receive } = sim.run({ stream: plain({ flows: 4 }), queues: 2, count: 4000 }, (frames, queue) =>
      frames.map((frame) => ({ queue: frame[35] === 3 ? 0 : queue, frame })),
    );
    expect(receive.accepted).toBe(4000);
    expect(receive.flows).toEqual({
      list: [
        { stream: 0, flow: "198.18.0.1:1024 > 198.19.0.1:9", queues: [1000, 0] },
        { stream: 0, flow: "198.18.0.1:1025 > 198.19.0.1:9", queues: [0, 1000] },
        { stream: 0, flow: "198.18.0.1:1026 > 198.19.0.1:9", queues: [1000, 0] },
        { stream: 0, flow: "198.18.0.1:1027 > 198.19.0.1:9", queues: [1000, 0] },
      ],
      more: 0,
    });
  });

  it("of many streams says it of each one's flows, and of those that are too many together", () => {
    const sim = new GeneratorSim({ queues: 2 });
    const random: FieldModifier = { target: port, change: { kind: "random", min: 1, max: 9, seed: null, limit: null } };
    const rate = { kind: "pps", pps: 10_000 } as const;
    const stream = trafficSpec([
      trafficStream({ name: "a", rate, fields: [{ target: port, change: { ...up, max: 2 } }] }),
      trafficStream({ name: "b", rate, fields: [random] }),
    ]);
    const { receive } = sim.run(
      {
        stream,
        queues: 2,
        size: fixedSize(128),
        load: { kind: "own", lineRateBps: null },
        count: null,
        durationNs: 50e6,
      },
      echo,
    );
    expect(receive.flows!.list.map(({ stream: of, queues }) => [of, queues])).toEqual([
      [0, [250, 0]],
      [0, [0, 250]],
      [1, [250, 250]],
    ]);
    expect(receive.flows!.list[2].flow).toBeNull();
  });

  it("says nothing where there is one queue", () => {
    const sim = new GeneratorSim();
    expect(sim.run({ stream: plain({ flows: 4 }) }, echo).receive.flows).toBeUndefined();
  });

  it("tells ten thousand flows of plain traffic together", () => {
    const spec = plain({ flows: 10_000 });
    const queues = new FlowQueues({ ...baseOrder, stream: spec }, 2);
    queues.noteRun(0, 2, 700, 1);
    expect(queues.report()).toEqual({ list: [{ stream: 0, flow: null, queues: [0, 700] }], more: 0 });
    expect(spec.streams.length).toBe(1);
  });
});
