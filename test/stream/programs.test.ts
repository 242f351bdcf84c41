import { expect, it } from "vitest";
import { ringMemory } from "../../src/ring/memory.js";
import { compileTraffic, programFrame, referenceFrame } from "../../src/stream/index.js";
import { programStreams, stream, udp4 } from "../../src/stream/program-api.js";
import type { EachFrame } from "../../src/stream/program-frame.js";
import { fixedSize } from "../../src/units.js";
import { trafficSpec } from "./traffic-specs.js";

const size = fixedSize(128);
const stamp = { trial: 1, stream: 0, sequence: 5, timeNs: 7 };
const specOf = (eachFrame: EachFrame) => {
  const module = stream({
    packet: udp4({ ipv4: { ttl: 9 } }),
    fields: [{ target: { field: "ipv4.dst" }, change: { kind: "list", values: ["198.19.0.1", "198.19.0.2"] } }],
    eachFrame,
  });
  return trafficSpec(programStreams(module, "file:///p.ts"));
};

it.each<[string, EachFrame]>([
  [
    "fields and bytes",
    (frame, index) => {
      frame.ipv4.src = 0xc6120000 + (index & 1023);
      frame.udp.srcPort = 1024 + (index % 7);
      frame.set16(51, index & 0xffff);
    },
  ],
  [
    "a field that only some frames set, far from the start",
    (frame, index) => {
      if (index % 100 === 99) frame.ipv4.ttl = index % 256;
    },
  ],
  [
    "what it read",
    (frame, index) => {
      frame.ipv4.ttl = frame.ipv4.ttl - (index % 3);
      frame.set8(60, frame.get8(60) ^ 1);
    },
  ],
])("a program is byte for byte the reference: %s", (_, eachFrame) => {
  const spec = specOf(eachFrame);
  const [program] = compileTraffic(spec, size, [eachFrame]);
  const memory = ringMemory(new ArrayBuffer(128));
  const cursor = program!.cursor(0, 1);
  program!.render(memory, 0, 0);
  for (let index = 0; index < 300; index++) {
    cursor.touch(memory, new Uint32Array(1), new Uint16Array(1), 1);
    const alone = programFrame(program!, index, stamp);
    const reference = referenceFrame(spec, size, index, stamp, { eachFrame });
    expect(Buffer.from(alone).toString("hex")).toBe(Buffer.from(reference).toString("hex"));
    // One after the other over the same buffer, all but the signature.
    expect(Buffer.compare(memory.u8.subarray(0, 106), reference.subarray(0, 106))).toBe(0);
  }
});

it.each<[string, EachFrame, RegExp]>([
  [
    "throws",
    (_, index) => {
      if (index === 3) throw new Error("no more");
    },
    /eachFrame of "program" stopped at frame 3: no more/,
  ],
  ["outside of its frame", (frame) => frame.set32(122, 1), /lie outside/],
  ["into the signature", (frame) => frame.set8(110, 1), /lie outside/],
  [
    "too large a value",
    (frame) => {
      frame.ipv4.ttl = 256;
    },
    /256 does not fit into ipv4.ttl/,
  ],
  [
    "what is declared as well",
    (frame, index) => {
      frame.ipv4.dst = index;
    },
    /change the same bits/,
  ],
])("a program that goes wrong is stopped: %s", (_, eachFrame, message) => {
  const [program] = compileTraffic(specOf(eachFrame), size, [eachFrame]);
  expect(() => program!.cursor(0, 1)).toThrow(
    expect.objectContaining({ exitCode: 2, message: expect.stringMatching(message) }),
  );
});
