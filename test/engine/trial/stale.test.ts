/** Frames of other trials and runs: they are named, and never stand in for a frame that is missing. */

import { describe, expect, it } from "vitest";
import type { TrialSpec } from "../../../src/engine/loop/trial-spec.js";
import type { TrialReport } from "../../../src/stats/trial-report.js";
import { fixedTrial } from "../../../src/stream/index.js";
import { isSigned } from "../../../src/stream/spec.js";
import { fixedSize } from "../../../src/units.js";
import { baseOrder, type Device, echo, GeneratorSim } from "../../support/generator-sim.js";
import { plain } from "../../support/plain.js";
import { trafficSpec, trafficStream } from "../../support/traffic-specs.js";
import { across, bothWays, DirectionsSim } from "./directions-sim.js";

const oneRun = 0x123401;
const otherRun = 0x56ab01;

const streams: Partial<TrialSpec> = {
  stream: trafficSpec([trafficStream({}), trafficStream({})]),
  load: { kind: "paced", pps: 100_000 },
};

/** All frames of a trial of this run, as they were sent. */
function recorded(spec: Partial<TrialSpec>): Uint8Array[] {
  const kept: Uint8Array[] = [];
  const echoed: Device = (frames, queue) => {
    kept.push(...frames.map((frame) => frame.slice()));
    return echo(frames, queue, 0);
  };
  new GeneratorSim().run(spec, echoed);
  return kept;
}

/** In the place of every 40th frame one of these, of the same number. */
function replacing(others: readonly Uint8Array[]): Device {
  let n = 0;
  return (frames, queue) =>
    frames.map((frame) => {
      const i = n++;
      return { queue, frame: i % 40 === 20 ? others[i]!.slice() : frame };
    });
}

describe.each([
  ["one stream", {}],
  ["many streams", streams],
])("of %s", (_, spec) => {
  it("frames of another run with the same numbers, sent in its beginning, hide no loss", () => {
    const others = recorded({ ...spec, trial: otherRun, load: { kind: "paced", pps: 1e6 } });
    const { receive } = new GeneratorSim().run({ ...spec, trial: oneRun }, replacing(others));
    expect(receive).toMatchObject({ received: 975, accepted: 975, duplicate: 0, corrupt: 0, foreign: 0 });
    expect(receive).toMatchObject({ stale: 25, staleOfOthers: 25 });
  });

  it("frames of a trial that was stopped are told from those of another run", () => {
    const earlier = recorded({ ...spec, trial: oneRun });
    const next = { ...spec, trial: oneRun + 1, trialsBefore: 1 };
    const { receive } = new GeneratorSim().run(next, replacing(earlier));
    expect(receive).toMatchObject({ accepted: 975, stale: 25, staleOfOthers: 0, corrupt: 0, foreign: 0 });
  });

  it("the ids of a run go on after the last one there is", () => {
    const earlier = recorded({ ...spec, trial: 2 ** 24 - 2 });
    const next = { ...spec, trial: 1, trialsBefore: 3 };
    const { receive } = new GeneratorSim().run(next, replacing(earlier));
    expect(receive).toMatchObject({ accepted: 975, stale: 25, staleOfOthers: 0 });
    const first = { ...spec, trial: 1, trialsBefore: 2 };
    expect(new GeneratorSim().run(first, replacing(earlier)).receive).toMatchObject({ stale: 25, staleOfOthers: 25 });
  });

  it("after 256 trials a number of the low byte comes again, and is another trial's all the same", () => {
    const earlier = recorded({ ...spec, trial: oneRun });
    const later = { ...spec, trial: oneRun + 256, trialsBefore: 256 };
    const { receive } = new GeneratorSim().run(later, replacing(earlier));
    expect(receive).toMatchObject({ accepted: 975, stale: 25, staleOfOthers: 0, corrupt: 0 });
  });

  it("another run's frames that a device made longer are stale, too", () => {
    const others = recorded({ ...spec, trial: otherRun }).map((frame) => Buffer.concat([frame, new Uint8Array(7)]));
    const { receive } = new GeneratorSim().run({ ...spec, trial: oneRun }, replacing(others));
    expect(receive).toMatchObject({ accepted: 975, stale: 25, corrupt: 0, foreign: 0 });
  });

  it("a generator that never ends keeps no trial from ending", () => {
    const others = recorded({ ...spec, trial: otherRun });
    const sim = new GeneratorSim();
    let n = 0;
    const report = sim.run({ ...spec, trial: oneRun, count: 200 }, (frames, queue) => {
      const other = others[n++ % others.length]!.slice();
      return [...frames, other].map((frame) => ({ queue, frame }));
    });
    expect(report.neverQuiet).toBe(false);
    expect(report.receive).toMatchObject({ accepted: 200, corrupt: 0, foreign: 0 });
    expect(report.receive.staleOfOthers).toBe(report.receive.stale);
  });
});

