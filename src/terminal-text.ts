/**
 * Makes text that comes from files safe for a terminal: names of interfaces and streams, descriptions, quoted values.
 * Characters that would move the cursor, paint, set the title, break the line or turn the direction of writing are
 * spelt out, e.g. `\x1b`, `\n`, `\u202e`. Other text stays as it is.
 */
const unsafe = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

const named: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function written(character: string): string {
  const code = character.charCodeAt(0);
  const hex = code.toString(16);
  return named[character] ?? (code < 0x100 ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`);
}

/** One line, safe for a terminal. */
export const terminalText = (text: string): string => text.replace(unsafe, written);
