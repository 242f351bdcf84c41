/**
 * A session on three veth pairs: 100 flows, changed at random by three callers at once. Every count equals what the kernel
 * counted on the interfaces, and each flow's what a capture has of its last start. `PKTGEN_SESSION_SECONDS` makes it longer
 * (300: five minutes).
 */
import { expect, it } from "vitest";
import { decodeCapture } from "../../src/pcap/codec.js";
import { parsePortSpec } from "../../src/port/index.js";
import { seededRandom } from "../../src/random.js";
import { type FlowSpec, openSession, type Session } from "../../src/session/index.js";
import { isSignature, streamOf } from "../../src/stream/frames/signature.js";
import { defaultPlainTraffic, flowsPerAddress, layersOf, sourceLow32 } from "../../src/stream/spec.js";
import { fixedSize } from "../../src/units.js";
import { type VethPair, vethPair } from "../support/netns.js";
import { describeLab } from "../support/probe.js";
import { statistics } from "./interface-run.js";

const seconds = Number(process.env["PKTGEN_SESSION_SECONDS"] ?? 3);
const flowCount = 100;
const settleNs = 300e6;

const flowOf = (name: string, number: number): FlowSpec => {
  const pair = number % 3;
  const [from, to] = number % 2 === 0 ? [`a${pair}`, `b${pair}`] : [`b${pair}`, `a${pair}`];
  const size = fixedSize([64, 128, 1024][pair]!);
  const layers = layersOf(defaultPlainTraffic, number);
  return { name, from, to: [to], frames: { kind: "stream", layers, size }, rate: { kind: "pps", pps: 20 } };
};

/** What tells the frames of a flow from those of all others: source address and source port. */
const keyOf = (number: number): string =>
  `${sourceLow32(defaultPlainTraffic) + Math.floor(number / flowsPerAddress)}:${defaultPlainTraffic.srcPort + (number % flowsPerAddress)}`;

/** Frames of each flow's last start that a capture has: by key. Later starts have greater stream numbers. */
function lastStarts(frames: readonly { readonly bytes: Uint8Array }[]): Map<string, number> {
  const last = new Map<string, { stream: number; count: number }>();
  for (const { bytes } of frames) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (!isSignature(view, bytes.length)) continue;
    const key = `${view.getUint32(26)}:${view.getUint16(34)}`;
    const stream = streamOf(view.getUint32(bytes.length - 16, true));
    const known = last.get(key);
    if (known === undefined || stream > known.stream) last.set(key, { stream, count: 1 });
    else if (stream === known.stream) known.count++;
  }
  return new Map([...last].map(([key, { count }]) => [key, count]));
}

/** The number that each flow was made of. */
type Numbers = Map<string, number>;

/** One caller: asks for one thing after the other. */
async function change(session: Session, seed: number, numbers: Numbers, endMs: number): Promise<void> {
  const random = seededRandom(seed);
  const names = [...numbers.keys()];
  let number = 10_000 * seed;
  while (performance.now() < endMs) {
    const name = names[random.below(names.length)]!;
    const some = [name, names[random.below(names.length)]!];
    const acts = [
      () => session.start(some),
      () => session.start(some),
      () => session.stop([name]),
      () => session.pause(some),
      () => session.resume(some),
      () => session.setRate([name], { kind: "pps", pps: 10 + random.below(90) }),
      async () => {
        await session.removeFlows([name]);
        numbers.set(name, number);
        await session.addFlows([flowOf(name, number++)]);
      },
    ];
    await acts[random.below(acts.length)]!();
    await new Promise((resolve) => setTimeout(resolve, random.below(10)));
  }
}

describeLab("a session whose flows are changed by several callers", ["netns"], () => {
  it.each([1, 3])(
    "counts as the kernel does, with %i threads",
    async (workers) => {
      const pairs: VethPair[] = [];
      try {
        for (let k = 0; k < 3; k++) pairs.push(vethPair());
        const ends = pairs.flatMap(({ a, b }, k) => [
          { ...a, port: `a${k}` },
          { ...b, port: `b${k}` },
        ]);
        const before = ends.map((end) => statistics(end));
        const names = Array.from({ length: flowCount }, (_, k) => `f${k}`);
        await using session = await openSession({
          ports: ends.map(({ port, name, netns }) => ({
            name: port,
            port: parsePortSpec(`packet:${name},netns=${netns}`),
          })),
          ...{ settleNs, workers },
        });
        expect(ends.map((end) => statistics(end))).toEqual(before);
        await session.addFlows(names.map((name, k) => flowOf(name, k)));
        await session.startCapture({ port: "b0", frames: 200_000, snapBytes: 64, overwrite: false });
        const endMs = performance.now() + seconds * 1000;
        const mine = [0, 1, 2].map(
          (caller): Numbers => new Map(names.flatMap((name, k) => (k % 3 === caller ? [[name, k]] : []))),
        );
        await Promise.all(mine.map((own, caller) => change(session, caller + 1, own, endMs)));
        await session.stop("all");
        while (!session.sample().flows.every(({ settled }) => settled)) {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        const { ports, flows } = session.sample();
        for (const { sent, received, lost, inRing, corrupt, duplicate, elsewhere } of flows) {
          expect({ received, lost, inRing, corrupt, duplicate, elsewhere }).toEqual({
            received: sent,
            lost: 0,
            inRing: 0,
            corrupt: 0,
            duplicate: 0,
            elsewhere: 0,
          });
        }
        const kernel = ends.map((end, k) => {
          const now = statistics(end);
          return [now.txPackets - before[k]!.txPackets, now.rxPackets - before[k]!.rxPackets];
        });
        expect(ports.map(({ txFrames, rxFrames }) => [txFrames, rxFrames])).toEqual(kernel);
        expect(ports.every(({ rxFrames, test, stale }) => rxFrames === test + stale)).toBe(true);
        const captured = await session.fetchCapture("b0");
        expect(captured.frames).toBe(ports[1]!.rxFrames);
        const { frames } = decodeCapture(captured.file);
        expect(frames).toHaveLength(captured.frames);
        const numbers = new Map(mine.flatMap((own) => [...own]));
        const started = flows.filter(({ to, sent }) => to[0] === "b0" && sent > 0);
        const counts = lastStarts(frames);
        const inCapture = started.map(({ name }) => [name, counts.get(keyOf(numbers.get(name)!))]);
        expect(inCapture).toEqual(started.map(({ name, received }) => [name, received]));
        expect(started.length).toBeGreaterThan(0);
        expect(captured.frames).toBeGreaterThan(50 * seconds);
      } finally {
        for (const pair of pairs) pair[Symbol.dispose]();
      }
    },
    (seconds + 60) * 1000,
  );
});
