/** Streams in which fields change make the bytes of the reference. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ringMemory } from "../../src/memory.js";
import { dissect } from "../../src/packet/index.js";
import { resolvedFrame } from "../../src/stream/frames/interpret.js";
import { resolveStream } from "../../src/stream/frames/resolve.js";
import { signatureBase, writeSignatureHead } from "../../src/stream/frames/signature.js";
import {
  checkStreams,
  compileTraffic,
  type FieldModifier,
  type FrameProgram,
  frameAt,
  referenceFrame,
  signatureHead,
  type TrafficSpec,
  trialHighOf,
  writeSignature,
} from "../../src/stream/index.js";
import { fixedSize } from "../../src/units.js";
import { anyTrafficSpec, trafficSpec, trafficStream } from "../support/traffic-specs.js";

const size = fixedSize(128);
const stamp = { trial: 0x9abc03, stream: 0, sequence: 77, timeNs: 123_456_789 };
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Frames of a queue as a sender makes them: rendered once per buffer and size, then touched in bursts. */
function queueFrames(program: FrameProgram, queue: number, queues: number, frames: number): Uint8Array[] {
  const spacing = 512;
  const slots = 4;
  const memory = ringMemory(new ArrayBuffer(spacing * slots));
  const cursor = program.cursor(queue, queues);
  const rendered: number[] = [];
  const made: Uint8Array[] = [];
  for (let first = 0; first < frames; first += slots) {
    const n = Math.min(slots, frames - first);
    const offsets = Uint32Array.from({ length: n }, (_, k) => k * spacing + 3);
    const variants = Uint16Array.from({ length: n }, (_, k) => {
      const index = queue + (first + k) * queues;
      return program.pattern[index % program.pattern.length];
    });
    for (let k = 0; k < n; k++) {
      if (rendered[k] !== variants[k]) program.render(memory, offsets[k], variants[k]);
      rendered[k] = variants[k];
    }
    if (program.changes) cursor.touch(memory, offsets, variants, n);
    for (let k = 0; k < n; k++) {
      const { bufferBytes } = program.variants[variants[k]];
      const { trial, stream, sequence, timeNs } = stamp;
      if (program.signed) {
        const [high, head] = [trialHighOf(trial), signatureHead(trial, stream)];
        writeSignature(memory.view, offsets[k] + bufferBytes, high, head, sequence, timeNs, 0);
      }
      if (program.seals) program.seal(memory, offsets[k], variants[k]);
      made.push(memory.u8.slice(offsets[k], offsets[k] + bufferBytes));
    }
  }
  return made;
}

describe("a stream in which fields change", () => {
  it("has the payload that a receiver expects, whatever changes in it", () => {
    fc.assert(
      fc.property(anyTrafficSpec, fc.nat(100_000), (spec, index) => {
        const [program] = compileTraffic(spec, spec.sizes[0]);
        const { headerBytes, pattern } = program;
        const frame = referenceFrame(spec, spec.sizes[0], index, { trial: 1, stream: 0, sequence: index, timeNs: 9 });
        const end = frame.length - 18;
        const expected = program.expected(index, pattern[index % pattern.length]);
        expect(Buffer.from(expected.subarray(headerBytes, end)).toString("hex")).toBe(
          Buffer.from(frame.subarray(headerBytes, end)).toString("hex"),
        );
      }),
      { numRuns: 200 },
    );
  });

  it("is byte for byte the reference, frame after frame, however it is split over queues", () => {
    fc.assert(
      fc.property(anyTrafficSpec, fc.integer({ min: 1, max: 5 }), (spec, queues) => {
        const [program] = compileTraffic(spec, size);
        const resolved = resolveStream(spec, 0, size);
        for (let queue = 0; queue < queues; queue++) {
          const made = queueFrames(program!, queue, queues, 30);
          made.forEach((frame, j) => {
            const index = queue + j * queues;
            expect(`${index}: ${hex(frame)}`).toBe(`${index}: ${hex(resolvedFrame(resolved, index, stamp))}`);
          });
        }
      }),
      { numRuns: 150 },
    );
  });

  it("is the same where the loop signs as well, sequences and times over their edges", () => {
    fc.assert(
      fc.property(anyTrafficSpec, fc.integer({ min: 1, max: 3 }), fc.nat(0xffff), (spec, queues, timeHigh16) => {
        const [program] = compileTraffic(spec, size);
        fc.pre(program!.variants.length === 1 && program!.changes && program!.signed && !program!.seals);
        const resolved = resolveStream(spec, 0, size);
        const cursor = program!.signingCursor(1, queues);
        const memory = ringMemory(new ArrayBuffer(4096));
        const offsets = Uint32Array.from({ length: 4 }, (_, k) => 1000 * k + 5);
        const [high, head] = [trialHighOf(stamp.trial), signatureHead(stamp.trial, 9)];
        const { bufferBytes } = program!.variants[0]!;
        for (const at of offsets) {
          program!.render(memory, at, 0);
          writeSignatureHead(memory.view, at + bufferBytes, high, head);
        }
        for (let burst = 0; burst < 3; burst++) {
          const first = 2 ** 32 - 6 + 4 * burst * queues;
          const timeLow32 = (-2 + burst) | 0;
          const base = signatureBase(high, head, timeLow32, timeHigh16);
          const ofBurst = { base, sequence: first | 0, sequenceStep: queues, timeLow32, timeHigh16 };
          cursor.touchAndSign(memory, offsets, 4, ofBurst);
          offsets.forEach((at, k) => {
            const index = 1 + (4 * burst + k) * queues;
            const timeNs = timeHigh16 * 2 ** 32 + (timeLow32 >>> 0);
            const whole = { trial: stamp.trial, stream: 9, sequence: first + k * queues, timeNs };
            expect(`${index}: ${hex(memory.u8.subarray(at, at + bufferBytes))}`).toBe(
              `${index}: ${hex(resolvedFrame(resolved, index, whole))}`,
            );
          });
        }
      }),
      { numRuns: 100 },
    );
  });

  it("is so far from the start, too", () => {
    fc.assert(
      fc.property(anyTrafficSpec, fc.nat({ max: 2 ** 45 }), (spec, index) => {
        const [program] = compileTraffic(spec, size);
        expect(hex(frameAt(program!, index, stamp))).toBe(hex(referenceFrame(spec, size, index, stamp)));
      }),
      { numRuns: 300 },
    );
  });
});

