/** Any program of the field engine gives the frames of a reference, or is refused at its place. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PktgenError } from "../../../src/errors.js";
import { type Instruction, referenceFrames } from "./reference.js";
import { framesOf, imported, packet, stream } from "./samples.js";

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "base64"));
const frames = 70;

const most: Readonly<Record<number, number>> = { 1: 255, 2: 65_535, 4: 2 ** 32 - 1 };
const anySize = fc.constantFrom(1, 2, 4);

/** Few values, so that variables go round within the frames that are looked at. */
const anyRange = (size: number) =>
  fc.tuple(fc.nat(most[size]! - 20), fc.nat(16)).map(([min, more]) => ({ min_value: min, max_value: min + more }));

const anyVariable = (name: string): fc.Arbitrary<Instruction> =>
  anySize.chain((size) =>
    fc.oneof(
      fc
        .tuple(anyRange(size), fc.nat(16), fc.constantFrom("inc", "dec"), fc.integer({ min: 1, max: 5 }))
        .filter(([range, , op, step]) => op === "inc" || range.min_value >= step)
        .map(([range, init, op, step]) => {
          const init_value = Math.min(range.max_value, range.min_value + init);
          return { type: "flow_var", name, size, op, step, ...range, init_value, next_var: null };
        }),
      fc
        .tuple(
          fc.array(fc.nat(255), { minLength: 1, maxLength: 6 }),
          fc.constantFrom("inc", "dec"),
          fc.integer({ min: 1, max: 4 }),
        )
        .map(([value_list, op, step]) => ({ type: "flow_var", name, size, op, step, value_list, next_var: null })),
      fc.tuple(anyRange(size), fc.integer({ min: 1, max: 9 }), fc.nat()).map(([range, limit, seed]) => ({
        ...{ type: "flow_var_rand_limit", name, size, limit, seed, ...range, next_var: null },
      })),
    ),
  );

const anyTuple: fc.Arbitrary<Instruction> = fc
  .tuple(fc.nat(4), fc.nat(4), fc.nat(30))
  .map(([ips, ports, limit_flows]) => ({
    ...{ type: "tuple_flow_var", name: "t", ip_min: 0x0a000001, ip_max: 0x0a000001 + ips },
    ...{ port_min: 2000, port_max: 2000 + ports, limit_flows, flags: 0 },
  }));

/** A chain of up to three variables, perhaps a tuple, and writes of some of them. */
const anyProgram: fc.Arbitrary<readonly Instruction[]> = fc
  .tuple(
    anyVariable("a"),
    anyVariable("b"),
    anyVariable("c"),
    fc.option(anyTuple),
    fc.boolean(),
    fc.boolean(),
    fc.boolean(),
  )
  .chain(([a, b, c, tuple, chained, further, fixed]) => {
    const variables = [{ ...a, next_var: chained ? "b" : null }, { ...b, next_var: further ? "c" : null }, c];
    const all = tuple === null ? variables : [...variables, tuple];
    const names = ["a", "b", "c", ...(tuple === null ? [] : ["t.ip", "t.port"])];
    return fc
      .array(anyWrite(names), { minLength: 1, maxLength: 5 })
      .map((writes) => [...all, ...writes, ...(fixed ? [{ type: "fix_checksum_ipv4", pkt_offset: 14 }] : [])]);
  });

/** Anywhere from the addresses on, but for IPv4's checksum, version and lengths. */
const anyOffset = fc.constantFrom(0, 2, 6, 8, 10, 26, 28, 29, 30, 32, 33, 34, 36, 44, 50);

const anyWrite = (names: readonly string[]): fc.Arbitrary<Instruction> =>
  fc
    .tuple(fc.constantFrom(...names), anyOffset, fc.integer({ min: -300, max: 300 }))
    .chain(([name, pkt_offset, add_value]) => {
      const own = { name, pkt_offset, add_value };
      const masked = fc
        .tuple(fc.constantFrom(1, 2, 4), fc.integer({ min: 1, max: 2 ** 32 - 1 }), fc.integer({ min: -8, max: 16 }))
        .filter(([cast, mask]) => mask % 2 ** (8 * cast) !== 0)
        .map(([pkt_cast_size, mask, shift]) => ({
          type: "write_mask_flow_var",
          ...own,
          pkt_cast_size,
          mask,
          shift,
          is_big_endian: true,
        }));
      const plain = fc.boolean().map((is_big_endian) => ({ type: "write_flow_var", ...own, is_big_endian }));
      return fc.oneof(plain, masked);
    });

describe("any program", () => {
  it("gives the frames of the reference, or is refused: for bits written twice, or values that come only once", () => {
    let accepted = 0;
    fc.assert(
      fc.property(anyProgram, (program) => {
        let text: string;
        try {
          ({ text } = imported([stream({}, program as unknown as readonly Record<string, unknown>[])], {
            unsigned: true,
          }));
        } catch (error) {
          expect(error).toBeInstanceOf(PktgenError);
          expect((error as PktgenError).message).toMatch(
            /a later write takes a part|has no counterpart|no header with a checksum|unknown headers/,
          );
          return;
        }
        accepted++;
        const should = referenceFrames(bytesOf(packet), program, frames);
        const is = framesOf(text, frames).map(({ hex }) => hex);
        const first = should.findIndex((hex, i) => hex !== is[i]);
        expect({ first, frame: is[first], text: first < 0 ? "" : text }).toEqual({
          first: -1,
          frame: undefined,
          text: "",
        });
      }),
      { numRuns: 250 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});
