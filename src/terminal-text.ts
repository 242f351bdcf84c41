/**
 * Text that comes from files (names of interfaces, streams, descriptions, values that errors quote) as a terminal may
 * show it: what would move the cursor, paint, set the title, break the line or turn the direction of writing is
 * written out instead, e.g. `\x1b`, `\n`, `\u202e`. Text without such characters stays as it is.
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
