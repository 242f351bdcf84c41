/** A kick that finds the interface gone: what was published is counted, once, and nothing beyond it. */
import { expect, it } from "vitest";
import type { TrialSpec } from "../../../src/engine/loop/trial-spec.js";
import { RingFault } from "../../../src/ring/ring.js";
import { echo, GeneratorSim } from "../../support/generator-sim.js";
import { trafficSpec, trafficStream } from "../../support/traffic-specs.js";

const stream = trafficSpec([trafficStream({}), trafficStream({})]);

/** A trial whose queues' kicks begin to fail at the given one; what main.ts does then is done here. */
function lose(changes: Partial<TrialSpec>, queues: number, failing: number) {
  const sim = new GeneratorSim({ queues });
  const port = sim.wire.port();
  let kicks = 0;
  for (const queue of port.queues) {
    queue.tx!.notifyWanted = () => true;
    queue.notifyTx = () => {
      if (++kicks >= failing) throw new RingFault("sendto", "interface test0 went down or was removed (ENETDOWN)");
    };
  }
  sim.job.attach(0, port);
  sim.begin({ count: null, durationNs: 2e6, ...changes });
  const startNs = sim.after(0);
  let faults = 0;
  let faultNs = 0;
  while (!sim.done) {
    try {
      sim.turn(echo);
    } catch (error) {
      if (!(error instanceof RingFault)) throw error;
      faults++;
      sim.job.attach(0, null);
      faultNs = sim.nowNs - startNs;
      sim.nowNs += 100_000;
      if (changes.outlastsPeer === true) sim.job.attach(0, sim.wire.port());
    }
  }
  expect(faults).toBe(1);
  return { ...sim.report(), faultNs };
}

const single = { load: { kind: "paced", pps: 100_000 } } as const;
const bursts = { load: { kind: "paced", pps: 4_000_000 } } as const;
const max = { load: { kind: "max" } } as const;

it.each([
  ["one stream, frame by frame", single, 1],
  ["one stream, bursts", bursts, 1],
  ["one stream, bursts on two queues", bursts, 2],
  ["one stream at max", max, 1],
  ["one stream at max on two queues", max, 2],
  ["two streams, frame by frame", { stream, ...single }, 1],
  ["two streams, bursts", { stream, ...bursts }, 1],
  ["two streams, bursts on two queues", { stream, ...bursts }, 2],
  ["two streams at max on two queues", { stream, ...max }, 2],
])("%s: the account is whole when a kick finds the interface gone", (_, changes, queues) => {
  const { transmit, faultNs } = lose(changes, queues, 12);
  const sum = (pick: (queue: (typeof transmit.queues)[number]) => number): number =>
    transmit.queues.reduce((total, queue) => total + pick(queue), 0);
  const sent = sum(({ published, outstanding }) => published - outstanding);
  expect(transmit.cutShort).toBe("peer gone");
  expect(sum(({ outstanding }) => outstanding)).toBeGreaterThan(0);
  // 64-byte frames have 60 bytes in a buffer.
  expect(sum(({ bytes }) => bytes)).toBe(60 * sum(({ published }) => published));
  expect(sum(({ sentBytes }) => sentBytes)).toBe(60 * sent);
  expect(transmit.intended).toBe(sent + transmit.blocked + transmit.missed);
  for (const perStream of [transmit.streams ?? []].filter(({ length }) => length > 0)) {
    expect(perStream.reduce((total, each) => total + each.sent, 0)).toBe(sent);
    expect(perStream.reduce((total, each) => total + each.blocked, 0)).toBe(transmit.blocked);
  }
  // Each slot of the schedule that came due counts once.
  if ("pps" in changes.load) expect(transmit.intended).toBeLessThanOrEqual(1 + (changes.load.pps * faultNs) / 1e9);
});

it.each([
  ["one stream", {}],
  ["two streams", { stream }],
])("%s: a trial that outlasts its peer sends no slot twice, and not more than its count", (_, changes) => {
  const timed = lose({ ...changes, ...bursts, outlastsPeer: true }, 1, 12).transmit;
  expect(timed).toMatchObject({ cutShort: null, intended: 8000 });
  const counted = lose({ ...changes, ...bursts, outlastsPeer: true, count: 500 }, 1, 12).transmit;
  expect(counted.queues.map(({ published }) => published)).toEqual([500]);
});
