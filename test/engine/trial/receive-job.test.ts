/** The receive half alone: which run's frames it takes for the sender's. */

import { expect, it } from "vitest";
import type { ReceiveSpec } from "../../../src/engine/loop/trial-spec.js";
import type { ReceiveCommand } from "../../../src/engine/trial/commands.js";
import { generatorCounter } from "../../../src/engine/trial/counters.js";
import { createJob } from "../../../src/engine/trial/receive-job.js";
import type { ReceiveOnlyReport } from "../../../src/stats/trial-report.js";
import { compileStream } from "../../../src/stream/frames/compile.js";
import { frameAt } from "../../../src/stream/frames/frame.js";
import { fixedSize } from "../../../src/units.js";
import { Space, Wire } from "../../support/forward-wire.js";
import { baseOrder } from "../../support/generator-sim.js";
import { defaultTraffic } from "../../support/plain.js";

const run = 0x35ab01;
const other = 0x77cd01;
const program = compileStream(defaultTraffic, fixedSize(64));
const frame = (trial: number, sequence: number): Uint8Array =>
  frameAt(program, 0, { trial, stream: 0, sequence, timeNs: 1000 });

/** What others say by themselves: nearly all zeros. */
const chatter = Uint8Array.from({ length: 90 }, (_, i) => (i < 60 || i === 89 ? i : 0));

function received(spec: Partial<ReceiveSpec>, frames: readonly Uint8Array[]): ReceiveOnlyReport {
  const wire = new Wire(new Space(64 * 2 ** 20), "driver", { format: "packed", queues: 1, size: 256 });
  let nowNs = 5e9;
  let done = false;
  const job = createJob({
    memory: wire.port().memory,
    options: null,
    counters: new Float64Array(generatorCounter.slots),
    nowNs: () => {
      nowNs += 1000;
      return nowNs;
    },
    post: () => {
      done = true;
    },
    sleeps: () => 0,
    inUse: { port: 0 },
    busy: true,
  });
  job.attach(0, wire.port());
  const one = { ...baseOrder, trial: run, clockAheadNs: 0, count: 5 };
  const whole = {
    sent: one,
    waitNs: 20e6,
    quietNs: 1e6,
    durationNs: Number.POSITIVE_INFINITY,
    pinsTrial: true,
    ...spec,
  };
  job.command({ kind: "receive", spec: whole } satisfies ReceiveCommand);
  job.step();
  wire.send(0, [...frames]);
  for (let turn = 0; turn < 100_000 && !done; turn++) job.step();
  expect(done).toBe(true);
  return job.command({ kind: "report" } satisfies ReceiveCommand) as ReceiveOnlyReport;
}

const five = [0, 1, 2, 3, 4].map((sequence) => frame(run, sequence));

it("the first signature says which trial it is; what came before it is foreign, zeros and all", () => {
  const { receive, trial } = received({}, [chatter, ...five, frame(other, 2), chatter]);
  expect(trial).toBe(run);
  expect(receive).toMatchObject({ received: 5, accepted: 5, corrupt: 0, foreign: 2, stale: 1, staleOfOthers: 1 });
});

it("where the id is known, frames of another run before and between are stale", () => {
  const { receive, trial } = received({ pinsTrial: false }, [frame(other, 0), ...five, frame(other, 5)]);
  expect(trial).toBe(run);
  expect(receive).toMatchObject({ received: 5, accepted: 5, corrupt: 0, foreign: 0, stale: 2, staleOfOthers: 2 });
});

it("without any signature there is no trial, and nothing of it came", () => {
  const { receive, trial, firstNs } = received({}, [chatter, chatter]);
  expect([trial, firstNs]).toEqual([null, -1]);
  expect(receive).toMatchObject({ received: 0, corrupt: 0, foreign: 2, stale: 0 });
});
