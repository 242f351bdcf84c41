/** Fields of a header are read and written, bit by bit. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fieldTable } from "../../src/packet/field.js";
import { type Field, formatField, readField, writeField } from "../../src/packet/index.js";

const anyField = fc
  .tuple(fc.nat(40), fc.integer({ min: 1, max: 48 }))
  .map(([bitOffset, bits]): Field => ({ name: "f", bitOffset, bits, kind: "uint", derived: null }));

describe("a field", () => {
  it("reads what was written, and leaves the bits beside it alone", () => {
    fc.assert(
      fc.property(
        anyField,
        fc.uint8Array({ minLength: 14, maxLength: 14 }),
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        (field, before, share) => {
          const value = Math.floor(share * 2 ** field.bits);
          const bytes = before.slice();
          writeField(bytes, 1, field, value);
          expect(readField(bytes, 1, field)).toBe(value);
          writeField(bytes, 1, field, readField(before, 1, field));
          expect(bytes).toEqual(before);
        },
      ),
    );
  });

  it("counts bits from the most significant, as RFCs do", () => {
    const [, id] = fieldTable([
      ["priority", 4],
      ["id", 12],
    ]);
    const bytes = Uint8Array.of(0xa0, 0x00);
    writeField(bytes, 0, id, 0x123);
    expect([...bytes]).toEqual([0xa1, 0x23]);
  });
});

describe("a table", () => {
  const table = fieldTable([
    ["dst", "mac"],
    ["flag", 1],
    ["number", 31],
    ["tail", 16, "bytes"],
  ]);

  it("lays fields out one after the other, and reads and writes them", () => {
    expect(table.map(({ bitOffset }) => bitOffset)).toEqual([0, 48, 49, 80]);
    const values = [Uint8Array.of(1, 2, 3, 4, 5, 6), 1, 0x01020304, Uint8Array.of(7, 8)];
    const bytes = new Uint8Array(13);
    for (const [i, field] of table.entries()) writeField(bytes, 1, field, values[i]!);
    expect([...bytes]).toEqual([0, 1, 2, 3, 4, 5, 6, 0x81, 2, 3, 4, 7, 8]);
    expect(table.map((field) => readField(bytes, 1, field))).toEqual(values);
  });
});

describe("values for people", () => {
  const formatted = (size: number | "mac" | "ipv4" | "ipv6", value: number | Uint8Array, what?: "bytes" | "checksum") =>
    formatField(fieldTable([typeof size === "number" ? ["f", size, what] : ["f", size]])[0], value);

  it.each([
    [formatted(8, 64), "64"],
    [formatted(16, 0x1234, "checksum"), "0x1234"],
    [formatted(24, 5), "0x000005"],
    [formatted("mac", Uint8Array.of(2, 0, 0, 0, 0, 1)), "02:00:00:00:00:01"],
    [formatted("ipv4", Uint8Array.of(198, 18, 0, 1)), "198.18.0.1"],
    [formatted("ipv6", Uint8Array.of(0x20, 1, 0, 2, ...new Uint8Array(11), 1)), "2001:2::1"],
    [formatted(16, Uint8Array.of(0xca, 0xfe), "bytes"), "cafe"],
  ])("%s is %s", (is, expected) => expect(is).toBe(expected));
});
