/** Real reports of the engine, merged: of one trial alone, and of measurers that share one. */
import { describe, expect, it } from "vitest";
import type { TrialSpec } from "../../../src/engine/loop/trial-spec.js";
import { mergeTrialReports } from "../../../src/stats/merge/merge-trial.js";
import { interleavedParts } from "../../../src/stats/merge/part.js";
import type { TrialReport } from "../../../src/stats/trial-report.js";
import { readTrialStream, streamOf } from "../../../src/stream/index.js";
import { fixedSize, simpleImix } from "../../../src/units.js";
import { type CrewDevice, CrewSim } from "../../support/crew-sim.js";
import { echo, GeneratorSim } from "../../support/generator-sim.js";
import { plain } from "../../support/plain.js";
import { trafficSpec, trafficStream } from "../../support/traffic-specs.js";

/** Loses, doubles and damages frames by their stream, their queue of the whole trial, and their place there. */
function lossy(streams: number, workers: number): CrewDevice {
  const counts = new Map<string, number>();
  return (frames, worker, queue) =>
    frames.flatMap((frame) => {
      const back = { worker, queue, frame };
      const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
      const lane = [streamOf(readTrialStream(view, frame.length)) % streams, worker + queue * workers] as const;
      const place = counts.get(lane.join()) ?? 0;
      counts.set(lane.join(), place + 1);
      const fate = (place * 7 + lane[0] * 5 + lane[1] * 3) % 23;
      if (fate === 0 || fate === 9) return [];
      if (fate === 4) return [back, back];
      if (fate === 17) frame[frame.length - 10]! ^= 1;
      return [back];
    });
}

const planOf = (queues: number, startSequence: number) => ({ queues, startSequence, streams: 1 });

describe("a report that asks for merging", () => {
  it("is itself, merged alone", () => {
    const [report] = new CrewSim(1, 2).run({ forMerging: true, startSequence: 9 }, lossy(1, 1));
    const merged = mergeTrialReports(planOf(2, 9), interleavedParts(planOf(2, 9), [report!]));
    expect(merged).toEqual({ report: report!, inexact: [], parts: ["share 0"] });
  });

  it("has what others have not", () => {
    const { transmit } = new GeneratorSim().run({ forMerging: true }, echo);
    expect(transmit.window!.toNs - transmit.window!.fromNs).toBe(transmit.windowNs);
    expect(transmit.window!.gapNs).toBe(10_000);
    expect(transmit.pacingData!.targetNs).toBe(10_000);
    const plain = new GeneratorSim().run({}, echo).transmit;
    expect([plain.window, plain.pacingData]).toEqual([undefined, undefined]);
  });
});

const ten = trafficSpec(Array.from({ length: 10 }, (_, k) => trafficStream({ name: `s${k}`, weight: 1 + (k % 3) })));
const orders: readonly (readonly [what: string, streams: number, order: Partial<TrialSpec>])[] = [
  ["one stream", 1, {}],
  ["flows in a mix of sizes", 1, { stream: plain({ flows: 16 }), size: simpleImix }],
  ["a time", 1, { count: null, durationNs: 9e6 }],
  ["ten streams", 10, { stream: ten, size: fixedSize(128) }],
  ["ten streams at max", 10, { stream: ten, size: fixedSize(128), load: { kind: "max" } }],
];

/** Everything but times: each loop has its own. */
const figures = ({ transmit, receive }: TrialReport) => ({
  queues: transmit.queues,
  ...{ intended: transmit.intended, blocked: transmit.blocked, missed: transmit.missed, cutShort: transmit.cutShort },
  sent: transmit.streams?.map(({ late, ...stream }) => stream),
  received: receive.queues,
  ...{ bytes: receive.receivedBytes, accepted: receive.accepted, byQueue: receive.acceptedByQueue },
  ...{ corrupt: receive.corruptByQueue, kinds: receive.corruptKinds },
  ...{ duplicate: receive.duplicate, tooOld: receive.tooOld, foreign: receive.foreign },
  ...{ lostRanges: receive.lostRanges, complete: receive.lostRangesComplete, flows: receive.flows },
  longestLost: receive.longestLost,
  samples: receive.latency!.slice(3).reduce((sum, count) => sum + count, 0),
  streams: receive.streams?.map(({ latencyNs, ipdvNs, samples, ...stream }) => ({
    ...stream,
    samples: samples!.latency!.buckets.reduce((sum, count, at) => sum + (at % 2) * count, 0),
  })),
});

describe.each(orders)("%s", (_, streams, order) => {
  it.each([2, 3, 6])(
    "shared by %i comes to what one finds, by queue and stream, and to the same lost numbers",
    (of) => {
      const whole: Partial<TrialSpec> = { startSequence: 40, count: 1_200, forMerging: true, ...order };
      const plan = { ...planOf(6, 40), streams };
      const [one] = new CrewSim(1, 6).run(whole, lossy(streams, 1));
      const reports = new CrewSim(of, 6).run(whole, lossy(streams, of));
      const { report, inexact } = mergeTrialReports(plan, interleavedParts(plan, reports));
      expect(figures(report)).toEqual(figures(one!));
      expect(inexact.filter(({ field }) => ["accepted", "lostRanges", "flows"].includes(field))).toEqual([]);
    },
  );
});
