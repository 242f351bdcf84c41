/** A short session through direct loops, so that V8 compiles the loop's code before a port is sent on. */
import {
  allocateSession,
  CommandWriter,
  commandKind,
  type SessionBuffers,
  SessionMemory,
} from "../engine/session/index.js";
import { defaultPlainTraffic, layersOf } from "../stream/spec.js";
import { fixedSize } from "../units.js";
import { compileFlow } from "./compile-flow.js";
import { FlowTable } from "./flow-table.js";

const flows = 4;
const framesEach = 8_000;
const ppsEach = 200_000;
const fields = [
  { target: { field: "udp.srcPort" }, change: { kind: "increment", min: 1024, max: 2047, step: 1 } },
] as const;

/** Everything is ordered already: a few flows start, and end by themselves. `ports`: one or two. */
export function warmUpSession(ports: number, trial: number): SessionBuffers {
  const buffers = allocateSession({ capacity: 16, lanes: 16, ports, trial, heapBytes: 1 << 20 });
  const table = new FlowTable(new SessionMemory(buffers));
  const writer = new CommandWriter(table.memory);
  const plans = Array.from({ length: flows }, (_, k) => {
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
      rate: { kind: "pps", pps: ppsEach },
      duration: { kind: "frames", frames: framesEach },
    });
    return { compiled, pps: ppsEach, from: k % ports, to: [ports - 1 - (k % ports)] };
  });
  const { flows: admitted, orders } = table.admit(plans);
  writer.write([
    ...orders.map((order) => table.orderCommand(order).command),
    ...admitted.map(({ slot }, place) => ({ kind: commandKind.start, slot, value: place, batch: 1, length: flows })),
    ...admitted.map(({ slot }) => ({ kind: commandKind.pause, slot })),
    ...admitted.map(({ slot }) => ({ kind: commandKind.rate, slot, value: ppsEach / 2 })),
    ...admitted.map(({ slot }) => ({ kind: commandKind.resume, slot })),
    ...admitted.map(({ slot }) => ({ kind: commandKind.rate, slot, value: ppsEach })),
  ]);
  return buffers;
}
