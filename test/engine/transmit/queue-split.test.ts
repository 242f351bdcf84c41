/**
 * The bytes of a frame depend on the profile, the seed and its number alone: whatever number of queues it was split over,
 * the generator's own loops send the same frames. But for the time in the signature, what balances it, and SCTP's CRC,
 * which covers both.
 */

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { fieldPlaces } from "../../../src/packet/index.js";
import { loadProfile } from "../../../src/profile/index.js";
import type { TrafficSpec } from "../../../src/stream/index.js";
import { echo, GeneratorSim } from "../../support/generator-sim.js";
import { plain } from "../../support/plain.js";

const folder = fileURLToPath(new URL("../../../profiles/", import.meta.url));
const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
const frames = 480;

/** Stream and number of each frame → its bytes. */
function sentOver(queues: number, spec: TrafficSpec, seed: number): ReadonlyMap<string, string> {
  const sent = new Map<string, string>();
  const sim = new GeneratorSim({ queues });
  const crcs = spec.streams.map(({ layers }) => fieldPlaces(layers).find(({ path }) => path === "sctp.checksum"));
  const order = {
    stream: { ...spec, seed },
    size: spec.sizes[0],
    queues,
    load: { kind: "max" },
    count: frames,
  } as const;
  sim.run(order, (sentFrames, queue, nowNs) => {
    for (const frame of sentFrames) {
      const bytes = Buffer.from(frame);
      const stream = bytes.readUIntLE(bytes.length - 15, 3);
      const key = `${stream}:${bytes.readUInt32LE(bytes.length - 12)}`;
      bytes.fill(0, bytes.length - 8);
      const crc = crcs[stream];
      if (crc !== undefined) bytes.fill(0, crc.frameBitOffset / 8, crc.frameBitOffset / 8 + 4);
      if (sent.has(key)) throw new Error(`frame ${key} was sent twice`);
      sent.set(key, bytes.toString("hex"));
    }
    return echo(sentFrames, queue, nowNs);
  });
  return sent;
}

describe("the same profile and seed give the same bytes over 1, 2 and 4 queues", () => {
  it.each(files)("%s", (file) => {
    const { stream, traffic } = loadProfile(`${folder}${file}`);
    const spec = traffic ?? plain(stream);
    for (const seed of [1, 77]) {
      const alone = sentOver(1, spec, seed);
      expect(alone.size).toBeGreaterThan(0);
      for (const queues of [2, 4]) {
        const split = sentOver(queues, spec, seed);
        expect([...split.keys()].sort()).toEqual([...alone.keys()].sort());
        expect([...split.keys()].filter((key) => split.get(key) !== alone.get(key))).toEqual([]);
      }
    }
  });
});
