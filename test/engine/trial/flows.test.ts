/** Senders and receivers at different hosts: whose frame it is, what has strayed, and when it came by the sender's clock. */
import { describe, expect, it } from "vitest";
import { Histogram } from "../../../src/stats/histogram.js";
import type { TrialReport } from "../../../src/stats/trial-report.js";
import { flowTrial, type SimulatedHost } from "../../support/flow-sim.js";

/** Thousands of seconds apart, as hosts are. */
const [first, second] = [
  { sends: 0, from: [], aheadNs: 3_000e9 },
  { sends: 1, from: [], aheadNs: 7_000e9 },
] as const satisfies SimulatedHost[];
const hub = { sends: null, from: [0, 1], aheadNs: 0 } as const;
const hubAt = 2;

const pairsOf = (report: TrialReport) => report.receive.pairs!.senders;
const toHub = (frame: Uint8Array) => [{ to: hubAt, frame }];
const spanOf = ({ receive: { latency } }: ReturnType<typeof pairsOf>[number]): readonly [number, number] => {
  const { min, max } = Histogram.fromData(latency!).summary()!;
  return [min, max];
};

describe("two senders, one receiver", () => {
  it("counts each sender's frames by themselves", () => {
    const reports = flowTrial({ hosts: [first, second, hub], network: toHub, tells: true });
    for (const [share, report] of reports.slice(0, 2).entries()) {
      expect(report.transmit.queues[0]).toMatchObject({ published: 500, outstanding: 0 });
      expect(report.receive.pairs).toEqual({ senders: [], strayed: [] });
      const pair = pairsOf(reports[hubAt]!)[share]!;
      expect(pair).toMatchObject({ share, seenByQueue: [500] });
      expect(pair.receive).toMatchObject({
        received: 500,
        accepted: 500,
        duplicate: 0,
        corrupt: 0,
        foreign: 0,
        early: 0,
      });
    }
    const { receive, transmit } = reports[hubAt]!;
    expect(receive).toMatchObject({ received: 0, accepted: 0, foreign: 0, stale: 0, pairs: { strayed: [] } });
    expect(transmit).toMatchObject({ intended: 0, missed: 0, blocked: 0, queues: [] });
  });

  for (const [what, changes] of [
    ["of one stream", {}],
    ["with every byte compared", { integrity: true }],
  ] as const) {
    it(`of which one has three frames for one of the other, ${what}: each is judged by its own`, () => {
      const reports = flowTrial({ hosts: [first, second, hub], network: toHub, tells: true, weights: [3, 1], changes });
      for (const [share, frames] of [750, 250].entries()) {
        expect(reports[share]!.transmit).toMatchObject({
          intended: frames,
          missed: 0,
          queues: [{ published: frames }],
        });
        expect(pairsOf(reports[hubAt]!)[share]!.receive).toMatchObject({
          ...{ received: frames, accepted: frames, duplicate: 0, corrupt: 0, lostRanges: [] },
        });
      }
      expect(reports[hubAt]!.receive).toMatchObject({ received: 0, corrupt: 0, foreign: 0, stale: 0 });
    });
  }

  it("takes what was lost, came twice or came damaged to its own sender", () => {
    let n = 0;
    const reports = flowTrial({
      hosts: [first, second, hub],
      network: (frame, from) => {
        n += from === 0 ? 1 : 0;
        if (from === 1) return toHub(frame);
        if (n === 11) return [];
        if (n === 21) return [...toHub(frame), ...toHub(frame)];
        const damaged = frame.slice();
        damaged[damaged.length - 9]! ^= 0xff;
        return toHub(n === 31 ? damaged : frame);
      },
    });
    const [one, other] = pairsOf(reports[hubAt]!);
    expect(one!.receive).toMatchObject({ received: 500, accepted: 498, duplicate: 1, corrupt: 1 });
    expect(one!.receive.lostRanges).toEqual([
      [10, 10],
      [30, 30],
    ]);
    expect(other!.receive).toMatchObject({ received: 500, accepted: 500, duplicate: 0, corrupt: 0, lostRanges: [] });
  });

  it("ends soon after all senders have, where every frame is there", () => {
    const settleNs = 50_000_000;
    const hosts = [first, second, hub];
    const [told, untold] = [true, false].map((tells) => flowTrial({ hosts, network: toHub, tells })[hubAt]!.elapsedNs);
    expect(told).toBeLessThan(10e6 + settleNs);
    expect(untold).toBeGreaterThan(10e6 + settleNs - 2_000);
  });
});

