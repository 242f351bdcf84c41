/**
 * What changing fields cost: 64-byte frames (VXLAN: 128) into a null ring, one thread. The first is a constant frame;
 * `eachFrame` does in a program what "three fields" declares.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { loadProgram } from "../src/engine/load-program.js";
import type { Load } from "../src/engine/trial-order.js";
import { type Header, headerOf } from "../src/packet/index.js";
import {
  continuous,
  type FieldChange,
  incrementPayload,
  streamSpec,
  type Traffic,
  type TrafficSpec,
  type TrafficStream,
} from "../src/stream/index.js";
import { programStreams, udp4 } from "../src/stream/program-api.js";
import { fixedSize } from "../src/units.js";
import { openRig, sentPps } from "./generate.js";
import { alternate, type Contender } from "./harness.js";
import { compared, type Outcome } from "./outcome.js";
import { ownCpu } from "./place.js";

const runNs = 1e9;
const size = fixedSize(64);

export const streamOf = (layers: readonly Header[], fields: readonly FieldChange[], name = "a"): TrafficStream => ({
  name,
  layers,
  payload: incrementPayload,
  size: null,
  fields,
  rate: null,
  weight: 1,
  schedule: continuous,
  program: null,
});

export const trafficOf = (...streams: readonly TrafficStream[]): TrafficSpec => ({
  name: "bench",
  streams,
  sizes: [size],
  seed: 1,
});

export const counted = (field: string, min: number, max: number): FieldChange => ({
  target: { field },
  change: { kind: "increment", min, max, step: 1 },
});
const random = (field: string, min: number, max: number): FieldChange => ({
  target: { field },
  change: { kind: "random", min, max, seed: null, limit: null },
});

const net = 0xc612_0000;
const fiveTuple = [
  random("ipv4.src", net, net + 0xffff),
  random("ipv4.dst", net, net + 0xffff),
  random("udp.srcPort", 0, 65_535),
  random("udp.dstPort", 0, 65_535),
];
const overlay = [...udp4({ udp: { dstPort: 4789 } }), headerOf("vxlan", { vni: 5 }), ...udp4()];
const program = `import { stream, udp4 } from "pktgen-ts";
export default stream({ packet: udp4(), eachFrame(frame, index) {
  frame.ipv4.src = ${net} + (index & 1023);
  frame.ipv4.dst = ${net} + (index & 511);
  frame.udp.srcPort = index & 255;
} });`;

async function mpps(stream: Traffic, frame = size, programs: readonly string[] = []): Promise<number> {
  await using rig = await openRig("null:", 1, ownCpu, null, programs);
  const load: Load = { kind: "max" };
  await rig.trial({ trial: 0, stream, size: frame, load, durationNs: 300e6 });
  return sentPps(await rig.trial({ stream, size: frame, load, durationNs: runNs })) / 1e6;
}

export async function trafficBench(rounds: number): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "pktgen-bench-"));
  try {
    const file = join(folder, "program.mjs");
    writeFileSync(file, program);
    const url = pathToFileURL(file).href;
    const programmed = trafficOf(...programStreams(await loadProgram(file), url));
    const declared = [
      counted("ipv4.src", net, net + 1023),
      counted("ipv4.dst", net, net + 511),
      counted("udp.srcPort", 0, 255),
    ];
    const many = Array.from({ length: 10_000 }, (_, k) =>
      streamOf(udp4(), [counted("udp.srcPort", k, k + 7)], `s${k}`),
    );
    const of = (name: string, run: () => Promise<number>): Contender => ({ name, run });
    const contenders = [
      of("constant", () => mpps(streamSpec())),
      of("one incrementing field", () => mpps(trafficOf(streamOf(udp4(), [counted("ipv4.src", net, net + 999)])))),
      of("5-tuple random, checksums", () => mpps(trafficOf(streamOf(udp4(), fiveTuple)))),
      of("VXLAN, inner and outer fields", () =>
        mpps(
          trafficOf(streamOf(overlay, [counted("udp.srcPort", 0, 999), counted("inner.ipv4.src", net, net + 999)])),
          fixedSize(128),
        ),
      ),
      of("three fields declared", () => mpps(trafficOf(streamOf(udp4(), declared)))),
      of("three fields by eachFrame", () => mpps(programmed, size, [url])),
      of("10,000 streams", () => mpps(trafficOf(...many))),
    ];
    return compared(await alternate(contenders, rounds, "Mpps"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
