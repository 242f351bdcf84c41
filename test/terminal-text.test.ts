/** Text from files is made harmless for a terminal. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { usageError } from "../src/errors.js";
import { terminalText } from "../src/terminal-text.js";

describe("text from files", () => {
  it.each([
    ["eth0", "eth0"],
    ["Büro-Schnittstelle €, 网卡 🎉", "Büro-Schnittstelle €, 网卡 🎉"],
    ["\x1b]0;pwned\x07\x1b[2J", "\\x1b]0;pwned\\x07\\x1b[2J"],
    ["a\nPASS\r\tb", "a\\nPASS\\r\\tb"],
    ["\x9b31m\x7f", "\\x9b31m\\x7f"],
    ["\u202efdp\u202c \u2066x\u2069\u2028", "\\u202efdp\\u202c \\u2066x\\u2069\\u2028"],
    ["\ud800", "\\ud800"],
  ])("%j is shown as %j", (text, shown) => {
    expect(terminalText(text)).toBe(shown);
  });

  it("of any kind has no control character left, and is not changed twice", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const shown = terminalText(text);
        expect(shown).not.toMatch(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/u);
        expect(terminalText(shown)).toBe(shown);
      }),
    );
  });

  it("that an error quotes is safe, too, and the error is one line", () => {
    const error = usageError('what is "\x1b[2J"?', { where: "a\nb.yaml:1:2", accepted: "\x07", hint: "\u202e" });
    expect(error.toLine()).toBe('a\\nb.yaml:1:2: what is "\\x1b[2J"?; accepted: \\x07; \\u202e');
  });
});
