/** A part of the embedded device that gives every frame back on the port that it came in on: a peer for engine tests. */
import { type EmbeddedPart, startEmbeddedPart } from "../../../src/dut/index.js";

/** `socket`: where it listens. */
export const startEcho = (socket: string): Promise<EmbeddedPart> =>
  startEmbeddedPart({
    part: "container",
    ports: [`vhost:${socket}`],
    mode: "io",
    faults: null,
    maxFrameBytes: 1518,
    seed: 1,
    cpu: null,
    busy: false,
  });
