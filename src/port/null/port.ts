/** `null:`, a port without a peer. Its rings take every frame at once and bring none. */
import { type NullRingLayout, nullRingEnd, nullRingLayout } from "../../ring/index.js";
import { arena } from "../../sys/arena.js";
import { fcsBytes } from "../../units.js";
import type { OpenPortOptions } from "../options.js";
import { noKick, type Port, type PortFacts } from "../port.js";
import { RingPort } from "../ring-port.js";
import type { NullPortSpec } from "./spec.js";

const pageBytes = 4096;

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

class NullPort extends RingPort<NullPortSpec> {
  readonly #maxFrameBytes: number;
  readonly #memory: number;

  constructor(spec: NullPortSpec, { maxFrameBytes }: OpenPortOptions) {
    super(spec);
    this.#maxFrameBytes = maxFrameBytes - fcsBytes;
    const bytes = nullRingEnd(nullLayouts(spec, this.#maxFrameBytes, pageBytes).at(-1)!) - pageBytes;
    this.#memory = arena().mapAnonymous(bytes).offset;
    const layouts = nullLayouts(spec, this.#maxFrameBytes, this.#memory);
    this.state.publish(
      Array.from({ length: spec.queues }, (_, queue) => ({
        queue,
        tx: layouts[2 * queue + 1]!,
        rx: layouts[2 * queue]!,
        txKick: noKick,
        rxKick: noKick,
      })),
    );
  }

  facts(): PortFacts {
    const { text, kind, queues, size } = this.spec;
    const maxFrameBytes = this.#maxFrameBytes;
    return { spec: text, kind, queues, ringFormat: "none", ringSize: size, features: [], maxFrameBytes };
  }

  /** There is no connection. */
  breakConnection(): void {}

  protected close(): void {
    this.state.lose("the port was closed");
    arena().release(this.#memory);
  }
}

/** @throws PktgenError (3): no memory for the buffers. */
export function openNullPort(spec: NullPortSpec, options: OpenPortOptions): Port {
  return new NullPort(spec, options);
}