/** One change of the UDP/IPv4 stream; what the named field has in frames 0, 1, 2 … */
function values(change: Omit<FieldModifier, "target">, frames: number, field = "udp.srcPort"): number[] {
  const spec = trafficSpec([trafficStream({ fields: [{ target: { field }, ...change }] })]);
  return valuesIn(spec, frames, field === "udp.srcPort" ? 34 : 30, field === "udp.srcPort" ? 2 : 4);
}

function valuesIn(spec: TrafficSpec, frames: number, at: number, bytes: number): number[] {
  return Array.from({ length: frames }, (_, index) => {
    const frame = referenceFrame(spec, size, index, stamp);
    expect(dissect(frame).faults).toEqual([]);
    return Number.parseInt(hex(frame.subarray(at, at + bytes)), 16);
  });
}

describe("what a field goes through", () => {
  it.each<[string, Omit<FieldModifier, "target">, number[]]>([
    ["increment", { change: { kind: "increment", min: 7, max: 12, step: 2 } }, [7, 9, 11, 7, 9, 11, 7]],
    ["decrement", { change: { kind: "decrement", min: 7, max: 12, step: 2 } }, [12, 10, 8, 12, 10, 8, 12]],
    ["list", { change: { kind: "list", values: [5, 1, 9] } }, [5, 1, 9, 5, 1, 9, 5]],
    ["a period", { change: { kind: "increment", min: 0, max: 9, step: 1 }, period: 3 }, [0, 1, 2, 0, 1, 2, 0]],
    [
      "a count per queue",
      { change: { kind: "increment", min: 10, max: 19, step: 1 }, perQueue: [1, 3] },
      [10, 11, 10, 12, 10, 13, 10],
    ],
  ])("%s", (_, change, expected) => {
    expect(values(change, 7)).toEqual(expected);
  });

  it("random values lie in their range, all of it, and come again by seed", () => {
    const random = (seed: number | null, limit: number | null): Omit<FieldModifier, "target"> => ({
      change: { kind: "random", min: 100, max: 109, seed, limit },
    });
    const some = values(random(5, null), 300);
    expect(new Set(some)).toEqual(new Set([100, 101, 102, 103, 104, 105, 106, 107, 108, 109]));
    expect(values(random(5, null), 300)).toEqual(some);
    expect(values(random(6, null), 300)).not.toEqual(some);
    const repeated = values(random(5, 4), 12);
    expect(repeated.slice(4)).toEqual([...repeated.slice(0, 4), ...repeated.slice(0, 4)]);
  });

  it("one field carries into the next", () => {
    const fields: FieldModifier[] = [
      { target: { field: "udp.srcPort" }, change: { kind: "increment", min: 1, max: 3, step: 1 } },
      { target: { field: "udp.dstPort" }, change: { kind: "list", values: [8, 9] }, after: 0 },
    ];
    const spec = trafficSpec([trafficStream({ fields })]);
    expect(valuesIn(spec, 7, 34, 4).map((both) => [both >>> 16, both & 0xffff])).toEqual([
      [1, 8],
      [2, 8],
      [3, 8],
      [1, 9],
      [2, 9],
      [3, 9],
      [1, 8],
    ]);
  });

  it("addresses as text, also in fields wider than 32 bits", () => {
    const change: Omit<FieldModifier, "target"> = {
      change: { kind: "increment", min: "198.18.0.255", max: "198.18.1.1", step: 1 },
    };
    expect(values(change, 3, "ipv4.dst")).toEqual([0xc61200ff, 0xc6120100, 0xc6120101]);
    const macs: FieldModifier = {
      target: { field: "ethernet.dst" },
      change: { kind: "list", values: ["aa:bb:cc:dd:ee:ff", "00:11:22:33:44:55"] },
    };
    expect(valuesIn(trafficSpec([trafficStream({ fields: [macs] })]), 2, 0, 6)).toEqual([
      0xaabbccddeeff, 0x001122334455,
    ]);
    const counted: FieldModifier = {
      target: { field: "ethernet.src" },
      change: { kind: "increment", min: "06:00:00:00:00:fe", max: "06:00:00:00:01:00", step: 1 },
    };
    expect(valuesIn(trafficSpec([trafficStream({ fields: [counted] })]), 3, 6, 6)).toEqual([
      0x0600000000fe, 0x0600000000ff, 0x060000000100,
    ]);
  });

  it("leaves a checksum alone that it writes itself", () => {
    const fields: FieldModifier[] = [
      { target: { field: "udp.checksum" }, change: { kind: "list", values: [0x1234, 0] } },
    ];
    const spec = trafficSpec([trafficStream({ fields })]);
    const stored = [0, 1].map((index) => referenceFrame(spec, size, index, stamp).subarray(40, 42));
    expect(stored.map(hex)).toEqual(["1234", "0000"]);
  });
});

