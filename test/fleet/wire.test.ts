/** Messages come out of their text as they went in, and text that lies about itself is refused. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeWire, encodeWire } from "../../src/fleet/wire.js";
import { isUnsaid, unsaidAddress } from "../../src/packet/index.js";

const there = (value: unknown): unknown => decodeWire(encodeWire(value));

describe("messages as text", () => {
  it("plain data survives, with numbers that JSON has no word for, bytes and histograms", () => {
    const leaf = fc.oneof(
      fc.string(),
      fc.double({ noDefaultInfinity: false }).filter((value) => !Object.is(value, -0)),
      fc.boolean(),
      fc.constant(null),
      fc.uint8Array(),
      fc.array(fc.nat(), { maxLength: 40 }).map((list) => Float64Array.from(list)),
    );
    const data = fc.object({
      values: [leaf],
      maxDepth: 3,
      key: fc.string({ maxLength: 8 }).filter((key) => !key.startsWith("$") && key !== "__proto__"),
    });
    fc.assert(fc.property(data, (value) => void expect(there(value)).toEqual(value)));
  });

  it("the infinities of a histogram's bounds survive", () => {
    const histogram = Float64Array.of(0, Number.POSITIVE_INFINITY, 0, -1);
    expect(there({ histogram })).toEqual({ histogram });
  });

  it("an address that nobody gave stays such, and the same one that was given does not become one", () => {
    const src = unsaidAddress("srcMac")!;
    const given = Uint8Array.from(src);
    expect([src, given].map(isUnsaid)).toEqual([true, false]);
    const said = there([src, given]) as Uint8Array[];
    expect(said).toEqual([src, given]);
    expect(said.map(isUnsaid)).toEqual([true, false]);
    expect(() => decodeWire('{"$unsaid":"constructor"}')).toThrow(SyntaxError);
  });

  it("a text that is a word of another one is a text", () =>
    expect(there({ name: "Infinity" })).toEqual({ name: "Infinity" }));

  for (const [what, text] of [
    ["longer than any", '{"$doubles":1e9,"used":[]}'],
    ["of a negative length", '{"$doubles":-1,"used":[]}'],
    ["with a slot outside of it", '{"$doubles":4,"used":[[4,1]]}'],
    ["with a slot that is no number", '{"$doubles":4,"used":[["length",1]]}'],
    ["with no slots", '{"$doubles":4}'],
  ] as const) {
    it(`a histogram ${what} is refused`, () => expect(() => decodeWire(text)).toThrow(SyntaxError));
  }
});
