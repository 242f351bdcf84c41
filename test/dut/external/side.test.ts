/** The addresses of a port before an external device are read. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseSide, refuseTwice, sharesPrefix } from "../../../src/dut/external/side.js";
import { PktgenError } from "../../../src/errors.js";

const options = { address: "--tx-address", gateway: "--gateway" };
const refusal = (address?: string, gateway?: string): string => {
  try {
    parseSide(address, gateway, options);
  } catch (error) {
    return error instanceof PktgenError ? `${error.exitCode}: ${error.toLine()}` : String(error);
  }
  return "accepted";
};

describe("a port's addresses", () => {
  it("of both IP versions, and a gateway of each", () => {
    const side = parseSide("198.18.0.2/24,2001:2::2/64", "198.18.0.1,2001:2::1", options);
    expect(side.addresses.map(({ ip, text, prefixBits }) => [ip, text, prefixBits])).toEqual([
      [4, "198.18.0.2", 24],
      [6, "2001:2::2", 64],
    ]);
    expect(side.gateways.map(({ ip, text }) => [ip, text])).toEqual([
      [4, "198.18.0.1"],
      [6, "2001:2::1"],
    ]);
    expect(parseSide(undefined, undefined, options)).toEqual({ addresses: [], gateways: [] });
  });

  it.each([
    [
      "198.18.0.2",
      undefined,
      /2: --tx-address: "198\.18\.0\.2" has no length of its network's prefix; accepted: 0 to 32/,
    ],
    ["198.18.0.2/33", undefined, /accepted: 0 to 32 bits/],
    ["2001:2::2/129", undefined, /accepted: 0 to 128 bits/],
    ["198.18.0.2/x", undefined, /no length of its network's prefix/],
    ["198.18.0.256/24", undefined, /"198\.18\.0\.256" is not an IPv4 address/],
    ["224.0.0.1/24", undefined, /is no address that one port can have/],
    ["ff02::1/64", undefined, /is no address that one port can have/],
    ["0.0.0.0/0", undefined, /is no address that one port can have/],
    ["198.18.0.2/24,198.18.0.2/16", undefined, /198\.18\.0\.2 is given twice/],
    ["198.18.0.2/24", "198.18.1.1", /2: --gateway: 198\.18\.1\.1 is not in the network of 198\.18\.0\.2\/24/],
    ["198.18.0.2/24", "198.18.0.2", /is this port's own address/],
    ["198.18.0.2/24", "2001:2::1", /and there is none; accepted: with --tx-address as well/],
    [undefined, "198.18.0.1", /and there is none/],
    ["198.18.0.2/24", "198.18.0.1,198.18.0.3", /there are two gateways of IP version 4/],
  ])("that cannot be are refused: %s, gateway %s", (address, gateway, sentence) => {
    expect(refusal(address, gateway)).toMatch(sentence);
  });

  it("are one port's only, however they are written", () => {
    const a = parseSide("2001:2::2/64", undefined, options).addresses;
    const b = parseSide("2001:2:0:0::2/48", undefined, options).addresses;
    expect(() => refuseTwice([...a, ...b], "--rx-address")).toThrow(/2001:2:0:0::2 is given twice/);
  });

  it("share a prefix as far as their first bits are equal", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.nat(31), fc.nat(32), (address, flipped, bits) => {
        const other = address.slice();
        other[flipped >> 3]! ^= 0x80 >> (flipped & 7);
        expect(sharesPrefix(address, address, bits)).toBe(true);
        expect(sharesPrefix(address, other, bits)).toBe(bits <= flipped);
      }),
    );
  });
});
