/** Internet checksums are computed and updated (RFC 1071, RFC 1624). */
import fc from "fast-check";
import { expect, it } from "vitest";
import { addBytes, complement, fold, updateChecksum } from "../../src/packet/index.js";

it("sums RFC 1071's example", () => {
  const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
  expect(fold(addBytes(0, bytes, 0, 8))).toBe(0xddf2);
  expect(complement(addBytes(0, bytes, 0, 8))).toBe(0x220d);
});

it("counts an odd last byte as the high half of a word", () => {
  expect(addBytes(0, Uint8Array.of(0x12), 0, 1)).toBe(0x1200);
});

it("updates RFC 1624's example, where equation 2 goes wrong", () => {
  // §4: HC = 0xdd2f, m = 0x5555, m' = 0x3285, and the new checksum is 0x0000, not 0xffff.
  expect(updateChecksum(0xdd2f, 0x5555, 0x3285)).toBe(0x0000);
});

it("an update equals a computation from scratch", () => {
  const words = fc.uint8Array({ minLength: 4, maxLength: 64 }).filter((bytes) => bytes.length % 2 === 0);
  fc.assert(
    fc.property(words, fc.nat(0xffff), fc.nat(), (bytes, word, choice) => {
      // A header is never all zeros: keep one word out of reach of the change.
      bytes[0] = 0x45;
      const at = 2 + 2 * (choice % (bytes.length / 2 - 1));
      const before = complement(addBytes(0, bytes, 0, bytes.length));
      const was = (bytes[at] << 8) | bytes[at + 1];
      bytes[at] = word >> 8;
      bytes[at + 1] = word & 0xff;
      expect(updateChecksum(before, was, word)).toBe(complement(addBytes(0, bytes, 0, bytes.length)));
    }),
  );
});
