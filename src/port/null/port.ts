/** `null:`, a port with nobody on the other side: rings that take everything at once and bring nothing. */

import { type NullRingLayout, nullRingEnd, nullRingLayout } from "../../ring/index.js";
import { arena } from "../../sys/arena.js";
import { fcsBytes } from "../../units.js";
import type { OpenPortOptions } from "../options.js";
import { noKick, type Port } from "../port.js";
import { PortState } from "../port-state.js";
import type { NullPortSpec } from "./spec.js";

/** By vring: even ones receive, odd ones transmit. */
function nullLayouts(spec: NullPortSpec, bufferBytes: number, from: number): NullRingLayout[] {
  const layouts: NullRingLayout[] = [];
  let at = from;
  for (let vring = 0; vring < 2 * spec.queues; vring++) {
    const direction = vring % 2 === 0 ? "rx" : "tx";
    const layout = nullRingLayout({ direction, vring, size: spec.size, bufferBytes }, at);
    layouts.push(layout);
    at = nullRingEnd(layout);
  }
  return layouts;
}

/** @throws PktgenError (3): no memory for the buffers. */
export function openNullPort(spec: NullPortSpec, options: OpenPortOptions): Port {
  const bufferBytes = options.maxFrameBytes - fcsBytes;
  const pageBytes = 4096;
  const bytes = nullRingEnd(nullLayouts(spec, bufferBytes, pageBytes).at(-1)!) - pageBytes;
  const memory = arena().mapAnonymous(bytes);
  const state = new PortState(arena(), spec.queues);
  const layouts = nullLayouts(spec, bufferBytes, memory.offset);
  state.publish(
    Array.from({ length: spec.queues }, (_, queue) => ({
      queue,
      tx: layouts[2 * queue + 1]!,
      rx: layouts[2 * queue]!,
      txKick: noKick,
      rxKick: noKick,
    })),
  );
  return nullPort(spec, bufferBytes, state, memory.offset);
}

function nullPort(spec: NullPortSpec, maxFrameBytes: number, state: PortState, memory: number): Port {
  let open = true;
  return {
    spec,
    ready: () => Promise.resolve(state.rings!),
    rings: () => state.rings,
    facts: () => ({
      spec: spec.text,
      kind: spec.kind,
      queues: spec.queues,
      ringFormat: "none",
      ringSize: spec.size,
      features: [],
      maxFrameBytes,
    }),
    observe: (observer) => state.observe(observer),
    breakConnection: () => {}, // there is no connection
    whyLost: (generation) => state.whyLost(generation),
    async [Symbol.asyncDispose]() {
      if (!open) return;
      open = false;
      state.lose("the port was closed");
      arena().release(memory);
    },
  };
}
