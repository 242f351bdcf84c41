/** MAC, IPv4 and IPv6 addresses are read and printed. */
import { isIPv6 } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PktgenError } from "../../src/errors.js";
import {
  formatIpv4,
  formatIpv6,
  formatMac,
  type Ipv6Address,
  parseIpv4,
  parseIpv6,
  parseMac,
} from "../../src/packet/index.js";

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

describe("MAC addresses", () => {
  it("reads and prints", () => {
    expect([...parseMac("00:11:22:33:44:10")]).toEqual([0, 0x11, 0x22, 0x33, 0x44, 0x10]);
    expect(formatMac(parseMac("AA-bb-0c-0D-00-ff"))).toBe("aa:bb:0c:0d:00:ff");
  });

  it.each(["", "00:11:22:33:44", "00:11:22:33:44:5", "00:11:22:33:44:55:66", "0g:11:22:33:44:55", "00:11-22:33:44:55"])(
    "refuses %j",
    (text) => expect(() => parseMac(text, "--dst-mac")).toThrow(PktgenError),
  );
});

describe("IPv4 addresses", () => {
  it("reads and prints", () => {
    expect(formatIpv4(parseIpv4("198.18.0.1"))).toBe("198.18.0.1");
  });

  it.each(["", "1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.4.5", "1.2.3.x", "0x1.2.3.4", " 1.2.3.4", "1.2.3.-4"])(
    "refuses %j",
    (text) => expect(() => parseIpv4(text)).toThrow(/IPv4/),
  );
});

describe("IPv6 addresses", () => {
  it.each([
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:2:0:8000::1", "2001:2:0:8000::1"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::ffff:192.0.2.1", "::ffff:c000:201"],
    ["1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"],
  ])("%s is printed %s (RFC 5952)", (text, canonical) => {
    expect(formatIpv6(parseIpv6(text))).toBe(canonical);
  });

  it.each([
    "",
    ":",
    ":::",
    "1",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
    "12345::",
    "g::",
    "::1%eth0",
    "1.2.3.4::",
    "1:2:3:4:5:6:7:1.2.3.4",
    "1:2:3:4:5:6:7:8::",
    ":1:2:3:4:5:6:7",
    "::1.2.3",
  ])("refuses %j", (text) => expect(() => parseIpv6(text)).toThrow(/IPv6/));

  it("prints what it and Node read back", () => {
    // Many zeros, so that there is something to compress.
    const groups = fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, (values) => {
        const address = Uint8Array.from(values.flatMap((group) => [group >> 8, group & 0xff])) as Ipv6Address;
        const text = formatIpv6(address);
        expect(isIPv6(text)).toBe(true);
        expect(new URL(`http://[${text}]/`).hostname).toBe(`[${text}]`);
        expect(parseIpv6(text)).toEqual(address);
      }),
    );
  });

  it("agrees with Node on what is an address", () => {
    const piece = fc.constantFrom(":", "::", "1", "ffff", "0", "1.2.3.4", "12345", ".");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join("");
        const accepted = (() => {
          try {
            parseIpv6(text);
            return true;
          } catch {
            return false;
          }
        })();
        expect([text, accepted]).toEqual([text, isIPv6(text)]);
      }),
      { numRuns: 2000 },
    );
  });
});

it("text and bytes are the same for MAC addresses", () => {
  fc.assert(
    fc.property(bytesOf(6), (bytes) => {
      expect(parseMac(formatMac(bytes as never))).toEqual(bytes);
    }),
  );
});
