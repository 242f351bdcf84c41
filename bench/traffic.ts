/**
 * What changing fields cost: 64-byte frames (VXLAN: 128), one thread, into a null ring and into testpmd rxonly over a
 * packed ring, in turn with testpmd's txonly where it can do the same: a constant frame, and one source address of many
 * (`--txonly-multi-flow`). The first is a constant frame; `eachFrame` does in a program what "three fields" declares.
 * Into a null ring the figure is frames by CPU time, which others on the machine disturb less; into testpmd it is what
 * arrives there, and wants a quiet machine.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Load } from "../src/engine/loop/trial-spec.js";
import { type Header, headerOf } from "../src/packet/index.js";
import { loadProgram } from "../src/program/load-program.js";
import {
  type FieldModifier,
  plainStream,
  plainTraffic,
  trafficOf as plainTrafficOf,
  type TrafficSpec,
  type TrafficStream,
} from "../src/stream/index.js";
import { programStreams, udp4 } from "../src/stream/program/api.js";
import { type FrameSize, fixedSize } from "../src/units.js";
import { openRig } from "./generate.js";
import { alternate, type Contender, pairedRatio, type Series } from "./harness.js";
import { compared, type Outcome } from "./outcome.js";
import { ownCpu } from "./place.js";
import { hasTestpmd } from "./testpmd.js";
import { oursIntoTestpmd, testpmdIntoNull, testpmdIntoTestpmd } from "./transmit.js";

const warmUpNs = 300e6;
const [shortNs, longNs] = [200e6, 1.2e9];
const size = fixedSize(64);

/** A stream of these fields. */
export const changing = (layers: readonly Header[], fields: readonly FieldModifier[], name = "a"): TrafficStream => ({
  ...plainStream(name, layers),
  fields,
});

export const trafficOf = (...streams: readonly TrafficStream[]): TrafficSpec => ({
  name: "bench",
  streams,
  sizes: [size],
  seed: 1,
});

export const counted = (field: string, min: number, max: number): FieldModifier => ({
  target: { field },
  change: { kind: "increment", min, max, step: 1 },
});
const random = (field: string, min: number, max: number): FieldModifier => ({
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

interface Case {
  readonly name: string;
  readonly stream: TrafficSpec;
  readonly size: FrameSize;
  readonly programs: readonly string[];
  /** What makes testpmd do the same; null: nothing does. */
  readonly testpmd: readonly string[] | null;
}

const caseOf = (name: string, stream: TrafficSpec, more: Partial<Case> = {}): Case => ({
  name,
  stream,
  size,
  programs: [],
  testpmd: null,
  ...more,
});

function cases(programmed: TrafficSpec, programs: readonly string[]): readonly Case[] {
  const declared = [
    counted("ipv4.src", net, net + 1023),
    counted("ipv4.dst", net, net + 511),
    counted("udp.srcPort", 0, 255),
  ];
  const tunnelled = [counted("udp.srcPort", 0, 999), counted("inner.ipv4.src", net, net + 999)];
  return [
    caseOf("constant", plainTrafficOf(plainTraffic()), { testpmd: [] }),
    caseOf("one incrementing field", trafficOf(changing(udp4(), [counted("ipv4.src", net, net + 999)])), {
      testpmd: ["--txonly-multi-flow"],
    }),
    caseOf("5-tuple random, checksums", trafficOf(changing(udp4(), fiveTuple))),
    caseOf("VXLAN, inner and outer fields", trafficOf(changing(overlay, tunnelled)), { size: fixedSize(128) }),
    caseOf("three fields declared", trafficOf(changing(udp4(), declared))),
    caseOf("three fields by eachFrame", programmed, { programs }),
  ];
}

/** By what a longer trial sends and takes more than a shorter one: compiling costs both the same. */
async function nullMpps({ stream, size: frame, programs }: Case): Promise<number> {
  await using rig = await openRig("null:", 1, ownCpu, null, programs);
  const load: Load = { kind: "max" };
  const [sent, cpuUs]: [number[], number[]] = [[], []];
  for (const durationNs of [warmUpNs, shortNs, longNs]) {
    const before = process.cpuUsage();
    const { transmit } = await rig.trial({ stream, size: frame, load, durationNs, settleNs: 0 });
    const { user, system } = process.cpuUsage(before);
    sent.push(transmit.queues[0]!.published);
    cpuUs.push(user + system);
  }
  return (sent[2]! - sent[1]!) / (cpuUs[2]! - cpuUs[1]!);
}

function intoNull(all: readonly Case[]): Contender[] {
  const many = Array.from({ length: 10_000 }, (_, k) => changing(udp4(), [counted("udp.srcPort", k, k + 7)], `s${k}`));
  const ours = [...all, caseOf("10,000 streams", trafficOf(...many))];
  return ours.flatMap((one) => [
    { name: one.name, run: () => nullMpps(one) },
    ...(one.testpmd === null || !hasTestpmd() ? [] : [testpmdIntoNull(`${one.name}${theirs}`, one.testpmd)]),
  ]);
}

const bestVariant = "packed in-order vectorised";

const intoTestpmd = (all: readonly Case[]): Contender[] =>
  all.flatMap((one) => [
    oursIntoTestpmd(one.name, "packed", { stream: one.stream, size: one.size }, one.programs),
    ...(one.testpmd === null ? [] : [testpmdIntoTestpmd(`${one.name}${theirs}`, bestVariant, one.testpmd)]),
  ]);

const theirs = ": testpmd txonly";

/** Ratios to the first, and of ours to testpmd's where it did the same. */
function comparedInPairs(series: readonly Series[]): Outcome {
  const outcome = compared(series);
  const pairs = series.flatMap((their) => {
    const our = series.find(({ name }) => `${name}${theirs}` === their.name);
    return our === undefined || our === series[0]
      ? []
      : [[`${our.name} / ${their.name}`, pairedRatio(our, their)] as const];
  });
  return {
    ...outcome,
    lines: [...outcome.lines, ...pairs.map(([name, ratio]) => `  ratio ${ratio.toFixed(2)}   ${name}`)],
    ratios: { ...outcome.ratios, ...Object.fromEntries(pairs) },
  };
}

export async function trafficBench(rounds: number): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "pktgen-bench-"));
  try {
    const file = join(folder, "program.mjs");
    writeFileSync(file, program);
    const url = pathToFileURL(file).href;
    const all = cases(trafficOf(...programStreams(await loadProgram(file), url)), [url]);
    const ofNull = comparedInPairs(await alternate(intoNull(all), rounds, "Mpps of CPU time"));
    if (!hasTestpmd()) return ofNull;
    const ofTestpmd = comparedInPairs(await alternate(intoTestpmd(all), rounds, "Mpps at testpmd"));
    const inTestpmd = Object.entries(ofTestpmd.ratios).map(([name, ratio]) => [`into testpmd: ${name}`, ratio]);
    return {
      lines: ["into a null ring:", ...ofNull.lines, "into testpmd rxonly:", ...ofTestpmd.lines],
      series: [...ofNull.series, ...ofTestpmd.series.map((one) => ({ ...one, name: `into testpmd: ${one.name}` }))],
      ratios: { ...ofNull.ratios, ...Object.fromEntries(inTestpmd) },
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
