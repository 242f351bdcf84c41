/** Short sessions through direct loops, so that V8 compiles the loop's code before a port is sent on. */
import {
  allocateSession,
  CommandWriter,
  commandKind,
  type SessionBuffers,
  SessionMemory,
  type SessionRehearsal,
} from "../engine/session/index.js";
import { defaultPlainTraffic, layersOf } from "../stream/spec.js";
import { fixedSize } from "../units.js";
import { compileFlow } from "./compile-flow.js";
import { FlowTable } from "./flow-table.js";

interface Way {
  /** By flow. */
  readonly pps: readonly number[];
  readonly frames: readonly number[];
  /** It ends then, at the latest: on a busy machine. */
  readonly mostNs: number;
}

const max = Number.POSITIVE_INFINITY;
/**
 * Frame by frame, in bursts, and as fast as can be: each is other code. Gaps are no whole numbers of nanoseconds, a bit more
 * and a bit less than one; two flows are due at the same time.
 */
const ways: readonly Way[] = [
  { pps: [170_001, 170_302, 170_904, 170_904], frames: [6_000, 6_000, 6_000, 6_000], mostNs: 240e6 },
  { pps: [2_500_003, 4_000_001, 190_001, 190_001], frames: [8_000, 5_000, 400, 400], mostNs: 100e6 },
  { pps: [max, max, 10_001, 10_001], frames: [5_000, 5_000, 10, 10], mostNs: 60e6 },
];
const fields = [
  { target: { field: "udp.srcPort" }, change: { kind: "increment", min: 1024, max: 2047, step: 1 } },
] as const;

/**
 * One after the other. Everything is ordered already: a few flows start, and end by themselves. `ports`: one or two. Of
 * several parts, it is one.
 */
export const warmUpSessions = (ports: number, trial: number, parts = 1): readonly SessionRehearsal[] =>
  ways.map((way) => ({ buffers: warmUpSession(ports, trial, parts, way), mostNs: way.mostNs }));

function warmUpSession(ports: number, trial: number, parts: number, { pps, frames }: Way): SessionBuffers {
  // Ports beyond those are of other parts, and nobody's.
  const partOf = Array.from({ length: ports + parts - 1 }, (_, port) => Math.max(0, port - ports + 1));
  const buffers = allocateSession({
    ...{ capacity: 16, lanes: 16, ports: ports + parts - 1, partOf, trial, heapBytes: 1 << 20 },
  });
  const table = new FlowTable(new SessionMemory(buffers));
  const writer = new CommandWriter(table.memory);
  const plans = pps.map((each, k) => {
    const compiled = compileFlow({
      name: `warm ${k}`,
      from: "a",
      to: ["b"],
      frames: {
        kind: "stream",
        layers: layersOf(defaultPlainTraffic, k),
        size: fixedSize(64),
        fields: k % 2 === 0 ? fields : [],
      },
      rate: each === max ? { kind: "max" } : { kind: "pps", pps: each },
      duration: { kind: "frames", frames: frames[k]! },
      delayNs: k < 2 ? null : 0,
    });
    return { compiled, pps: each, from: k % ports, to: [ports - 1 - (k % ports)] };
  });
  const { flows, orders } = table.admit(plans);
  const slots = flows.map(({ slot }) => slot);
  const { length } = slots;
  writer.write([
    ...orders.map((order) => table.orderCommand(order).command),
    ...slots.map((slot, place) => ({ kind: commandKind.start, slot, value: place, batch: 1, length })),
    ...slots.map((slot) => ({ kind: commandKind.pause, slot })),
    ...slots.map((slot, k) => ({ kind: commandKind.rate, slot, value: pps[k]! / 2 })),
    ...slots.map((slot) => ({ kind: commandKind.resume, slot })),
    ...slots.map((slot, k) => ({ kind: commandKind.rate, slot, value: pps[k]! })),
  ]);
  return buffers;
}
