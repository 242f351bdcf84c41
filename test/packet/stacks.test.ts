/** What holds for every stack of headers and for every sequence of bytes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addBytes,
  buildFrame,
  checksumPlaces,
  crc32cWithout,
  dissect,
  fieldPlace,
  fieldPlaces,
  fieldsAt,
  fold,
  type Header,
  headersBytes,
  locatedFields,
  namesAt,
  protocolNames,
  trailersBytes,
} from "../../src/packet/index.js";
import { emitAgain } from "./emit-again.js";
import { anyStack, anyStackWithRaw } from "./stacks.js";

/** Numbers that follow from the next layer are null in what is built and found in what is read. */
function withoutDerived(header: Header): object {
  const {
    etherType: _e,
    ipProtocol: _i,
    nextHeader: _n,
    bottom: _b,
    pppProtocol: _p,
    ...rest
  } = header as unknown as Record<string, unknown>;
  if (header.protocol === "udp") delete rest["dstPort"];
  return rest;
}

/** Each Ethernet header has so many bytes at its end that are no part of its packet. */
const withTrailers = (layers: readonly Header[], trailerBytes: number): readonly Header[] =>
  layers.map((header) => (header.protocol === "ethernet" ? { ...header, trailerBytes } : header));

describe("any stack", () => {
  it("has every protocol in it, sooner or later", () => {
    const found = new Set(
      fc
        .sample(anyStackWithRaw, { numRuns: 3000, seed: 1 })
        .flat()
        .map(({ protocol }) => protocol),
    );
    expect(protocolNames.filter((name) => !found.has(name))).toEqual([]);
  });

  it("is read as it was built, with nothing wrong", () => {
    fc.assert(
      fc.property(anyStack, fc.nat(60), (layers, more) => {
        const frame = buildFrame(layers, headersBytes(layers) + more);
        const found = dissect(frame);
        // IGMP of version 2 with bytes behind it that look like version 3's is read as that.
        expect(found.layers.map(({ header }) => header)).toMatchObject(layers.map(withoutDerived));
        expect(found.faults).toEqual([]);
        expect(found.payload.end - found.payload.start + found.trailerBytes).toBe(more);
      }),
      { numRuns: 1000 },
    );
  });

  it("ends before the trailers of what is around it, and says so in its lengths", () => {
    fc.assert(
      fc.property(anyStack, fc.nat(60), fc.nat(9), (plain, more, trailerBytes) => {
        const layers = withTrailers(plain, trailerBytes);
        const found = dissect(buildFrame(layers, headersBytes(layers) + trailersBytes(layers) + more));
        expect(found.layers.map(({ header }) => header)).toMatchObject(plain.map(withoutDerived));
        expect(found.faults).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it("has every checksum right by the definition, inside and outside, with trailers too", () => {
    fc.assert(
      fc.property(anyStack, fc.nat(60), fc.nat(9), (plain, more, trailerBytes) => {
        const layers = withTrailers(plain, trailerBytes);
        const frame = buildFrame(layers, headersBytes(layers) + trailersBytes(layers) + more);
        for (const { at, algorithm, start, end, pseudo, path } of checksumPlaces(layers, frame.length)) {
          if (algorithm === "crc32c") {
            const view = new DataView(frame.buffer);
            expect(view.getUint32(at, true), path).toBe(crc32cWithout(frame, start, end, at));
          } else {
            const addresses = pseudo?.ranges ?? [];
            const sum = addresses.reduce(
              (total, range) => addBytes(total, frame, range.start, range.end),
              pseudo?.rest ?? 0,
            );
            expect(fold(addBytes(sum, frame, start, end)), path).toBe(0xffff);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it("has its fields where its table says, none over another, and each is found by its path", () => {
    fc.assert(
      fc.property(anyStack, (layers) => {
        const places = fieldPlaces(layers);
        const frame = buildFrame(layers, headersBytes(layers) + 4);
        const located = locatedFields(frame, dissect(frame));
        expect(located.map(({ path }) => path)).toEqual(places.map(({ path }) => path));
        for (const [i, place] of places.entries()) {
          expect(fieldPlace(layers, place.path)).toEqual(place);
          if (i > 0)
            expect(place.frameBitOffset).toBeGreaterThanOrEqual(places[i - 1].frameBitOffset + places[i - 1].bits);
          const own = (layers[place.layer] as unknown as Record<string, unknown>)[place.name];
          if (own === undefined || own === null || (typeof own === "object") === (place.kind === "uint")) continue;
          expect(located[i].value, place.path).toEqual(typeof own === "boolean" ? Number(own) : own);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("is written again from what was read, also behind raw bytes", () => {
    fc.assert(
      fc.property(fc.oneof(anyStack, anyStackWithRaw), (layers) => {
        const frame = buildFrame(layers, headersBytes(layers));
        expect(emitAgain(frame, dissect(frame))).toEqual(frame);
      }),
    );
  });
});

describe("any bytes", () => {
  /** Good frames with bytes overwritten, and cut. */
  const spoilt = fc
    .tuple(anyStack, fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 6 }), fc.nat(200))
    .map(([layers, flips, cut]) => {
      const frame = buildFrame(layers, headersBytes(layers) + 32);
      for (const [at, value] of flips) if (at < frame.length) frame[at] = value;
      return frame.slice(0, cut + 20);
    });
  const noise = fc.uint8Array({ maxLength: 150 });

  it("are read without an exception, from every protocol on, and written again as they were", () => {
    fc.assert(
      fc.property(
        fc.oneof({ weight: 3, arbitrary: spoilt }, noise),
        fc.constantFrom(...protocolNames),
        fc.boolean(),
        (bytes, protocol, plain) => {
          const found = dissect(bytes, plain ? "ethernet" : protocol);
          expect(found.payload.start).toBeLessThanOrEqual(found.payload.end);
          expect(found.payload.end + found.trailerBytes).toBe(bytes.length);
          expect(Buffer.from(emitAgain(bytes, found)).toString("hex")).toBe(Buffer.from(bytes).toString("hex"));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it("have a name each, and their fields lie in the frame", () => {
    fc.assert(
      fc.property(spoilt, (bytes) => {
        const found = dissect(bytes);
        for (const { frameBitOffset, bits } of locatedFields(bytes, found)) {
          expect(frameBitOffset + bits).toBeLessThanOrEqual(bytes.length * 8);
        }
        for (let at = 0; at < bytes.length; at += 7) {
          expect(namesAt(bytes, found, at).length).toBeGreaterThan(0);
          expect(fieldsAt(bytes, found, at).length).toBeLessThanOrEqual(8);
        }
      }),
      { numRuns: 200 },
    );
  });
});
