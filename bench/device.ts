/** Our own device side, polling on the peer's CPU: it has a packed ring, and takes frames without looking at them. */
import { type EmbeddedPart, startEmbeddedPart } from "../src/dut/index.js";
import { peerCpu } from "./place.js";

/** rxonly is a sink, io sends everything back. */
export const startOwnDevice = (socket: string, mode: "rxonly" | "io", queues = 1): Promise<EmbeddedPart> =>
  startEmbeddedPart({
    part: "container",
    ports: [`vhost:${socket},queues=${queues},ring=packed,in_order=on`],
    mode,
    faults: null,
    maxFrameBytes: 1518,
    seed: 1,
    busy: true,
    cpu: peerCpu,
  });