describe("a wrong change", () => {
  const port = { field: "udp.srcPort" };
  const up = { kind: "increment", min: 0, max: 9, step: 1 } as const;
  it.each<[string, FieldModifier[], RegExp]>([
    ["unknown field", [{ target: { field: "udp.srcprt" }, change: up }], /no field "srcprt"/],
    ["unknown layer", [{ target: { field: "tcp.src" }, change: up }], /has no tcp/],
    ["too large", [{ target: port, change: { ...up, max: 65_536 } }], /65536 does not fit into 16 bits/],
    ["negative", [{ target: port, change: { ...up, min: -1 } }], /-1 does not fit/],
    ["upside down", [{ target: port, change: { ...up, min: 10 } }], /10 to 9 is no range/],
    ["no step", [{ target: port, change: { ...up, step: 0 } }], /steps of 0/],
    ["empty list", [{ target: port, change: { kind: "list", values: [] } }], /list is empty/],
    ["endless list", [{ target: port, change: { kind: "list", values: new Array(1_000_001).fill(1) } }], /too long/],
    [
      "overlap",
      [
        { target: port, change: up },
        { target: { offset: 35, mask: 1, bytes: 1 }, change: { ...up, max: 1 } },
      ],
      /same bits/,
    ],
    ["signature", [{ target: { offset: 107, mask: 0xff, bytes: 1 }, change: up }], /signature/],
    ["outside", [{ target: { offset: 122, mask: 0xffff_ffff, bytes: 4 }, change: up }], /outside/],
    ["no bits", [{ target: { offset: 30, mask: 0, bytes: 1 }, change: up }], /no bits/],
    ["a circle", [{ target: port, change: up, after: 0 }], /circle/],
    [
      "a circle of two",
      [
        { target: port, change: up, after: 1 },
        { target: { field: "udp.dstPort" }, change: up, after: 0 },
      ],
      /circle/,
    ],
    [
      "after chance",
      [
        { target: port, change: { kind: "random", min: 0, max: 9, seed: null, limit: null } },
        { target: { field: "udp.dstPort" }, change: up, after: 0 },
      ],
      /never goes round/,
    ],
    [
      "too wide",
      [{ target: { field: "ethernet.dst" }, change: { ...up, min: "00:00:00:00:00:00", max: "00:ff:00:00:00:00" } }],
      /too long/,
    ],
    [
      "an address of another kind",
      [{ target: { field: "ipv4.src" }, change: { ...up, min: "2001:2::1" } }],
      /not an IPv4 address|IPv4 address/,
    ],
    ["counts that are more than there is", [{ target: port, change: up, perQueue: [9, 9] }], /per queue/],
    ["a period of none", [{ target: port, change: up, period: 0 }], /period/],
  ])("%s is refused before anything is sent", (_, fields, message) => {
    expect(() => checkStreams(trafficSpec([trafficStream({ fields })]))).toThrow(
      expect.objectContaining({ exitCode: 2, message: expect.stringMatching(message) }),
    );
  });

  it("names the nearest field", () => {
    const fields: FieldModifier[] = [{ target: { field: "udp.srcprt" }, change: up }];
    expect(() => checkStreams(trafficSpec([trafficStream({ fields })]))).toThrow(
      expect.objectContaining({ hint: "did you mean srcPort?" }),
    );
  });
});
