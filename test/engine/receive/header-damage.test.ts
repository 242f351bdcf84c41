/** Headers that a device changed or damaged, with payloads compared: frames are whole or corrupt, and nothing breaks. */

import { describe, expect, it } from "vitest";
import type { TrialSpec } from "../../../src/engine/loop/trial-spec.js";
import { ethernet, type Header, headerOf, ipv4, udp, vlan } from "../../../src/packet/index.js";
import { type FrameSize, fixedSize } from "../../../src/units.js";
import { type Device, echo, GeneratorSim } from "../../support/generator-sim.js";
import { plain } from "../../support/plain.js";
import { macs, trafficSpec, trafficStream, udp4, v4 } from "../../support/traffic-specs.js";

const runId = 0x35ab01;
const mix: FrameSize = {
  kind: "mix",
  name: "mix",
  parts: [
    { frameBytes: 150, weight: 2 },
    { frameBytes: 154, weight: 2 },
    { frameBytes: 600, weight: 1 },
  ],
};
const base: Partial<TrialSpec> = {
  trial: runId,
  integrity: true,
  count: 50,
  settleNs: 21e6,
  load: { kind: "paced", pps: 100_000 },
};

/** Changes frame 7 of all. */
function once(change: (frame: Uint8Array) => Uint8Array): Device {
  let n = 0;
  return (frames, queue) => frames.map((frame) => ({ queue, frame: n++ === 7 ? change(frame) : frame }));
}

const run = (spec: Partial<TrialSpec>, device: Device) => new GeneratorSim().run({ ...base, ...spec }, device).receive;

const tagged = plain({ vlan: 5 });
const twoStreams = (layers: readonly Header[]): Partial<TrialSpec> => ({
  stream: trafficSpec([trafficStream({ layers }), trafficStream({ layers })]),
});

describe.each([
  ["untagged", { stream: plain(), size: fixedSize(128) }],
  ["a VLAN tag", { stream: tagged, size: fixedSize(128) }],
  ["a VLAN tag, mix", { stream: { ...tagged, sizes: [mix] }, size: mix }],
  ["two streams with a tag", { ...twoStreams([udp4[0]!, vlan({ id: 7 }), ...udp4.slice(1)]), size: fixedSize(128) }],
] satisfies [string, Partial<TrialSpec> & { size: FrameSize }][])("%s", (_, order) => {
  it("any bit of the headers may be damaged: each frame is accepted or corrupt, and none is foreign", () => {
    let bit = 0;
    const receive = run({ ...order, count: 8 * 46 }, (frames, queue) =>
      frames.map((frame) => {
        frame[bit >> 3]! ^= 0x80 >> (bit & 7);
        bit++;
        return { queue, frame };
      }),
    );
    expect(receive.accepted + receive.corrupt).toBe(8 * 46);
    expect(receive).toMatchObject({ received: 8 * 46, duplicate: 0, foreign: 0, stale: 0 });
    // But for the type of a tag, headers are a device's to change.
    expect(receive.corrupt).toBe(receive.corruptKinds.payload);
    expect(receive.corrupt).toBeLessThanOrEqual(32);
  });
});

describe("the type of a VLAN tag", () => {
  const typed = (type: number): Device =>
    once((frame) => {
      new DataView(frame.buffer, frame.byteOffset).setUint16(12, type);
      return frame;
    });

  it.each([0x88a8, 0x9100])("0x%s in the place of 0x8100 is a tag as well", (type) => {
    expect(run({ stream: tagged, size: fixedSize(128) }, typed(type))).toMatchObject({ accepted: 50, corrupt: 0 });
  });

  it("damaged so that it is none: the payload cannot be found, and the frame is corrupt", () => {
    const receive = run({ stream: tagged, size: fixedSize(128) }, typed(0x8500));
    expect(receive).toMatchObject({ accepted: 49, corrupt: 1, corruptKinds: { payload: 1 }, lostRanges: [[7, 7]] });
    expect(receive.firstCorrupt[0]!.reason).toBe("its VLAN tags and its length do not fit");
  });

  it("made out of another type: the same", () => {
    const receive = run({ stream: plain(), size: fixedSize(128) }, typed(0x8100));
    expect(receive).toMatchObject({ accepted: 49, corrupt: 1, corruptKinds: { payload: 1 } });
  });
});

describe("tags are those in front: a tunnel's inner ones are not", () => {
  const inner = [ethernet(macs), vlan({ id: 100 }), ipv4(v4), udp({ srcPort: 1, dstPort: 2 })];
  const tunnel = [...udp4.slice(0, 2), udp({ srcPort: 9, dstPort: 4789 }), headerOf("vxlan", { vni: 5 }), ...inner];
  const old = [ethernet(macs), vlan({ id: 100, tpid: 0x9100 }), ipv4(v4), udp({ srcPort: 1, dstPort: 2 })];

  it.each([
    ["VXLAN with a tag inside", tunnel],
    ["a tag of type 0x9100", old],
  ])("%s: a mix comes back whole, also where a tag was pushed or popped", (_, layers) => {
    const pushed: Device = (frames, queue) =>
      frames.map((frame) => ({
        queue,
        frame: Uint8Array.from([...frame.slice(0, 12), 0x81, 0, 0, 5, ...frame.slice(12)]),
      }));
    for (const spec of [{ stream: trafficSpec([trafficStream({ layers })]) }, twoStreams(layers)]) {
      for (const device of [echo, pushed]) {
        for (const integrity of [false, true]) {
          expect(run({ ...spec, size: mix, integrity }, device)).toMatchObject({
            accepted: 50,
            corrupt: 0,
            foreign: 0,
          });
        }
      }
    }
  });
});
