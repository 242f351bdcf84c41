/** A part of the embedded device that gives every frame back on the port that it came in on: a peer for engine tests. */

import { type EmbeddedPart, startEmbeddedPart } from "../../../src/dut/index.js";
import type { FaultSpec } from "../../../src/engine/forward/fault-spec.js";

/** `socket`: where it listens, and what follows in its spec. */
export const startEcho = (socket: string, faults: FaultSpec | null = null): Promise<EmbeddedPart> =>
  startEmbeddedPart({
    part: "container",
    ports: [`vhost:${socket}`],
    mode: "io",
    faults,
    maxFrameBytes: 1518,
    seed: 1,
    cpu: null,
    busy: false,
  });
