/** A trial through a direct loop: of rings of every kind, whole, and without a frame on the ports that it is like. */

import { describe, expect, it } from "vitest";
import { createJob } from "../../../src/engine/generator/job.js";
import type { JobContext, OpenPort } from "../../../src/engine/loop/job.js";
import type { TrialSpec } from "../../../src/engine/loop/trial-spec.js";
import type { BetweenOutcome } from "../../../src/engine/trial/commands.js";
import { Rehearsal } from "../../../src/engine/trial/rehearsal.js";
import { scheduleLeadNs } from "../../../src/engine/trial/trial-traffic.js";
import { type RingLayout, ringMemory } from "../../../src/ring/index.js";
import { reverseFirstStream, reverseStream } from "../../../src/stream/reverse.js";
import { fixedSize } from "../../../src/units.js";
import { baseOrder, GeneratorSim } from "../../support/generator-sim.js";
import { defaultTraffic } from "../../support/plain.js";

const virtqueue = { headerBytes: 12, inOrder: false, mergeable: false } as const;
const kinds: Readonly<Record<string, object>> = {
  "packed driver": { ...virtqueue, role: "driver", format: "packed", inOrder: true },
  "packed driver, mergeable": { ...virtqueue, role: "driver", format: "packed", mergeable: true },
  "split driver": { ...virtqueue, role: "driver", format: "split" },
  "packed device": { ...virtqueue, role: "device", format: "packed" },
  "split device": { ...virtqueue, role: "device", format: "split", inOrder: true },
  packet: { format: "packet", skipOutgoing: true, stampsAheadSeconds: 3 },
  xdp: { format: "xdp" },
  slots: { format: "slots", mover: { kind: "nobody" } },
  null: { format: "null" },
};

/** As far as a loop that is to be like it looks. */
const portLike = (kind: string, queues: number): OpenPort => ({
  memory: ringMemory(new ArrayBuffer(64)),
  queues: Array.from({ length: queues }, () => ({
    ...{ tx: null, rx: null, notifyTx: () => {}, notifyRx: () => {} },
    layouts: {
      tx: { ...kinds[kind], direction: "tx", vring: 1 } as RingLayout,
      rx: { ...kinds[kind], direction: "rx", vring: 0 } as RingLayout,
    },
  })),
});

function contextOf(): JobContext {
  let nowNs = 5e9;
  return {
    ...{ memory: ringMemory(new ArrayBuffer(64)), options: null, counters: new Float64Array(0), busy: true },
    nowNs: () => {
      nowNs += 100;
      return nowNs;
    },
    ...{ post: () => {}, inUse: { port: 0 }, sleeps: () => 0 },
  };
}

function rehearse(ports: readonly (OpenPort | null)[], specs: readonly TrialSpec[]): Rehearsal {
  const rehearsal = new Rehearsal(createJob, contextOf(), ports, specs);
  for (let turn = 0; turn < 1_000_000 && !rehearsal.done; turn++) rehearsal.step();
  expect(rehearsal.done).toBe(true);
  return rehearsal;
}

const fast = { kind: "paced", pps: 500_000 } as const;
const order = (changes: Partial<TrialSpec>): TrialSpec => ({ ...baseOrder, trial: 0, settleNs: 1e5, ...changes });

describe("a rehearsal", () => {
  for (const kind of Object.keys(kinds)) {
    it(`through rings like ${kind} ones brings every frame back, of all sizes and over all queues`, () => {
      for (const [frameBytes, queues] of [
        [64, 1],
        [64, 3],
        [1518, 2],
        [9018, 1],
      ] as const) {
        const one = order({ size: fixedSize(frameBytes), queues, count: 600, load: fast });
        const max = { ...one, load: { kind: "max" } } as const;
        for (const each of [one, max]) {
          const [{ transmit, receive }] = rehearse([portLike(kind, queues)], [each]).reports();
          const sent = transmit.queues.reduce((sum, queue) => sum + queue.published, 0);
          expect([sent, receive.accepted, receive.corrupt, receive.foreign]).toEqual([600, 600, 0, 0]);
        }
      }
    });
  }

  it("goes both ways between two ports of different kinds, or of one whose peer is gone", () => {
    const back = order({ stream: reverseStream(defaultTraffic), firstStream: reverseFirstStream });
    for (const ports of [
      [portLike("packet", 1), portLike("split device", 1)],
      [null, portLike("xdp", 1)],
    ]) {
      for (const { transmit, receive, returned } of rehearse(ports, [order({}), back]).reports()) {
        expect([transmit.queues[0].published, receive.accepted, returned]).toEqual([1_000, 1_000, 0]);
      }
    }
  });

  it("is done between trials, puts nothing on the port, and ends at a stop", () => {
    const sim = new GeneratorSim();
    sim.command({ kind: "between", task: { kind: "rehearse", specs: [order({ count: 500 })] } });
    let seen = 0;
    const watch = (frames: readonly Uint8Array[]): [] => {
      seen += frames.length;
      return [];
    };
    while (!sim.done) sim.turn(watch);
    expect(sim.command({ kind: "outcome" }) as BetweenOutcome).toEqual({ moved: 0, beside: 0, mac: null });
    sim.done = false;
    const endless = order({ count: null, durationNs: Number.POSITIVE_INFINITY });
    sim.command({ kind: "between", task: { kind: "rehearse", specs: [endless] } });
    const end = sim.after(1e6) + scheduleLeadNs;
    while (sim.nowNs < end) sim.turn(watch);
    expect(sim.done).toBe(false);
    sim.command({ kind: "stop" });
    while (!sim.done) sim.turn(watch);
    sim.command({ kind: "outcome" });
    expect(seen).toBe(0);
    // And the port is as it was for the next trial.
    expect(sim.run({ count: 100 }, (frames, queue) => frames.map((frame) => ({ queue, frame }))).receive.accepted).toBe(
      100,
    );
  });
});
