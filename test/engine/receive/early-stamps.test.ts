/** Times of arrival by a clock that was set back: the frames came all the same. */
import { expect, it } from "vitest";
import { echo, GeneratorSim } from "../../support/generator-sim.js";
import { trafficSpec, trafficStream } from "../../support/traffic-specs.js";

it.each([
  ["one stream", {}],
  ["two streams", { stream: trafficSpec([trafficStream({}), trafficStream({})]) }],
])("%s: frames stamped before they left are accepted, not corrupt", (_, order) => {
  const sim = new GeneratorSim();
  const stamps = new Float64Array(256);
  const port = sim.wire.port();
  Object.assign(port.queues[0]!.rx!, { arrivalsNs: stamps });
  sim.job.attach(0, port);
  const { receive } = sim.run(order, (frames, queue, nowNs) => {
    stamps.fill(nowNs - 10e6);
    return echo(frames, queue, nowNs);
  });
  expect(receive).toMatchObject({ received: 1000, accepted: 1000, corrupt: 0, lostRanges: [] });
});