describe("frames that come in elsewhere", () => {
  it("have strayed, by sender, and count nowhere else", () => {
    const others = [
      { ...hub, from: [0] },
      { ...hub, from: [1] },
    ] as const;
    const reports = flowTrial({
      hosts: [first, second, ...others],
      // A flooding switch: the first sender's frames come out of all other ports.
      network: (frame, from) => (from === 1 ? [{ to: 3, frame }] : [1, 2, 3].map((to) => ({ to, frame }))),
    });
    expect(reports[1]!.receive.pairs).toEqual({ senders: [], strayed: [{ share: 0, frames: 500 }] });
    expect(reports[1]!.receive).toMatchObject({ received: 0, foreign: 0, corrupt: 0 });
    expect(pairsOf(reports[2]!).map(({ share, receive }) => [share, receive.accepted])).toEqual([[0, 500]]);
    expect(reports[2]!.receive.pairs!.strayed).toEqual([]);
    expect(pairsOf(reports[3]!).map(({ share, receive }) => [share, receive.accepted])).toEqual([[1, 500]]);
    expect(reports[3]!.receive.pairs!.strayed).toEqual([{ share: 0, frames: 500 }]);
    expect(reports[3]!.receive).toMatchObject({ received: 0, foreign: 0, corrupt: 0 });
  });

  it("are the sender's own, where they come back", () => {
    const network = (frame: Uint8Array, from: number) => [{ to: from, frame }];
    const reports = flowTrial({ hosts: [first, second, hub], network });
    expect(reports[0]!.receive.pairs).toEqual({ senders: [], strayed: [{ share: 0, frames: 500 }] });
    expect(pairsOf(reports[hubAt]!).map(({ receive }) => receive.accepted)).toEqual([0, 0]);
  });
});

describe("latency from host to host", () => {
  it("is right where all began at the same moment", () => {
    const reports = flowTrial({ hosts: [first, second, hub], network: toHub });
    // In lockstep a frame arrives in the turn in which it was sent.
    for (const pair of pairsOf(reports[hubAt]!)) expect(spanOf(pair)[1]).toBeLessThanOrEqual(1_000);
  });

  it("is corrected by how far apart they began, and by how fast their clocks run", () => {
    const fast = { ...first, ratePpb: 200_000 };
    const [, slow] = [fast, { ...second, ratePpb: -100_000 }];
    // The first begins 40 µs late, the second 30 µs early: so much is to be added to what they stamp.
    const startsLateNs = [40_000, -30_000, 0];
    const own = [
      { share: 0, aheadNs: 40_000, ratePpb: -200_000 },
      { share: 1, aheadNs: -30_000, ratePpb: 100_000 },
    ];
    const reports = flowTrial({
      ...{ hosts: [fast, slow, hub], network: toHub, startsLateNs },
      skews: [[], [], own],
      changes: { count: 4_000 },
    });
    for (const pair of pairsOf(reports[hubAt]!)) {
      expect(pair.receive).toMatchObject({ accepted: 2_000 });
      // 40 ms at 200 ppm are 8 µs; what is left over is of the lockstep and of rounding.
      expect(spanOf(pair)[1]).toBeLessThanOrEqual(2_000);
    }
    const uncorrected = flowTrial({ hosts: [first, second, hub], network: toHub, startsLateNs });
    const [late, early] = pairsOf(uncorrected[hubAt]!);
    expect(spanOf(late!)[0]).toBeGreaterThan(39_000);
    expect(early!.receive).toMatchObject({ accepted: 500, early: 500 });
    expect(spanOf(early!)).toEqual([0, 0]);
  });
});