it("frames too small for a signature: another run's larger ones are stale, not foreign", () => {
  const others = recorded({ trial: otherRun });
  expect(isSigned(plain({ vlan: 100 }), fixedSize(64))).toBe(false);
  const stream = plain({ vlan: 100 });
  const small = { trial: oneRun, stream, size: fixedSize(64) };
  const { receive } = new GeneratorSim().run(small, replacing(others));
  expect(receive).toMatchObject({ accepted: 975, stale: 25, foreign: 0 });
});

it("padding and filled payloads are foreign, whatever the run's id begins with", () => {
  for (const word of [0, 0x5555, 0xaaaa, 0xffff]) {
    const filled = Uint8Array.from({ length: 60 }, () => word & 0xff);
    const { receive } = new GeneratorSim().run({ trial: word * 256, count: 100 }, (frames, queue) =>
      [...frames, ...frames.map(() => filled.slice())].map((frame) => ({ queue, frame })),
    );
    expect(receive).toMatchObject({ accepted: 100, foreign: 100, stale: 0, corrupt: 0 });
  }
});

it("a damaged frame of ours is corrupt where its id's upper bits are whole, and foreign where they are not", () => {
  const flipped = (at: number): TrialReport["receive"] => {
    let n = 0;
    return new GeneratorSim().run({ trial: oneRun, count: 100 }, (frames, queue) =>
      frames.map((frame) => {
        if (n++ === 10) frame[frame.length - at]! ^= 0x10;
        return { queue, frame };
      }),
    ).receive;
  };
  for (let at = 1; at <= 16; at++)
    expect(flipped(at)).toMatchObject({ accepted: 99, corrupt: 1, foreign: 0, stale: 0 });
  for (const at of [17, 18]) expect(flipped(at)).toMatchObject({ accepted: 99, corrupt: 0, foreign: 1, stale: 0 });
});

it("both directions: another run's frames are stale on each port, and our own that came back are none", () => {
  const kept: Uint8Array[] = [];
  new DirectionsSim().run(bothWays({ trial: otherRun }), (frames, port) => {
    kept.push(...frames.map((frame) => frame.slice()));
    return across(frames, port, 0);
  });
  let first = true;
  const reports = new DirectionsSim().run(bothWays({ trial: oneRun }), (frames, port) => {
    const back = across(frames, port, 0);
    if (!first || frames.length === 0) return back;
    first = false;
    return [...back, ...kept.slice(0, 200).map((frame) => ({ port: 1 as const, frame }))];
  });
  expect(reports.map(({ receive }) => receive)).toMatchObject([
    { accepted: 1000, stale: 200, staleOfOthers: 200, foreign: 0 },
    { accepted: 1000, stale: 0 },
  ]);
  expect(reports.map(({ returned }) => returned)).toEqual([0, 0]);
});

it("one direction: another run's frames on the sending port are foreign there, and not returned", () => {
  const others = recorded({ trial: fixedTrial(7) });
  let first = true;
  const [report] = new DirectionsSim().run([{ ...baseOrder, trial: oneRun }], (frames, port) => {
    const back = across(frames, port, 0);
    if (!first || frames.length === 0) return back;
    first = false;
    return [...back, ...others.slice(0, 9).map((frame) => ({ port: 0 as const, frame }))];
  });
  expect(report).toMatchObject({ returned: 0, receive: { accepted: 1000, foreign: 0, stale: 0 } });
});
