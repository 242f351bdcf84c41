/** Programs of profiles make the bytes of the reference. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { ringMemory } from "../../src/memory.js";
import { resolvedFrame } from "../../src/stream/frames/interpret.js";
import { resolveStream } from "../../src/stream/frames/resolve.js";
import { compileTraffic, frameAt, referenceFrame } from "../../src/stream/index.js";
import { programStreams, stream, udp4 } from "../../src/stream/program/api.js";
import { type EachFrame, type FieldTarget, fieldTargets } from "../../src/stream/program/frame.js";
import type { TrafficSpec } from "../../src/stream/spec/traffic.js";
import { fixedSize } from "../../src/units.js";
import { anyTrafficSpec, trafficSpec, trafficStream } from "../support/traffic-specs.js";

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
    "what declared fields have made of the frame",
    (frame, index) => {
      frame.udp.srcPort = (frame.ipv4.dst & 0xff) + index;
      frame.ipv4.ttl = frame.get8(30);
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
    const alone = frameAt(program!, index, stamp);
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
    /eachFrame stopped at frame 3: no more/,
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
  [
    "what is declared, to what it may be anyway",
    (frame) => {
      frame.ipv4.dst = 0;
    },
    /change the same bits/,
  ],
  [
    "what it has read otherwise",
    (frame, index) => {
      frame.udp.srcPort = frame.get8(22) + index;
      frame.ipv4.ttl = index;
    },
    /8 bits at byte 22 is read, and ipv4.ttl changes the same bits/,
  ],
  [
    "half a number",
    (frame) => {
      frame.ipv4.ttl = 1.5;
    },
    /1.5 does not fit into ipv4.ttl/,
  ],
  [
    "what is no field",
    (frame) => {
      (frame.ipv4 as Record<string, number>)["checksum"] = 1;
    },
    /checksum/,
  ],
])("a program that goes wrong is stopped: %s", (_, eachFrame, message) => {
  const [program] = compileTraffic(specOf(eachFrame), size, [eachFrame]);
  expect(() => program!.cursor(0, 1)).toThrow(
    expect.objectContaining({ exitCode: 2, message: expect.stringMatching(message) }),
  );
});

/** Sets `target` in every `every`th frame, to something that follows from the frame's number and what `reads` has. */
interface Step {
  readonly target: FieldTarget;
  readonly reads: FieldTarget | null;
  readonly every: number;
  readonly factor: number;
}

const programOf =
  (steps: readonly Step[]): EachFrame =>
  (frame, index) => {
    const fields = (target: FieldTarget) => frame[target.layer] as Record<string, number>;
    for (const { target, reads, every, factor } of steps) {
      if (index % every !== 0) continue;
      const seen = reads === null ? 0 : fields(reads)[reads.field]!;
      fields(target)[target.field] = (seen + index * factor) % 2 ** target.place.bits;
    }
  };

const anyProgram = anyTrafficSpec.chain((spec) => {
  const resolved = resolveStream(spec, 0, size);
  const declared = resolved.changes.flatMap(({ places }) => places);
  const targets = fieldTargets(resolved);
  const free = targets.filter(
    ({ place }) =>
      !declared.some(
        (other) => other.bitOffset < place.bitOffset + place.bits && place.bitOffset < other.bitOffset + other.bits,
      ),
  );
  const step = fc.record({
    target: fc.constantFrom(...free),
    reads: fc.option(fc.constantFrom(...targets)),
    every: fc.integer({ min: 1, max: 4 }),
    factor: fc.nat(2 ** 20),
  });
  return fc.array(step, { minLength: 1, maxLength: 5 }).map((steps) => ({ spec, eachFrame: programOf(steps) }));
});

/** One frame after the other over the same buffer, all but the signature. */
function checkAgainstReference(spec: TrafficSpec, eachFrame: EachFrame, queue: number, queues: number): void {
  const [program] = compileTraffic(spec, size, [eachFrame]);
  const memory = ringMemory(new ArrayBuffer(512));
  const cursor = program!.cursor(queue, queues);
  const resolved = resolveStream(spec, 0, size, eachFrame);
  let rendered = -1;
  for (let index = queue; index < 20 * queues; index += queues) {
    const variant = program!.pattern[index % program!.pattern.length]!;
    if (rendered !== variant) program!.render(memory, 0, variant);
    rendered = variant;
    cursor.touch(memory, new Uint32Array(1), Uint16Array.of(variant), 1);
    // A checksum over the signature as well (SCTP) is made when it has been written.
    const made = program!.seals ? frameAt(program!, index, stamp) : memory.u8;
    const reference = resolvedFrame(resolved, index, stamp);
    const end = reference.length - 18;
    expect(Buffer.from(made.subarray(0, end)).toString("hex")).toBe(
      Buffer.from(reference.subarray(0, end)).toString("hex"),
    );
  }
}

it("any program is byte for byte the reference, whatever is declared beside it, in all sizes, on any queue", () => {
  fc.assert(
    fc.property(anyProgram, fc.integer({ min: 1, max: 3 }), fc.nat(2), ({ spec, eachFrame }, queues, queue) =>
      checkAgainstReference(spec, eachFrame, queue % queues, queues),
    ),
    { numRuns: 60 },
  );
});

it("a length that only some frames set is else that of each size", () => {
  const eachFrame: EachFrame = (frame, index) => {
    const fields = frame["udp"] as Record<string, number>;
    if (index % 3 === 1) fields["length"] = 9;
    else frame.ipv4.identification = fields["length"]!;
  };
  const sizes = { kind: "list" as const, frameBytes: [128, 200, 300] };
  checkAgainstReference(trafficSpec([trafficStream({ size: sizes })]), eachFrame, 0, 1);
  checkAgainstReference(trafficSpec([trafficStream({ size: sizes })]), eachFrame, 1, 2);
});
